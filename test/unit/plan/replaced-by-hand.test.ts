import { describe, expect, it } from "vitest";
import { planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu/vgpu-removal.js";
import { bootFiles, desiredHost, refusalTexts, vfAddress } from "./facts.js";
import { converged, emptyWorld, factsOf, removed, typeNamed, typesOf, type World } from "./vgpu-world.js";
import { vgpuOf, vgpusOf, worldWith } from "./vgpus.js";

const empty = emptyWorld("vendor-vfio");
const desk = vgpuOf(1, "A40-8Q");

/** The world in which somebody cleared our vGPUs and put others of this type on their functions. */
function replacedBy(type: string, world: World): World {
  const gpu = Object.values(world.gpus)[0];
  if (gpu === undefined) throw new Error("no GPU");
  const typeName = typeNamed(gpu, type);
  const vgpuTypeId = typesOf(gpu).find(({ name }) => name === typeName)?.vgpuTypeId ?? 0;
  return { ...world, live: world.live.map((live) => ({ ...live, typeName, vgpuTypeId })) };
}

describe("an idle vGPU that somebody else put on a vendor-specific VFIO function of ours", () => {
  const world = replacedBy("16Q", worldWith(empty, [desk]));

  it("stays: the vGPU that was there is refused, and told what to do", () => {
    const plan = planVgpu({ self: desk, declared: [desk], bootFiles }, factsOf(world));
    expect(plan.steps).toEqual([]);
    const attribute = `/sys/bus/pci/devices/${vfAddress(0)}/nvidia/current_vgpu_type`;
    expect(refusalTexts(plan)).toEqual([
      `VGPU_FOREIGN gpu-01 0000:3b:00.0 desk-1: another vGPU is on the function that is noted for this one
Saw: NVIDIA A40-16Q on ${vfAddress(0)} (${attribute}); /etc/pulumi-vgpu/vgpu/${desk.uuid} notes another type there
Expected: the vGPU that was made there, or none
Next: find out who made it; if nobody needs it, shut its VM down, then on the host: echo 0 > ${attribute}; run again`,
    ]);
  });

  it("stays when its type is the one that is declared now", () => {
    const changed = vgpuOf(1, "A40-16Q");
    expect(converged(changed, [changed], world)).toMatchObject({
      world,
      refusals: [{ code: "VGPU_FOREIGN" }],
    });
  });

  it("stays when ours is deleted: only its record goes", () => {
    expect(planVgpuRemoval(desk, factsOf(world)).steps.map(({ kind }) => kind)).toEqual(["forget-vgpu"]);
    expect(removed(desk, world).world).toEqual({ ...world, records: [] });
  });

  it("stays when a sibling needs its room, declared or not", () => {
    for (const declared of [[vgpuOf(2, "A40-8Q")], [desk, vgpuOf(2, "A40-8Q")]]) {
      const sibling = declared.at(-1) ?? desk;
      expect(converged(sibling, declared, world)).toMatchObject({
        world,
        refusals: [{ code: "VGPU_SIZE_CONFLICT" }],
      });
    }
  });

  it("is believed to be ours where the host does not name its type", () => {
    const full = { ...worldWith(empty, vgpusOf(empty, "8Q", { count: 6 })), hasSmi: false };
    expect(planVgpuRemoval(desk, factsOf(full)).steps.map(({ kind }) => kind)).toEqual(["retire-vgpu"]);
  });
});

describe("a vGPU of ours that goes", () => {
  it.each(["vendor-vfio", "mdev-on-vf"] as const)(
    "is known by its type's number where it has no UUID, so that none of another type is cleared: %s",
    (kind) => {
      const facts = factsOf(worldWith(emptyWorld(kind), [desk]));
      const live = facts.gpus[0]?.vgpus[0]?.vgpuTypeId;
      expect(live).toBeGreaterThan(0);
      const larger = vgpuOf(2, "A40-16Q");
      for (const { steps } of [
        planVgpuRemoval(desk, facts),
        planVgpu({ self: larger, declared: [larger], bootFiles }, facts),
        planHostRemoval(desiredHost({ driver: null, gpus: {} }), facts),
      ]) {
        const retired = steps.flatMap((step) => (step.kind === "retire-vgpu" ? [step.vgpu] : []));
        expect(retired.map(({ vgpuTypeId }) => vgpuTypeId)).toEqual([kind === "vendor-vfio" ? live : null]);
      }
    },
  );
});
