import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lastLines, seconds } from "../../model/evidence.js";
import { configText } from "../config/openssh-config.js";
import { DialError } from "../link/dial-error.js";
import type { DialRequest } from "../link/dial-request.js";
import { shellQuote } from "../link/quote.js";
import { lacksAlgorithm, lacksForOpenSsh } from "../login/algorithm-failures.js";
import { loginEnded, loginRefused } from "../login/login-failures.js";
import { hostKeyTrust } from "../trust/host-key.js";
import { fingerprint, hostKeyText, type PublicHostKey, parsePublicHostKey } from "../trust/known-hosts.js";
import { OpenSshLink } from "./openssh-link.js";
import { type MasterStart, startMaster } from "./openssh-master.js";
import { type ConnectionFiles, knownHostsText, sshArguments } from "./openssh-options.js";
import { readReport } from "./openssh-report.js";
import { privateFolder, removeFolder } from "./private-folder.js";

/** A dial by the user's own `ssh`. */
export interface OpenSshRequest extends Omit<DialRequest, "through"> {
  /** The bastion's connection, of the same kind. */
  readonly bastion?: OpenSshLink;
}

/**
 * Returns a connection of the user's own `ssh`, with the host key judged by our rules before any login.
 * @throws as `dial`
 */
export async function dialByOpenSsh(request: OpenSshRequest): Promise<OpenSshLink> {
  const folder = privateFolder();
  try {
    return await new OpenSshDial(request, folder).run();
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
}

class OpenSshDial {
  private readonly until: number;
  private readonly files: ConnectionFiles;

  constructor(
    private readonly request: OpenSshRequest,
    private readonly folder: string,
  ) {
    this.until = performance.now() + Math.max(request.timeoutMs, request.handshakeMs ?? 0);
    this.files = { config: join(folder, "config"), knownHosts: join(folder, "known") };
    writeFileSync(this.files.config, configText(), { mode: 0o600 });
  }

  async run(): Promise<OpenSshLink> {
    const { route, target, acceptNew } = this.request;
    const usable = () => {
      const { keys, judge } = hostKeyTrust(route, target, acceptNew);
      return keys.filter((key) => judge(key) === undefined);
    };
    if (usable().length === 0) await this.judgeShown();
    const trust = hostKeyTrust(route, target, acceptNew);
    const start = await this.start(usable());
    if (start.code !== undefined) throw await this.failure(start);
    const key = shownKey(start.said, trust.keys);
    const refusal = key === undefined ? new DialError("which key it showed is not known") : trust.judge(key);
    if (refusal !== undefined || key === undefined) {
      start.master.process.stdin.destroy();
      throw refusal;
    }
    return new OpenSshLink(start.master, hostKeyText(key));
  }

  private async start(keys: readonly PublicHostKey[], more: readonly string[] = []): Promise<MasterStart> {
    const { route, target, acceptNew, bastion, timeoutMs } = this.request;
    writeFileSync(this.files.knownHosts, knownHostsText(keys), { mode: 0o600 });
    const trust = hostKeyTrust(route, target, acceptNew);
    const way = { host: route.host.includes(":") ? `[${route.host}]` : route.host, port: route.port };
    const through =
      bastion &&
      ["ssh", ...bastion.client("-W", `${way.host}:${way.port}`), "pulumi-vgpu"]
        .map((word) => shellQuote(word).replaceAll("%", "%%"))
        .join(" ");
    const args = [
      ...more,
      ...sshArguments(route, this.files, { trust, through }),
      "--",
      route.connection.host,
    ];
    const leftMs = Math.max(1, this.until - performance.now());
    let said = "";
    const telling = setInterval(() => this.request.onSlow?.(waitsFor(said)), 5_000);
    const onText = (text: string) => {
      said = text;
    };
    const started = await startMaster(args, { folder: this.folder, onText, timeoutMs: leftMs }).finally(() =>
      clearInterval(telling),
    );
    if (started !== "late") return started;
    throw new DialError(
      `${isConnected(said) ? "connected, but without" : "no answer, not even"} ${waitsFor(said)} within ${seconds(timeoutMs)} (ssh)`,
      {
        slow: isConnected(said),
      },
    );
  }

  /** Has the machine show its key, without a login, and judges it. */
  private async judgeShown(): Promise<void> {
    const { route, target, acceptNew } = this.request;
    const nobody = ["StrictHostKeyChecking=accept-new", "PreferredAuthentications=none"];
    const start = await this.start(
      [],
      nobody.flatMap((option) => ["-o", option]),
    );
    const key = parsePublicHostKey(
      readFileSync(this.files.knownHosts, "utf8").trim().split(/\s+/).slice(1).join(" "),
    );
    start.master.process.stdin.destroy();
    if (key === undefined) throw await this.failure(start, false);
    const refusal = hostKeyTrust(route, target, acceptNew).judge(key);
    if (refusal !== undefined) throw refusal;
  }

  private async failure({ said }: MasterStart, mayShow = true): Promise<Error> {
    const { route, target } = this.request;
    const own = ownLines(said);
    if (/host key verification failed|no hostkey alg|host key.*revoked/i.test(said) && mayShow) {
      // Another key than those that are known: which one it is, it is asked once more.
      await this.judgeShown();
    }
    const lacks = own.split("\n").find(lacksAlgorithm);
    if (lacks !== undefined) return lacksForOpenSsh(target, lacks.trim());
    const denied = own.split("\n").findLast((line) => deniedText.test(line));
    // Before that it is another ssh that speaks: a ProxyCommand may be one.
    if (denied !== undefined && hasSpoken(said))
      return loginRefused(target, route, readReport(said), lastLines(denied));
    const words = lastWords(said);
    if (words !== "") return loginEnded(target, route, words);
    const unknownName = /could not resolve hostname/i.test(own);
    // A ProxyCommand says why it ends, and OpenSSH then that it has ended.
    const cause = own.replace(
      /^(?:kex_exchange_identification|Connection (?:closed|reset) by UNKNOWN).*$/gm,
      "",
    );
    const saw = lastLines(cause, 2) || lastLines(own, 2);
    return new DialError(`${saw || "ended without a word"} (ssh)`, { unknownName });
  }
}

const deniedText = /permission denied \(|too many authentication failures|no more authentication methods/i;

/** What OpenSSH says beside its debugging lines. */
function ownLines(said: string): string {
  return said
    .split(/\r?\n/)
    .filter((line) => !/^debug\d: /.test(line) && !/^OpenSSH_|^Authenticated to /.test(line))
    .join("\n");
}

/** What the machine said of a login after a key, where it hung up then. */
function lastWords(said: string): string {
  const shown = said.split(/^debug1: (?:Offering public key|Server accepts key|Trying private key): .*$/m);
  if (shown.length < 2) return "";
  const lines = ownLines(shown.at(-1) ?? "").split("\n");
  const closed = lines.findIndex((line) => /^Connection (?:closed|reset) by /.test(line));
  return lines.slice(0, Math.max(0, closed)).join("\n").trim();
}

function hasSpoken(said: string): boolean {
  return /^debug1: Remote protocol version/m.test(said);
}

function isConnected(said: string): boolean {
  return /^debug1: (?:Connection established|Executing proxy command|Local version string)/m.test(said);
}

function waitsFor(said: string): string {
  if (!isConnected(said)) return "a TCP connection";
  if (!hasSpoken(said)) return "the first line of its SSH server";
  return /^debug1: SSH2_MSG_NEWKEYS received/m.test(said)
    ? "the end of the SSH login"
    : "the end of the SSH key exchange";
}

/** The key of which OpenSSH says the fingerprint. */
function shownKey(said: string, keys: readonly PublicHostKey[]): PublicHostKey | undefined {
  const print = /^debug1: Server host key: \S+ (SHA256:\S+)/m.exec(said)?.[1];
  return keys.find((key) => fingerprint(key) === print);
}
