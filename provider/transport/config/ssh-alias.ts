import { hostname } from "node:os";
import { type Connection, connectionTarget } from "../../model/connection.js";
import { VgpuError } from "../../model/errors.js";
import { account, expandHome, homePath } from "./home-path.js";
import type { HostOptions } from "./host-options.js";
import { expandWay, proxyJump, type TokenValues } from "./proxy-jump.js";
import type { Route } from "./route.js";
import { hostOptions } from "./user-config.js";
import { wellNamed } from "./well-named.js";

/** Returns who and where for messages, with the user and port that an alias stands for, e.g. `"admin@gpu-01:22"`. */
export function routeTarget(route: Route): string {
  return connectionTarget({ ...route.connection, user: route.user, port: route.port });
}

/**
 * Returns how a machine is reached: what the connection says, else what `~/.ssh/config` says, else the defaults.
 * @throws VGPU_INPUT when bastions lead through each other in a circle
 */
export function resolveRoute(connection: Connection): Route {
  return resolve(connection, []);
}

function resolve(connection: Connection, behind: readonly string[]): Route {
  if (behind.length > 8) throw bastionCircle(behind);
  const alias = hostOptions(wellNamed(connection));
  const named = alias.one("hostname") ?? connection.host;
  const host = alias.byOpenSsh ? named : expandTokens(named, connection.host);
  const user = connection.user ?? alias.one("user") ?? "root";
  const port = connection.port ?? Number(alias.one("port") ?? 22);
  const hostKeyAlias = alias.one("hostkeyalias");
  const values = { host, user, port, keyName: hostKeyAlias ?? connection.host, alias: connection.host };
  const tokens = (path: string) => expandPath(path, values);
  const files = (name: string, defaults: readonly string[]) => {
    const listed = alias.all(name);
    return (listed.length > 0 ? listed : defaults).filter(isFile).map(tokens);
  };
  const bastion = connection.proxy ?? proxyJump(connection, alias.one("proxyjump"), values);
  return {
    connection,
    host,
    port,
    user,
    keyName: hostKeyAlias ?? host,
    isKeyAlias: hostKeyAlias !== undefined,
    identityFiles: files("identityfile", []),
    noIdentityFile: alias.all("identityfile").some((path) => !isFile(path)),
    identitiesOnly: /^(?:yes|true)$/i.test(alias.one("identitiesonly") ?? ""),
    agentSocketPath: agentSocket(connection, alias.one("identityagent"), tokens),
    knownHostsFiles: [
      ...files("userknownhostsfile", ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]),
      ...files("globalknownhostsfile", ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"]),
    ],
    connectTimeout: secondsOf(alias.one("connecttimeout")),
    proxyCommand: bastion === undefined ? proxyCommand(alias, values) : undefined,
    needs: needsOf(alias),
    notFollowed: alias.notFollowed,
    keysNotAsked: keysNotAsked(alias),
    gssapi: alias.one("gssapiauthentication") === "yes",
    openSshHere: alias.byOpenSsh,
    revokedHostKeys: fileOrNone(alias.one("revokedhostkeys"), tokens),
    via: bastion === undefined ? undefined : resolve(bastion, [...behind, connection.host]),
  };
}

/** Variables and `~` in it are for the shell that runs it. */
function proxyCommand(alias: HostOptions, values: TokenValues): string | undefined {
  const command = alias.one("proxycommand");
  return command === undefined || !isFile(command) ? undefined : expandWay(command, values);
}

/** Options that the SSH library has nothing for, with the value that asks for nothing. */
const onlyOpenSsh: Readonly<Record<string, readonly [name: string, off: string]>> = {
  certificatefile: ["CertificateFile", "none"],
  pkcs11provider: ["PKCS11Provider", "none"],
  proxyusefdpass: ["ProxyUseFdpass", "no"],
  hostbasedauthentication: ["HostbasedAuthentication", "no"],
  bindaddress: ["BindAddress", ""],
  bindinterface: ["BindInterface", ""],
};

function needsOf(alias: HostOptions): string[] {
  return Object.entries(onlyOpenSsh).flatMap(([option, [name, off]]) => {
    const value = alias.one(option);
    return value === undefined || value.toLowerCase() === off ? [] : [`${name} of ~/.ssh/config`];
  });
}

/** What else could vouch for a host key, and does not here. */
function keysNotAsked(alias: HostOptions): string[] {
  const command = alias.one("knownhostscommand");
  return [
    ...(command === undefined || !isFile(command) ? [] : ["KnownHostsCommand of ~/.ssh/config"]),
    ...(/^(?:yes|true)$/i.test(alias.one("verifyhostkeydns") ?? "")
      ? ["VerifyHostKeyDNS of ~/.ssh/config"]
      : []),
  ];
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Source: sshd_config(5), TIME FORMATS: `90`, `1m30s`. OpenSSH answers in seconds, a file may say either. */
function secondsOf(text = ""): number | undefined {
  const parts = [...text.matchAll(/(\d+)([smhdw]?)/gi)];
  if (parts.map(([part]) => part).join("") !== text) return undefined;
  const value = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitSeconds[(unit || "s").toLowerCase()] ?? 1),
    0,
  );
  return value > 0 && value <= 3600 ? value : undefined;
}

function isFile(path: string): boolean {
  return path.toLowerCase() !== "none";
}

function fileOrNone(path: string | undefined, tokens: (path: string) => string): string | undefined {
  return path === undefined || !isFile(path) ? undefined : tokens(path);
}

function agentSocket(
  connection: Connection,
  configured: string | undefined,
  tokens: (path: string) => string,
): string | undefined {
  if (connection.agentSocketPath !== undefined) return expandHome(connection.agentSocketPath);
  if (configured?.toLowerCase() === "none") return undefined;
  if (configured === undefined || configured === "SSH_AUTH_SOCK") return process.env.SSH_AUTH_SOCK;
  return /^\$[^{]/.test(configured) ? process.env[configured.slice(1)] : tokens(configured);
}

function expandTokens(text: string, host: string): string {
  return text.replace(/%([%h])/g, (_, token: string) => (token === "%" ? "%" : host));
}

/** Source: ssh_config(5), TOKENS and ENVIRONMENT VARIABLES. */
function expandPath(path: string, values: TokenValues): string {
  const tokens: Record<string, string> = {
    "%": "%",
    d: homePath(),
    h: values.host,
    i: String(process.getuid?.() ?? ""),
    k: values.keyName,
    L: hostname().split(".")[0] ?? "",
    l: hostname(),
    n: values.alias,
    p: String(values.port),
    r: values.user,
    u: account()?.name ?? "",
  };
  return expandHome(path)
    .replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => process.env[name] ?? whole)
    .replace(/%([%dhiklLnpru])/g, (_, token: string) => tokens[token] ?? "");
}

function bastionCircle(behind: readonly string[]): VgpuError {
  return new VgpuError({
    code: "VGPU_INPUT",
    where: behind[0] ?? "",
    what: "cannot find the way through the bastions",
    saw: `more than 8 hops: ${behind.join(" behind ")} (connection.proxy and ProxyJump of ~/.ssh/config)`,
    expected: "bastions that end at a machine which is reached directly",
    next: "correct ProxyJump in ~/.ssh/config, or connection.proxy",
    property: "connection.proxy",
  });
}
