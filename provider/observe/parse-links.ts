import type { FactLines, Links } from "../model/fact-lines.js";

/** Returns the links that a look names by their whole paths: to take them apart there costs the machine more than the look. */
export function parseLinks(lines: FactLines): Links {
  const links = new Map<string, Map<string, string>>();
  for (const [path = "", target = ""] of lines.all("link")) {
    const parts = path.split("/").filter((part) => part !== "");
    const name = parts.pop() ?? "";
    const address = parts.pop() ?? "";
    const last = target.slice(target.lastIndexOf("/") + 1);
    links.set(address, (links.get(address) ?? new Map<string, string>()).set(name, last));
  }
  return links;
}
