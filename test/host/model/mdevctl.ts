import { type Machine, SysError, type SysTree, type ToolHandler, type ToolResult } from "../types.js";
import { parseArguments } from "./mdevctl-arguments.js";
import { listCommand, typesCommand } from "./mdevctl-listing.js";
import {
  activeMdevs,
  type Definition,
  definitionPath,
  definitions,
  type MdevctlCall,
  type MdevEntry,
  parseDefinition,
  saveDefinition,
} from "./mdevctl-store.js";
import { namesIn, readText, writeText } from "./sys-nodes.js";

class Refusal extends Error {}

/**
 * Returns a stand-in for mdevctl over any /sys. It obeys the behaviours of captures/mdevctl.json; definitions are
 * files below /etc/mdevctl.d, as the real one's.
 */
export function mdevctlTool(sys: SysTree): ToolHandler {
  return async (call, machine) => {
    try {
      const args = parseArguments(call.argv);
      return await run({ args, sys, machine, stdin: call.stdin });
    } catch (error) {
      if (error instanceof Refusal) return { code: 1, stderr: `Error: ${error.message}\n` };
      throw error;
    }
  };
}

/** What mdevctl's udev rule does when a parent is registered: its `auto` definitions are started. */
export async function startParentMdevs(sys: SysTree, machine: Machine, parent: string): Promise<void> {
  for (const entry of definitions(machine)) {
    if (entry.parent !== parent || entry.definition.start !== "auto") continue;
    const args = parseArguments(["start", "-u", entry.uuid, "-p", parent]);
    await start({ args, sys, machine, stdin: undefined }).catch((error: unknown) => {
      machine.kernelLog(`mdevctl: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
}

async function run(call: MdevctlCall): Promise<ToolResult> {
  const { command } = call.args;
  if (call.args.problem !== undefined) throw new Refusal(call.args.problem);
  if (command === "list") return listCommand(call);
  if (command === "types") return typesCommand(call);
  if (command === "define") return define(call);
  if (command === "undefine") return undefine(call);
  if (command === "modify") return modify(call);
  if (command === "start") return start(call);
  if (command === "stop") return stop(call);
  if (command === "start-parent-mdevs") {
    await startParentMdevs(call.sys, call.machine, call.args.words[0] ?? "");
    return { code: 0 };
  }
  return { code: 2, stderr: `error: unrecognized subcommand '${command}'\n` };
}

async function define(call: MdevctlCall): Promise<ToolResult> {
  const { args, machine } = call;
  const uuid = args.uuid ?? freshUuid();
  const running =
    args.uuid === undefined ? undefined : (await activeMdevs(call.sys)).find((each) => each.uuid === uuid);
  const read = args.jsonFile === undefined ? undefined : readJson(call);
  if (read !== undefined && args.type !== undefined) {
    throw new Refusal("Device type cannot be given with a JSON file");
  }
  let parent = args.parent;
  let type = args.type ?? read?.mdev_type;
  if (parent === undefined && type === undefined) {
    parent = running?.parent;
    type = running?.definition.mdev_type;
  } else if (running !== undefined && running.parent === parent) type ??= running.definition.mdev_type;
  if (parent === undefined || type === undefined) throw new Refusal("No parent or no type was given");
  if (machine.exists(definitionPath(parent, uuid)))
    throw new Refusal(`${uuid} on ${parent} is already defined`);
  const startMode = args.auto ? "auto" : (read?.start ?? "manual");
  saveDefinition(machine, {
    uuid,
    parent,
    definition: { mdev_type: type, start: startMode, attrs: read?.attrs ?? [] },
  });
  return { code: 0, stdout: args.uuid === undefined ? `${uuid}\n` : "" };
}

async function undefine(call: MdevctlCall): Promise<ToolResult> {
  const found = matching(call);
  if (found.length === 0) throw new Refusal("No devices match the specified uuid");
  for (const entry of found) call.machine.removeFile(definitionPath(entry.parent, entry.uuid));
  return { code: 0 };
}

async function modify(call: MdevctlCall): Promise<ToolResult> {
  const { args, machine } = call;
  const entry = theOnly(matching(call));
  if (entry === undefined) throw new Refusal("Device is not defined");
  const attrs = [...entry.definition.attrs];
  if (args.addAttribute !== undefined) {
    attrs.splice(args.index ?? attrs.length, 0, { [args.addAttribute]: args.value ?? "" });
  }
  if (args.deleteAttribute) attrs.splice(args.index ?? attrs.length - 1, 1);
  const given = args.jsonFile === undefined ? undefined : readJson(call);
  const startMode = args.auto ? "auto" : args.manual ? "manual" : entry.definition.start;
  const definition = given ?? { mdev_type: args.type ?? entry.definition.mdev_type, start: startMode, attrs };
  saveDefinition(machine, { ...entry, definition });
  return { code: 0 };
}

async function start(call: MdevctlCall): Promise<ToolResult> {
  const { args, sys } = call;
  const wanted = await whatToStart(call);
  const running = (await activeMdevs(sys)).find((each) => each.uuid === wanted.uuid);
  if (running !== undefined) {
    if (running.parent !== wanted.parent) throw new Refusal("Device exists under different parent");
    if (running.definition.mdev_type !== wanted.type) throw new Refusal("Device exists with different type");
    throw new Refusal("Device already exists");
  }
  await checkParent(sys, wanted);
  const types = `/class/mdev_bus/${wanted.parent}/mdev_supported_types/${wanted.type}`;
  try {
    await writeText(sys, `${types}/create`, wanted.uuid);
    for (const attribute of wanted.attrs) {
      for (const [name, value] of Object.entries(attribute)) {
        await writeText(sys, `/bus/mdev/devices/${wanted.uuid}/${name}`, value);
      }
    }
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (namesIn(sys, "/bus/mdev/devices").includes(wanted.uuid)) {
      await writeText(sys, `/bus/mdev/devices/${wanted.uuid}/remove`, "1");
    }
    const what = `Failed to create mdev ${wanted.uuid}, type ${wanted.type} on ${wanted.parent}`;
    throw new Refusal(`${what}\n\nCaused by:\n    ${error.errno}`);
  }
  return { code: 0, stdout: args.uuid === undefined ? `${wanted.uuid}\n` : "" };
}

async function whatToStart(call: MdevctlCall) {
  const { args } = call;
  const read = args.jsonFile === undefined ? undefined : readJson(call);
  const type = args.type ?? read?.mdev_type;
  if (args.uuid === undefined) {
    if (args.parent === undefined || type === undefined) throw new Refusal("Device is not fully specified");
    return { uuid: freshUuid(), parent: args.parent, type, attrs: read?.attrs ?? [] };
  }
  const defined = matching(call);
  if (defined.length > 1) throw new Refusal("Multiple definitions match: please specify a parent");
  const [entry] = defined;
  if (args.parent === undefined && type !== undefined && entry === undefined) {
    throw new Refusal("can't provide type without parent");
  }
  if (args.parent === undefined && type !== undefined) throw new Refusal("can't provide type without parent");
  if (entry === undefined && type === undefined) throw new Refusal("Device is not defined");
  if (entry !== undefined && type !== undefined && entry.definition.mdev_type !== type) {
    throw new Refusal("Device exists with different type");
  }
  const parent = args.parent ?? entry?.parent;
  const full = type ?? entry?.definition.mdev_type;
  if (parent === undefined || full === undefined) throw new Refusal("Device is not fully specified");
  // A full specification ignores what is saved, attributes too: mdevctl issues 38 and 41.
  const attrs = read?.attrs ?? (args.type === undefined ? (entry?.definition.attrs ?? []) : []);
  return { uuid: args.uuid, parent, type: full, attrs };
}

async function checkParent(sys: SysTree, wanted: { parent: string; type: string }): Promise<void> {
  const { parent, type } = wanted;
  const parents = namesIn(sys, "/class/mdev_bus");
  if (!parents.includes(parent)) {
    const near = parents.find((name) => name.toLowerCase() === parent.toLowerCase());
    const hint = near === undefined ? "" : `. Did you mean '${near}'?`;
    if (namesIn(sys, "/bus/pci/devices").includes(parent)) {
      throw new Refusal(`Parent ${parent} is not currently registered for mdev support`);
    }
    throw new Refusal(`Unable to find parent device '${parent}'${hint}`);
  }
  const types = `/class/mdev_bus/${parent}/mdev_supported_types`;
  if (!namesIn(sys, types).includes(type))
    throw new Refusal(`Parent ${parent} does not support mdev type ${type}`);
  const free = Number(await readText(sys, `${types}/${type}/available_instances`));
  if (free < 1) throw new Refusal(`No available instances of ${type} on ${parent}`);
}

async function stop({ args, sys }: MdevctlCall): Promise<ToolResult> {
  const active = (await activeMdevs(sys)).some((each) => each.uuid === args.uuid);
  if (!active) throw new Refusal("Device is not active");
  await writeText(sys, `/bus/mdev/devices/${args.uuid}/remove`, "1");
  return { code: 0 };
}

function matching({ args, machine }: MdevctlCall): MdevEntry[] {
  return definitions(machine).filter(
    (entry) => entry.uuid === args.uuid && (args.parent === undefined || entry.parent === args.parent),
  );
}

function theOnly(entries: readonly MdevEntry[]): MdevEntry | undefined {
  if (entries.length > 1) throw new Refusal("Multiple definitions match: please specify a parent");
  return entries[0];
}

function readJson({ args, machine, stdin }: MdevctlCall): Definition {
  const path = args.jsonFile ?? "";
  const text = path === "/dev/stdin" || path === "-" ? stdin : machine.readFile(path);
  const definition = text === undefined ? undefined : parseDefinition(text);
  if (definition === undefined) throw new Refusal(`Unable to read a definition from ${path}`);
  return definition;
}

function freshUuid(): string {
  return globalThis.crypto.randomUUID();
}
