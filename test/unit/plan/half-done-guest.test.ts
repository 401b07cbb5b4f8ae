import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GuestFacts } from "../../../provider/model/facts.js";
import {
  isLicensed,
  planGuest,
  planGuestRemoval,
  tokenFile,
} from "../../../provider/plan/guest/plan-guest.js";
import type { Plan } from "../../../provider/plan/steps.js";
import { desiredGuest, guestFacts, guestVersion, packageHash, stepTexts } from "./facts.js";
import { guestAfter, type Nature } from "./machine-effects.js";

const owner = "shop/dev/desk-1";
const tokenHash = "cd".repeat(32);

/** A guest in which any of our steps, and some of other people's, were left half-done. */
const halfDoneGuest = fc
  .record({
    ours: fc.boolean(),
    block: fc.constantFrom(null, "intent" as const, "done" as const),
    loaded: fc.constantFrom(null, "nouveau", guestVersion, "535.129.03"),
    installed: fc.constantFrom(null, guestVersion, "535.129.03"),
    driver: fc.constantFrom(null, "intent" as const, "done" as const),
    thisBoot: fc.boolean(),
    uploaded: fc.boolean(),
    feature: fc.constantFrom(null, 1, 2),
    token: fc.constantFrom(null, tokenHash, "ef".repeat(32)),
    gridd: fc.constantFrom(null, "intent" as const, "done" as const),
    status: fc.constantFrom(null, "Licensed", "Unlicensed (Restricted)"),
  })
  .map((half): GuestFacts => {
    const blockedBy = half.block === "done" ? ["/etc/modprobe.d/pulumi-vgpu-nouveau.conf"] : [];
    return guestFacts({
      nouveauLoaded: half.loaded === "nouveau",
      nouveauBlockedBy: blockedBy,
      installedDriver: half.installed,
      loadedDriver: half.loaded === "nouveau" ? null : half.loaded,
      uploads: half.uploaded ? [packageHash] : [],
      featureType: half.feature,
      tokens: half.token === null ? {} : { [tokenFile]: half.token },
      licenseStatus: half.status,
      manifest: {
        owner: half.ours ? owner : null,
        nouveauBlock: half.block,
        driver: half.driver && {
          state: half.driver,
          version: guestVersion,
          bootId: half.thisBoot ? "boot-1" : "boot-0",
        },
        gridd: half.gridd && { state: half.gridd },
      },
    });
  });

function carriedOut(first: GuestFacts, plan: (facts: GuestFacts) => Plan, kind: Nature): GuestFacts {
  let facts = first;
  let last = "";
  for (let round = 0; round < 20; round++) {
    const { steps, refusals } = plan(facts);
    expect(refusals).toEqual([]);
    const step = steps[0];
    if (step === undefined) return facts;
    const [text = ""] = stepTexts([step]);
    expect(text).not.toBe(last);
    last = text;
    facts = guestAfter(step, facts, kind);
  }
  throw new Error("no end");
}

const anyNature = fc.record({
  installerLoads: fc.boolean(),
  servicesStart: fc.constant(true),
  hasNouveau: fc.constant(true),
});

describe("a guest in the middle of a change", () => {
  it("is brought to what is declared from wherever a run ended", () => {
    fc.assert(
      fc.property(halfDoneGuest, anyNature, (half, kind) => {
        const end = carriedOut(half, (facts) => planGuest(desiredGuest(), facts), kind);
        expect([end.installedDriver, end.loadedDriver]).toEqual([guestVersion, guestVersion]);
        expect([end.featureType, end.tokens, isLicensed(end)]).toEqual([1, { [tokenFile]: tokenHash }, true]);
        expect(end.manifest.gridd?.state).not.toBe("intent");
      }),
      { numRuns: 300 },
    );
  });

  it("is freed of everything that is ours from wherever a run ended", () => {
    fc.assert(
      fc.property(halfDoneGuest, anyNature, (half, kind) => {
        const end = carriedOut(half, (facts) => planGuestRemoval(desiredGuest(), facts), kind);
        if (half.manifest.owner === null) {
          expect(end).toEqual(half);
          return;
        }
        const { owner: left, nouveauBlock, driver, gridd } = end.manifest;
        expect([left, nouveauBlock, driver, gridd]).toEqual([null, null, null, null]);
        if (half.manifest.gridd === null) expect(end.tokens).toEqual(half.tokens);
      }),
      { numRuns: 300 },
    );
  });
});
