import type { SysTree, ToolResult } from "../types.js";
import { activeMdevs, definitions, type MdevctlCall, type MdevEntry } from "./mdevctl-store.js";
import { namesIn, readText } from "./sys-nodes.js";

/** Answers `mdevctl list`. Forms: captures/mdevctl.json `list`. */
export async function listCommand({ args, sys, machine }: MdevctlCall): Promise<ToolResult> {
  const active = await activeMdevs(sys);
  const defined = definitions(machine);
  const source = args.defined ? defined : active.map((entry) => withSavedStart(entry, defined));
  const shown = source.filter(
    (entry) =>
      (args.uuid === undefined || entry.uuid === args.uuid) &&
      (args.parent === undefined || entry.parent === args.parent),
  );
  if (args.dumpJson) {
    const [only] = shown;
    const single = args.uuid !== undefined && shown.length === 1 && only !== undefined;
    return { code: 0, stdout: `${json(single ? only.definition : grouped(shown))}\n` };
  }
  const others = args.defined ? active : defined;
  const lines = shown.flatMap((entry) => {
    const both = others.some((other) => other.uuid === entry.uuid && other.parent === entry.parent);
    const mark = both ? (args.defined ? " (active)" : " (defined)") : "";
    const { mdev_type, start } = entry.definition;
    const line = `${entry.uuid} ${entry.parent} ${mdev_type} ${start}${mark}`;
    return args.verbose ? [line, ...attributeLines(entry)] : [line];
  });
  return { code: 0, stdout: lines.map((line) => `${line}\n`).join("") };
}

/** Answers `mdevctl types`. Forms: captures/mdevctl.json `types`. */
export async function typesCommand({ args, sys }: MdevctlCall): Promise<ToolResult> {
  const parents = namesIn(sys, "/class/mdev_bus")
    .filter((parent) => args.parent === undefined || parent === args.parent)
    .sort();
  const all: Record<string, Record<string, TypeInfo>[]> = {};
  let text = "";
  for (const parent of parents) {
    text += `${parent}\n`;
    const types = await typesOf(sys, parent);
    all[parent] = types.map(({ id, info }) => ({ [id]: info }));
    for (const { id, info } of types) text += typeText(id, info);
  }
  if (args.dumpJson) return { code: 0, stdout: `${json(parents.length === 0 ? [] : [all])}\n` };
  return { code: 0, stdout: text };
}

interface TypeInfo {
  readonly available_instances: number;
  readonly device_api: string;
  readonly name?: string;
  readonly description?: string;
}

async function typesOf(sys: SysTree, parent: string): Promise<{ id: string; info: TypeInfo }[]> {
  const folder = `/class/mdev_bus/${parent}/mdev_supported_types`;
  const read = async (path: string) => (await readText(sys, `${folder}/${path}`)).trim();
  const types: { id: string; info: TypeInfo }[] = [];
  for (const id of namesIn(sys, folder).sort()) {
    const files = namesIn(sys, `${folder}/${id}`);
    types.push({
      id,
      info: {
        available_instances: Number(await read(`${id}/available_instances`)),
        device_api: await read(`${id}/device_api`),
        ...(files.includes("name") ? { name: await read(`${id}/name`) } : {}),
        ...(files.includes("description") ? { description: await read(`${id}/description`) } : {}),
      },
    });
  }
  return types;
}

function typeText(id: string, info: TypeInfo): string {
  const lines = [`  ${id}`, `    Available instances: ${info.available_instances}`];
  lines.push(`    Device API: ${info.device_api}`);
  if (info.name !== undefined) lines.push(`    Name: ${info.name}`);
  if (info.description !== undefined) lines.push(`    Description: ${info.description}`);
  return `${lines.join("\n")}\n`;
}

function withSavedStart(entry: MdevEntry, defined: readonly MdevEntry[]): MdevEntry {
  const saved = defined.find((other) => other.uuid === entry.uuid && other.parent === entry.parent);
  const start = saved?.definition.start ?? entry.definition.start;
  return { ...entry, definition: { ...entry.definition, start } };
}

function grouped(entries: readonly MdevEntry[]): unknown[] {
  if (entries.length === 0) return [];
  const parents: Record<string, Record<string, unknown>[]> = {};
  for (const { parent, uuid, definition } of entries) {
    parents[parent] = [...(parents[parent] ?? []), { [uuid]: definition }];
  }
  return [parents];
}

function attributeLines(entry: MdevEntry): string[] {
  const { attrs } = entry.definition;
  if (attrs.length === 0) return [];
  return ["  Attrs:", ...attrs.map((attribute, index) => `    @{${index}}: ${JSON.stringify(attribute)}`)];
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
