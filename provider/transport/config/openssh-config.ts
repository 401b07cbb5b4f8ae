import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VgpuError } from "../../model/errors.js";
import { lastLines } from "../../model/evidence.js";
import { account, homePath } from "./home-path.js";
import type { HostOptions, NamedHost } from "./host-options.js";

/** Commands of the user's own `Match exec` may take a moment; nobody waits longer for them, milliseconds. */
const longestMs = 20_000;
/** No answer is as long, bytes. */
const longestAnswer = 512 * 1024;

/**
 * Asks OpenSSH (`ssh -G`) what it would do with a machine; `undefined` where no `ssh` is on PATH, or where this user has no
 * account, for whom OpenSSH does nothing.
 * @throws VGPU_INPUT when it cannot say
 */
export function askOpenSsh(named: NamedHost): HostOptions | undefined {
  const me = account()?.name;
  if (me === undefined) return undefined;
  const said = ask(named, configText());
  const nobodyNamed = named.user === undefined && said?.one("user") === me && me !== "root";
  if (!nobodyNamed) return said;
  // It logs in by the own name then, unless that very name is written down.
  const ours = ask(named, `${configText()}Match all\nUser root\n`);
  return ours?.one("user") === "root" ? ask({ ...named, user: "root" }, configText()) : said;
}

function ask(named: NamedHost, config: string): HostOptions | undefined {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-vgpu-"));
  try {
    const file = join(folder, "config");
    writeFileSync(file, config, { mode: 0o600 });
    const { host, user, port } = named;
    const told = [
      // As the master is asked: settings of a session do not count then.
      "-N",
      ...(port === undefined ? [] : ["-p", String(port)]),
      ...(user === undefined ? [] : ["-l", user]),
    ];
    const { error, status, stdout, stderr } = spawnSync("ssh", ["-F", file, "-G", ...told, "--", host], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: longestMs,
      killSignal: "SIGKILL",
      maxBuffer: longestAnswer,
    });
    const why = (error as NodeJS.ErrnoException | undefined)?.code;
    if (why === "ENOENT" || why === "EACCES") return undefined;
    const options = why === undefined && status === 0 ? parseAnswer(stdout) : undefined;
    if (options !== undefined) return options;
    throw unanswered(named, reason(why, status, stderr.replaceAll(file, "~/.ssh/config")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function reason(why: string | undefined, status: number | null, stderr: string): string {
  if (why === "ETIMEDOUT") return `no answer within ${longestMs / 1000} s: what does Match exec wait for?`;
  if (why === "ENOBUFS") return `an answer of more than ${longestAnswer / 1024} KiB`;
  return lastLines(stderr) || `exit code ${status ?? "none"}, and an answer without hostname, user and port`;
}

/** The files that OpenSSH reads by itself, in its order. It takes the home folder of the account, whatever HOME says; ours is HOME. */
export function configText(): string {
  return [ownConfig(), "Match all", "Include /etc/ssh/ssh_config", ""].join("\n");
}

function ownConfig(): string {
  const file = homePath(".ssh", "config");
  if (homePath() === account()?.home) return `Include "${file}"`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return "";
  }
  return withHome(text).replace(/^(\s*include[\s=]+)(.*)$/gim, (_, keyword: string, patterns: string) => {
    const files = patterns.match(/"[^"]*"|\S+/g) ?? [];
    return keyword + files.map((pattern) => `"${fromHome(pattern.replaceAll('"', ""))}"`).join(" ");
  });
}

/** The files that other options name: OpenSSH would take `~` for the account's home folder. */
function withHome(text: string): string {
  return text.replace(
    /^(\s*(?:certificatefile|identityagent)[\s=]+"?)~(?=\/)/gim,
    (_, before: string) => before + homePath(),
  );
}

function fromHome(pattern: string): string {
  if (pattern.startsWith("/")) return pattern;
  return pattern.startsWith("~/") ? homePath(pattern.slice(2)) : homePath(".ssh", pattern);
}

/** OpenSSH has put the account's home folder in place of `~`. */
function underHome(path: string): string {
  const before = `${account()?.home}/`;
  return path.startsWith(before) ? homePath(path.slice(before.length)) : path;
}

/** Lists of paths with a blank between; a path of one with a blank in it goes on until the next one begins. */
const lists = new Set(["userknownhostsfile", "globalknownhostsfile"]);
const expanded = new Set(["identityagent", ...lists]);

/** Returns `undefined` for what is no answer of `ssh -G`. */
function parseAnswer(answer: string): HostOptions | undefined {
  const found = new Map<string, string[]>();
  for (const line of answer.split("\n")) {
    const [, name, value] = /^([a-z0-9]+) (.+)$/i.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const key = name.toLowerCase();
    const values = lists.has(key) ? value.split(/ (?=[~/])/).map((path) => path.trim()) : [value];
    found.set(key, [...(found.get(key) ?? []), ...(expanded.has(key) ? values.map(underHome) : values)]);
  }
  const port = Number(found.get("port")?.[0]);
  const whole = found.has("hostname") && found.has("user") && port >= 1 && port <= 65_535;
  if (!whole) return undefined;
  const identities = found.get("identityfile");
  if (identities !== undefined && areDefaults(identities)) found.delete("identityfile");
  return {
    one: (name) => found.get(name)?.[0],
    all: (name) => found.get(name) ?? [],
    byOpenSsh: true,
    notFollowed: [],
  };
}

const defaultNames = new Set(
  ["rsa", "dsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "xmss"].map((kind) => `~/.ssh/id_${kind}`),
);

/** Where nobody names a key, OpenSSH says the names that it tries. */
function areDefaults(identities: readonly string[]): boolean {
  return identities.length > 3 && identities.every((file) => defaultNames.has(file));
}

function unanswered({ host }: NamedHost, saw: string): VgpuError {
  return new VgpuError({
    code: "VGPU_INPUT",
    where: host,
    what: "OpenSSH cannot say how it would reach the machine",
    saw: `${saw} (ssh -G)`,
    expected: "an SSH configuration that your own ssh can read",
    next: `mend ~/.ssh/config, or what it includes: "ssh -G ${host}" shows the same`,
    property: "connection.host",
  });
}
