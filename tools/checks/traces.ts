import type { Finding, Repository } from "./finding.js";

// Written in pieces: this file is looked at, too.
const hosts = new RegExp(
  [
    "registry\\.npm",
    "js\\.org|proxy\\.gol",
    "ang\\.org|sum\\.gol",
    "ang\\.org|:\\/\\/[^/\\s\"']*(registry|artifact)[^/\\s\"']*\\/",
  ].join(""),
  "i",
);
const folders = /(?<![\w.~}-])\/(home|Users|work|workspace|builds)\/[\w.-]+/;

/** Traces of one machine or one network: its folders, its registries' host names, and lock entries tied to them. */
export function foreignTraces({ root, files }: Repository): Finding[] {
  return files.flatMap(({ path, text }) => {
    const found = text.split("\n").flatMap((line, index) => {
      const trace = line.includes(root) ? root : (folders.exec(line)?.[0] ?? hosts.exec(line)?.[0]);
      return trace === undefined
        ? []
        : [{ where: `${path}:${index + 1}`, what: `names ${trace}`, fails: true }];
    });
    const resolved = path.endsWith("package-lock.json") && /"resolved": "(?!\.|[\w@]+\/)/.test(text);
    if (resolved) found.push({ where: path, what: 'has "resolved" addresses of a registry', fails: true });
    return found;
  });
}
