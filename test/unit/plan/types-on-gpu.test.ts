import { describe, expect, it } from "vitest";
import { typesOn, unknownTypeNotice } from "../../../provider/plan/vgpu/types-on-gpu.js";
import { gpuFacts } from "./facts.js";

const a40 = gpuFacts({ deviceId: "10de:2235" });
const offered = (name: string) => ({
  name,
  vgpuTypeId: 1,
  framebufferMiB: null,
  maxInstances: null,
  available: null,
});

describe("typesOn", () => {
  it("is what the GPU offers, where that is all", () => {
    const gpu = { ...a40, allTypesKnown: true, offeredTypes: [offered("NVIDIA A40-8Q")] };
    expect(typesOn(gpu)).toEqual(["A40-8Q"]);
  });

  it("has the board's types of the catalog beside, where it is not all, each once", () => {
    const types = [offered("NVIDIA A40-8Q"), offered("NVIDIA A40-9Q")];
    const gpu = { ...a40, allTypesKnown: false, offeredTypes: types };
    expect(typesOn(gpu).slice(0, 2)).toEqual(["A40-8Q", "A40-9Q"]);
    expect(typesOn(gpu)).toContain("A40-16Q");
    expect(typesOn(gpu).filter((name) => name === "A40-8Q")).toHaveLength(1);
    expect(typesOn({ ...a40, allTypesKnown: true, offeredTypes: [] })).toContain("A40-8Q");
  });

  it("is nothing of a board that nobody knows", () => {
    expect(typesOn({ ...a40, deviceId: "10de:ffff", offeredTypes: [] })).toEqual([]);
  });
});

describe("unknownTypeNotice", () => {
  it("says of a type that the catalog does not have what it has of the board", () => {
    expect(unknownTypeNotice("A4O-8Q", a40)).toBe(
      `the catalog has no type A4O-8Q; of the NVIDIA A40 at ${a40.address} it has, among others, A40-8Q, A40-8C, A40-8A; the driver tells, once it is installed, whether it is one of its types`,
    );
  });

  it("says nothing of a type that it has, nor of a board whose types it does not know", () => {
    expect(unknownTypeNotice("A40-8Q", a40)).toBeNull();
    expect(unknownTypeNotice("NVIDIA A40-8q", a40)).toBeNull();
    expect(unknownTypeNotice("A4O-8Q", { ...a40, deviceId: "10de:ffff" })).toBeNull();
    expect(unknownTypeNotice("A100-9Q", { ...a40, deviceId: "10de:20b0", subsystemId: "" })).toBeNull();
  });

  it("names types of that board alone, whatever board the mistyped one is of", () => {
    expect(unknownTypeNotice("L40S-9Q", a40)).toMatch(
      /, among others, A40-\S+, A40-\S+, A40-\S+; the driver/,
    );
  });
});
