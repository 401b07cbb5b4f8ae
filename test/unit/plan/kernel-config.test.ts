import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import type { InstallationFacts } from "../../../provider/model/installation-facts.js";
import type { DesiredHost } from "../../../provider/plan/desired.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, driverOf, gpuFacts, hostFacts, installationOf, refusalTexts } from "./facts.js";

const bare = hostFacts({ gpus: [gpuFacts()] });
const found = (changes: Partial<InstallationFacts>): HostFacts => ({ ...bare, ...installationOf(changes) });
const refusals = (facts: HostFacts, desired: Partial<DesiredHost> = {}) =>
  refusalTexts(planHost(desiredHost(desired), facts));

describe("the kernel's configuration", () => {
  const kernel = (...options: string[]) =>
    found({
      kernelConfig: { file: "/boot/config", options: new Set(options.map((name) => `CONFIG_${name}`)) },
    });
  const version = (text: string) => ({ driver: driverOf(text, { release: "16.4" }) });

  it.each([
    ["525.147.01", ["KVM_VFIO", "VFIO_IOMMU_TYPE1", "VFIO_PCI_CORE"], "no CONFIG_VFIO_MDEV in"],
    ["525.147.01", ["KVM_VFIO", "VFIO_IOMMU_TYPE1", "VFIO_MDEV"], null],
    ["535.161.05", ["KVM_VFIO", "VFIO_IOMMU_TYPE1", "VFIO_PCI_CORE"], null],
    ["535.161.05", ["KVM_VFIO", "VFIO_PCI_CORE", "IOMMUFD_VFIO_CONTAINER"], "no CONFIG_VFIO_IOMMU_TYPE1 in"],
    ["550.127.06", ["KVM_VFIO", "VFIO_PCI_CORE", "IOMMUFD_VFIO_CONTAINER"], null],
  ])("decides for %s with %j: %s", (driver, options, saw) => {
    const all = refusals(kernel(...options), version(driver)).join("\n");
    if (saw === null) expect(all).toBe("");
    else expect(all).toContain(saw);
  });
});
