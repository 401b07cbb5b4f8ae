import { globSync, readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { parse } from "ssh-config";
import { expandHome, homePath } from "./home-path.js";
import type { HostOptions, NamedHost } from "./host-options.js";

/**
 * Reads `~/.ssh/config` where no OpenSSH is installed. What `Match exec` names is not run: the library's way to run it is
 * not OpenSSH's.
 */
export function readByLibrary(named: NamedHost): HostOptions {
  const reading = new Reading(named);
  reading.read(homePath(".ssh", "config"), 0);
  const found = reading.compute();
  // Of a ProxyCommand and a ProxyJump the first counts, as for OpenSSH.
  const other = { command: "proxyjump", jump: "proxycommand" }[String(found[wayOption])];
  const all = (name: string) => (name === other ? [] : [found[name] ?? []].flat());
  return {
    one: (name) => (commands.has(name) ? all(name).join(" ") || undefined : all(name)[0]),
    all,
    byOpenSsh: false,
    notFollowed: reading.notFollowed(),
  };
}

/** Options whose value is the whole line. */
const commands = new Set(["proxycommand"]);
/** Options of ours, in the text that the library gets. */
const wayOption = "vgpuway";
const hereOption = "vgpuhere";

const notKeyword =
  /^[ \t]*match[ \t]+(?:[^\n]*[ \t])?!(?:host|originalhost|user|localuser|exec|all|final)\b/im;

/** The files as one text: the library keeps Include lines as they are. Source: ssh_config(5), Include: 16 deep. */
class Reading {
  private text = "";

  constructor(private readonly named: NamedHost) {}

  read(path: string, depth: number): void {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch {
      return;
    }
    for (const line of text.split(/\r?\n/)) {
      const keyword = /^\s*include(?:\s*=\s*|\s+)/i.exec(line)?.[0];
      const way = /^\s*proxy(command|jump)\b/i.exec(line)?.[1];
      if (keyword !== undefined && depth < 16) this.include(line.slice(keyword.length), depth);
      else this.text += `${way === undefined ? "" : `${wayOption} ${way.toLowerCase()}\n`}${line}\n`;
    }
  }

  /** What a section includes counts where the section does, and so does what follows in it. */
  private include(patterns: string, depth: number): void {
    if (this.compute(`${hereOption} yes\n`)[hereOption] !== "yes") return;
    for (const file of includedFiles(patterns)) this.read(file, depth + 1);
    this.text += "Host *\n";
  }

  compute(more = ""): Record<string, string | string[]> {
    const { host, user } = this.named;
    const named = { Host: host, ...(user === undefined ? {} : { User: user }) };
    return parse(this.text + more).compute(named, { ignoreCase: true, matchExec: false });
  }

  notFollowed(): string[] {
    const names = /^\s*match\b.*\bexec\b/im.test(this.text) ? ["Match exec"] : [];
    return notKeyword.test(this.text) ? [...names, "Match with !"] : names;
  }
}

function includedFiles(patterns: string): string[] {
  return (patterns.match(/"[^"]*"|\S+/g) ?? [])
    .map((pattern) => expandHome(pattern.replaceAll('"', "")))
    .filter((pattern) => pattern !== "")
    .flatMap((pattern) => globSync(isAbsolute(pattern) ? pattern : homePath(".ssh", pattern)).sort());
}
