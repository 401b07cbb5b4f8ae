import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { guestDriverInstall, mdevDevice, vgpuHost } from "../../provider/index.js";
import type { Properties } from "../../provider/resources/lifecycle.js";
import type { DeclaredResource } from "./program.js";

const lifecycles = { guestDriverInstall, mdevDevice, vgpuHost };

/** What is remembered of a resource between runs: as much as the engine does. */
interface StoredResource {
  readonly kind: DeclaredResource["kind"];
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** A state file of the lifecycles driven without the engine: by name, in the order of creation. */
export type DrivenState = Record<string, StoredResource>;

/** What a run did, by resource name. */
export type DrivenChanges = Record<string, "created" | "updated" | "deleted" | "unchanged">;

/** Returns the state in a file, `{}` when there is none. */
export function loadState(path: string): DrivenState {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as DrivenState) : {};
}

function saveState(path: string, state: DrivenState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}

/** Runs what `pulumi up` with `refresh: always` runs: read all, then check, diff and create or update each, then delete. */
export async function driveUp(
  program: readonly DeclaredResource[],
  statePath: string,
): Promise<DrivenChanges> {
  const state = loadState(statePath);
  const changes: DrivenChanges = {};
  await Promise.all(Object.entries(state).map(([name, stored]) => refresh(state, name, stored)));
  saveState(statePath, state);
  for (const kind of ["vgpuHost", "mdevDevice", "guestDriverInstall"] as const) {
    const resources = program.filter((resource) => resource.kind === kind);
    const results = await Promise.allSettled(resources.map((resource) => driveOne(resource, state)));
    for (const [index, result] of results.entries()) {
      const resource = resources[index];
      if (result.status === "fulfilled" && resource !== undefined) changes[resource.name] = result.value;
    }
    saveState(statePath, state);
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
  const gone = Object.keys(state).filter((name) => !program.some((resource) => resource.name === name));
  for (const name of gone.reverse()) {
    await driveDelete(name, state, statePath);
    changes[name] = "deleted";
  }
  return changes;
}

async function refresh(state: DrivenState, name: string, stored: StoredResource): Promise<void> {
  const live = await lifecycles[stored.kind].read(stored.id, stored.outputs);
  if (live.id === "") delete state[name];
  else
    state[name] = {
      ...stored,
      id: live.id,
      inputs: live.inputs ?? stored.inputs,
      outputs: live.props ?? stored.outputs,
    };
}

async function driveOne(resource: DeclaredResource, state: DrivenState): Promise<DrivenChanges[string]> {
  const lifecycle = lifecycles[resource.kind];
  const stored = state[resource.name];
  const { inputs, failures } = await lifecycle.check(stored?.inputs ?? {}, structuredClone(resource.inputs));
  if (failures.length > 0) throw new Error(failures.map((failure) => failure.reason).join("\n\n"));
  if (stored === undefined) {
    const { id, outs } = await lifecycle.create(inputs);
    state[resource.name] = { kind: resource.kind, id, inputs, outputs: outs };
    return "created";
  }
  const { changes } = await lifecycle.diff(stored.id, stored.outputs, inputs);
  if (!changes) return "unchanged";
  const { outs } = await lifecycle.update(stored.id, stored.outputs, inputs);
  state[resource.name] = { ...stored, inputs, outputs: outs };
  return "updated";
}

/** Runs what `pulumi destroy` runs: delete all, those that others stand on last. */
export async function driveDestroy(statePath: string): Promise<void> {
  const state = loadState(statePath);
  for (const kind of ["guestDriverInstall", "mdevDevice", "vgpuHost"] as const) {
    const names = Object.keys(state).filter((name) => state[name]?.kind === kind);
    for (const name of names) await driveDelete(name, state, statePath);
  }
}

async function driveDelete(name: string, state: DrivenState, statePath: string): Promise<void> {
  const stored = state[name];
  if (stored === undefined) return;
  await lifecycles[stored.kind].delete(stored.id, stored.outputs);
  delete state[name];
  saveState(statePath, state);
}
