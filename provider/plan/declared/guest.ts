import { guestBranchesOf, guestCompatibility } from "../../catalog/compatibility.js";
import { packageFacts } from "../../catalog/packages.js";
import { releaseOfGuestDriver } from "../../catalog/releases.js";
import { sourceTexts } from "../../catalog/sources.js";
import { checkDriver } from "./driver.js";
import {
  byResource,
  type DeclaredGuest,
  type DeclaredHost,
  groupsOf,
  type Refusal,
  refusal,
} from "./program.js";

/** Returns what is wrong with one guest: its release, its package, and whether they fit its host's release. */
export function checkGuest(guest: DeclaredGuest): Refusal[] {
  const ownRefusals = checkDriver(guest);
  if (ownRefusals.length > 0) return ownRefusals;
  const incompatible = compatibilityRefusal(guest);
  return incompatible === undefined ? [] : [incompatible];
}

function guestReleaseOf({ release, packageName }: DeclaredGuest): string | undefined {
  if (release !== null) return release;
  const facts = packageName === null ? null : packageFacts(packageName);
  return facts === null ? undefined : releaseOfGuestDriver(facts.version)[0]?.release;
}

function compatibilityRefusal(guest: DeclaredGuest): Refusal | undefined {
  const { resource, hostRelease } = guest;
  const guestRelease = guestReleaseOf(guest);
  if (hostRelease === null || guestRelease === undefined) return undefined;
  const { compatible, basis, source } = guestCompatibility(hostRelease, guestRelease);
  if (compatible !== false) return undefined;
  const accepted = guestBranchesOf(hostRelease);
  const evidence = `${basis === "catalog" ? "listed in" : "rule of"} ${sourceTexts(source).join("; ")}`;
  return refusal(resource, {
    code: "VGPU_INCOMPATIBLE_GUEST",
    property: guest.release === null ? "driver.package" : "driver.release",
    what: `a guest driver of release ${guestRelease} does not work on a host of release ${hostRelease}`,
    saw: `guest release ${guestRelease}, host release ${hostRelease} (${evidence})`,
    expected:
      accepted === null
        ? "a guest not newer than its host"
        : `a guest release of branch ${accepted.join(" or ")}`,
    next: `use release ${hostRelease} in the guest, or change the host's release first`,
  });
}

/** Returns the guests that claim one machine or one vGPU, and machines claimed as host and guest, each conflict once. */
export function guestClaims(guests: readonly DeclaredGuest[], hosts: readonly DeclaredHost[]): Refusal[] {
  return [...machineClaims(guests), ...deviceClaims(guests), ...hostGuestClaims(guests, hosts)];
}

function machineClaims(guests: readonly DeclaredGuest[]): Refusal[] {
  const groups = groupsOf(byResource(guests), (guest) => guest.connectionKey);
  return [...groups].flatMap(([machine, claimants]) => {
    const [first, ...others] = claimants;
    if (first === undefined || others.length === 0) return [];
    return refusal(first.resource, {
      code: "VGPU_CLAIM_CONFLICT",
      property: "guest",
      where: machine,
      what: `${claimants.length} GuestDriverInstall resources manage one guest`,
      saw: claimants.map((guest) => guest.resource).join(", "),
      expected: "one GuestDriverInstall for each guest",
      next: `keep "${first.resource}" and remove the others`,
    });
  });
}

function deviceClaims(guests: readonly DeclaredGuest[]): Refusal[] {
  const groups = groupsOf(byResource(guests), (guest) => guest.device ?? "");
  return [...groups].flatMap(([device, claimants]) => {
    const [first, ...others] = claimants;
    if (first === undefined || others.length === 0) return [];
    return refusal(first.resource, {
      code: "VGPU_CLAIM_CONFLICT",
      property: "device",
      where: device,
      what: `${claimants.length} guests claim one vGPU`,
      saw: claimants.map((guest) => guest.resource).join(", "),
      expected: "each vGPU in one guest",
      next: "give each guest a vGPU of its own",
    });
  });
}

function hostGuestClaims(guests: readonly DeclaredGuest[], hosts: readonly DeclaredHost[]): Refusal[] {
  return byResource(guests).flatMap((guest) => {
    const host = byResource(hosts).find(
      (one) => one.connectionKey !== "" && one.connectionKey === guest.connectionKey,
    );
    if (host === undefined) return [];
    return refusal(guest.resource, {
      code: "VGPU_CLAIM_CONFLICT",
      property: "guest",
      where: guest.connectionKey,
      what: "one machine is declared as host and as guest",
      saw: `VgpuHost "${host.resource}" and GuestDriverInstall "${guest.resource}"`,
      expected: "a guest is a virtual machine on the host",
      next: "give the guest its own connection",
    });
  });
}
