import { describe, expect, it } from "vitest";
import {
  expectAgain,
  expectNoMore,
  type Gathering,
  isAnyExpectedOn,
  isExpected,
  waitLeft,
} from "../../../provider/resources/expected-vgpus.js";

const at: Gathering = { expected: 3, inFlight: 1, atOnce: 8, openChecks: 0, quietMs: 0, waitedMs: 0 };

describe("waitLeft", () => {
  it.for<[string, Partial<Gathering>, number]>([
    ["as much is asked for as may be at once", { inFlight: 8 }, 0],
    ["one is done at a time", { atOnce: 1 }, 0],
    ["some are expected and the engine was quiet for a second", { quietMs: 1_000 }, 0],
    ["the five seconds are over", { waitedMs: 5_000, openChecks: 1 }, 0],
    ["nobody is expected and it was quiet", { expected: 0, quietMs: 120 }, 0],
    ["nobody is expected and a second is over", { expected: 0, waitedMs: 1_000 }, 0],
  ])("is over when %s", ([, changes, left]) => {
    expect(waitLeft({ ...at, ...changes })).toBe(left);
  });

  it.for<[string, Partial<Gathering>, number]>([
    ["for those expected past the quiet of deletions", { quietMs: 500 }, 500],
    [
      "while one is checked, however long that takes",
      { quietMs: 3_000, openChecks: 1, waitedMs: 3_000 },
      2_000,
    ],
    ["for a deletion when nobody is expected", { expected: 0, quietMs: 20 }, 100],
  ])("goes on %s", ([, changes, left]) => {
    expect(waitLeft({ ...at, ...changes })).toBe(left);
  });
});

describe("isExpected", () => {
  it("is so of a vGPU until its call came or can not, and again when it is checked again", () => {
    const vgpu = { owner: "p/s", host: "kvm1", name: "seat" };
    expect(isExpected(vgpu)).toBe(true);
    expectNoMore(vgpu);
    expect(isExpected({ ...vgpu })).toBe(false);
    expect(isExpected({ ...vgpu, host: "kvm2" })).toBe(true);
    expectAgain(vgpu);
    expect(isExpected(vgpu)).toBe(true);
  });
});

describe("isAnyExpectedOn", () => {
  it("is true of a host while one of its vGPUs was checked and not yet called for", () => {
    const vgpu = { owner: "infra/dev", host: "kvm7", name: "desk-1" };
    expect(isAnyExpectedOn(vgpu)).toBe(false);
    expectAgain(vgpu);
    expect(isAnyExpectedOn({ owner: "infra/dev", host: "kvm7" })).toBe(true);
    expect(isAnyExpectedOn({ owner: "infra/prod", host: "kvm7" })).toBe(false);
    expectNoMore(vgpu);
    expect(isAnyExpectedOn(vgpu)).toBe(false);
  });
});
