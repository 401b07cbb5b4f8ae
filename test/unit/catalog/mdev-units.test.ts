import { describe, expect, it } from "vitest";
import { freeUnits, unitsOfMdevType } from "../../../provider/catalog/mdev-units.js";

const typesOf = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).map(([mdevType, availableInstances]) => ({ mdevType, availableInstances }));

describe("the units of a device of another driver", () => {
  it("are known of a type whose driver's rule is known", () => {
    expect(["mtty-1", "mtty-2", "mtty-3", "i915-GVTg_V5_4", ""].map(unitsOfMdevType)).toEqual([
      1,
      2,
      null,
      null,
      null,
    ]);
  });

  it.each([
    [{ "mtty-1": 24, "mtty-2": 12 }, 24],
    [{ "mtty-1": 21, "mtty-2": 10 }, 21],
    [{ "mtty-1": 0, "mtty-2": 0 }, 0],
    [{ "mtty-1": 1, "mtty-2": 0 }, 1],
    [{ "mtty-2": 10 }, 20],
  ])("are as many free as all its types agree on: %j", (counts, free) => {
    expect(freeUnits(typesOf(counts))).toBe(free);
  });

  it.each([
    [{ "mtty-1": 22, "mtty-2": 10 }],
    [{ "mtty-1": 19, "mtty-2": 10 }],
    [{ "mtty-2": 10, "mtty-1": 5 }],
    [{ "mtty-1": 24, "other-1": 24 }],
    [{ "other-1": 24, "mtty-1": 24 }],
    [{}],
  ])("are unknown where its types do not agree, or one has no rule: %j", (counts) => {
    expect(freeUnits(typesOf(counts))).toBeNull();
  });
});
