import { describe, expect, it } from "vitest";
import type { GpuInterface } from "../../../provider/model/facts.js";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import { planVgpu, vgpuDeferral } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu/vgpu-removal.js";
import { bootFiles, gpuAddress, gpuFacts, hostFacts, stepTexts, vfAddress } from "./facts.js";
import { converged, emptyWorld, factsOf, removed, type World } from "./vgpu-world.js";
import { interfaces, liveTexts, uuidOf, vgpuOf, vgpusOf, withForeign, worldWith } from "./vgpus.js";

const otherGpu = "0000:af:00.0";

function planOf(self: DesiredVgpu, world: World, declared: readonly DesiredVgpu[] = [self]) {
  return planVgpu({ self, declared, bootFiles }, factsOf(world));
}

/** The world with the record of a vGPU changed. */
function withRecord(world: World, uuid: string, changes: Partial<World["records"][number]>): World {
  const records = world.records.map((record) => (record.uuid === uuid ? { ...record, ...changes } : record));
  return { ...world, records };
}

function twoGpus(vgpuInterface: GpuInterface): World {
  const world = emptyWorld(vgpuInterface);
  const gpu = { vgpuInterface, vfCount: 16, astray: {} };
  return { ...world, gpus: { ...world.gpus, [otherGpu]: gpu } };
}

