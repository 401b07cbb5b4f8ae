// Run by hand after `npm install` changed package-lock.json: `node tools/setup/complete-lock.mjs`.
// A registry that does not carry the builds for every platform makes npm leave these out of the lock without a
// word, and then `npm ci` refuses the lock. They are noted here by name, version and platform: enough for npm to
// pass over them on any other platform.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Locations and exact versions of optional dependencies that the lock asks for and does not list. */
export function missingFromLock(lock) {
  const missing = new Map();
  for (const [location, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const nested = `${location}/node_modules/${name}`;
      const top = `node_modules/${name}`;
      if (lock.packages[nested] === undefined && lock.packages[top] === undefined) missing.set(top, version);
    }
  }
  return missing;
}

function platformOf(name) {
  const [os, cpu, abi = ""] = name
    .replace(/^.*?(?=(android|darwin|freebsd|linux|openharmony|win32)-)/, "")
    .split("-");
  const libc = os !== "linux" || abi === "" ? undefined : abi.startsWith("musl") ? "musl" : "glibc";
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] };
}

function complete(file) {
  const lock = JSON.parse(readFileSync(file, "utf8"));
  const missing = missingFromLock(lock);
  for (const [location, version] of missing) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${location}: ${version} is no exact version`);
    lock.packages[location] = { version, dev: true, optional: true, ...platformOf(location) };
  }
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")),
  );
  if (missing.size > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${missing.size} builds for other platforms added to ${path.basename(file)}.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  complete(path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "package-lock.json"));
}
