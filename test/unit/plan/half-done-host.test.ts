import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import { planHost, planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import {
  bootFiles,
  desiredHost,
  gpuAddress,
  gpuFacts,
  hostFacts,
  managerVersion,
  packageHash,
  serviceOf,
  stepTexts,
  withDriverPackages,
} from "./facts.js";
import { owner, vfs } from "./finished-host.js";
import { hostAfter, type Nature } from "./machine-effects.js";

/** A host on which any of our steps, and some of other people's, were left half-done. */
const halfDoneHost = fc
  .record({
    ours: fc.boolean(),
    block: fc.constantFrom(null, "intent" as const, "done" as const),
    blockedByFile: fc.boolean(),
    foreignBlock: fc.boolean(),
    nouveauFound: fc.boolean(),
    loaded: fc.constantFrom(null, "nouveau", managerVersion, "535.129.03"),
    installed: fc.constantFrom(null, managerVersion, "535.129.03"),
    driver: fc.constantFrom(null, "intent" as const, "done" as const),
    thisBoot: fc.boolean(),
    uploaded: fc.boolean(),
    unit: fc.constantFrom("none", "old", "disabled", "enabled"),
    services: fc.constantFrom("inactive", "activating", "active", "failed"),
    vfCount: fc.constantFrom(0, 5, 32),
    recordedVfs: fc.constantFrom(0, 32),
  })
  .map((half): HostFacts => {
    const ours = half.block === "done" || (half.block === "intent" && half.blockedByFile);
    const blockedBy = [
      ...(ours ? ["/etc/modprobe.d/pulumi-vgpu-nouveau.conf"] : []),
      ...(half.foreignBlock ? ["/etc/modprobe.d/site.conf"] : []),
    ];
    const loadedDriver = half.loaded === "nouveau" ? null : half.loaded;
    const active = loadedDriver === null ? "inactive" : half.services;
    const unit = { none: {}, old: { restore: "old" }, disabled: bootFiles, enabled: bootFiles }[half.unit];
    return hostFacts({
      nouveauLoaded: half.loaded === "nouveau",
      nouveauBlockedBy: blockedBy,
      installedDriver: half.installed,
      loadedDriver,
      uploads: half.uploaded ? [packageHash] : [],
      services: {
        "nvidia-vgpud.service": serviceOf(active),
        "nvidia-vgpu-mgr.service": serviceOf(active),
        "pulumi-vgpu.service": serviceOf("inactive", half.unit === "enabled" || half.unit === "old"),
      },
      gpus: [
        gpuFacts(
          loadedDriver === null ? {} : { virtualFunctions: vfs.slice(0, half.vfCount), absence: null },
        ),
      ],
      manifest: {
        owner: half.ours ? owner : null,
        nouveauFound: half.nouveauFound,
        nouveauBlock: half.block,
        driver: half.driver && {
          state: half.driver,
          version: managerVersion,
          bootId: half.thisBoot ? "boot-1" : "boot-0",
        },
        bootFiles: unit ?? {},
        gpus: half.recordedVfs > 0 ? { [gpuAddress]: { vfs: half.recordedVfs } } : {},
      },
    });
  });

const anyNature = fc.record({
  installerLoads: fc.boolean(),
  servicesStart: fc.boolean(),
  hasNouveau: fc.boolean(),
});

/** Takes one step after the other until none is planned; a step that is asked for twice in a row had no effect. */
function carriedOut(first: HostFacts, plan: (facts: HostFacts) => ReturnType<typeof planHost>, kind: Nature) {
  let facts = first;
  const done: string[] = [];
  for (let round = 0; round < 20; round++) {
    const { steps, refusals } = plan(facts);
    expect(refusals).toEqual([]);
    const step = steps[0];
    if (step === undefined) return facts;
    const [text = ""] = stepTexts([step]);
    expect(done.at(-1)).not.toBe(text);
    done.push(text);
    facts = hostAfter(step, facts, kind);
  }
  throw new Error(`no end: ${done.join("; ")}`);
}

describe("a host in the middle of a change", () => {
  it("is brought to what is declared from wherever a run ended", () => {
    fc.assert(
      fc.property(halfDoneHost, anyNature, (half, kind) => {
        const end = carriedOut(half, (facts) => planHost(desiredHost(), facts), kind);
        expect(end.manifest.owner).toBe(owner);
        expect([end.installedDriver, end.loadedDriver]).toEqual([managerVersion, managerVersion]);
        expect(end.nouveauLoaded).toBe(false);
        expect(end.nouveauBlockedBy).not.toEqual([]);
        expect(end.services["nvidia-vgpu-mgr.service"]?.active).toBe("active");
        expect(end.manifest.bootFiles).toEqual(bootFiles);
        expect(end.gpus[0]?.virtualFunctions.length).toBe(32);
      }),
      { numRuns: 300 },
    );
  });

  it("is freed of everything that is ours from wherever a run ended, and of nothing else", () => {
    fc.assert(
      fc.property(halfDoneHost, anyNature, fc.boolean(), (half, kind, allow) => {
        const desired = desiredHost({ reboot: { allow, deadlineMs: 1 } });
        const hasNouveau = kind.hasNouveau || half.manifest.nouveauFound;
        const plan = (facts: HostFacts) => planHostRemoval(desired, facts);
        const end = carriedOut(half, plan, { ...kind, hasNouveau });
        if (half.manifest.owner === null) {
          expect(end).toEqual(half);
          return;
        }
        const { owner: left, nouveauBlock, driver, bootFiles: files, gpus } = end.manifest;
        expect([left, nouveauBlock, driver, files, gpus]).toEqual([null, null, null, {}, {}]);
        if (half.manifest.driver === null) expect(end.installedDriver).toBe(half.installedDriver);
        const foreign = half.nouveauBlockedBy.filter((path) => path.includes("site"));
        expect(end.nouveauBlockedBy).toEqual(
          half.manifest.nouveauBlock === null ? half.nouveauBlockedBy : foreign,
        );
      }),
      { numRuns: 300 },
    );
  });

  it("is given no step at all when anything is refused", () => {
    const spoils = fc.constantFrom<Partial<HostFacts>>(
      { kernelHeaders: false, tools: new Set() },
      { architecture: "aarch64" },
      { iommuUnits: [] },
      withDriverPackages("nvidia-driver-535"),
      { secureBoot: "enabled" },
      { gpus: [] },
    );
    fc.assert(
      fc.property(halfDoneHost, spoils, fc.boolean(), (half, spoil, allow) => {
        const desired = desiredHost({ reboot: { allow, deadlineMs: 1 } });
        const plan = planHost(desired, { ...half, ...spoil });
        if (plan.refusals.length > 0) expect(plan.steps).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
