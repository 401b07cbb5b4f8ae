// Installs what package-lock.json names, when it is not there yet. Runs on Node 20 without any dependency.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Leaves node_modules as package-lock.json says, with our own package linked into it. */
export async function installDependencies(root) {
  const modules = path.join(root, "node_modules");
  const stamp = path.join(modules, ".installed-lock");
  const wanted = createHash("sha256")
    .update(readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    console.log(
      existsSync(modules)
        ? "Dependencies: package-lock.json changed, installing again."
        : "Dependencies: not installed yet, installing them.",
    );
    const started = Date.now();
    await npmCi(root);
    checkInstalledNode(modules);
    writeFileSync(stamp, wanted);
    console.log(`Dependencies: installed in ${seconds(started)} s.`);
  }
  linkOurselves(modules);
}

function npmCi(root) {
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier"];
  // npm tells its children where it lives; a `node tools/bootstrap.mjs` typed by hand finds it on PATH.
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  const started = Date.now();
  const note = () => console.log(`Dependencies: npm ci has run for ${seconds(started)} s.`);
  const ticking = setInterval(note, 15_000);
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], [...command.slice(1), ...args], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, NODE_ENV: "development" },
    });
    child.on("error", (error) => reject(new Error(`npm does not start: ${error.message}`)));
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`npm ci failed (exit code ${code}), see above.`)),
    );
  }).finally(() => clearInterval(ticking));
}

/** npm can be told to skip install scripts, exits 0 then, and the Node of our own is not there. */
function checkInstalledNode(modules) {
  const wanted = JSON.parse(readFileSync(path.join(modules, "node", "package.json"), "utf8")).version;
  const asked = spawnSync(path.join(modules, "node", "bin", "node"), ["--version"], { encoding: "utf8" });
  const found = asked.status === 0 ? asked.stdout.trim() : "none";
  if (found !== `v${wanted}`) {
    throw new Error(
      `npm ci ended well, but node_modules/node/bin/node is ${found}, not v${wanted}: install scripts were skipped.\n` +
        "Next: npm config get ignore-scripts should say false; then run this again.",
    );
  }
}

/** The stored provider text requires "pulumi-vgpu/provider" by name, from the project's folder. */
function linkOurselves(modules) {
  const link = path.join(modules, "pulumi-vgpu");
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync("..", link, "dir");
}

function seconds(started) {
  return Math.round((Date.now() - started) / 1000);
}
