import { describe, expect, it } from "vitest";
import type { DesiredHost } from "../../../provider/plan/desired.js";
import { planHost, planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, gpuFacts, hostFacts, refusalTexts, stepTexts, withDriverPackages } from "./facts.js";

/** A host of which nothing of NVIDIA's is declared, reboots allowed. */
const desired: DesiredHost = desiredHost({ driver: null, gpus: {} });
/** As unlike an NVIDIA host as can be, with a GPU that nobody declares. */
const bare = hostFacts({
  architecture: "aarch64",
  iommuUnits: [],
  tools: new Set(),
  kernelHeaders: false,
  secureBoot: "enabled",
  nouveauLoaded: true,
  ...withDriverPackages("nvidia-driver-535"),
  gpus: [gpuFacts({ driver: "nouveau", bootVga: true })],
});
const claimed = { ...bare, manifest: { ...bare.manifest, owner: desired.owner } };

describe("a host of which neither a driver nor a GPU is declared", () => {
  it("is claimed, and nothing else is asked of it", () => {
    const plan = planHost(desired, bare);
    expect(refusalTexts(plan)).toEqual([]);
    expect(stepTexts(plan)).toEqual(["claim-host gpu-01: nobody manages the host yet"]);
    expect(planHost(desired, claimed)).toEqual({ steps: [], refusals: [] });
  });

  it("is not noted for nouveau, which is not touched", () => {
    expect(planHost(desired, bare).steps).toMatchObject([{ kind: "claim-host", nouveauLoaded: false }]);
    const facts = hostFacts({ nouveauLoaded: true });
    expect(planHost(desiredHost({ gpus: {} }), facts).steps[0]).toMatchObject({ nouveauLoaded: true });
  });

  it("is never rebooted when it is let go, whatever of NVIDIA's came and went meanwhile", () => {
    const others = [
      claimed,
      { ...claimed, nouveauLoaded: false },
      { ...claimed, nouveauLoaded: false, loadedDriver: "535.129.03" },
    ];
    for (const facts of others) {
      expect(stepTexts(planHostRemoval(desired, facts))).toEqual([
        "release-host gpu-01: nothing of ours is left",
      ]);
    }
  });

  it("loses the boot unit that an mdev brought", () => {
    const facts = { ...claimed, manifest: { ...claimed.manifest, bootFiles: { restore: "any" } } };
    expect(planHostRemoval(desired, facts).steps.map(({ kind }) => kind)).toEqual([
      "remove-boot-unit",
      "release-host",
    ]);
  });

  it("is not rebooted under a VM that has an mdev of another driver", () => {
    const holders = [{ pid: 4711, domainName: "desk-1" }];
    const mdev = { mdevUuid: "u", parent: "mtty", vgpuTypeId: null, typeName: "mtty-2", holders };
    const mtty = { name: "mtty", vgpuInterface: "mdev-on-parent" as const, types: [], vgpus: [mdev] };
    const facts = hostFacts({ nouveauLoaded: true, gpus: [gpuFacts()], mdevParents: [mtty] });
    expect(refusalTexts(planHost(desiredHost(), facts))[0]).toContain("Saw: VMs desk-1; nouveau is loaded");
  });
});
