import type { ErrorParts } from "../../model/errors.js";
import type { HostFacts, MachineFacts } from "../../model/facts.js";
import type { DesiredHost } from "../desired.js";
import { shownList } from "../identity/shown-list.js";
import { stackOf } from "../identity/vgpu-host.js";
import { buildRefusals } from "../prerequisites/build-tools.js";
import { driverPackageRefusals, moduleOwnerRefusals } from "../prerequisites/driver-packages.js";
import { imageRefusals } from "../prerequisites/images.js";
import { installerBlockRefusals } from "../prerequisites/installer-blocks.js";
import { installerRoomRefusals } from "../prerequisites/installer-room.js";
import { prerequisite } from "../prerequisites/prerequisite.js";
import { secureBootRefusals } from "../prerequisites/secure-boot.js";
import type { Step } from "../steps.js";
import { type DriverTarget, kernelDriverLoaded, nouveauInSpite } from "./driver-steps.js";
import { builtForOtherKernel } from "./other-kernel.js";

/** Returns the refusal of a machine that another resource manages. */
export function claimRefusals(
  desired: { readonly name: string; readonly owner: string; readonly formerOwner?: string | null },
  facts: MachineFacts,
  claim: "host" | "guest",
): ErrorParts[] {
  const owner = facts.manifest.owner;
  if (owner === null || owner === desired.owner || owner === desired.formerOwner) return [];
  return [
    {
      code: "VGPU_CLAIM_CONFLICT",
      where: desired.name,
      what: `cannot manage this ${claim}`,
      saw: `it is managed by ${owner} (/etc/pulumi-vgpu/${claim})`,
      expected: `no owner, or ${desired.owner}`,
      next: `manage it in one place: ${wayTo(desired.owner, owner)}; or, when ${owner} is gone for good, remove /etc/pulumi-vgpu/${claim} ${claim === "host" ? "on the host" : "in the guest"}`,
      property: "connection",
    },
  ];
}

/**
 * Returns the refusal of a host whose claim is lost: what is left of a driver or of virtual functions says that somebody
 * has it, and the vGPUs beside it that this is another stack. A host that was released keeps nothing but records of vGPUs.
 */
export function lostClaimRefusals(desired: DesiredHost, { manifest }: HostFacts): ErrorParts[] {
  const left =
    manifest.driver !== null || manifest.nouveauBlock !== null || Object.keys(manifest.gpus).length > 0;
  const stacks = [...new Set(manifest.vgpus.map(({ owner }) => owner))].filter((stack) => stack !== "");
  const ours = [desired.owner, desired.formerOwner ?? desired.owner].map(stackOf);
  if (manifest.owner !== null || !left || stacks.length === 0) return [];
  if (stacks.some((stack) => ours.includes(stack))) return [];
  return [
    {
      code: "VGPU_CLAIM_CONFLICT",
      where: desired.name,
      what: "cannot tell who manages this host",
      saw: `no /etc/pulumi-vgpu/host, and beside it records of a driver or virtual functions, and of vGPUs of ${shownList(stacks)}`,
      expected: `no records, or vGPUs of ${stackOf(desired.owner)}`,
      next: `if ${stacks[0]} has the host, run pulumi up there, which claims it again; if ${desired.owner} has it, write owner=${desired.owner} to /etc/pulumi-vgpu/host on the host, run again`,
      property: "connection",
    },
  ];
}

/** A resource of the same stack may be this one under another name; one of another stack that stack's state. */
function wayTo(owner: string, other: string): string {
  const name = other.split("/").slice(2).join("/");
  return stackOf(owner) === stackOf(other)
    ? `if it is ${name} under another name, give it the option aliases: [{ name: "${name}" }]; if not, destroy it there`
    : "destroy it there; if that was this stack under another name, rename it by pulumi stack rename, which keeps its state";
}

/** Returns what a deletion says of a machine that another resource manages; `null` where none does. */
export function leftToOwner(
  desired: { readonly owner: string },
  facts: MachineFacts,
  claim: "host" | "guest",
): string | null {
  const { owner } = facts.manifest;
  if (owner === null || owner === desired.owner) return null;
  return `everything on this ${claim} is left in place: it is managed by ${owner}, not by ${desired.owner} (/etc/pulumi-vgpu/${claim}). If it was renamed and the run after that was cut off, pulumi up takes it on again`;
}

/** Returns why the declared driver cannot be installed by these steps. */
export function driverRefusals(
  desired: DriverTarget,
  facts: MachineFacts,
  steps: readonly Step[],
): ErrorParts[] {
  return [
    ...(desired.driver === null ? [] : driverPackageRefusals(desired, facts)),
    ...moduleOwnerRefusals(desired, facts),
    ...installRefusals(desired, facts, steps),
    ...(steps.some((step) => step.kind === "block-nouveau") ? imageRefusals(desired, facts) : []),
    ...nouveauRefusals(desired, facts, steps),
    ...rebootRefusals(desired, steps),
  ];
}

function installRefusals(desired: DriverTarget, facts: MachineFacts, steps: readonly Step[]): ErrorParts[] {
  const driver = desired.driver;
  const unfinished = facts.manifest.driver?.state === "intent";
  if (driver === null || (facts.installedDriver === driver.version && !unfinished)) return [];
  if (steps.some((step) => step.kind === "install-driver")) return installerRefusals(desired, facts, steps);
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

/** What keeps the installer from installing, and the kernel from loading what it installs. */
function installerRefusals(desired: DriverTarget, facts: MachineFacts, steps: readonly Step[]): ErrorParts[] {
  return [
    ...buildRefusals(desired, facts),
    ...installerBlockRefusals(desired, facts),
    ...installerRoomRefusals(desired, facts, { steps }),
    ...secureBootRefusals(desired, facts),
  ];
}

/** Nouveau that comes with each boot although every image was made anew without it: a further boot changes nothing. */
function nouveauRefusals(desired: DriverTarget, facts: MachineFacts, steps: readonly Step[]): ErrorParts[] {
  if (!nouveauInSpite(facts) || !steps.some((step) => step.kind === "install-driver")) return [];
  return [
    prerequisite(desired, {
      what: `${kernelDriverLoaded(facts)} is loaded although it is blocked`,
      saw: `module ${kernelDriverLoaded(facts)} in /sys/module; blocked by ${facts.nouveauBlockedBy.join(", ")} since an earlier boot, in which every kernel's initramfs was made anew`,
      expected: "that a boot after the block comes without it",
      next: "look at what loads it: an initramfs from elsewhere (a UKI, an image of another tool), a modprobe in a service; when that is gone, unload the module or reboot, run again",
      property: "driver",
    }),
  ];
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