describe("planVgpu", () => {
  it("makes a vGPU on an empty GPU in one step that names its place", () => {
    const plan = planOf(vgpuOf(1, "A40-8Q"), emptyWorld("mdev-on-vf"));
    expect(stepTexts(plan)).toEqual(["make-vgpu gpu-01 desk-1: it does not exist as declared"]);
    expect(plan.steps[0]).toMatchObject({
      vgpu: {
        uuid: uuidOf(1),
        vgpuInterface: "mdev-on-vf",
        carrier: gpuAddress,
        parent: vfAddress(0),
        typeName: "NVIDIA A40-8Q",
        vgpuTypeId: 562,
        owner: "shop/dev",
        name: "desk-1",
        keep: false,
      },
    });
  });

  it("puts all vGPUs of a legacy board on its physical function", () => {
    const world = emptyWorld("mdev-on-pf");
    const after = worldWith(world, vgpusOf(world, "8Q", { count: 3 }));
    expect(after.live.map(({ parent }) => parent)).toEqual([gpuAddress, gpuAddress, gpuAddress]);
  });

  it.each(["A40-8Q", "a40-8q", "NVIDIA A40-8Q"])("takes the type in the form %s", (type) => {
    const declared = vgpuOf(1, type);
    const after = worldWith(emptyWorld("mdev-on-vf"), [declared]);
    expect(after.live.map(({ typeName }) => typeName)).toEqual(["NVIDIA A40-8Q"]);
    expect(planOf(declared, after).steps).toEqual([]);
  });

  it("retires what the program no longer wants as it is before it makes the new one", () => {
    const world = emptyWorld("mdev-on-vf");
    const after = worldWith(world, vgpusOf(world, "8Q", { count: 2 }));
    const declared = vgpusOf(world, "4Q", { count: 2 });
    expect(stepTexts(planOf(declared[0] ?? vgpuOf(1, ""), after, declared))).toEqual([
      "retire-vgpu gpu-01 desk-1: it is idle and the program no longer wants it as NVIDIA A40-8Q",
      "retire-vgpu gpu-01 desk-2: it is idle and the program no longer wants it as NVIDIA A40-8Q",
      "make-vgpu gpu-01 desk-1: it does not exist as declared",
    ]);
  });

  it.each(interfaces)("changes one vGPU of a full GPU to another type of its size on %s", (kind) => {
    const world = emptyWorld(kind);
    const six = vgpusOf(world, "8Q", { count: 6 });
    const [changed = vgpuOf(1, "")] = vgpusOf(world, "8C", { count: 1 });
    const { world: after, refusals } = converged(changed, [changed, ...six.slice(1)], worldWith(world, six));
    expect(refusals).toEqual([]);
    expect(liveTexts(after).slice(0, 2)).toEqual(["desk-1 8C", "desk-2 8Q"]);
    expect(after.live.length).toBe(6);
  });

  it.each(["mdev-on-vf", "vendor-vfio"] as const)("keeps the virtual function of a vGPU on %s", (kind) => {
    const world = emptyWorld(kind);
    const declared = vgpusOf(world, "8Q", { count: 4 });
    const places = (state: World) =>
      Object.fromEntries(state.records.map(({ uuid, parent }) => [uuid, parent]));
    const before = worldWith(world, declared);
    const changed = vgpusOf(world, "4Q", { count: 4 });
    expect(places(worldWith(before, changed.toReversed()))).toEqual(places(before));
    const gone = { ...before, live: before.live.filter(({ mdevUuid }) => mdevUuid !== uuidOf(3)) };
    expect(places(worldWith(gone, declared))).toEqual(places(before));
  });

  it("passes over virtual functions without a driver", () => {
    const world = emptyWorld("vendor-vfio", {
      gpus: {
        [gpuAddress]: {
          vgpuInterface: "vendor-vfio",
          vfCount: 16,
          astray: { 0: null, 1: null, 3: "vfio-pci" },
        },
      },
    });
    const after = worldWith(world, vgpusOf(world, "8Q", { count: 2 }));
    expect(after.records.map(({ parent }) => parent)).toEqual([vfAddress(2), vfAddress(4)]);
  });

  it("does not take the virtual function that another stack's record notes", () => {
    const world = emptyWorld("vendor-vfio");
    const other = worldWith(world, [vgpuOf(1, "A40-8Q", { owner: "shop/prod" })]);
    const gone = { ...other, live: [] };
    const after = worldWith(gone, [vgpuOf(2, "A40-8Q")]);
    expect(after.records.map(({ parent }) => parent)).toEqual([vfAddress(0), vfAddress(1)]);
  });

  it.each(interfaces)("finishes what a crash left on %s", (kind) => {
    const [declared = vgpuOf(1, "")] = vgpusOf(emptyWorld(kind), "8Q", { count: 1 });
    const made = withRecord(worldWith(emptyWorld(kind), [declared]), declared.uuid, { state: "intent" });
    expect(stepTexts(planOf(declared, made))).toEqual([
      "make-vgpu gpu-01 desk-1: it exists as declared; its record does not say so yet",
    ]);
    for (const left of [made, { ...made, live: [] }]) {
      const { world } = converged(declared, [declared], left);
      expect(world.records).toMatchObject([{ uuid: declared.uuid, state: "done" }]);
      expect(liveTexts(world)).toEqual(["desk-1 8Q"]);
    }
  });

  it("forgets what is noted, not there, and not declared any more", () => {
    const world = emptyWorld("vendor-vfio");
    const left = withRecord(worldWith(world, [vgpuOf(1, "A40-8Q")]), uuidOf(1), { state: "intent" });
    const plan = planOf(vgpuOf(2, "A40-8Q"), { ...left, live: [] });
    expect(stepTexts(plan)).toEqual([
      "forget-vgpu gpu-01 desk-1: it is noted, not there, and not declared",
      "make-vgpu gpu-01 desk-2: it does not exist as declared",
    ]);
  });

  it("never takes a new vGPU for one whose record outlived it on the same virtual function", () => {
    const old = vgpuOf(1, "A40-8Q");
    const left = { ...worldWith(emptyWorld("vendor-vfio"), [old]), live: [] };
    const { world } = converged(vgpuOf(2, "A40-8Q"), [vgpuOf(2, "A40-8Q")], left);
    expect(removed(old, world).world.live).toEqual(world.live);
    expect(liveTexts(world)).toEqual(["desk-2 8Q"]);
  });

  it("notes a change of the program's protection", () => {
    const after = worldWith(emptyWorld("mdev-on-vf"), [vgpuOf(1, "A40-8Q")]);
    const { world } = converged(vgpuOf(1, "A40-8Q", { keep: true }), [vgpuOf(1, "A40-8Q")], after);
    expect(world.records).toMatchObject([{ keep: true }]);
    expect(world.live).toEqual(after.live);
  });

  it("adopts an mdev of the declared UUID and type, and leaves the start of one that mdevctl starts to mdevctl", () => {
    const world = withForeign(emptyWorld("mdev-on-vf"), "8Q", { uuid: uuidOf(1) });
    const declared = vgpuOf(1, "A40-8Q");
    expect(stepTexts(planOf(declared, world))).toEqual([
      "record-vgpu gpu-01 desk-1: it is there as declared, and not made by us: it will be left in place when it goes from the program",
    ]);
    const after = converged(declared, [declared], world).world;
    expect(after.records).toMatchObject([{ adopted: true }]);
    expect(removed(declared, after).world.live).toEqual(after.live);
    const definition = {
      mdevUuid: uuidOf(1),
      parent: vfAddress(15),
      mdevType: "nvidia-562",
      start: "auto" as const,
    };
    expect(planOf(declared, { ...world, definitions: [definition] })).toEqual({ steps: [], refusals: [] });
  });

  it("defines an mdev of ours again when its definition is gone or starts by itself", () => {
    const declared = vgpuOf(1, "A40-8Q");
    const after = worldWith(emptyWorld("mdev-on-vf"), [declared]);
    const auto = after.definitions.map((definition) => ({ ...definition, start: "auto" as const }));
    for (const definitions of [[], auto]) {
      expect(planOf(declared, { ...after, definitions }).steps.map(({ kind }) => kind)).toEqual([
        "make-vgpu",
      ]);
    }
    expect(planOf(declared, { ...after, definitions: [], hasMdevctl: false }).steps).toEqual([]);
  });

  it.each(interfaces)("moves an idle vGPU of ours from another GPU on %s", (kind) => {
    const world = twoGpus(kind);
    const [declared = vgpuOf(1, "")] = vgpusOf(world, "8Q", { count: 1 });
    const after = worldWith(world, [declared]);
    const moved = { ...declared, carrier: otherGpu };
    expect(stepTexts(planOf(moved, after))).toEqual([
      `retire-vgpu gpu-01 desk-1: it is idle and the program no longer wants it as ${after.live[0]?.typeName}`,
      "make-vgpu gpu-01 desk-1: it does not exist as declared",
    ]);
    expect(converged(moved, [moved], after).world.live.map(({ gpu }) => gpu)).toEqual([otherGpu]);
    const byEngine = converged(moved, [moved], removed(declared, after).world).world;
    expect(byEngine.live.map(({ gpu }) => gpu)).toEqual([otherGpu]);
  });
});

