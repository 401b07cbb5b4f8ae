import { createHash, type Hash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Persistent, and changed by nothing but time or by looking. */
const IGNORED = new Set(["/var/log", "/var/cache", "/var/tmp", "/etc/ld.so.cache"]);

function add(lines: string[], place: string, path: string): void {
  if (IGNORED.has(path)) return;
  const stat = lstatSync(place);
  const head = `${path} ${stat.mode.toString(8)}`;
  if (stat.isSymbolicLink()) lines.push(`${head} -> ${readlinkSync(place)}`);
  else if (stat.isFile())
    lines.push(`${head} ${createHash("sha256").update(readFileSync(place)).digest("hex")}`);
  else lines.push(head);
  if (stat.isDirectory())
    for (const name of readdirSync(place).sort()) add(lines, join(place, name), `${path}/${name}`);
}

/** One line per persistent file: `path mode hash`. Lines, so that a failing test can show which differ. */
export function persistentLines(parts: Record<string, string>): string[] {
  const lines: string[] = [];
  for (const [path, place] of Object.entries(parts)) add(lines, place, path);
  return lines;
}

/** A hash over the files and the model's state. */
export function digestOf(lines: string[], snapshot: unknown): string {
  const hash: Hash = createHash("sha256");
  hash.update(lines.join("\n"));
  hash.update(JSON.stringify(snapshot) ?? "");
  return hash.digest("hex");
}
