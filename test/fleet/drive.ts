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
export type DrivenChanges = Record<string, "created" | "updated" | "replaced" | "deleted" | "unchanged">;

/** Returns the state in a file, `{}` when there is none. */
export function loadState(path: string): DrivenState {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as DrivenState) : {};
}

function saveState(path: string, state: DrivenState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}

/** How a run goes about its resources. */
export interface DriveOptions {
  /** One resource at a time, as `--parallel 1` does. @default false */
  readonly serial?: boolean;
  /** Whether all is read first. @default true */
  readonly refresh?: boolean;
}

const kinds = ["vgpuHost", "mdevDevice", "guestDriverInstall"] as const;

/** Runs what `pulumi up` with `refresh: always` runs: read all, then check, diff and create or update each, then delete. */
export async function driveUp(
  program: readonly DeclaredResource[],
  statePath: string,
  options: DriveOptions = {},
): Promise<DrivenChanges> {
  const state = loadState(statePath);
  const changes: DrivenChanges = {};
  const read = options.refresh === false ? [] : Object.entries(state);
  await Promise.all(read.map(([name, stored]) => refresh(state, name, stored)));
  saveState(statePath, state);
  for (const kind of kinds) {
    const resources = program.filter((resource) => resource.kind === kind);
    const results = await settleAll(resources, (resource) => driveOne(resource, state), options);
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

async function settleAll<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  { serial }: DriveOptions,
): Promise<PromiseSettledResult<R>[]> {
  if (!serial) return Promise.allSettled(items.map(work));
  const results: PromiseSettledResult<R>[] = [];
  for (const item of items) results.push(...(await Promise.allSettled([work(item)])));
  return results;
}

/** What `pulumi preview` shows of one resource. */
export interface DrivenPreview {
  readonly failures: readonly { readonly property: string; readonly reason: string }[];
  /** Properties whose live value is not the declared one; empty for a resource that is new. */
  readonly differs: readonly string[];
  /** `null` for a resource that is new, and where `check` failed. */
  readonly changes: boolean | null;
}

/** Runs what `pulumi preview` with `refresh: always` runs: read, check and diff; nothing is stored. */
export async function drivePreview(
  program: readonly DeclaredResource[],
  statePath: string,
): Promise<Record<string, DrivenPreview>> {
  const state = loadState(statePath);
  await Promise.all(Object.entries(state).map(([name, stored]) => refresh(state, name, stored)));
  const previews = program.map(
    async (resource) => [resource.name, await previewOne(resource, state)] as const,
  );
  return Object.fromEntries(await Promise.all(previews));
}

async function previewOne(resource: DeclaredResource, state: DrivenState): Promise<DrivenPreview> {
  const lifecycle = lifecycles[resource.kind];
  const stored = state[resource.name];
  const { inputs, failures } = await lifecycle.check(stored?.inputs ?? {}, structuredClone(resource.inputs));
  if (failures.length > 0 || stored === undefined) return { failures, differs: [], changes: null };
  const { changes } = await lifecycle.diff(stored.id, stored.outputs, inputs);
  return { failures, differs: differing(stored.inputs, inputs), changes };
}

/** Returns the properties that differ, by dotted path. */
function differing(live: unknown, declared: unknown, path = ""): string[] {
  if (live === declared) return [];
  if (typeof live !== "object" || typeof declared !== "object" || live === null || declared === null)
    return [path];
  const keys = [...new Set([...Object.keys(live), ...Object.keys(declared)])];
  return keys.flatMap((key) =>
    differing(Reflect.get(live, key), Reflect.get(declared, key), path === "" ? key : `${path}.${key}`),
  );
}

/** Creates without asking `check` whether it may: returns the text of each refusal, by resource name. */
export async function driveUnchecked(program: readonly DeclaredResource[]): Promise<Record<string, string>> {
  const refusals: Record<string, string> = {};
  for (const { kind, name, inputs: declared } of program) {
    const { inputs } = await lifecycles[kind].check({}, structuredClone(declared));
    const refusal = await lifecycles[kind].create(inputs).then(
      () => "",
      (error: Error) => error.message,
    );
    refusals[name] = refusal;
  }
  return refusals;
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
  const create = async () => {
    const { id, outs } = await lifecycle.create(inputs);
    state[resource.name] = { kind: resource.kind, id, inputs, outputs: outs };
  };
  if (stored === undefined) {
    await create();
    return "created";
  }
  const { changes, replaces } = await lifecycle.diff(stored.id, stored.outputs, inputs);
  if (!changes) return "unchanged";
  if (replaces.length > 0) {
    await lifecycle.delete(stored.id, stored.outputs);
    delete state[resource.name];
    await create();
    return "replaced";
  }
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
