import type { GuestFacts, HostFacts, MachineFacts } from "../../model/facts.js";
import { settings } from "../../settings/order.js";
import type { DesiredVgpu } from "../desired.js";
import { ourNouveauBlock } from "../driver/driver-steps.js";
import { tokenFile } from "../guest/plan-guest.js";
import type { Plan, Step } from "../steps.js";
import { carrierName, carrierOf, carriersOf, typeKey } from "../vgpu/carrier.js";
import { knownVgpus } from "../vgpu/vgpu-view.js";
import { shownList } from "./shown-list.js";

/**
 * Returns what a person should know of a host that was ours and has no claim any more, `null` where it has one: what
 * there is then counts as somebody else's. `gpus` are the declared ones.
 */
export function lostHostHistory(gpus: readonly string[], facts: HostFacts): string | null {
  if (facts.manifest.owner !== null) return null;
  const recorded = facts.manifest.vgpus.map(({ uuid }) => uuid);
  const vgpus = carriersOf(facts)
    .filter((carrier) => gpus.includes(carrierName(carrier)))
    .flatMap((carrier) => carrier.vgpus.map(({ mdevUuid, parent }) => mdevUuid ?? parent))
    .filter((name) => !recorded.includes(name));
  const left = vgpus.length === 0 ? [] : [`vGPUs ${shownList(vgpus)}`];
  return lostText("host", [...driverLeft(facts), ...settingsLeft(gpus, facts), ...left]);
}

function settingsLeft(gpus: readonly string[], { gpus: seen, manifest }: HostFacts): string[] {
  if (manifest.driver !== null) return [];
  const unrecorded = seen.filter(({ address }) => gpus.includes(address) && !(address in manifest.gpus));
  return settings.flatMap(({ trace }) => {
    const changed = unrecorded.filter((gpu) => trace?.isOn(gpu) === true);
    return trace === undefined || changed.length === 0
      ? []
      : [`${trace.name} of ${shownList(changed.map(({ address }) => address))}`];
  });
}

/** The same of a guest. */
export function lostGuestHistory(facts: GuestFacts): string | null {
  if (facts.manifest.owner !== null) return null;
  const license = facts.manifest.gridd === null && facts.tokens[tokenFile] !== undefined;
  return lostText("guest", [...driverLeft(facts), ...(license ? ["the license token"] : [])]);
}

/**
 * Returns what a person should know of a machine that is ours where only records of the driver are gone, `null` where none is.
 * That they were there is told by what nobody else makes: our block of nouveau, a package that we brought.
 */
export function lostDriverNotice(facts: MachineFacts, steps: readonly Step[]): string | null {
  const ours = facts.uploads.length > 0 || facts.nouveauBlockedBy.includes(ourNouveauBlock);
  const recorded = (kind: Step["kind"]) => kind === "install-driver" || kind === "block-nouveau";
  const left = driverLeft(facts);
  if (facts.manifest.owner === null || !ours || left.length === 0) return null;
  if (steps.some(({ kind }) => recorded(kind))) return null;
  return `there is no record below /etc/pulumi-vgpu of ${left.join(" and of ")}: it counts as somebody else's, and destroy will leave it`;
}

/** A vGPU as the program or the state has it. */
type Declared = Pick<DesiredVgpu, "uuid" | "carrierKind" | "carrier" | "type">;

/**
 * Returns what a person should know of a stored vGPU whose record is gone, `null` of any other. On vendor-specific VFIO
 * nothing but the record says which function has it: another one is made, and the first stays.
 */
export function lostVgpuNotice(self: Declared, facts: HostFacts, { steps, refusals }: Plan): string | null {
  const step = steps.find(
    ({ kind, ...rest }) =>
      (kind === "record-vgpu" || kind === "make-vgpu") && "vgpu" in rest && rest.vgpu.uuid === self.uuid,
  );
  if (isRecorded(self, facts) || carrierOf(self, facts) === undefined) return null;
  const gone = `/etc/pulumi-vgpu/vgpu/${self.uuid} is gone: `;
  if (step?.kind === "record-vgpu")
    return `${gone}this vGPU counts as one that was there before us, and destroy will leave it`;
  const nameless = namelessLike(self, facts);
  if (nameless.length === 0 || (step === undefined && refusals.length === 0)) return null;
  const then =
    step === undefined
      ? "destroy will leave it"
      : "another one will be made, and destroy will leave that one";
  return `${gone}it may be the vGPU on ${shownList(nameless)}, which has no record and counts as somebody else's; ${then}. Put the record back from a backup before up, or clear that function by hand`;
}

/** Returns the functions of vendor-specific VFIO whose vGPU may be this one, of which the record is gone. */
export function namelessLike(self: Declared, facts: HostFacts): string[] {
  const carrier = carrierOf(self, facts);
  if (carrier?.vgpuInterface !== "vendor-vfio" || isRecorded(self, facts)) return [];
  return knownVgpus(carrier, facts)
    .filter(({ live, record }) => record === null && typeKey(live.typeName ?? "") === typeKey(self.type))
    .map(({ live }) => live.parent);
}

function isRecorded({ uuid }: Pick<Declared, "uuid">, { manifest }: HostFacts): boolean {
  return manifest.vgpus.some((record) => record.uuid === uuid);
}

function driverLeft({ manifest, installedDriver, nouveauBlockedBy }: MachineFacts): string[] {
  const driver = manifest.driver === null && installedDriver !== null ? [`driver ${installedDriver}`] : [];
  const block = manifest.nouveauBlock === null && nouveauBlockedBy.includes(ourNouveauBlock);
  return block ? [...driver, ourNouveauBlock] : driver;
}

function lostText(claim: "host" | "guest", left: readonly string[]): string {
  const gone = `/etc/pulumi-vgpu/${claim} is gone, and with it who manages the ${claim} and whether nouveau ran before`;
  const then =
    left.length === 0
      ? "destroy will take away what the records beside it name, and what is made from now on"
      : `what has no record counts as somebody else's, and destroy will leave it: ${left.join(", ")}`;
  return `${gone}; ${then}`;
}
