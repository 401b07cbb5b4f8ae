import { describe, expect, it } from "vitest";
import type { VgpuRecord } from "../../../provider/model/facts.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { bootFiles, stepTexts } from "./facts.js";
import { emptyWorld, factsOf, type World } from "./vgpu-world.js";
import { uuidOf, vgpuOf, worldWith } from "./vgpus.js";

const self = vgpuOf(1, "A40-8Q");
const made = worldWith(emptyWorld("mdev-on-vf"), [self]);
const stepsOn = (world: World, declared = self) =>
  stepTexts(planVgpu({ self: declared, declared: [declared], bootFiles }, factsOf(world)));
const noted = (changes: Partial<VgpuRecord>): World => ({
  ...made,
  records: made.records.map((record) => ({ ...record, ...changes })),
});
const again = ["make-vgpu gpu-01 desk-1: it exists as declared; its record does not say so yet"];

describe("a vGPU that exists as declared", () => {
  it("is left as it is where its record and its definition say so", () => {
    expect(stepsOn(made)).toEqual([]);
  });

  it.each<[string, Partial<VgpuRecord>]>([
    ["another type", { typeName: "NVIDIA A40-8C" }],
    ["another name", { name: "seat-1" }],
    ["that it was begun", { state: "intent" }],
    ["that it is kept", { keep: true }],
  ])("is noted anew where its record says %s", (_what, changes) => {
    expect(stepsOn(noted(changes), { ...self, former: { owner: self.owner, name: "seat-1" } })).toEqual(
      again,
    );
  });

  it("is noted anew where its stack had another name", () => {
    const former = { owner: "shop/old", name: self.name };
    expect(stepsOn(noted({ owner: "shop/old" }), { ...self, former })).toEqual(again);
  });

  it("is defined anew where mdevctl has no definition of it, or starts it itself", () => {
    const [definition] = made.definitions;
    if (definition === undefined) throw new Error("no definition");
    expect(stepsOn({ ...made, definitions: [] })).toEqual(again);
    expect(stepsOn({ ...made, definitions: [{ ...definition, mdevUuid: uuidOf(2) }] })).toEqual(again);
    expect(stepsOn({ ...made, definitions: [{ ...definition, start: "auto" }] })).toEqual(again);
    expect(stepsOn({ ...made, definitions: [], hasMdevctl: false })).toEqual([]);
  });
});
