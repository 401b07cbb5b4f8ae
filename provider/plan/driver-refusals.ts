import type { ErrorParts } from "../model/errors.js";
import type { MachineFacts } from "../model/facts.js";
import type { DriverTarget } from "./driver.js";
import { builtForOtherKernel } from "./other-kernel.js";
import type { Step } from "./steps.js";

/** Returns the refusal of a machine that is not ready. */
export function prerequisite(
  desired: { readonly name: string },
  parts: Omit<ErrorParts, "code" | "where">,
): ErrorParts {
  return { code: "VGPU_PREREQUISITE", where: desired.name, ...parts };
}

/** Returns the refusal of a machine that another resource manages. */
export function claimRefusals(
  desired: { readonly name: string; readonly owner: string },
  facts: MachineFacts,
  claim: "host" | "guest",
): ErrorParts[] {
  const owner = facts.manifest.owner;
  if (owner === null || owner === desired.owner) return [];
  return [
    {
      code: "VGPU_CLAIM_CONFLICT",
      where: desired.name,
      what: `cannot manage this ${claim}`,
      saw: `it is managed by ${owner} (/etc/pulumi-vgpu/${claim})`,
      expected: `no owner, or ${desired.owner}`,
      next: `manage it in one place: destroy it there, or, when ${owner} is gone for good, remove /etc/pulumi-vgpu/${claim} ${claim === "host" ? "on the host" : "in the guest"}`,
      property: "connection",
    },
  ];
}

/** Returns why the declared driver cannot be installed by these steps. */
export function driverRefusals(
  desired: DriverTarget,
  facts: MachineFacts,
  steps: readonly Step[],
): ErrorParts[] {
  return [
    ...besideRefusals(desired, facts),
    ...installRefusals(desired, facts, steps),
    ...rebootRefusals(desired, steps),
  ];
}

function besideRefusals(desired: DriverTarget, facts: MachineFacts): ErrorParts[] {
  if (desired.driver === null || facts.distributionDrivers.length === 0) return [];
  return [
    prerequisite(desired, {
      what: "a distribution NVIDIA driver is installed",
      saw: `packages ${facts.distributionDrivers.join(", ")}`,
      expected: "no NVIDIA driver beside the declared one",
      next: "remove these packages with the distribution's package manager, reboot, run again",
      property: "driver",
    }),
  ];
}

function installRefusals(desired: DriverTarget, facts: MachineFacts, steps: readonly Step[]): ErrorParts[] {
  const driver = desired.driver;
  const unfinished = facts.manifest.driver?.state === "intent";
  if (driver === null || (facts.installedDriver === driver.version && !unfinished)) return [];
  if (steps.some((step) => step.kind === "install-driver")) return buildRefusals(desired, facts);
  const elsewhere = builtForOtherKernel(facts, "driver");
  const found = unfinished
    ? `an installation of ${facts.manifest.driver?.version} that did not end`
    : (elsewhere ?? `${facts.installedDriver ?? "no driver"} installed`);
  return [
    prerequisite(desired, {
      what: `cannot install driver ${driver.version}`,
      saw: `${found}, and no package declared`,
      expected: "driver.package, or that version installed already",
      next:
        elsewhere === null
          ? "add driver.package: { path, sha256 }"
          : `on the machine: dkms autoinstall -k ${facts.kernel}, and reboot; or boot that kernel; or add driver.package: { path, sha256 }, which builds it anew`,
      property: "driver.package",
    }),
  ];
}

/** What the installer needs to build its modules and the kernel to load them. */
function buildRefusals(desired: DriverTarget, facts: MachineFacts): ErrorParts[] {
  const refusals: ErrorParts[] = [];
  const refuse = (parts: Omit<ErrorParts, "code" | "where">) =>
    refusals.push(prerequisite(desired, { ...parts, property: "driver" }));
  if (!facts.kernelHeaders) {
    refuse({
      what: "kernel headers are missing",
      saw: [`no /lib/modules/${facts.kernel}/build`, builtForOtherKernel(facts, "driver")]
        .filter(Boolean)
        .join("; "),
      expected: "the headers of the running kernel, for the installer to build its modules",
      next: `install linux-headers-${facts.kernel} (Debian, Ubuntu) or kernel-devel-${facts.kernel} (RHEL)`,
    });
  }
  const compiler = facts.tools.has("cc") || facts.tools.has("gcc") ? [] : ["no C compiler"];
  const missing = [...compiler, ...(facts.tools.has("make") ? [] : ["no make"])];
  if (missing.length > 0) {
    refuse({
      what: "build tools are missing",
      saw: missing.join(", "),
      expected: "gcc and make, for the installer to build its modules",
      next: "install them with the distribution's package manager (build-essential, or gcc and make)",
    });
  }
  if (facts.secureBoot === "enabled") {
    refuse({
      what: "secure boot is on",
      saw: "SecureBoot enabled (mokutil --sb-state)",
      expected: "secure boot off: modules signed with an own key are not supported yet",
      next: "turn secure boot off in the firmware, run again",
    });
  }
  return refusals;
}

function rebootRefusals(desired: DriverTarget, steps: readonly Step[]): ErrorParts[] {
  const reboots = steps.filter((step) => step.kind === "reboot-machine");
  if (reboots.length === 0 || desired.reboot.allow) return [];
  return [
    {
      code: "VGPU_REBOOT_NEEDED",
      where: desired.name,
      what: `${reboots.length === 1 ? "a reboot is" : `${reboots.length} reboots are`} needed and not allowed`,
      saw: reboots.map((step) => step.cause).join("; "),
      expected: "the program's word for it",
      next: "add reboot: { allow: true } to the resource",
      property: "reboot.allow",
    },
  ];
}
