// Every npm script starts here: `node tools/bootstrap.mjs TASK [arguments]`. Runs on Node 20 without any
// dependency: installs them when they are missing or stale, then hands the task to this repository's own Node.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { installDependencies } from "./setup/dependencies.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const oldestNode = 20;

const [task, ...rest] = process.argv.slice(2);
if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  fail(
    `Node ${process.versions.node} is too old: ${oldestNode} or later starts this. Next: install Node 24.`,
  );
}
if (process.platform === "win32") {
  fail("This repository is developed on Linux. Next: use a Linux machine, or WSL.");
}
try {
  await installDependencies(root);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

// Ctrl-C reaches the task as well, which has something to end: without this the prompt would be back before.
process.on("SIGINT", () => undefined);

// Tests make files as root would on a machine: not for a group to write.
process.umask(0o022);

const nodeFolder = path.join(root, "node_modules", "node", "bin");
const ran = spawnSync(
  path.join(nodeFolder, "node"),
  ["--require", "./tools/run-typescript.cjs", "tools/main.ts", task ?? "help", ...rest],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${nodeFolder}${path.delimiter}${process.env.PATH ?? ""}` },
  },
);
if (ran.error) fail(`Node from node_modules does not start: ${ran.error.message}. Next: rm -rf node_modules`);
process.exitCode = ran.status ?? 1;

function fail(message) {
  console.error(message);
  process.exit(1);
}
