import type { MachineFacts } from "../../model/facts.js";
import type { DesiredDriver, RebootPolicy } from "../desired.js";
import type { PackageSource, Step } from "../steps.js";
import { builtForOtherKernel } from "./other-kernel.js";

/** The file that keeps nouveau away, on hosts and in guests. */
export const ourNouveauBlock = "/etc/modprobe.d/pulumi-vgpu-nouveau.conf";

/** A machine that is to have a driver: a host its vGPU manager, a guest its guest driver. */
export interface DriverTarget {
  readonly name: string;
  readonly driver: DesiredDriver | null;
  readonly reboot: RebootPolicy;
  /** What a reboot of it is called in plans. */
  readonly rebootDisruption: "reboots-host" | "reboots-guest";
}

/** Returns what a step on the whole machine has in common. */
export function onMachine(desired: { readonly name: string }, cause: string) {
  return { target: desired.name, cause, disruption: "none" as const };
}

/** Whether the kernel's own drivers stay away at the next boot because of a block that was written to the end. */
export function nouveauBlocked(facts: MachineFacts): boolean {
  const ours = facts.manifest.nouveauBlock;
  const { novaLoaded, novaBlockedBy } = facts.installation;
  if (novaLoaded.length > 0 && novaBlockedBy.length === 0) return false;
  return facts.nouveauBlockedBy.length > 0 && (ours === null || ours === "done");
}

/** Returns the name of the kernel's own driver that is loaded now, `null` when none is. */
export function kernelDriverLoaded(facts: MachineFacts): string | null {
  return facts.nouveauLoaded ? "nouveau" : (facts.installation.novaLoaded[0] ?? null);
}

/** Whether nouveau, or nova in its place, is here in spite of a block, and the images of all kernels were not made anew for it yet. */
function needsImages(facts: MachineFacts): boolean {
  return kernelDriverLoaded(facts) !== null && facts.manifest.nouveauBlockBoot === undefined;
}

/** Whether nouveau or nova came again with a boot since we blocked it: another boot would end so, too. */
export function nouveauInSpite(facts: MachineFacts): boolean {
  const { nouveauBlockBoot } = facts.manifest;
  return (
    kernelDriverLoaded(facts) !== null &&
    nouveauBlocked(facts) &&
    nouveauBlockBoot !== undefined &&
    nouveauBlockBoot !== facts.bootId
  );
}

/** Returns what must be done, in order, until the declared driver is installed and loaded. `what` names it for people. */
export function driverSteps(desired: DriverTarget, facts: MachineFacts, what: string): Step[] {
  const driver = desired.driver;
  if (driver === null) return [];
  const ours = facts.manifest.driver;
  if (facts.installedDriver !== driver.version || ours?.state === "intent")
    return installSteps(desired, driver, { facts, what });
  if (ours?.bootId === facts.bootId) return [bootAfterInstallation(desired, driver, what)];
  // A newer kernel may have brought a driver of its own that takes the GPU first: without a block a boot changes nothing.
  const first = nouveauBlocked(facts) ? [] : [blockStep(desired, facts)];
  if (facts.loadedDriver !== driver.version)
    return [...first, rebootStep(desired, `${what} ${driver.version} is installed and not loaded`)];
  return first;
}

function installSteps(
  desired: DriverTarget,
  driver: DesiredDriver,
  { facts, what }: { readonly facts: MachineFacts; readonly what: string },
): Step[] {
  const source = driver.package;
  const steps: Step[] = source === null ? [] : packageSteps(desired, source, facts);
  const other = facts.installedDriver !== null && facts.installedDriver !== driver.version;
  if (other) {
    const cause = `${what} ${facts.installedDriver} is installed, ${driver.version} is declared`;
    const replacement = source === null ? {} : { replacement: source };
    steps.push({ kind: "uninstall-driver", ...replacement, ...onMachine(desired, cause) });
  }
  if (!nouveauBlocked(facts) || needsImages(facts)) steps.push(blockStep(desired, facts));
  const own = kernelDriverLoaded(facts);
  if (own !== null) steps.push(rebootStep(desired, `${own} is loaded`));
  else if (facts.loadedDriver !== null && (other || facts.loadedDriver !== facts.installedDriver)) {
    steps.push(rebootStep(desired, `the module of ${what} ${facts.loadedDriver} is loaded`));
  }
  if (source === null) return steps;
  const cause = builtForOtherKernel(facts, what) ?? `${what} ${driver.version} is not installed`;
  const dkms = facts.tools.has("dkms");
  steps.push({
    kind: "install-driver",
    package: source,
    version: driver.version,
    dkms,
    ...onMachine(desired, cause),
  });
  return [...steps, bootAfterInstallation(desired, driver, what)];
}

/** What brings the package to where only root writes. It comes first: nothing is taken away before its replacement is there. */
function packageSteps(desired: DriverTarget, source: PackageSource, facts: MachineFacts): Step[] {
  if (facts.uploads.includes(source.sha256)) return [];
  if (source.localPath !== null)
    return [
      {
        kind: "upload-package",
        package: source,
        ...onMachine(desired, "the package is not on the machine"),
      },
    ];
  const cause = `only the copy of ${source.remotePath} that root alone can change is run`;
  return [{ kind: "copy-package", package: source, ...onMachine(desired, cause) }];
}

function blockStep(desired: DriverTarget, facts: MachineFacts): Step {
  const own = kernelDriverLoaded(facts);
  const inSpite = nouveauBlocked(facts) ? ` in spite of ${facts.nouveauBlockedBy.join(", ")}` : "";
  const cause = own === null ? "nothing keeps nouveau from loading" : `${own} is loaded${inSpite}`;
  return { kind: "block-nouveau", ...onMachine(desired, cause) };
}

/** Whether a boot without our driver and our block lets nouveau load: otherwise a boot would be asked for again and again. */
function bringsNouveau(facts: MachineFacts): boolean {
  const ownDriver = facts.manifest.driver !== null || facts.installedDriver === null;
  return ownDriver && facts.nouveauBlockedBy.every((path) => path === ourNouveauBlock);
}

function bootAfterInstallation(desired: DriverTarget, driver: DesiredDriver, what: string): Step {
  return rebootStep(desired, `${what} ${driver.version} needs a boot after its installation`);
}

/** Returns the step that boots the machine anew. */
export function rebootStep(desired: DriverTarget, cause: string): Step {
  return { kind: "reboot-machine", target: desired.name, cause, disruption: desired.rebootDisruption };
}

/** Returns what takes our driver and our block of nouveau away, and boots into what was before, if a boot is allowed. */
export function driverRemovalSteps(desired: DriverTarget, facts: MachineFacts): Step[] {
  const steps: Step[] = [];
  const ours = facts.manifest.driver !== null;
  if (ours) steps.push({ kind: "uninstall-driver", ...onMachine(desired, "we installed it") });
  if (facts.manifest.nouveauBlock !== null)
    steps.push({ kind: "unblock-nouveau", ...onMachine(desired, "we blocked it") });
  const inMemory = facts.installedDriver === null && facts.loadedDriver !== null;
  const nouveauBack = facts.manifest.nouveauFound && !facts.nouveauLoaded && bringsNouveau(facts);
  if (desired.reboot.allow && (ours || inMemory || nouveauBack)) {
    steps.push(rebootStep(desired, nouveauBack ? "nouveau ran before us" : "the driver is still in memory"));
  }
  return steps;
}
