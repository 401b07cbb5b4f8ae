import { describe, expect, it } from "vitest";
import type { VgpuRecord } from "../../../provider/model/facts.js";
import {
  isNamedSo,
  leftToAnother,
  takenNameRefusal,
  withRecordedUuids,
} from "../../../provider/plan/vgpu/vgpu-names.js";
import { gpuAddress, hostFacts } from "./facts.js";
import { owner, uuidOf, vgpuOf } from "./vgpus.js";

const recordOf = (number: number, changes: Partial<VgpuRecord> = {}): VgpuRecord => ({
  uuid: uuidOf(number),
  state: "done",
  owner,
  name: `desk-${number}`,
  carrier: gpuAddress,
  parent: gpuAddress,
  typeName: "NVIDIA A40-8Q",
  keep: false,
  adopted: false,
  ...changes,
});
const factsWith = (...vgpus: readonly VgpuRecord[]) => hostFacts({ manifest: { vgpus } });

describe("a record", () => {
  it("is named so where owner and name are the declared ones", () => {
    expect(isNamedSo(recordOf(1), vgpuOf(1, "A40-8Q"))).toBe(true);
    expect(isNamedSo(recordOf(1, { owner: "shop/old" }), vgpuOf(1, "A40-8Q"))).toBe(false);
    expect(isNamedSo(recordOf(1, { name: "seat-1" }), vgpuOf(1, "A40-8Q"))).toBe(false);
  });
});

describe("the UUID that a declared vGPU has on the host", () => {
  const derived = vgpuOf(1, "A40-8Q", { uuid: uuidOf(9), uuidDerived: true });
  const uuidWith = (vgpu: typeof derived, ...records: readonly VgpuRecord[]) =>
    withRecordedUuids({ self: vgpuOf(2, "A40-8Q"), declared: [vgpu] }, factsWith(...records)).declared[0]
      ?.uuid;

  it("is that of the record with its name, or with one that it had", () => {
    expect(uuidWith(derived, recordOf(3), recordOf(1))).toBe(uuidOf(1));
    const renamed = { ...derived, name: "seat-1", formerNames: ["chair-1", "desk-1"] };
    expect(uuidWith(renamed, recordOf(3), recordOf(1))).toBe(uuidOf(1));
  });

  it("is its own where a record has that, where no record has its name, and where it was declared", () => {
    expect(uuidWith(derived, recordOf(1), recordOf(9, { name: "desk-8" }))).toBe(uuidOf(9));
    expect(uuidWith(derived, recordOf(3))).toBe(uuidOf(9));
    expect(uuidWith({ ...derived, uuidDerived: false }, recordOf(1))).toBe(uuidOf(9));
  });

  it("is none that is noted for another stack", () => {
    expect(uuidWith(derived, recordOf(4, { owner: "shop/prod", name: "desk-1" }))).toBe(uuidOf(9));
  });
});

describe("a new vGPU whose UUID is made from its name", () => {
  const fresh = vgpuOf(1, "A40-8Q", { isNewByName: true });

  it("is refused the UUID that a renamed one of its stack has", () => {
    const taken = recordOf(1, { name: "seat-1" });
    expect(takenNameRefusal(fresh, factsWith(recordOf(2), taken))).toMatchObject({
      code: "VGPU_CLAIM_CONFLICT",
      what: "the UUID that is made from this name is that of seat-1",
      property: "uuid",
    });
  });

  it.each([
    ["no record has it", [recordOf(2, { name: "seat-1" })]],
    ["it is its own record's", [recordOf(1)]],
    ["another stack has it, which is told otherwise", [recordOf(1, { name: "seat-1", owner: "shop/prod" })]],
    ["nothing is noted", []],
  ])("has it where %s", (_why, records) => {
    expect(takenNameRefusal(fresh, factsWith(...records))).toBeNull();
  });
});

describe("a deletion", () => {
  const self = vgpuOf(1, "A40-8Q");

  it("says that it leaves a vGPU which is noted for another stack", () => {
    const other = recordOf(1, { owner: "shop/prod", name: "seat-1" });
    expect(leftToAnother(self, factsWith(recordOf(2, { owner: "shop/test" }), other))).toBe(
      `the vGPU ${self.uuid} is left in place: it is noted for shop/prod seat-1, not for shop/dev desk-1 (/etc/pulumi-vgpu/vgpu/${self.uuid}). If its stack was renamed and the run after that was cut off, pulumi up takes it on again`,
    );
  });

  it("says nothing of one that is noted for its own stack, or for none", () => {
    expect(leftToAnother(self, factsWith(recordOf(1)))).toBeNull();
    expect(leftToAnother(self, factsWith(recordOf(2, { owner: "shop/prod" })))).toBeNull();
  });
});
