import type { Finding, Repository } from "./finding.js";

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly resolved?: string; readonly optionalDependencies?: Readonly<Record<string, string>> }
    >
  >;
}

/** Entries of package-lock.json that name a registry, and builds for other platforms that it leaves out. */
export function lockedPackages({ files }: Repository): Finding[] {
  const file = files.find(({ path }) => path === "package-lock.json");
  if (file === undefined) return [];
  const { packages } = JSON.parse(file.text) as Lock;
  return Object.entries(packages).flatMap(([location, entry]) => {
    const found: Finding[] = [];
    if (entry.resolved?.includes("://")) {
      found.push({ where: file.path, what: `${location} is tied to ${entry.resolved}`, fails: true });
    }
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const places = [`${location}/node_modules/${name}`, `node_modules/${name}`];
      if (places.some((place) => packages[place] !== undefined)) continue;
      const what = `${name} is left out, npm ci will refuse it. Next: node tools/setup/complete-lock.mjs`;
      found.push({ where: file.path, what, fails: true });
    }
    return found;
  });
}
