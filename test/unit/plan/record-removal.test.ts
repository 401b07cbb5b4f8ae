import { describe, expect, it } from "vitest";
import type { HostFacts, VgpuRecord } from "../../../provider/model/facts.js";
import type { DesiredVgpu } from "../../../provider/plan/desired.js";
import { planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import { isOrphanOf } from "../../../provider/plan/host/record-removal.js";
import { stackOf } from "../../../provider/plan/identity/vgpu-host.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { bootFiles, desiredHost, gpuAddress, stepTexts } from "./facts.js";
import { emptyWorld, factsOf, type World } from "./vgpu-world.js";
import { interfaces, uuidOf, vgpuOf, vgpusOf, worldWith } from "./vgpus.js";

const desired = desiredHost({ driver: null, gpus: {} });

/** A host of ours with two recorded vGPUs, changed. */
function factsWith(
  kind: (typeof interfaces)[number],
  changes: Partial<VgpuRecord>,
  { live = false }: { live?: boolean } = {},
): HostFacts {
  const empty = emptyWorld(kind);
  const world = worldWith(empty, vgpusOf(empty, "8Q", { count: 2 }));
  const records = world.records.map((record) => ({ ...record, ...changes }));
  return factsOf({ ...world, records, live: live ? world.live : [] });
}

const kindsOf = (facts: HostFacts) => planHostRemoval(desired, facts).steps.map(({ kind }) => kind);

describe("the release of a host", () => {
  it.each(interfaces)(
    "leaves no record of its stack, nor a definition, of a vGPU that is gone: %s",
    (kind) => {
      const removal = kind === "vendor-vfio" ? "forget-vgpu" : "retire-vgpu";
      expect(stepTexts(planHostRemoval(desired, factsWith(kind, {})))).toEqual([
        `${removal} gpu-01 desk-1: it is noted for shop/dev, and not there`,
        `${removal} gpu-01 desk-2: it is noted for shop/dev, and not there`,
        "release-host gpu-01: nothing of ours is left",
      ]);
    },
  );

  it.each(interfaces)(
    "takes an idle vGPU away that its stack made and no resource has any more: %s",
    (kind) => {
      const facts = factsWith(kind, {}, { live: true });
      const managed = { ...facts, manifest: { ...facts.manifest, gpus: { [gpuAddress]: { vfs: 16 } } } };
      expect(stepTexts(planHostRemoval(desired, managed)).slice(0, 3)).toEqual([
        "retire-vgpu gpu-01 desk-1: it is idle, and no resource has it any more",
        "retire-vgpu gpu-01 desk-2: it is idle, and no resource has it any more",
        "disable-vfs gpu-01 0000:3b:00.0: we turned them on",
      ]);
      const kept = managed.manifest.vgpus.map((record) => ({ ...record, keep: true }));
      const refused = planHostRemoval(desired, {
        ...managed,
        manifest: { ...managed.manifest, vgpus: kept },
      });
      expect(refused).toMatchObject({ steps: [], refusals: [{ code: "VGPU_IN_USE" }] });
    },
  );

  it("forgets a vGPU of its stack that stays, and one that it had adopted", () => {
    const forgotten = ["forget-vgpu", "forget-vgpu", "release-host"];
    expect(kindsOf(factsWith("mdev-on-vf", { keep: true }, { live: true }))).toEqual(forgotten);
    expect(kindsOf(factsWith("mdev-on-vf", { adopted: true }))).toEqual(forgotten);
    expect(
      stepTexts(planHostRemoval(desired, factsWith("mdev-on-vf", { keep: true }, { live: true })))[0],
    ).toBe("forget-vgpu gpu-01 desk-1: it stays, and nobody manages it any more");
  });

  it("takes no vGPU away that a VM has, or whose removal waits for one", () => {
    const facts = factsWith("mdev-on-vf", {}, { live: true });
    const [known] = facts.manifest.vgpus.map((record) => ({ record, live: facts.gpus[0]?.vgpus[0] }));
    const orphan = (changes: object) =>
      isOrphanOf("shop/dev", { ...known, live: { ...known?.live, ...changes } } as never);
    expect(orphan({})).toBe(true);
    expect(orphan({ holders: [{ pid: 7, domainName: "vm" }] })).toBe(false);
    expect(orphan({ removing: true })).toBe(false);
  });

  it.each([
    [gpuAddress, gpuAddress, "mdev-on-pf"],
    [gpuAddress, "0000:3b:00.4", "mdev-on-vf"],
    ["mtty", "mtty", "mdev-on-parent"],
  ])(
    "takes the definition away of a vGPU whose %s has left the host, by its place %s: %s",
    (carrier, parent, kind) => {
      const facts = { ...factsWith("mdev-on-vf", { carrier, parent }), gpus: [] };
      const [step] = planHostRemoval(desired, facts).steps;
      expect(step).toMatchObject({
        kind: "retire-vgpu",
        vgpu: {
          ...{
            uuid: uuidOf(1),
            vgpuInterface: kind,
            carrier,
            parent,
            typeName: "NVIDIA A40-8Q",
            vgpuTypeId: null,
          },
          ...{ owner: "shop/dev", name: "desk-1", keep: false },
        },
      });
    },
  );

  it("leaves the record of another stack whose vGPU is there, and no other of it", () => {
    const other = { owner: "shop/prod" };
    expect(kindsOf(factsWith("vendor-vfio", other, { live: true }))).toEqual(["release-host"]);
    expect(kindsOf(factsWith("mdev-on-pf", other))).toEqual(["forget-vgpu", "forget-vgpu", "release-host"]);
  });

  it("knows the stack of an owner, whatever its resource is called", () => {
    expect(stackOf("shop/dev/gpu-01")).toBe("shop/dev");
    expect(stackOf("shop/dev/rack/gpu-01")).toBe("shop/dev");
  });
});

describe("the record of a vGPU that is neither there nor declared", () => {
  const planBeside = (world: World, declared: readonly DesiredVgpu[]) =>
    planVgpu({ self: vgpuOf(2, "A40-8Q"), declared, bootFiles }, factsOf(world));

  it("goes where the vGPU beside it is there as declared", () => {
    const world = emptyWorld("vendor-vfio");
    const made = worldWith(world, [vgpuOf(1, "A40-8Q"), vgpuOf(2, "A40-8Q")]);
    const left = { ...made, live: made.live.filter(({ mdevUuid }) => mdevUuid !== uuidOf(1)) };
    expect(stepTexts(planBeside(left, [vgpuOf(2, "A40-8Q")]))).toEqual([
      "forget-vgpu gpu-01 desk-1: it is noted, not there, and not declared",
    ]);
    const both = [vgpuOf(1, "A40-8Q"), vgpuOf(2, "A40-8Q")];
    expect(planBeside(left, both).steps).toEqual([]);
  });
});
