import { describe, expect, it } from "vitest";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { gpusOfHost, noteHostGpus } from "../../../provider/resources/host-gpus.js";
import { vgpuHost } from "../../../provider/resources/vgpu-host.js";
import { bootFiles, gpuAddress, refusalTexts } from "./facts.js";
import { emptyWorld, factsOf } from "./vgpu-world.js";
import { vgpuOf, worldWith } from "./vgpus.js";

const self = vgpuOf(1, "A40-8Q");
const world = emptyWorld("mdev-on-vf");
const planWith = (hostGpus: readonly string[] | null, facts = factsOf(world)) =>
  planVgpu({ self, declared: [self], bootFiles, hostGpus }, facts);

describe("a vGPU on a GPU that its host does not declare", () => {
  it("is refused, wherever the host's gpus came from", () => {
    expect(planWith(["0000:af:00.0"]).steps).toEqual([]);
    expect(refusalTexts(planWith(["0000:af:00.0"]))).toEqual([
      `VGPU_INPUT gpu-01 0000:3b:00.0 desk-1: GPU 0000:3b:00.0 is not declared in its host
Saw: gpus 0000:af:00.0 in "gpu-01"
Expected: a GPU that the VgpuHost declares: others are never touched
Next: add "0000:3b:00.0": { usage: "vgpu" } to gpus of "gpu-01", or correct gpu`,
    ]);
    const [{ saw, property } = {}] = planWith([]).refusals;
    expect([saw, property]).toEqual(['no gpus in "gpu-01"', "gpu"]);
    expect(planWith(["a", "b"]).refusals[0]?.saw).toBe('gpus a, b in "gpu-01"');
    for (const gpus of [null, [gpuAddress]])
      expect(planWith(gpus).steps.map(({ kind }) => kind)).toEqual(["make-vgpu"]);
  });

  it("is known by the host's own check, once that knows its gpus", async () => {
    noteHostGpus({ owner: "shop/dev", name: "unknown", gpus: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    expect(gpusOfHost("shop/dev", "unknown")).toBeNull();
    const host = { owner: "shop/dev", name: "checked", gpus: { [gpuAddress]: { usage: "vgpu" } } };
    await vgpuHost.check({}, host);
    expect(gpusOfHost("shop/dev", "checked")).toEqual([gpuAddress]);
    expect(gpusOfHost("shop/prod", "checked")).toBeNull();
  });
});

describe("the GPU of the host's console", () => {
  const onConsole = (now: typeof world) => {
    const facts = factsOf(now);
    return { ...facts, gpus: facts.gpus.map((gpu) => ({ ...gpu, bootVga: true })) };
  };

  it("is given no vGPU, and one that is there is left", () => {
    expect(planWith(null, onConsole(world)).steps).toEqual([]);
    expect(refusalTexts(planWith(null, onConsole(world)))).toEqual([
      `VGPU_PREREQUISITE gpu-01 0000:3b:00.0 desk-1: this GPU drives the host's console
Saw: boot_vga is 1 (/sys/bus/pci/devices/0000:3b:00.0/boot_vga)
Expected: another display adapter as the primary one
Next: make another adapter primary in the firmware, or declare the vGPU on another GPU`,
    ]);
    expect(planWith(null, onConsole(world)).refusals[0]?.property).toBe("gpu");
    expect(planWith(null, onConsole(worldWith(world, [self])))).toEqual({ steps: [], refusals: [] });
  });
});
