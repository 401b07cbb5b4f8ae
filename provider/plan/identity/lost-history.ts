import type { GuestFacts, HostFacts, MachineFacts } from "../../model/facts.js";
import { carrierName, carriersOf } from "../carrier.js";
import { ourNouveauBlock } from "../driver.js";
import { tokenFile } from "../guest.js";
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
  return lostText("host", [...driverLeft(facts), ...left]);
}

/** The same of a guest. */
export function lostGuestHistory(facts: GuestFacts): string | null {
  if (facts.manifest.owner !== null) return null;
  const license = facts.manifest.gridd === null && facts.tokens[tokenFile] !== undefined;
  return lostText("guest", [...driverLeft(facts), ...(license ? ["the license token"] : [])]);
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
