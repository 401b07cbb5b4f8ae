import type { MdevDefinition } from "../model/facts.js";

/** Returns the definitions in the output of `mdevctl list -d --dumpjson`, `null` when that is no such list: then they are unknown. */
export function parseMdevDefinitions(json: string): MdevDefinition[] | null {
  const list = readJson(json);
  if (!Array.isArray(list)) return null;
  const definitions: MdevDefinition[] = [];
  for (const [parent, devices] of entriesOfEach(list)) {
    for (const [mdevUuid, device] of entriesOfEach(devices)) {
      if (typeof device !== "object" || device === null) continue;
      const { mdev_type: mdevType, start } = device as { mdev_type?: unknown; start?: unknown };
      if (typeof mdevType !== "string") continue;
      definitions.push({ mdevUuid, parent, mdevType, start: start === "auto" ? "auto" : "manual" });
    }
  }
  return definitions;
}

function readJson(json: string): unknown {
  if (json.trim() === "") return [];
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function entriesOfEach(list: unknown): [string, unknown][] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item) => (typeof item === "object" && item !== null ? Object.entries(item) : []));
}
