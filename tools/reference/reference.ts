// The argument reference: one page a resource, from the sdk's doc comments.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../paths.js";
import { type Page, resourcePage } from "./pages.js";
import { readResources } from "./read-arguments.js";

const resources = ["VgpuHost", "MdevDevice", "GuestDriverInstall"];

/** Writes the pages. Gives the exit code. */
export function writeReference(): number {
  for (const page of pages()) {
    const file = path.join(repositoryRoot, page.path);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, page.text);
  }
  return 0;
}

/** Looks whether the pages say what the source says. Gives the exit code. */
export function checkReference(): number {
  const stale = pages().filter(({ path: name, text }) => {
    const file = path.join(repositoryRoot, name);
    return !existsSync(file) || readFileSync(file, "utf8") !== text;
  });
  for (const { path: name } of stale) {
    console.log(`FAILED ${name}: it is not what the sdk's doc comments say. Next: npm run reference`);
  }
  return stale.length === 0 ? 0 : 1;
}

function pages(): Page[] {
  return readResources(resources).map(resourcePage);
}
