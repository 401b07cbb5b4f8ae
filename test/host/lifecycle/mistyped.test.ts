import { afterAll, beforeAll, expect, it } from "vitest";
import type { DeclaredResource } from "../../fleet/program.js";
import { runPreview, startRun } from "../../fleet/run.js";
import { type Bed, type HostBed, openBed } from "./bed.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** What was written as a type, and what is offered in its place. */
const mistyped: readonly (readonly [unknown, string])[] = [
  ["", '"A40-1Q", "A40-2Q", "A40-3Q"'],
  [" ", '"A40-1Q", "A40-2Q", "A40-3Q"'],
  ["A40", '"A40-1Q", "A40-2Q", "A40-3Q"'],
  ["A40-8", '"A40-8Q", "A40-8C", "A40-8A"'],
  ["my type is A40-8Q", '"A40-8Q", "A40-8C", "A40-8A"'],
  ["L40S-8", '"A40-8Q", "A40-8C", "A40-8A"'],
  ["8Q", '"A40-8Q", "A40-8C", "A40-8A"'],
];
/** What is no text. */
const wrongKinds: readonly (readonly [unknown, string, string])[] = [
  [12, "12", '"A40-12Q", "A40-12C", "A40-12A"'],
  [undefined, "nothing", '"A40-1Q", "A40-2Q", "A40-3Q"'],
  [["A40-8Q"], "a list", '"A40-8Q", "A40-8C", "A40-8A"'],
];
const taken = ["a40-8q", "NVIDIA A40-8q"];

/** The vGPUs of these types, each in a program of its own. */
function programOf(host: HostBed, types: readonly unknown[]): DeclaredResource[] {
  return types.flatMap((type, index) => {
    const [, vgpu] = host.program({ [`a-${index}`]: String(type) });
    if (vgpu === undefined) throw new Error("no vGPU in the program");
    const { declared, ...inputs } = vgpu.inputs;
    if (typeof type === "string") return [vgpu];
    return [{ ...vgpu, inputs: { ...inputs, type, declared: { hosts: [], vgpus: [], guests: [] } } }];
  });
}

it("offers for a type that can be none those of this very board, while its driver is not there yet", {
  timeout: 120_000,
}, async () => {
  const host = await bed.host("mistyped", "ampereMdev", { board: "NVIDIA A40" });
  const before = await noteOf(host.machine);
  const types = [...mistyped, ...wrongKinds].map(([type]) => type);
  const previews = await runPreview(programOf(host, [...types, ...taken]), host.statePath);
  const told = Object.values(previews).map(({ failures }) => failures.map(({ reason }) => reason));
  const offered = (offer: string) => `Next: did you mean ${offer} (types of this GPU)?\nProperty: type`;
  expect(told).toEqual([
    ...mistyped.map(([type, offer], index) => [
      `VGPU_UNKNOWN_TYPE a-${index}: "${type}" is not the name of a vGPU type
Saw: type "${type}"
Expected: GPU, GB and series (A, B, C or Q), such as "A40-8Q"; MIG-backed with slices, such as "A100-1-5C"
${offered(offer)}`,
    ]),
    ...wrongKinds.map(([, saw, offer], index) => [
      `VGPU_INPUT a-${mistyped.length + index}: type is not valid
Saw: ${saw}
Expected: a text
${offered(offer)}`,
    ]),
    ...taken.map(() => []),
  ]);
  await expectUntouched(host.machine, before);
});

it("says before two reboots that the catalog has no such type", { timeout: 120_000 }, async () => {
  const host = await bed.host("unheard-of", "ampereMdev", { board: "NVIDIA A40" });
  const program = host.program({ desk: "A4O-8Q" });
  const { output, error } = await startRun({ task: "preview", program, statePath: host.statePath }).ended;
  expect(error).toBe("");
  expect(output).toContain(
    `gpu-host desk: the catalog has no type A4O-8Q; of the NVIDIA A40 at ${host.gpu} it has, among others, A40-8Q, `,
  );
});
