import { globSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { parse } from "ssh-config";
import { type Connection, connectionTarget } from "../model/connection.js";
import { VgpuError } from "../model/errors.js";

/** A connection with every alias of `~/.ssh/config` resolved: what is dialed, and through which bastions. */
export interface Route {
  readonly connection: Connection;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The name under which known_hosts lists the machine. */
  readonly keyName: string;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  readonly agentSocketPath: string | undefined;
  readonly knownHostsFiles: readonly string[];
  /** A file of keys that are never trusted. */
  readonly revokedHostKeys: string | undefined;
  /** The bastion, itself perhaps behind another. */
  readonly via: Route | undefined;
}

/** Returns who and where for messages, with the user and port that an alias stands for, e.g. `"admin@gpu-01:22"`. */
export function routeTarget(route: Route): string {
  return connectionTarget({ ...route.connection, user: route.user, port: route.port });
}

/** Returns the path of a file in the home directory of who runs Pulumi. */
export function homePath(...parts: string[]): string {
  return join(process.env.HOME ?? homedir(), ...parts);
}

/** Returns the path with a leading `~` replaced. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? homePath(path.slice(2)) : path;
}

/**
 * Returns how a machine is reached: what the connection says, else what `~/.ssh/config` says, else the defaults.
 * @throws VGPU_INPUT when bastions lead through each other in a circle
 */
export function resolveRoute(connection: Connection): Route {
  return resolve(connection, readUserConfig(), []);
}

function resolve(connection: Connection, config: UserConfig, behind: readonly string[]): Route {
  if (behind.length > 8) throw bastionCircle(behind);
  const alias = config(connection.host);
  const host = expandTokens(alias.one("hostname") ?? connection.host, connection.host);
  const user = connection.user ?? alias.one("user") ?? "root";
  const port = connection.port ?? Number(alias.one("port") ?? 22);
  const known = alias.all("userknownhostsfile");
  const files = known.length > 0 ? known : ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
  const tokens = (path: string) => expandPath(path, { host, user, port, alias: connection.host });
  const bastion = connection.proxy ?? jump(alias.one("proxyjump"));
  return {
    connection,
    host,
    port,
    user,
    keyName: alias.one("hostkeyalias") ?? host,
    identityFiles: alias.all("identityfile").map(tokens),
    identitiesOnly: alias.one("identitiesonly")?.toLowerCase() === "yes",
    agentSocketPath: agentSocket(connection, alias.one("identityagent"), tokens),
    knownHostsFiles: [...files.map(tokens), "/etc/ssh/ssh_known_hosts"],
    revokedHostKeys: fileOrNone(alias.one("revokedhostkeys"), tokens),
    via: bastion === undefined ? undefined : resolve(bastion, config, [...behind, connection.host]),
  };
}

function fileOrNone(path: string | undefined, tokens: (path: string) => string): string | undefined {
  return path === undefined || path.toLowerCase() === "none" ? undefined : tokens(path);
}

function agentSocket(
  connection: Connection,
  configured: string | undefined,
  tokens: (path: string) => string,
): string | undefined {
  if (connection.agentSocketPath !== undefined) return expandHome(connection.agentSocketPath);
  if (configured?.toLowerCase() === "none") return undefined;
  if (configured === undefined || configured === "SSH_AUTH_SOCK") return process.env.SSH_AUTH_SOCK;
  return configured.startsWith("$") ? process.env[configured.slice(1)] : tokens(configured);
}

/** Returns the last hop of `ProxyJump a,b,c` with the hops before it as its own bastions. */
function jump(value: string | undefined): Connection | undefined {
  if (value === undefined || value.toLowerCase() === "none") return undefined;
  let hop: Connection | undefined;
  for (const text of value.split(",")) {
    const parts = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text.trim());
    if (parts?.[2] === undefined) continue;
    hop = {
      host: parts[2].replace(/^\[|\]$/g, ""),
      ...(parts[1] === undefined ? {} : { user: parts[1] }),
      ...(parts[3] === undefined ? {} : { port: Number(parts[3]) }),
      ...(hop === undefined ? {} : { proxy: hop }),
    };
  }
  return hop;
}

interface Alias {
  one(name: string): string | undefined;
  all(name: string): readonly string[];
}

type UserConfig = (host: string) => Alias;

function readUserConfig(): UserConfig {
  const config = parse(readWithIncludes(homePath(".ssh", "config"), 0));
  return (host) => {
    const found = config.compute(host, { ignoreCase: true });
    const all = (name: string) => [found[name] ?? []].flat();
    return { one: (name) => all(name)[0], all };
  };
}

/** The library keeps Include lines as they are; OpenSSH follows them, 16 deep. Source: ssh_config(5), Include. */
function readWithIncludes(path: string, depth: number): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return "";
  }
  let inSection = false;
  const lines = text.split(/\r?\n/).map((line) => {
    if (/^\s*(host|match)\b/i.test(line)) inSection = true;
    const keyword = /^\s*include[\s=]+/i.exec(line)?.[0];
    if (keyword === undefined || depth >= 16) return line;
    const included = includedFiles(line.slice(keyword.length)).map((file) =>
      readWithIncludes(file, depth + 1),
    );
    return [...included, ...(inSection ? [] : ["Host *"])].join("\n");
  });
  return lines.join("\n");
}

function includedFiles(patterns: string): string[] {
  return patterns
    .split(/\s+/)
    .map((pattern) => expandHome(pattern.replace(/^"|"$/g, "")))
    .filter((pattern) => pattern !== "")
    .flatMap((pattern) => globSync(isAbsolute(pattern) ? pattern : homePath(".ssh", pattern)).sort());
}

function expandTokens(text: string, host: string): string {
  return text.replace(/%([%h])/g, (_, token: string) => (token === "%" ? "%" : host));
}

/** Source: ssh_config(5), TOKENS. */
function expandPath(
  path: string,
  values: { host: string; user: string; port: number; alias: string },
): string {
  const tokens: Record<string, string> = {
    "%": "%",
    d: homePath(),
    h: values.host,
    n: values.alias,
    p: String(values.port),
    r: values.user,
  };
  return expandHome(path.replace(/%([%dhnpr])/g, (_, token: string) => tokens[token] ?? ""));
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
