import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import { planHost, planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, serviceOf, stepTexts } from "./facts.js";
import { finishedHost, owner } from "./finished-host.js";
import { emptyWorld } from "./vgpu-world.js";
import { vgpuOf, worldWith } from "./vgpus.js";

const withManifest = (changes: Partial<HostFacts["manifest"]>, more: Partial<HostFacts> = {}): HostFacts => {
  const facts = finishedHost();
  return { ...facts, ...more, manifest: { ...facts.manifest, ...changes } };
};
const removed = (facts: HostFacts, desired = desiredHost()) =>
  stepTexts(planHostRemoval(desired, facts)).map((text) => text.replace(/ gpu-01( \S+)?:/, ":"));

describe("the services of the vGPU manager", () => {
  const started = (vgpud: string, manager: string) => {
    const services = {
      ...finishedHost().services,
      "nvidia-vgpud.service": serviceOf(vgpud),
      "nvidia-vgpu-mgr.service": serviceOf(manager),
    };
    return planHost(desiredHost(), { ...finishedHost(), services }).steps;
  };

  it("are started where the manager is down, each that is down", () => {
    expect(started("active", "inactive")).toMatchObject([
      { kind: "start-services", services: ["nvidia-vgpu-mgr.service"] },
    ]);
    expect(started("failed", "inactive")).toMatchObject([
      { services: ["nvidia-vgpud.service", "nvidia-vgpu-mgr.service"] },
    ]);
    expect(started("inactive", "active")).toEqual([]);
  });
});

describe("what is taken away of a host whose program declares no driver and no GPU any more", () => {
  const nothing = desiredHost({ driver: null, gpus: {} });
  const bare = { nouveauFound: false, bootFiles: {}, gpus: {} };

  it("is the driver that we installed, and the block that we wrote", () => {
    expect(removed(withManifest({ ...bare, nouveauBlock: null }), nothing)).toContain(
      "uninstall-driver: we installed it",
    );
    expect(removed(withManifest({ ...bare, driver: null }), nothing)).toEqual([
      "unblock-nouveau: we blocked it",
      "release-host: nothing of ours is left",
    ]);
  });

  it("is nothing of a driver that was never ours", () => {
    const facts = withManifest({ ...bare, driver: null, nouveauBlock: null }, { installedDriver: null });
    expect(removed(facts, nothing)).toEqual(["release-host: nothing of ours is left"]);
  });
});

describe("the boot at the end of a removal", () => {
  const reboots = (facts: HostFacts) => removed(facts).filter((text) => text.startsWith("reboot"));

  it("brings nouveau back where it ran before, and nothing else keeps it away", () => {
    expect(reboots(finishedHost())).toEqual(["reboot-machine: nouveau ran before us"]);
    const nouveauBlockedBy = [...finishedHost().nouveauBlockedBy, "/etc/modprobe.d/site.conf"];
    expect(reboots({ ...finishedHost(), nouveauBlockedBy })).toEqual([
      "reboot-machine: the driver is still in memory",
    ]);
  });

  it("comes also where a run before was cut off after the driver was taken away", () => {
    const cut = withManifest(
      { driver: null, nouveauFound: false, bootFiles: {}, gpus: {} },
      { installedDriver: null },
    );
    expect(reboots(cut)).toEqual(["reboot-machine: the driver is still in memory"]);
    expect(reboots({ ...cut, loadedDriver: null })).toEqual([]);
  });
});

describe("a host whose resource was renamed within its stack", () => {
  it("notes no former stack: its vGPUs are of the one that it is in", () => {
    const { records: vgpus } = worldWith(emptyWorld("mdev-on-pf"), [vgpuOf(1, "RTX8000-8Q")]);
    const facts = withManifest({ owner: "shop/dev/old", vgpus });
    const plan = planHost(desiredHost({ owner, formerOwner: "shop/dev/old" }), facts);
    expect(plan.steps).toMatchObject([{ kind: "claim-host", formerStacks: [] }]);
  });
});
