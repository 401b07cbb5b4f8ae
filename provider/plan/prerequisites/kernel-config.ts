import type { ErrorParts } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import { type Named, prerequisite } from "./prerequisite.js";

/** Returns the number of the branch that a driver version is of: 550 of `"550.127.06"`. */
export function driverMajor(version: string): number {
  return Number(version.split(".")[0]);
}

/**
 * Returns the refusal of a kernel that the vGPU manager does not build for. Where the configuration is not to be found the
 * installer decides. Source: open-gpu-kernel-modules conftest.sh, programs.md section 3
 */
export function kernelConfigRefusals(desired: Named, version: string, facts: MachineFacts): ErrorParts[] {
  const config = facts.installation.kernelConfig;
  if (config === null) return [];
  const missing = neededOptions(driverMajor(version)).filter(
    (choice) => !choice.some((option) => config.options.has(option)),
  );
  if (missing.length === 0) return [];
  const texts = missing.map((choice) => choice.join(" or "));
  return [
    prerequisite(desired, {
      what: `the kernel lacks what vGPU manager ${version} is built on`,
      saw: `no ${texts.join(", no ")} in ${config.file}`,
      expected: `${texts.join(", ")}, built in or as modules`,
      next: "boot a kernel of the distribution that has them, or declare a release that does without, run again",
      property: "driver",
    }),
  ];
}

/** Each item is a choice: one of its options is enough. */
function neededOptions(major: number): readonly (readonly string[])[] {
  const container = major >= 550 ? ["CONFIG_IOMMUFD_VFIO_CONTAINER"] : [];
  return [
    ["CONFIG_KVM_VFIO"],
    ["CONFIG_VFIO_IOMMU_TYPE1", ...container],
    major >= 535 ? ["CONFIG_VFIO_MDEV", "CONFIG_VFIO_PCI_CORE"] : ["CONFIG_VFIO_MDEV"],
  ];
}
