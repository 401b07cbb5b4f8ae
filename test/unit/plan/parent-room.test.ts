import { describe, expect, it } from "vitest";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { bootFiles, refusalTexts, stepTexts } from "./facts.js";
import {
  afterRun,
  emptyParent,
  mdevOf,
  mdevsOf,
  type ParentWorld,
  parentFacts,
  planOn,
  withOther,
} from "./parent-world.js";
import { uuidOf } from "./vgpus.js";

/** The refusals of each declared mdev; fails where one of them has a plan. */
function refusedTexts(world: ParentWorld, declared: readonly DesiredVgpu[]): string[] {
  return declared.flatMap((self) => {
    const plan = planOn(world, self, declared);
    expect(plan.steps).toEqual([]);
    return refusalTexts(plan);
  });
}

function retired(world: ParentWorld, self: DesiredVgpu, declared: readonly DesiredVgpu[]): string[] {
  return stepTexts(planOn(world, self, declared)).filter((text) => text.startsWith("retire-vgpu"));
}

describe("what idle mdevs of mtty are retired for", () => {
  it("is never what has no room on the ports that they leave", () => {
    const three = afterRun(emptyParent(3), mdevsOf("mtty-1", 3));
    const texts = refusedTexts(three, mdevsOf("mtty-2", 2));
    expect(texts).toHaveLength(2);
    expect(texts[0]).toBe(
      `VGPU_CAPACITY kvm-01 mtty serial-1: no room for another mtty-2
Saw: available_instances of mtty-2 is 0; live: serial-1 (mtty-1), serial-2 (mtty-1), serial-3 (mtty-1)
Expected: an available instance for each declared mdev
Next: remove one of them, or choose another parent or type`,
    );
    expect(refusedTexts(three, mdevsOf("mtty-2", 2, 101))[0]).toContain("VGPU_CAPACITY");
  });

  it("is never what has no room beside another's", () => {
    const own = afterRun(withOther(emptyParent(3), uuidOf(7, "f"), "mtty-2"), mdevsOf("mtty-1", 1));
    expect(refusedTexts(own, mdevsOf("mtty-2", 1))[0]).toContain("VGPU_CAPACITY");
  });

  it("is never a part of what is declared, of whatever types", () => {
    const world = afterRun(emptyParent(4), mdevsOf("mtty-1", 4));
    const declared = [...mdevsOf("mtty-2", 2), ...mdevsOf("mtty-1", 1, 101)];
    for (const text of refusedTexts(world, declared)) expect(text).toContain("VGPU_CAPACITY");
  });

  it("is what needs their ports, and no more of them go than it needs", () => {
    const four = afterRun(emptyParent(4), mdevsOf("mtty-1", 4));
    const declared = mdevsOf("mtty-2", 2);
    expect(retired(four, mdevOf(1, "mtty-2"), declared)).toEqual([
      "retire-vgpu kvm-01 serial-1: it is idle and the program no longer wants it as mtty-1",
      "retire-vgpu kvm-01 serial-2: it is idle and the program no longer wants it as mtty-1",
    ]);
    expect(
      retired(afterRun(emptyParent(5), mdevsOf("mtty-1", 4)), mdevOf(1, "mtty-2"), declared),
    ).toHaveLength(1);
    expect(retired(four, mdevOf(101, "mtty-1"), [mdevOf(101, "mtty-1")])).toHaveLength(1);
  });

  it("is nothing where what the host says of the types does not agree", () => {
    const facts = parentFacts(afterRun(emptyParent(4), mdevsOf("mtty-1", 4)));
    const counted = facts.mdevParents.map((parent) => ({
      ...parent,
      types: parent.types.map((type) => ({
        ...type,
        availableInstances: type.mdevType === "mtty-1" ? 3 : 0,
      })),
    }));
    const self = mdevOf(1, "mtty-2");
    const plan = planVgpu({ self, declared: [self], bootFiles }, { ...facts, mdevParents: counted });
    expect(plan.steps).toEqual([]);
    expect(refusalTexts(plan)[0]).toContain("nobody says whether it then fits");
  });
});

describe("what idle mdevs of a driver whose rules nobody knows are retired for", () => {
  const full = afterRun(emptyParent(4, "i915"), mdevsOf("i915-1", 4));

  it("is no other type, and the way to try it is told", () => {
    expect(refusedTexts(full, [mdevOf(1, "i915-2"), mdevOf(2, "i915-1"), mdevOf(101, "i915-2")])[0]).toBe(
      `VGPU_CAPACITY kvm-01 mtty serial-1: nothing is retired for i915-2: nobody says whether it then fits
Saw: available_instances of i915-2 is 0; live: serial-1 (i915-1), serial-2 (i915-1), serial-3 (i915-1), serial-4 (i915-1); of what its types are made, the driver does not say
Expected: an available instance for each declared mdev, or an idle one of the same type in its place
Next: to try it: take serial-1, serial-101 out of the program and run, which removes serial-1 (i915-1), serial-3 (i915-1), serial-4 (i915-1); put back what is to be there and run again: the host says then whether it fits`,
    );
    expect(refusedTexts(full, mdevsOf("i915-2", 1))).toHaveLength(1);
  });

  it("is one of the same type for each", () => {
    const declared = mdevsOf("i915-1", 4, 101);
    expect(retired(full, mdevOf(101, "i915-1"), declared)).toHaveLength(1);
    expect(afterRun(full, declared, mdevsOf("i915-1", 4)).live).toHaveLength(4);
  });

  it("is none but itself where its own removal has begun", () => {
    const [mdev, ...others] = full.live;
    if (mdev === undefined) throw new Error("no mdev");
    const ending = { ...full, live: [{ ...mdev, removing: true as const }, ...others] };
    const self = mdevOf(1, "i915-1");
    expect(retired(ending, self, [self])).toEqual([
      "retire-vgpu kvm-01 serial-1: its removal has begun and not ended",
    ]);
  });

  it("is itself in another type where an instance of that is left for each", () => {
    const one = afterRun(emptyParent(4, "i915"), mdevsOf("i915-1", 2));
    expect(retired(one, mdevOf(1, "i915-2"), [mdevOf(1, "i915-2"), mdevOf(2, "i915-1")])).toEqual([
      "retire-vgpu kvm-01 serial-1: it is idle and the program no longer wants it as i915-1",
    ]);
    expect(refusedTexts(one, mdevsOf("i915-2", 2))).toHaveLength(2);
  });
});
