import { describe, expect, it } from "vitest";
import type { GpuInterface, VgpuRecord } from "../../../provider/model/facts.js";
import { placeFor } from "../../../provider/plan/vgpu/vgpu-place.js";
import { knownVgpus } from "../../../provider/plan/vgpu/vgpu-view.js";
import { bootFiles, gpuAddress, vfAddress } from "./facts.js";
import { emptyWorld, factsOf, type World } from "./vgpu-world.js";
import { owner, uuidOf, vgpuOf } from "./vgpus.js";

const [first, second, third] = [1, 2, 3].map((number) => vgpuOf(number, "A40-8Q")) as [
  ReturnType<typeof vgpuOf>,
  ReturnType<typeof vgpuOf>,
  ReturnType<typeof vgpuOf>,
];

const recordOf = (number: number, vfIndex: number, changes: Partial<VgpuRecord> = {}): VgpuRecord => ({
  uuid: uuidOf(number),
  state: "done",
  owner,
  name: `desk-${number}`,
  carrier: gpuAddress,
  parent: vfAddress(vfIndex),
  typeName: "NVIDIA A40-4Q",
  keep: false,
  adopted: false,
  ...changes,
});
const liveOf = (number: number, vfIndex: number): World["live"][number] => ({
  mdevUuid: uuidOf(number),
  gpu: gpuAddress,
  parent: vfAddress(vfIndex),
  typeName: "NVIDIA A40-4Q",
  vgpuTypeId: 560,
  holders: [],
});

interface Seen {
  readonly vfCount?: number;
  readonly vgpuInterface?: GpuInterface;
  readonly astray?: Readonly<Record<number, string | null>>;
  readonly live?: World["live"];
  readonly records?: readonly VgpuRecord[];
  /** Numbers of the live vGPUs that go for it. */
  readonly retire?: readonly number[];
}

/** Where the vGPU goes on a GPU of which this is seen. */
function placeOf(self: typeof first, declared: readonly (typeof first)[], seen: Seen = {}): string | null {
  const { vfCount = 4, vgpuInterface = "mdev-on-vf", astray = {}, live = [], records = [] } = seen;
  const gpus = { [gpuAddress]: { vgpuInterface, vfCount, astray } };
  const facts = factsOf(emptyWorld(vgpuInterface, { gpus, live, records: [...records] }));
  const [carrier] = facts.gpus;
  if (carrier === undefined) throw new Error("no GPU");
  const known = knownVgpus(carrier, facts);
  const uuids = (seen.retire ?? []).map((number) => uuidOf(number));
  const retire = known.filter(({ live: { mdevUuid } }) => mdevUuid !== null && uuids.includes(mdevUuid));
  return placeFor({ self, declared, bootFiles, carrier, facts, typeName: "NVIDIA A40-8Q", known }, retire);
}

describe("the function that carries a vGPU", () => {
  it("is the GPU itself on a legacy board", () => {
    expect(placeOf(first, [first], { vgpuInterface: "mdev-on-pf" })).toBe(gpuAddress);
  });

  it("does not depend on who comes first: the free ones are dealt out in the order of the names", () => {
    const declared = [third, first, second];
    expect(declared.map((self) => placeOf(self, declared))).toEqual([2, 0, 1].map(vfAddress));
  });

  it("is the one where it was, whatever else is free", () => {
    const records = [recordOf(2, 1), recordOf(1, 3)];
    expect(placeOf(first, [first, second], { records })).toBe(vfAddress(3));
    expect(placeOf(second, [first, second], { records })).toBe(vfAddress(1));
  });

  it("is another one where somebody else has that now, or another driver", () => {
    const records = [recordOf(1, 3)];
    expect(placeOf(first, [first], { records, live: [liveOf(7, 3)] })).toBe(vfAddress(0));
    expect(placeOf(first, [first], { records, astray: { 3: "vfio-pci" } })).toBe(vfAddress(0));
  });

  it("is none that carries one, that another driver has, or that a record of others notes", () => {
    const seen = {
      live: [liveOf(7, 0)],
      astray: { 1: "vfio-pci" },
      records: [recordOf(8, 2, { owner: "shop/prod" })],
    };
    expect(placeOf(first, [first], seen)).toBe(vfAddress(3));
    expect(placeOf(first, [first], { ...seen, vfCount: 3 })).toBeNull();
  });

  it("is one that a record of ours notes for nothing", () => {
    expect(placeOf(first, [first], { records: [recordOf(8, 0)] })).toBe(vfAddress(0));
    expect(placeOf(first, [first], { records: [recordOf(8, 0, { keep: true })] })).toBe(vfAddress(1));
  });

  it("is dealt out among those that have no place yet", () => {
    const seen = { live: [liveOf(1, 0)], records: [recordOf(1, 0)] };
    const declared = [first, second, third];
    expect(placeOf(second, declared, seen)).toBe(vfAddress(1));
    expect(placeOf(third, declared, seen)).toBe(vfAddress(2));
  });

  it("is that of one that goes for good, in its turn", () => {
    const seen = { live: [liveOf(9, 0)], records: [recordOf(9, 0)], retire: [9] };
    expect(placeOf(first, [first], seen)).toBe(vfAddress(0));
    expect(placeOf(second, [first, second], seen)).toBe(vfAddress(1));
  });

  it("is that of one that is made anew only where no other is left", () => {
    const seen = {
      live: [liveOf(2, 1)],
      records: [recordOf(8, 0, { owner: "shop/prod" }), recordOf(2, 1)],
      retire: [2],
    };
    expect(placeOf(first, [first, second], { ...seen, vfCount: 3 })).toBe(vfAddress(2));
    expect(placeOf(first, [first, second], { ...seen, vfCount: 2 })).toBe(vfAddress(1));
    const two = { live: [liveOf(2, 1), liveOf(3, 0)], records: [recordOf(2, 1), recordOf(3, 0)] };
    expect(placeOf(first, [first, second, third], { ...two, retire: [2], vfCount: 2 })).toBe(vfAddress(1));
  });
});
