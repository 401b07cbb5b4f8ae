import { describe, expect, it } from "vitest";
import { errorText } from "../../../provider/model/errors.js";
import type { HostFacts } from "../../../provider/model/facts.js";
import { dkmsNotice } from "../../../provider/plan/driver/dkms-notice.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, gpuFacts, hostFacts, managerVersion, stepTexts } from "./facts.js";
import { finishedHost, owner } from "./finished-host.js";

const ours = "/etc/modprobe.d/pulumi-vgpu-nouveau.conf";
const theirs = "/usr/lib/modprobe.d/site.conf";

/** A claimed host on which nouveau is loaded in spite of these blocks. */
function withNouveau(blockedBy: readonly string[], manifest: Partial<HostFacts["manifest"]> = {}): HostFacts {
  return hostFacts({
    nouveauLoaded: true,
    nouveauBlockedBy: blockedBy,
    gpus: [gpuFacts({ driver: "nouveau" })],
    manifest: { owner, ...manifest },
  });
}

const firstSteps = (facts: HostFacts) => stepTexts(planHost(desiredHost(), facts)).slice(1, 3);

describe("nouveau that is loaded in spite of a block", () => {
  it("has every kernel's image made anew once, whoever blocked it", () => {
    for (const facts of [withNouveau([theirs]), withNouveau([ours], { nouveauBlock: "done" })]) {
      const [path = ""] = facts.nouveauBlockedBy;
      expect(firstSteps(facts)).toEqual([
        `block-nouveau gpu-01: nouveau is loaded in spite of ${path}`,
        "reboot-machine gpu-01 [reboots-host]: nouveau is loaded",
      ]);
    }
  });

  it("needs only a boot when it was blocked in this one", () => {
    const facts = withNouveau([ours], { nouveauBlock: "done", nouveauBlockBoot: "boot-1" });
    expect(facts.bootId).toBe("boot-1");
    expect(firstSteps(facts)[0]).toBe("reboot-machine gpu-01 [reboots-host]: nouveau is loaded");
  });

  it("is a refusal after a boot that should have kept it away, not a further reboot", () => {
    const facts = withNouveau([theirs, ours], { nouveauBlock: "done", nouveauBlockBoot: "boot-0" });
    const { steps, refusals } = planHost(desiredHost(), facts);
    expect(steps).toEqual([]);
    expect(refusals.map(errorText)).toEqual([
      `VGPU_PREREQUISITE gpu-01: nouveau is loaded although it is blocked
Saw: module nouveau in /sys/module; blocked by ${theirs}, ${ours} since an earlier boot, in which every kernel's initramfs was made anew
Expected: that a boot after the block comes without it
Next: look at what loads it: an initramfs from elsewhere (a UKI, an image of another tool), a modprobe in a service; when that is gone, unload the module or reboot, run again`,
    ]);
  });
});

describe("dkmsNotice", () => {
  const driver = { state: "done" as const, version: managerVersion, bootId: "boot-0" };
  const installed = { ...finishedHost(), tools: new Set(["dkms"]) };
  const withDriver = { ...installed, manifest: { ...installed.manifest, driver } };

  it("tells of a driver of ours that DKMS does not have", () => {
    expect(dkmsNotice(withDriver, [])).toBe(
      "DKMS does not have driver 550.127.06, so the next kernel will come without one: after a kernel's update run pulumi up with driver.package declared, which builds it anew",
    );
  });

  it("tells of one that DKMS has and could not build", () => {
    expect(dkmsNotice({ ...withDriver, dkmsDrivers: [managerVersion] }, [])).toBe(
      "DKMS has driver 550.127.06 as added and has built it for no kernel (dkms status; /var/lib/dkms/nvidia/550.127.06), so the next kernel will come without one: after a kernel's update run pulumi up with driver.package declared, which builds it anew",
    );
  });

  it("tells before an installation that there is no DKMS", () => {
    const bare = hostFacts({ gpus: [gpuFacts()] });
    const { steps } = planHost(desiredHost(), bare);
    expect(dkmsNotice(bare, steps)).toBe(
      "there is no dkms, so driver 550.127.06 is built for kernel 6.1.0-13-amd64 alone, and the next kernel will come without one: install the package dkms before up, or run pulumi up with driver.package declared after each kernel's update",
    );
    expect(dkmsNotice({ ...bare, tools: new Set(["dkms"]) }, steps)).toBeNull();
  });

  it("is silent where DKMS has built it, nothing is installed without it, or the driver is not ours", () => {
    const built = { dkmsDrivers: [managerVersion], dkmsBuilt: [managerVersion] };
    expect(dkmsNotice({ ...withDriver, ...built }, [])).toBeNull();
    expect(dkmsNotice({ ...withDriver, tools: new Set() }, [])).toBeNull();
    expect(dkmsNotice({ ...withDriver, manifest: { ...withDriver.manifest, driver: null } }, [])).toBeNull();
  });
});
