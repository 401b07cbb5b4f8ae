import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import { planVgpu, vgpuDeferral } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu/vgpu-removal.js";
import { bootFiles, gpuFacts, hostFacts, refusalTexts, stepTexts } from "./facts.js";
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

const empty = emptyParent(24);

function textsOf(world: ParentWorld, self: DesiredVgpu, declared: readonly DesiredVgpu[] = [self]): string[] {
  const plan = planOn(world, self, declared);
  expect(plan.steps).toEqual([]);
  return refusalTexts(plan);
}

function withHolder(world: ParentWorld, uuid: string): ParentWorld {
  const holders = [{ pid: 4711, domainName: "vm-1" }];
  return { ...world, live: world.live.map((mdev) => (mdev.mdevUuid === uuid ? { ...mdev, holders } : mdev)) };
}

function liveOf(world: ParentWorld): string[] {
  return world.live.map(({ mdevUuid, typeName }) => `${mdevUuid} ${typeName}`).sort();
}

describe("the plan of an mdev on a parent that is not NVIDIA's", () => {
  it("makes it on the parent itself, and brings the boot unit where no GPU does", () => {
    const plan = planOn({ ...empty, bootUnit: false }, mdevOf(1, "mtty-2"));
    expect(stepTexts(plan)).toEqual([
      "install-boot-unit kvm-01: nothing restores vGPUs at boot",
      "make-vgpu kvm-01 serial-1: it does not exist as declared",
    ]);
    expect(plan.steps[1]).toMatchObject({
      vgpu: {
        vgpuInterface: "mdev-on-parent",
        carrier: "mtty",
        parent: "mtty",
        typeName: "mtty-2",
        vgpuTypeId: null,
      },
    });
    const made = { ...afterRun(empty, [mdevOf(1, "mtty-2")]), bootUnit: false };
    expect(stepTexts(planOn(made, mdevOf(1, "mtty-2")))).toEqual([
      "install-boot-unit kvm-01: nothing restores vGPUs at boot",
    ]);
  });

  it("is never put off: a parent is there or not", () => {
    expect(vgpuDeferral(mdevOf(1, "mtty-2"), parentFacts(empty))).toBeNull();
    expect(vgpuDeferral(mdevOf(1, "mtty-2"), hostFacts())).toBeNull();
  });

  it("mixes types, whatever they have in common", () => {
    const declared = [mdevOf(1, "mtty-2"), mdevOf(2, "mtty-1")];
    expect(liveOf(afterRun(empty, declared))).toEqual([`${uuidOf(1)} mtty-2`, `${uuidOf(2)} mtty-1`]);
  });

  it("adopts one that exists as declared, and leaves the start of one that mdevctl starts to mdevctl", () => {
    const world = { ...withOther(empty, uuidOf(1), "mtty-2"), bootUnit: false };
    const definition = { mdevUuid: uuidOf(1), parent: "mtty", mdevType: "mtty-2", start: "auto" } as const;
    const self = mdevOf(1, "mtty-2");
    const facts = { ...parentFacts(world), mdevDefinitions: [definition] };
    expect(planVgpu({ self, declared: [self], bootFiles }, facts)).toEqual({ steps: [], refusals: [] });
    const { records: vgpus } = afterRun(empty, [mdevOf(2, "mtty-1")]);
    const beside = { ...facts, manifest: { ...facts.manifest, vgpus } };
    const both = [self, mdevOf(2, "mtty-1")];
    expect(planVgpu({ self, declared: both, bootFiles }, beside)).toEqual({ steps: [], refusals: [] });
    expect(planOn(world, mdevOf(1, "mtty-2")).steps.map(({ kind }) => kind)).toEqual([
      "install-boot-unit",
      "record-vgpu",
    ]);
  });

  it("removes it also when its parent is gone", () => {
    const { records } = afterRun(empty, [mdevOf(1, "mtty-2")]);
    const facts = { ...parentFacts({ ...empty, records }), mdevParents: [] };
    expect(planVgpuRemoval(mdevOf(1, "mtty-2"), facts).steps).toMatchObject([
      { kind: "retire-vgpu", vgpu: { vgpuInterface: "mdev-on-parent", parent: "mtty" } },
    ]);
  });
});

const migrations: Record<string, readonly [DesiredVgpu[], DesiredVgpu[]]> = {
  "to the small type": [mdevsOf("mtty-2", 2), mdevsOf("mtty-1", 2)],
  "to the small type, and more": [mdevsOf("mtty-2", 2), mdevsOf("mtty-1", 4)],
  "to the large type, fewer": [mdevsOf("mtty-1", 4), mdevsOf("mtty-2", 2)],
  "to the large type under new names": [mdevsOf("mtty-1", 4), mdevsOf("mtty-2", 2, 101)],
  "to new names at full capacity": [mdevsOf("mtty-2", 2), mdevsOf("mtty-2", 2, 101)],
  "one of two": [mdevsOf("mtty-2", 2), [mdevOf(1, "mtty-1"), mdevOf(2, "mtty-2")]],
};

