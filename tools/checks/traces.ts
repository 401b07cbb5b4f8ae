import os from "node:os";
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
const folders = /(?<![\w.~}-])\/(Users|work|workspace|builds)\/[\w.-]+/;

/** Traces of one machine or one network: its folders, and the host names of registries. */
export function foreignTraces({ root, files }: Repository): Finding[] {
  // Root's home is every Linux machine's, and hosts and guests have it too.
  const own = [root, ...(os.homedir().lastIndexOf("/") > 0 ? [os.homedir()] : [])];
  return files.flatMap(({ path, text }) => {
    return text.split("\n").flatMap((line, index) => {
      const trace = own.find((one) => line.includes(one)) ?? folders.exec(line)?.[0] ?? hosts.exec(line)?.[0];
      return trace === undefined
        ? []
        : [{ where: `${path}:${index + 1}`, what: `names ${trace}`, fails: true }];
    });
  });
}
