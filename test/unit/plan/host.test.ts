import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import { planHost, planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import {
  bootFiles,
  desiredHost,
  gpuFacts,
  hostFacts,
  managerVersion,
  packageHash,
  serviceOf,
  stepTexts,
} from "./facts.js";
import { finishedHost, vfs } from "./finished-host.js";
import { hostAfter, type Nature } from "./machine-effects.js";

const nature: Nature = { installerLoads: false, servicesStart: true, hasNouveau: true };

describe("planHost", () => {
  it("has nothing to do on a host that is as declared", () => {
    expect(planHost(desiredHost(), finishedHost())).toEqual({ steps: [], refusals: [] });
  });

  it("takes a bare host with nouveau to vGPUs in two boots", () => {
    const facts = hostFacts({ nouveauLoaded: true, gpus: [gpuFacts({ driver: "nouveau" })] });
    expect(stepTexts(planHost(desiredHost(), facts))).toEqual([
      "claim-host gpu-01: nobody manages the host yet",
      "upload-package gpu-01: the package is not on the machine",
      "block-nouveau gpu-01: nouveau is loaded",
      "reboot-machine gpu-01 [reboots-host]: nouveau is loaded",
      "install-driver gpu-01: vGPU manager 550.127.06 is not installed",
      "reboot-machine gpu-01 [reboots-host]: vGPU manager 550.127.06 needs a boot after its installation",
      "install-boot-unit gpu-01: nothing restores vGPUs at boot",
      "enable-vfs gpu-01 0000:3b:00.0: 0 of 32 virtual functions are on",
    ]);
  });

  it("takes a bare host without nouveau there in one boot, and turns no functions on where the board has none", () => {
    const facts = hostFacts({ gpus: [gpuFacts({ totalVfs: 0 })] });
    expect(stepTexts(planHost(desiredHost(), facts))).toEqual([
      "claim-host gpu-01: nobody manages the host yet",
      "upload-package gpu-01: the package is not on the machine",
      "block-nouveau gpu-01: nothing keeps nouveau from loading",
      "install-driver gpu-01: vGPU manager 550.127.06 is not installed",
      "reboot-machine gpu-01 [reboots-host]: vGPU manager 550.127.06 needs a boot after its installation",
      "install-boot-unit gpu-01: nothing restores vGPUs at boot",
    ]);
  });

  it("replaces another version: has the declared one on the host before it uninstalls, and boots before it installs", () => {
    const facts = {
      ...finishedHost(),
      installedDriver: "535.129.03",
      loadedDriver: "535.129.03",
    };
    expect(stepTexts(planHost(desiredHost(), facts))).toEqual([
      "upload-package gpu-01: the package is not on the machine",
      "uninstall-driver gpu-01: vGPU manager 535.129.03 is installed, 550.127.06 is declared",
      "reboot-machine gpu-01 [reboots-host]: the module of vGPU manager 535.129.03 is loaded",
      "install-driver gpu-01: vGPU manager 550.127.06 is not installed",
      "reboot-machine gpu-01 [reboots-host]: vGPU manager 550.127.06 needs a boot after its installation",
    ]);
  });

  it("takes nothing away before its replacement is on the host, which the step itself looks for", () => {
    const older = { ...finishedHost(), installedDriver: "535.129.03", loadedDriver: "535.129.03" };
    const newer = { ...finishedHost(), installedDriver: "570.86.10", loadedDriver: "570.86.10" };
    const onHost = { localPath: null, remotePath: "/srv/manager.run", sha256: packageHash };
    for (const facts of [older, newer]) {
      for (const source of [desiredHost().driver?.package ?? onHost, onHost]) {
        const driver = { release: "17.4", version: managerVersion, package: source };
        const { steps } = planHost(desiredHost({ driver }), facts);
        const kinds = steps.map((step) => step.kind);
        expect(kinds[0]).toBe(source === onHost ? "copy-package" : "upload-package");
        expect(kinds[1]).toBe("uninstall-driver");
        expect(steps[1]).toMatchObject({ replacement: source });
        const there = planHost(desiredHost({ driver }), { ...facts, uploads: [packageHash] });
        expect(there.steps.map((step) => step.kind)).toEqual(kinds.slice(1));
      }
    }
  });

  it("copies a package that lies on the host, and gives the installer DKMS where it is", () => {
    const driver = {
      release: "17.4",
      version: managerVersion,
      package: { localPath: null, remotePath: "/srv/manager.run", sha256: packageHash },
    };
    const facts = hostFacts({ gpus: [gpuFacts()], tools: new Set(["cc", "make", "ld", "dkms"]) });
    const plan = planHost(desiredHost({ driver }), facts);
    expect(plan.steps.map((step) => step.kind)).not.toContain("upload-package");
    expect(stepTexts(plan)[1]).toBe(
      "copy-package gpu-01: only the copy of /srv/manager.run that root alone can change is run",
    );
    expect(plan.steps.find((step) => step.kind === "install-driver")).toMatchObject({
      dkms: true,
      version: managerVersion,
      package: driver.package,
    });
  });

  it("does nothing for a GPU that is not declared, whatever is the matter with it", () => {
    const before = finishedHost();
    const other = gpuFacts({
      address: "0000:d8:00.0",
      driver: "vfio-pci",
      bootVga: true,
      totalVfs: 32,
      absence: "its virtual functions are off",
    });
    const facts = { ...before, gpus: [...before.gpus, other] };
    expect(planHost(desiredHost(), facts)).toEqual({ steps: [], refusals: [] });
    expect(stepTexts(planHostRemoval(desiredHost(), facts)).join()).not.toContain("d8:00.0");
  });

  it("leaves the driver as it is when none is declared", () => {
    const facts = { ...finishedHost(), nouveauBlockedBy: [] };
    const plan = planHost(desiredHost({ driver: null }), {
      ...facts,
      manifest: { ...facts.manifest, driver: null, nouveauBlock: null },
    });
    expect(plan).toEqual({ steps: [], refusals: [] });
  });

  it.each<[string, (facts: HostFacts) => HostFacts, string[]]>([
    [
      "blocks nouveau under an installed driver",
      (facts) => ({ ...facts, nouveauBlockedBy: [] }),
      ["block-nouveau gpu-01: nothing keeps nouveau from loading"],
    ],
    [
      "blocks nouveau again when a crash interrupted that",
      (facts) => ({ ...facts, manifest: { ...facts.manifest, nouveauBlock: "intent" } }),
      ["block-nouveau gpu-01: nothing keeps nouveau from loading"],
    ],
    [
      "boots into a driver that was installed in this boot",
      (facts) => ({ ...facts, bootId: "boot-2" }),
      ["reboot-machine gpu-01 [reboots-host]: vGPU manager 550.127.06 needs a boot after its installation"],
    ],
    [
      "boots when the installed driver is not loaded",
      (facts) => ({ ...facts, loadedDriver: null }),
      ["reboot-machine gpu-01 [reboots-host]: vGPU manager 550.127.06 is installed and not loaded"],
    ],
    [
      "waits for services that start",
      (facts) => ({
        ...facts,
        services: { ...facts.services, "nvidia-vgpu-mgr.service": serviceOf("activating") },
      }),
      ["await-services gpu-01: nvidia-vgpu-mgr.service starting"],
    ],
    [
      "starts a vGPU manager that is down",
      (facts) => ({
        ...facts,
        services: { ...facts.services, "nvidia-vgpu-mgr.service": serviceOf("failed") },
      }),
      ["start-services gpu-01: nvidia-vgpu-mgr is not active"],
    ],
    [
      "does not mind that nvidia-vgpud has ended",
      (facts) => ({
        ...facts,
        services: { ...facts.services, "nvidia-vgpud.service": serviceOf("inactive") },
      }),
      [],
    ],
    [
      "writes the boot unit of another version anew",
      (facts) => ({ ...facts, manifest: { ...facts.manifest, bootFiles: { ...bootFiles, restore: "old" } } }),
      ["install-boot-unit gpu-01: nothing restores vGPUs at boot"],
    ],
    [
      "enables a boot unit that somebody disabled",
      (facts) => ({
        ...facts,
        services: { ...facts.services, "pulumi-vgpu.service": serviceOf("inactive") },
      }),
      ["install-boot-unit gpu-01: nothing restores vGPUs at boot"],
    ],
    [
      "turns on virtual functions that are missing",
      (facts) => ({
        ...facts,
        gpus: facts.gpus.map((gpu) => ({ ...gpu, virtualFunctions: vfs.slice(0, 5) })),
      }),
      ["enable-vfs gpu-01 0000:3b:00.0: 5 of 32 virtual functions are on"],
    ],
    [
      "records virtual functions that somebody else turned on",
      (facts) => ({ ...facts, manifest: { ...facts.manifest, gpus: {} } }),
      ["enable-vfs gpu-01 0000:3b:00.0: 32 of 32 virtual functions are on"],
    ],
  ])("%s", (_title, change, expected) => {
    expect(stepTexts(planHost(desiredHost(), change(finishedHost())))).toEqual(expected);
  });

  it.each([
    ["nouveau", hostFacts({ nouveauLoaded: true, gpus: [gpuFacts({ driver: "nouveau" })] })],
    ["no driver", hostFacts({ gpus: [gpuFacts()] })],
  ])("plans, after each step on a host with %s, the rest of the steps", (_kind, bare) => {
    let facts = bare;
    let plan = planHost(desiredHost(), facts);
    expect(plan.steps.length).toBeGreaterThan(4);
    for (let step = plan.steps[0]; step !== undefined; step = plan.steps[0]) {
      const rest = stepTexts(plan.steps.slice(1));
      facts = hostAfter(step, facts, nature);
      plan = planHost(desiredHost(), facts);
      expect(stepTexts(plan).filter((text) => !text.startsWith("await-services"))).toEqual(rest);
    }
    expect(plan).toEqual({ steps: [], refusals: [] });
  });
});

describe("planHostRemoval", () => {
  it("removes in the reverse order, and boots back into nouveau", () => {
    const steps = stepTexts(planHostRemoval(desiredHost(), finishedHost()));
    expect(steps).toEqual([
      "disable-vfs gpu-01 0000:3b:00.0: we turned them on",
      "remove-boot-unit gpu-01: we installed it",
      "uninstall-driver gpu-01: we installed it",
      "unblock-nouveau gpu-01: we blocked it",
      "reboot-machine gpu-01 [reboots-host]: nouveau ran before us",
      "release-host gpu-01: nothing of ours is left",
    ]);
  });

  it("removes without a boot when none is allowed", () => {
    const desired = desiredHost({ reboot: { allow: false, deadlineMs: 1 } });
    const kinds = planHostRemoval(desired, finishedHost()).steps.map((step) => step.kind);
    expect(kinds).toEqual([
      "disable-vfs",
      "remove-boot-unit",
      "uninstall-driver",
      "unblock-nouveau",
      "release-host",
    ]);
  });

  it("leaves a driver that was there before", () => {
    const facts = finishedHost();
    const found = {
      ...facts,
      manifest: { ...facts.manifest, driver: null, nouveauBlock: null, nouveauFound: false },
    };
    expect(planHostRemoval(desiredHost(), found).steps.map((step) => step.kind)).toEqual([
      "disable-vfs",
      "remove-boot-unit",
      "release-host",
    ]);
  });

  it("does nothing on a host that is not ours", () => {
    const facts = finishedHost();
    for (const other of [null, "shop/prod/gpu-01"]) {
      const foreign = { ...facts, manifest: { ...facts.manifest, owner: other } };
      expect(planHostRemoval(desiredHost(), foreign)).toEqual({ steps: [], refusals: [] });
    }
  });
});
