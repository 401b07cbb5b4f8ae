import type { Machine, SysTree } from "../types.js";
import type { MdevctlArguments } from "./mdevctl-arguments.js";
import { namesIn, realPath } from "./sys-nodes.js";

/** What a file below /etc/mdevctl.d says. */
export interface Definition {
  readonly mdev_type: string;
  readonly start: string;
  readonly attrs: readonly Record<string, string>[];
}

export interface MdevEntry {
  readonly uuid: string;
  readonly parent: string;
  readonly definition: Definition;
}

/** One call, with all that it may look at. */
export interface MdevctlCall {
  readonly args: MdevctlArguments;
  readonly sys: SysTree;
  readonly machine: Machine;
  readonly stdin: string | undefined;
}

const folder = "/etc/mdevctl.d";

export function definitionPath(parent: string, uuid: string): string {
  return `${folder}/${parent}/${uuid}`;
}

/** Returns all definitions, in order of parent and UUID. */
export function definitions(machine: Machine): MdevEntry[] {
  const entries: MdevEntry[] = [];
  for (const parent of [...machine.listDir(folder)].sort()) {
    for (const uuid of [...machine.listDir(`${folder}/${parent}`)].sort()) {
      const definition = parseDefinition(machine.readFile(definitionPath(parent, uuid)) ?? "");
      if (/^[0-9a-f-]{36}$/.test(uuid) && definition !== undefined)
        entries.push({ uuid, parent, definition });
    }
  }
  return entries;
}

export function parseDefinition(text: string): Definition | undefined {
  try {
    const value = JSON.parse(text) as Partial<Definition>;
    if (typeof value.mdev_type !== "string") return undefined;
    return { mdev_type: value.mdev_type, start: value.start ?? "manual", attrs: value.attrs ?? [] };
  } catch {
    return undefined;
  }
}

export function saveDefinition(machine: Machine, entry: MdevEntry): void {
  machine.writeFile(definitionPath(entry.parent, entry.uuid), JSON.stringify(entry.definition, null, 2));
}

/** Returns the mdevs that exist, in order of parent and UUID. */
export async function activeMdevs(sys: SysTree): Promise<MdevEntry[]> {
  const entries: MdevEntry[] = [];
  for (const uuid of namesIn(sys, "/bus/mdev/devices")) {
    const parent = realPath(sys, `/bus/mdev/devices/${uuid}`)?.split("/").at(-2);
    const type = realPath(sys, `/bus/mdev/devices/${uuid}/mdev_type`)?.split("/").at(-1);
    if (parent === undefined || type === undefined) continue;
    entries.push({ uuid, parent, definition: { mdev_type: type, start: "manual", attrs: [] } });
  }
  return entries.sort((a, b) => (`${a.parent} ${a.uuid}` < `${b.parent} ${b.uuid}` ? -1 : 1));
}
