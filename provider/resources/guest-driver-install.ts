// A GuestDriverInstall owns, in one Linux guest: our claim of it, the block of nouveau, the guest driver that we
// installed, FeatureType in gridd.conf and one token file. Id: the guest's machine-id. Another machine replaces it;
// another address of the same one does not. Installing or changing the driver reboots the guest; a new token or feature
// restarts nvidia-gridd only.
// It never touches other settings of gridd.conf, foreign tokens, or the host.
import { createHash } from "node:crypto";
import { redactLater } from "../model/errors.js";
import type { GuestFacts } from "../model/facts.js";
import type { DesiredGuest } from "../plan/desired.js";
import { dkmsNotice } from "../plan/driver/dkms-notice.js";
import { nouveauBlocked } from "../plan/driver/driver-steps.js";
import { holdsToken, isLicensed, planGuest, planGuestRemoval } from "../plan/guest/plan-guest.js";
import { lostDriverNotice, lostGuestHistory } from "../plan/identity/lost-history.js";
import { secureBootNotice } from "../plan/prerequisites/secure-boot.js";
import { type GuestDriverInstallInputs, guestDriverInstallSchema } from "../schema/inputs.js";
import { desiredDriver, driverInputRefusals } from "./driver-input.js";
import { liveDriver } from "./driver-state.js";
import { formerOwnerOf } from "./former.js";
import type { Properties } from "./lifecycle.js";
import { machineLifecycle } from "./machine-lifecycle.js";
import { guestView } from "./machine-view.js";

/** FeatureType of gridd.conf. Source: guests.md section 4. */
const featureTypes = { vapps: 0, vgpu: 1, vws: 2, vcs: 4 } as const;

/** The lifecycle of a GuestDriverInstall. */
export const guestDriverInstall = machineLifecycle({
  kind: "GuestDriverInstall",
  page: "docs/reference/guest-driver-install.md",
  claim: "guest",
  journals: ["nvidia-gridd.service"],
  schema: guestDriverInstallSchema,
  table: {
    hostRelease: "ignored",
    device: "ignored",
  },
  view: guestView,
  desired: desiredGuest,
  plan: planGuest,
  planRemoval: planGuestRemoval,
  localRefusals: (inputs) => driverInputRefusals(inputs.driver, "guest", inputs.name),
  liveInputs: liveGuestInputs,
  observed: observedGuest,
  lostHistory: (_inputs, facts) => lostGuestHistory(facts),
  secretToken: (inputs) => inputs.license?.token,
  notices: (facts, steps) =>
    [lostDriverNotice(facts, steps), dkmsNotice(facts, steps), secureBootNotice(facts, steps)].filter(
      (notice) => notice !== null,
    ),
  mayBeOffAtFirst: (inputs) => inputs.device !== undefined,
});

function desiredGuest(inputs: GuestDriverInstallInputs): DesiredGuest {
  const license = inputs.license;
  if (license !== undefined) redactLater(license.token);
  return {
    name: inputs.name,
    owner: `${inputs.owner}/${inputs.name}`,
    formerOwner: formerOwnerOf("GuestDriverInstall", inputs),
    driver: desiredDriver(inputs.driver, "guest"),
    license: license
      ? { tokenSha256: sha256(license.token), featureType: featureTypes[license.feature] }
      : null,
    reboot: { allow: inputs.reboot.allow, deadlineMs: inputs.reboot.deadlineMinutes * 60_000 },
    rebootDisruption: "reboots-guest",
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function liveGuestInputs(inputs: GuestDriverInstallInputs, facts: GuestFacts): Properties {
  const lost = lostGuestHistory(facts);
  const managed = facts.manifest.owner === `${inputs.owner}/${inputs.name}`;
  const live: Properties = { managed: lost === null ? managed : `no: ${lost}` };
  if (inputs.driver !== undefined) {
    live.driver = liveDriver(inputs.driver, facts, "guest");
    live.nouveau = facts.nouveauLoaded ? "loaded" : nouveauBlocked(facts) ? "blocked" : "not blocked";
  }
  if (inputs.license === undefined) return live;
  const declared = featureTypes[inputs.license.feature];
  const feature = Object.entries(featureTypes).find(([, number]) => number === facts.featureType)?.[0];
  const sameToken = holdsToken(facts, sha256(inputs.license.token));
  live.license = {
    token: sameToken ? inputs.license.token : tokenText(facts),
    feature: facts.featureType === declared ? inputs.license.feature : (feature ?? "none"),
  };
  live.licenseState = sameToken ? licenseState(facts) : `${licenseState(facts)}, ${otherToken(facts)}`;
  return live;
}

function licenseState(facts: GuestFacts): string {
  if (facts.manifest.gridd?.state === "done" && isLicensed(facts)) return "licensed";
  return (facts.licenseStatus ?? "unknown").toLowerCase().replace(/^licensed$/, "settings not read");
}

/** A token is secret, and so is every difference between two: what drifted has to be said where it can be read. */
function otherToken(facts: GuestFacts): string {
  return Object.keys(facts.tokens).length === 0 ? "no token" : "another token";
}

/** What stands in place of a token that is not the declared one: its hash, for a person to tell two apart. */
function tokenText(facts: GuestFacts): string {
  const hashes = Object.values(facts.tokens);
  return hashes.length === 0 ? "none" : `sha256 ${hashes.map((hash) => hash.slice(0, 12)).join(", ")}`;
}

function observedGuest(_inputs: GuestDriverInstallInputs, facts: GuestFacts): Properties {
  return {
    hostname: facts.hostname,
    os: facts.osName,
    guestDriverVersion: facts.installedDriver,
    licensedProduct: facts.licensedProduct,
  };
}