describe("a run that changes the mdevs of a full parent", () => {
  it.each(Object.keys(migrations))("ends in the declared set in every order: %s", (title) => {
    const [was, declared] = migrations[title] ?? [[], []];
    const foreign = uuidOf(7, "f");
    const world = afterRun(withOther(emptyParent(6), foreign, "mtty-2"), was);
    const gone = was.filter(({ uuid }) => declared.every((one) => one.uuid !== uuid));
    fc.assert(
      fc.property(fc.shuffledSubarray(declared, { minLength: declared.length }), (order) => {
        const after = afterRun(world, order, gone);
        const expected = declared.map(({ uuid, type }) => `${uuid} ${type}`);
        expect(liveOf(after)).toEqual([...expected, `${foreign} mtty-2`].sort());
        expect(after.records.length).toBe(declared.length);
      }),
    );
  });
});

describe("the refusals of an mdev on a parent that is not NVIDIA's", () => {
  it("name the parents that are there", () => {
    expect(textsOf(empty, mdevOf(1, "i915-GVTg_V5_4", { carrier: "0000:00:02.0" }))).toEqual([
      `VGPU_NO_SUCH_PARENT kvm-01 0000:00:02.0 serial-1: cannot make i915-GVTg_V5_4
Saw: mtty in /sys/class/mdev_bus
Expected: a parent 0000:00:02.0 there, of a driver that is not NVIDIA's
Next: declare one of these, or load the driver of 0000:00:02.0, and let the host load it at each boot (/etc/modules-load.d)`,
    ]);
  });

  it("say how a vGPU of an NVIDIA GPU is declared", () => {
    const facts = hostFacts({ gpus: [gpuFacts()] });
    const self = mdevOf(1, "nvidia-558", { carrier: "0000:3b:00.0" });
    expect(refusalTexts(planVgpu({ self, declared: [self], bootFiles }, facts))).toEqual([
      `VGPU_NO_SUCH_PARENT kvm-01 0000:3b:00.0 serial-1: cannot make nvidia-558
Saw: it is a function of the NVIDIA GPU 0000:3b:00.0 (10de:2235)
Expected: a parent 0000:3b:00.0 there, of a driver that is not NVIDIA's
Next: give gpu: "0000:3b:00.0" and type in place of parent and mdevType`,
    ]);
  });

  it("offer the name of the type's directory for the name that people read", () => {
    expect(textsOf(empty, mdevOf(1, "Dual port serial"))).toEqual([
      `VGPU_UNKNOWN_TYPE kvm-01 mtty serial-1: the parent offers no mdev type Dual port serial
Saw: mtty-1 (Single port serial), mtty-2 (Dual port serial) in /sys/class/mdev_bus/mtty/mdev_supported_types
Expected: one of the names there
Next: did you mean mtty-2?`,
    ]);
    expect(textsOf(empty, mdevOf(1, "MTTY-2"))[0]).toContain("Next: did you mean mtty-2 or mtty-1?");
  });

  it("come before anything is made when there is no room for all", () => {
    const world = withOther(emptyParent(6), uuidOf(7, "f"), "mtty-2");
    const declared = mdevsOf("mtty-2", 3);
    expect(textsOf(world, mdevOf(1, "mtty-2"), declared)).toEqual([
      `VGPU_CAPACITY kvm-01 mtty serial-1: no room for another mtty-2
Saw: available_instances of mtty-2 is 2; live: ${uuidOf(7, "f")} (mtty-2); declared beside them: serial-1 (mtty-2), serial-2 (mtty-2), serial-3 (mtty-2)
Expected: an available instance for each declared mdev
Next: remove one of them, or choose another parent or type`,
    ]);
  });

  it("name the VM that has what would have to go", () => {
    const full = afterRun(emptyParent(4), mdevsOf("mtty-2", 2));
    const world = withHolder(full, uuidOf(1));
    expect(textsOf(world, mdevOf(1, "mtty-1"))[0]).toContain(
      "VGPU_IN_USE kvm-01 mtty serial-1: cannot remove serial-1 (mtty-2, VM vm-1)",
    );
    const texts = textsOf(withHolder(world, uuidOf(2)), mdevOf(3, "mtty-2"));
    expect(texts[0]).toContain("live: serial-1 (mtty-2, VM vm-1), serial-2 (mtty-2, VM vm-1)");
  });

  it("keep what the program protects, what was there before us, and what others made", () => {
    const kept = afterRun(empty, [mdevOf(1, "mtty-2", { keep: true })]);
    expect(textsOf(kept, mdevOf(1, "mtty-1", { keep: true }))).toEqual([
      `VGPU_PREREQUISITE kvm-01 mtty serial-1: cannot make serial-1 (mtty-2) anew as mtty-1
Saw: the program protects or retains it
Expected: an mdev that may be removed: its type never changes
Next: take protect or retainOnDelete away in a run of its own, then change mdevType; or declare another uuid`,
    ]);
    const adopted = afterRun(withOther(empty, uuidOf(1), "mtty-2"), [mdevOf(1, "mtty-2")]);
    expect(textsOf(adopted, mdevOf(1, "mtty-1"))).toEqual([
      `VGPU_PREREQUISITE kvm-01 mtty serial-1: cannot make serial-1 (mtty-2) anew as mtty-1
Saw: it was there before us, and is left in place
Expected: an mdev that may be removed: its type never changes
Next: declare the mdevType that it has, or remove it by hand if nobody needs it; or declare another uuid`,
    ]);
    const foreign = withOther(empty, uuidOf(1), "mtty-2");
    expect(textsOf(foreign, mdevOf(1, "mtty-1"))[0]).toContain("VGPU_FOREIGN");
  });
});
