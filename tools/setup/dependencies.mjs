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
  const stamped = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (!stamped && isInstalledByHand(root)) {
    await installNode(modules);
    writeFileSync(stamp, wanted);
  } else if (!stamped) {
    console.log(
      existsSync(modules)
        ? "Dependencies: package-lock.json changed, installing again."
        : "Dependencies: not installed yet, installing them.",
    );
    const started = Date.now();
    await npmCi(root);
    await installNode(modules);
    writeFileSync(stamp, wanted);
    console.log(`Dependencies: installed in ${seconds(started)} s.`);
  }
  linkOurselves(modules);
}

/** Whether npm itself, called by hand, has left what package-lock.json names: it notes what it installed. */
export function isInstalledByHand(root) {
  const noted = path.join(root, "node_modules", ".package-lock.json");
  if (!existsSync(noted)) return false;
  const [wanted, found] = [path.join(root, "package-lock.json"), noted].map(
    (file) => JSON.parse(readFileSync(file, "utf8")).packages,
  );
  const same = (name) =>
    wanted[name]?.version === found[name]?.version && wanted[name]?.integrity === found[name]?.integrity;
  const isThere = (name) => existsSync(path.join(root, name));
  // What is for another kind of machine is not installed, and not noted.
  const missing = Object.keys(wanted).filter(
    (name) => name.startsWith("node_modules/") && !(name in found) && wanted[name].optional !== true,
  );
  const kept = Object.keys(found).filter((name) => name.startsWith("node_modules/"));
  return missing.length === 0 && kept.length > 0 && kept.every((name) => same(name) && isThere(name));
}

async function npmCi(root) {
  const args = ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  // npm tells its children where it lives; a `node tools/bootstrap.mjs` typed by hand finds it on PATH.
  const npm = process.env.npm_execpath;
  const known = npm?.endsWith(".js") && existsSync(npm);
  await run({ command: known ? process.execPath : "npm", args: known ? [npm, ...args] : args, folder: root });
}

/** The package "node" brings the program by its install script; this runs that one script and no other. */
async function installNode(modules) {
  const folder = path.join(modules, "node");
  await run({ command: process.execPath, args: ["installArchSpecificPackage.js"], folder });
  const wanted = `v${JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")).version}`;
  const asked = spawnSync(path.join(folder, "bin", "node"), ["--version"], { encoding: "utf8" });
  if (asked.status !== 0 || asked.stdout.trim() !== wanted) {
    throw new Error(
      `node_modules/node/bin/node does not answer ${wanted} (${asked.stdout?.trim() || asked.error?.message}).\n` +
        "Next: rm -rf node_modules, and run this again.",
    );
  }
}

function run({ command, args, folder }) {
  const env = { ...process.env, NODE_ENV: "development", npm_config_update_notifier: "false" };
  // Set by the npm that runs us; it would make an npm in another folder work on ours.
  delete env.npm_config_local_prefix;
  const started = Date.now();
  const ticking = setInterval(
    () => console.log(`Dependencies: still installing after ${seconds(started)} s.`),
    15_000,
  );
  let said = "";
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        said += chunk;
      });
    }
    child.on("error", (error) => reject(new Error(`${command} does not start: ${error.message}`)));
    child.on("close", (code) =>
      code === 0
        ? resolve()
        : reject(
            new Error(`${path.basename(command)} ${args.join(" ")} exited with ${code}:\n${said.trim()}`),
          ),
    );
  }).finally(() => clearInterval(ticking));
}

/** The stored provider text requires "pulumi-vgpu/provider" by name, from the project's folder. */
function linkOurselves(modules) {
  const link = path.join(modules, "pulumi-vgpu");
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync("..", link, "dir");
}

function seconds(started) {
  return Math.round((Date.now() - started) / 1000);
}
