import { globSync, readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { parse } from "ssh-config";
import { expandHome, homePath } from "./home-path.js";
import type { HostOptions, NamedHost } from "./host-options.js";

/**
 * Reads `~/.ssh/config` where no OpenSSH is installed. What `Match exec` names is not run: the library's way to run it is
 * not OpenSSH's.
 */
export function readByLibrary({ host, user }: NamedHost): HostOptions {
  const text = readWithIncludes(homePath(".ssh", "config"), 0);
  const found = parse(text).compute(
    { Host: host, ...(user === undefined ? {} : { User: user }) },
    { ignoreCase: true, matchExec: false },
  );
  const all = (name: string) => [found[name] ?? []].flat();
  const notFollowed = /^\s*match\b.*\bexec\b/im.test(text) ? ["Match exec"] : [];
  return {
    one: (name) => (commands.has(name) ? all(name).join(" ") || undefined : all(name)[0]),
    all,
    byOpenSsh: false,
    notFollowed,
  };
}

/** Options whose value is the whole line. */
const commands = new Set(["proxycommand"]);

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
