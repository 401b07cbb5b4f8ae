import type { ErrorParts } from "../../model/errors.js";
import type { GuestFacts } from "../../model/facts.js";
import type { DesiredGuest } from "../desired.js";
import { claimRefusals, driverRefusals } from "../driver/driver-refusals.js";
import { driverRemovalSteps, driverSteps, onMachine } from "../driver/driver-steps.js";
import { noGuestRefusals } from "../identity/guest.js";
import { formatRefusals } from "../identity/record-format.js";
import { rebootRefusals } from "../identity/running-vms.js";
import { namelessRefusals } from "../identity/same-machine.js";
import { prerequisite } from "../prerequisites/prerequisite.js";
import type { Plan, Step } from "../steps.js";
import { unlessUnread, unreadRefusals } from "../unread.js";

/** Name of the token file that we write. */
export const tokenFile = "client_configuration_token_pulumi-vgpu.tok";

/** Returns what must be done, in order, until the guest has its driver and its license. */
export function planGuest(desired: DesiredGuest, facts: GuestFacts): Plan {
  const driver = driverSteps(desired, facts, "guest driver");
  const steps = [
    ...claimSteps(desired, facts),
    ...driver,
    ...licenseSteps(desired, facts, driver.length > 0),
  ];
  const refusals = guestRefusals(desired, facts, steps);
  return { steps: refusals.length === 0 ? steps : [], refusals };
}

/** Returns what must be done, in order, until nothing of ours is in the guest. */
export function planGuestRemoval(desired: DesiredGuest, facts: GuestFacts): Plan {
  const unknown = formatRefusals(desired.name, facts);
  if (unknown.length > 0) return { steps: [], refusals: unknown };
  if (facts.manifest.owner !== desired.owner) return { steps: [], refusals: [] };
  const steps: Step[] = [];
  if (facts.manifest.gridd !== null) {
    steps.push({ kind: "remove-license", ...onMachine(desired, "we wrote the license settings") });
  }
  const release: Step = { kind: "release-guest", ...onMachine(desired, "nothing of ours is left") };
  const all = [...steps, ...ownDriverRemoval(desired, facts), release];
  const refusals = rebootRefusals(desired, facts.runningVms, all);
  return unlessUnread(desired.name, facts, { steps: refusals.length === 0 ? all : [], refusals });
}

/** A vGPU manager that stands where our guest driver was is not ours to remove, and whoever has it may run VMs. */
function ownDriverRemoval(desired: DesiredGuest, facts: GuestFacts): Step[] {
  const steps = driverRemovalSteps(desired, facts);
  const host = facts.role.hostOwner !== null || facts.role.vgpuManager.length > 0;
  return host ? steps.filter((step) => step.kind === "unblock-nouveau") : steps;
}

/** Whether the guest holds exactly the declared token. */
export function holdsToken(facts: GuestFacts, sha256: string): boolean {
  const hashes = Object.values(facts.tokens);
  return hashes.length === 1 && hashes[0] === sha256;
}

/** Whether the guest says that it has a license. */
export function isLicensed(facts: GuestFacts): boolean {
  return facts.licenseStatus?.startsWith("Licensed") === true;
}

function claimSteps(desired: DesiredGuest, facts: GuestFacts): Step[] {
  if (facts.manifest.owner === desired.owner) return [];
  const { owner, nouveauFound } = facts.manifest;
  const nouveauLoaded = owner === null ? facts.nouveauLoaded : nouveauFound;
  const claim = { kind: "claim-guest", owner: desired.owner, nouveauLoaded } as const;
  const cause = owner === null ? "nobody manages the guest yet" : `it is ${owner}, which was renamed`;
  return [{ ...claim, ...onMachine(desired, cause) }];
}

function licenseSteps(desired: DesiredGuest, facts: GuestFacts, driverChanges: boolean): Step[] {
  const license = desired.license;
  if (license === null) return [];
  const steps: Step[] = [];
  if (facts.featureType !== license.featureType) {
    const cause = `FeatureType is ${facts.featureType ?? "not set"}`;
    steps.push({ kind: "write-gridd-conf", featureType: license.featureType, ...onMachine(desired, cause) });
  }
  if (!holdsToken(facts, license.tokenSha256)) {
    const cause = facts.tokens[tokenFile] === undefined ? "there is no token" : "the token is another one";
    steps.push({ kind: "write-token", ...onMachine(desired, cause) });
  }
  const unread = facts.manifest.gridd?.state === "intent";
  if (steps.length > 0 || unread || driverChanges || !isLicensed(facts)) {
    const seen = `license status ${facts.licenseStatus ?? "unknown"}`;
    const cause = steps.length > 0 || unread ? "its settings changed" : seen;
    steps.push({ kind: "acquire-license", ...onMachine(desired, cause) });
  }
  return steps;
}

function guestRefusals(desired: DesiredGuest, facts: GuestFacts, steps: readonly Step[]): ErrorParts[] {
  const other = [
    ...formatRefusals(desired.name, facts),
    ...namelessRefusals(desired.name, facts),
    ...noGuestRefusals(desired, facts),
    ...claimRefusals(desired, facts, "guest"),
  ].slice(0, 1);
  if (other.length > 0) return other;
  const refusals = [
    ...driverRefusals(desired, facts, steps),
    ...unreadRefusals(desired.name, facts, steps),
    ...rebootRefusals(desired, facts.runningVms, steps),
  ];
  if (desired.driver !== null && facts.gpus.length === 0) {
    refusals.push(
      prerequisite(desired, {
        what: "the guest sees no NVIDIA GPU",
        saw: "no display function of vendor 10de in /sys/bus/pci/devices",
        expected: "its vGPU: the VM runs with the hostdev of its MdevDevice",
        next: "give the VM its vGPU (MdevDevice.hostdevXml), start it, run again",
        property: "device",
      }),
    );
  }
  return [...refusals, ...licenseRefusals(desired, facts)];
}

function licenseRefusals(desired: DesiredGuest, facts: GuestFacts): ErrorParts[] {
  if (desired.license === null) return [];
  const refusals: ErrorParts[] = [];
  if (!facts.tools.has("openssl")) {
    refusals.push(
      prerequisite(desired, {
        what: "OpenSSL is missing",
        saw: "no command openssl",
        expected: "OpenSSL in the guest: without it no license can be had",
        next: "install the package openssl in the guest",
        property: "license",
      }),
    );
  }
  const foreign = Object.entries(facts.tokens).filter(
    ([name, hash]) => name !== tokenFile && hash !== desired.license?.tokenSha256,
  );
  if (foreign.length > 0) {
    refusals.push(
      prerequisite(desired, {
        what: "another license token is there",
        saw: `${foreign.map(([name]) => name).join(", ")} in /etc/nvidia/ClientConfigToken`,
        expected: "exactly one token: nvidia-gridd takes only one",
        next: "remove it if nobody needs it, or declare that one",
        property: "license.token",
      }),
    );
  }
  return refusals;
}
