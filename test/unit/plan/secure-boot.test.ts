import { describe, expect, it } from "vitest";
import { planGuest } from "../../../provider/plan/guest/plan-guest.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { secureBootNotice } from "../../../provider/plan/prerequisites/secure-boot.js";
import { desiredGuest, desiredHost, gpuFacts, guestFacts, hostFacts } from "./facts.js";
import { finishedHost } from "./finished-host.js";

const unknown = { secureBoot: "unknown" } as const;
const bare = hostFacts({ gpus: [gpuFacts()], ...unknown });

describe("secure boot that nothing tells of", () => {
  it("is no refusal, and is told where a driver is to be installed, with why nothing tells", () => {
    const { steps, refusals } = planHost(desiredHost(), bare);
    expect(refusals).toEqual([]);
    expect(secureBootNotice(bare, steps)).toBe(
      "cannot tell whether secure boot is on: there is no mokutil to ask. Where it is, the driver will not load: turn it off in the firmware before",
    );
    const asked = { ...bare, tools: new Set([...bare.tools, "mokutil"]) };
    expect(secureBootNotice(asked, steps)).toContain("on: mokutil --sb-state does not tell. Where");
  });

  it("is told of a guest, too", () => {
    const guest = guestFacts(unknown);
    expect(secureBootNotice(guest, planGuest(desiredGuest(), guest).steps)).toContain("cannot tell");
  });

  it("is not told where nothing is installed, or where it is known", () => {
    const finished = { ...finishedHost(), ...unknown };
    expect(secureBootNotice(finished, planHost(desiredHost(), finished).steps)).toBeNull();
    const off = { ...bare, secureBoot: "disabled" as const };
    expect(secureBootNotice(off, planHost(desiredHost(), off).steps)).toBeNull();
  });
});
