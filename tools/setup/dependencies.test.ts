import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { isInstalledByHand } from "./dependencies.mjs";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const zod = { version: "4.6.7", integrity: "sha512-zod" };
const node = { version: "24.21.0", integrity: "sha512-node", dev: true };
const other = { version: "1.0.0", integrity: "sha512-other", optional: true };
const wanted = {
  "": {},
  "examples/fleet": {},
  "node_modules/zod": zod,
  "node_modules/node": node,
  "node_modules/of-another-machine": other,
};

/** A folder with a lock, and node_modules as npm has left and noted them; `null`: it noted nothing. */
function installed(noted: object | null, there: readonly string[] = Object.keys(noted ?? {})): string {
  const root = mkdtempSync(path.join(os.tmpdir(), "installed-"));
  folders.push(root);
  writeFileSync(path.join(root, "package-lock.json"), JSON.stringify({ packages: wanted }));
  mkdirSync(path.join(root, "node_modules"));
  for (const name of there) mkdirSync(path.join(root, name), { recursive: true });
  const file = path.join(root, "node_modules", ".package-lock.json");
  if (noted !== null) writeFileSync(file, JSON.stringify({ packages: noted }));
  return root;
}

describe("dependencies that npm was told by hand to install", () => {
  const all = { "node_modules/zod": zod, "node_modules/node": node };

  it("are taken as they are when they are what the lock names for this machine", () => {
    expect(isInstalledByHand(installed(all))).toBe(true);
  });

  it.each([
    ["nothing is installed", installed.bind(null, null)],
    ["those of development were left out", installed.bind(null, { "node_modules/zod": zod })],
    [
      "one is of another version",
      () => installed({ ...all, "node_modules/zod": { ...zod, version: "4.6.8" } }),
    ],
    [
      "one has other content",
      () => installed({ ...all, "node_modules/zod": { ...zod, integrity: "sha512-x" } }),
    ],
    ["one that the lock does not name is there", () => installed({ ...all, "node_modules/more": zod })],
    ["the folder of one is gone", () => installed(all, ["node_modules/node"])],
  ])("are installed anew where %s", (_title, folder) => {
    expect(isInstalledByHand(folder())).toBe(false);
  });
});
