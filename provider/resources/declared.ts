import { errorText } from "../model/errors.js";
import { checkProgram } from "../plan/declared/check-program.js";
import type { DeclaredLook, DeclaredProgram, ResourceKind } from "../plan/declared/program.js";
import type { TypesOn } from "../plan/declared/vgpu.js";
import type { CheckFailure } from "../schema/check-inputs.js";
import type { Properties } from "./lifecycle.js";

/** The input by which sdk/ hands down what the program declares around a resource. `check` takes it off: it is not stored. */
const declaredKey = "declared";

const slices = new Map<string, DeclaredProgram>();
const nothing: DeclaredProgram = { hosts: [], vgpus: [], guests: [] };

/**
 * Takes the declared set, and the provider's text, off the inputs and keeps the set for this process. The engine checks a resource in the process that
 * then creates or updates it, so the set is at hand there; stored with the resource, every change of a sibling would
 * show in it as a change of its own.
 */
export function takeDeclared(
  kind: ResourceKind,
  news: Properties,
): {
  readonly inputs: Properties;
  readonly program: DeclaredProgram;
  readonly looks: readonly DeclaredLook[];
} {
  const { [declaredKey]: declared, __provider, ...inputs } = news;
  const { looks = "[]", ...slice } = handedDown(declared);
  if (declared !== null && declared !== undefined)
    slices.set(sliceKey(kind, inputs), { ...nothing, ...slice });
  return { inputs, program: declaredAround(kind, inputs), looks: JSON.parse(looks) };
}

const parsed = new Map<string, Partial<DeclaredProgram>>();

/** Returns what sdk/ gave: as it is, or as its JSON, which is the same text for all vGPUs of a GPU and is kept once. */
export function handedDown(declared: unknown): Partial<DeclaredProgram> {
  if (typeof declared !== "string") return (declared ?? {}) as Partial<DeclaredProgram>;
  const slice = parsed.get(declared) ?? (JSON.parse(declared) as Partial<DeclaredProgram>);
  parsed.set(declared, slice);
  return slice;
}

/** Returns what was declared around a resource when it was checked in this process. */
export function declaredAround(kind: ResourceKind, inputs: Properties): DeclaredProgram {
  return slices.get(sliceKey(kind, inputs)) ?? nothing;
}

/** Whether the engine had a resource checked in this process: with `--target` it has only its targets checked. */
export function wasChecked(kind: ResourceKind, inputs: Properties): boolean {
  return slices.has(sliceKey(kind, inputs));
}

/** A host and a guest may have one name. */
function sliceKey(kind: ResourceKind, inputs: Properties): string {
  return JSON.stringify([kind, inputs.owner, inputs.host ?? null, inputs.device ?? null, inputs.name]);
}

/** Returns what is wrong with the program around a resource, as failures of that resource. */
export function programFailures(program: DeclaredProgram, typesOn?: TypesOn): CheckFailure[] {
  return checkProgram(program, typesOn).map(({ parts }) => ({
    property: parts.property,
    reason: errorText(parts),
  }));
}