describe("vgpuDeferral", () => {
  it("says why a GPU cannot be asked yet, and nothing when it can or is not there", () => {
    const declared = vgpuOf(1, "A40-8Q");
    expect(vgpuDeferral(declared, hostFacts({ gpus: [gpuFacts()] }))).toBe("no driver is bound to the GPU");
    expect(vgpuDeferral(declared, hostFacts({ gpus: [gpuFacts({ absence: null })] }))).toBe(
      "the GPU offers no vGPU types yet",
    );
    expect(vgpuDeferral(declared, factsOf(emptyWorld("mdev-on-pf")))).toBeNull();
    expect(vgpuDeferral({ ...declared, carrier: otherGpu }, hostFacts())).toBeNull();
  });

  it("goes with a plan without steps", () => {
    const facts = hostFacts({ gpus: [gpuFacts()] });
    const self = vgpuOf(1, "A40-8Q");
    expect(planVgpu({ self, declared: [self], bootFiles }, facts)).toEqual({ steps: [], refusals: [] });
  });
});

describe("planVgpuRemoval", () => {
  it.each(interfaces)("retires a vGPU of ours, once, on %s", (kind) => {
    const [declared = vgpuOf(1, "")] = vgpusOf(emptyWorld(kind), "8Q", { count: 1 });
    const after = worldWith(emptyWorld(kind), [declared]);
    expect(stepTexts(planVgpuRemoval(declared, factsOf(after)))).toEqual([
      "retire-vgpu gpu-01 desk-1: it is not wanted any more",
    ]);
    const { world } = removed(declared, after);
    expect(world).toEqual(emptyWorld(kind));
    expect(planVgpuRemoval(declared, factsOf(world))).toEqual({ steps: [], refusals: [] });
  });

  it("drops the definition of an mdev that is not live, and only the record of a vendor-specific VFIO function", () => {
    const kindsOf = (kind: GpuInterface) => {
      const [declared = vgpuOf(1, "")] = vgpusOf(emptyWorld(kind), "8Q", { count: 1 });
      const after = { ...worldWith(emptyWorld(kind), [declared]), live: [] };
      return planVgpuRemoval(declared, factsOf(after)).steps.map((step) => step.kind);
    };
    expect(interfaces.map(kindsOf)).toEqual([["retire-vgpu"], ["retire-vgpu"], ["forget-vgpu"]]);
  });

  it("leaves a vGPU that another stack made", () => {
    const other = worldWith(emptyWorld("mdev-on-vf"), [vgpuOf(1, "A40-8Q", { owner: "shop/prod" })]);
    expect(planVgpuRemoval(vgpuOf(1, "A40-8Q"), factsOf(other))).toEqual({ steps: [], refusals: [] });
  });

  it("knows the vGPU's place when its GPU has left the host", () => {
    const declared = vgpuOf(1, "A40-8Q");
    const facts = { ...factsOf(worldWith(emptyWorld("mdev-on-vf"), [declared])), gpus: [] };
    expect(planVgpuRemoval(declared, facts).steps).toMatchObject([
      { kind: "retire-vgpu", vgpu: { vgpuInterface: "mdev-on-vf", parent: vfAddress(0) } },
    ]);
  });
});
