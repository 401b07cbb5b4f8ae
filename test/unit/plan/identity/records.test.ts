import { describe, expect, it } from "vitest";
import { knownFormat } from "../../../../provider/model/record-format.js";
import { parseHostManifest } from "../../../../provider/observe/parse-manifest.js";
import { readScript } from "../../../../provider/observe/read-script.js";
import { planGuest, planGuestRemoval, tokenFile } from "../../../../provider/plan/guest/plan-guest.js";
import { planHost, planHostRemoval } from "../../../../provider/plan/host/plan-host.js";
import {
  lostDriverNotice,
  lostGuestHistory,
  lostHostHistory,
  lostVgpuNotice,
} from "../../../../provider/plan/identity/lost-history.js";
import { knowsFormat } from "../../../../provider/plan/identity/record-format.js";
import { planFor } from "../../../../provider/plan/identity/same-machine.js";
import { planVgpu, vgpuDeferral } from "../../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../../provider/plan/vgpu/vgpu-removal.js";
import {
  bootFiles,
  desiredGuest,
  desiredHost,
  gpuAddress,
  gpuFacts,
  guestFacts,
  hostFacts,
  refusalTexts,
} from "../facts.js";

const self = {
  uuid: "8ea3effa-d147-56c8-b1e4-be6bfa82e9f1",
  name: "a-1",
  owner: "shop/dev",
  host: "gpu-01",
  carrierKind: "gpu",
  carrier: gpuAddress,
  type: "A40-8Q",
  keep: false,
} as const;

describe("the records of a newer version", () => {
  const refusal = (
    where: string,
    format: string,
  ) => `VGPU_PREREQUISITE ${where}: a newer pulumi-vgpu wrote the records of this machine
Saw: format ${format} (/etc/pulumi-vgpu/format)
Expected: format ${knownFormat} or older, which this version knows
Next: run with the version that this machine was last changed with, or a newer one`;

  it.each(["3", "x", "", "-1", "2.5", "99999"])("are refused by every plan: format %j", (format) => {
    const host = hostFacts({ gpus: [gpuFacts()], manifest: { format, owner: "shop/dev/gpu-01" } });
    const guest = guestFacts({ manifest: { format, owner: "shop/dev/desk-1" } });
    const request = { self, declared: [self], bootFiles };
    expect(vgpuDeferral(self, host)).toBeNull();
    for (const [where, plan] of [
      ["gpu-01", planHost(desiredHost(), host)],
      ["gpu-01", planHostRemoval(desiredHost(), host)],
      ["gpu-01 a-1", planVgpu(request, host)],
      ["gpu-01 a-1", planVgpuRemoval(self, host)],
      ["desk-1", planGuest(desiredGuest(), guest)],
      ["desk-1", planGuestRemoval(desiredGuest(), guest)],
    ] as const) {
      expect(refusalTexts(plan)).toEqual([refusal(where, format)]);
      expect(plan.steps).toEqual([]);
    }
  });

  it("are told by the number that the scripts write and know", () => {
    expect(readScript("apply/shell/manifest.sh")).toContain(`known_format=${knownFormat}\n`);
    expect(
      ["1", "2"].map((format) => knowsFormat({ manifest: { ...hostFacts().manifest, format } })),
    ).toEqual([true, true]);
    expect(parseHostManifest({ one: () => "", all: () => [] }).format).toBe("1");
  });
});

describe("planFor", () => {
  it("plans for the machine that is meant, and refuses another one at its address", () => {
    const plan = () => ({ steps: [], refusals: [] });
    const facts = hostFacts({ machineId: "ab".repeat(16) });
    expect(planFor({ name: "gpu-01", machineId: "ab".repeat(16) }, facts, plan)).toEqual(plan());
    expect(refusalTexts(planFor({ name: "gpu-01", machineId: "cd".repeat(16) }, facts, plan))).toEqual([
      `VGPU_PREREQUISITE gpu-01: another machine answers at this address
Saw: machine-id ${"ab".repeat(16)} (/etc/machine-id)
Expected: machine-id ${"cd".repeat(16)}
Next: look who has the address now, correct connection, run again`,
    ]);
  });
});

describe("a machine without a machine-id", () => {
  it.each(["", "uninitialized", "0123"])("is refused: %j", (machineId) => {
    for (const [where, plan] of [
      ["gpu-01", planHost(desiredHost(), hostFacts({ machineId, gpus: [gpuFacts()] }))],
      ["desk-1", planGuest(desiredGuest(), guestFacts({ machineId }))],
    ] as const)
      expect(refusalTexts(plan)).toEqual([
        `VGPU_PREREQUISITE ${where}: this machine does not say which one it is
Saw: machine-id ${JSON.stringify(machineId)} (/etc/machine-id)
Expected: 32 hexadecimal digits
Next: run systemd-machine-id-setup on it, run again`,
      ]);
  });
});

describe("the lost history", () => {
  const gone = (claim: string) =>
    `/etc/pulumi-vgpu/${claim} is gone, and with it who manages the ${claim} and whether nouveau ran before; `;
  const block = "/etc/modprobe.d/pulumi-vgpu-nouveau.conf";
  const vgpu = { vgpuTypeId: 560, typeName: "NVIDIA A40-8Q", holders: [] };

  it("is none where the claim is there, whoever's it is", () => {
    expect(lostHostHistory([], hostFacts({ manifest: { owner: "shop/prod/x" } }))).toBeNull();
    expect(lostGuestHistory(guestFacts({ manifest: { owner: "shop/prod/x" } }))).toBeNull();
  });

  it("names what destroy will leave on a host", () => {
    const vgpus = [
      { ...vgpu, mdevUuid: "u-1", parent: "0000:3b:00.4" },
      { ...vgpu, mdevUuid: null, parent: "0000:3b:00.5" },
    ];
    const facts = hostFacts({
      installedDriver: "550.127.06",
      nouveauBlockedBy: [block, "/etc/modprobe.d/site.conf"],
      gpus: [
        gpuFacts({ vgpus }),
        gpuFacts({ address: "0000:5e:00.0", vgpus: [{ ...vgpu, mdevUuid: "u-9", parent: "x" }] }),
      ],
    });
    expect(lostHostHistory([gpuAddress], facts)).toBe(
      `${gone("host")}what has no record counts as somebody else's, and destroy will leave it: driver 550.127.06, ${block}, vGPUs u-1, 0000:3b:00.5`,
    );
  });

  it("names what destroy will leave in a guest, and nothing that has its record", () => {
    const facts = guestFacts({
      installedDriver: "550.127.05",
      nouveauBlockedBy: [block],
      tokens: { [tokenFile]: "ab" },
    });
    expect(lostGuestHistory(facts)).toBe(
      `${gone("guest")}what has no record counts as somebody else's, and destroy will leave it: driver 550.127.05, ${block}, the license token`,
    );
    const recorded = {
      ...facts.manifest,
      nouveauBlock: "done",
      driver: { state: "done", version: "550.127.05", bootId: "b" },
      gridd: { state: "done" },
    } as const;
    expect(lostGuestHistory({ ...facts, manifest: recorded })).toBe(
      `${gone("guest")}destroy will take away what the records beside it name, and what is made from now on`,
    );
  });
});

describe("a part of the records that is gone", () => {
  const block = "/etc/modprobe.d/pulumi-vgpu-nouveau.conf";
  const managed = hostFacts({
    installedDriver: "550.127.06",
    uploads: ["ab".repeat(32)],
    nouveauBlockedBy: [block],
    manifest: {
      owner: "shop/dev/gpu-01",
      nouveauBlock: "done",
      driver: { state: "done", version: "550.127.06", bootId: "b" },
    },
  });
  const without = (changes: object) => ({ ...managed, manifest: { ...managed.manifest, ...changes } });

  it("is told of the driver and the block, where what only we make shows that they were ours", () => {
    const text = (what: string) =>
      `there is no record below /etc/pulumi-vgpu of ${what}: it counts as somebody else's, and destroy will leave it`;
    expect(lostDriverNotice(without({ driver: null }), [])).toBe(text("driver 550.127.06"));
    expect(lostDriverNotice(without({ nouveauBlock: null }), [])).toBe(text(block));
    expect(lostDriverNotice(without({ driver: null, nouveauBlock: null }), [])).toBe(
      text(`driver 550.127.06 and of ${block}`),
    );
  });

  it("is not told of a machine that has its records, gets them in this run, or found its driver in place", () => {
    const install = { kind: "block-nouveau", target: "gpu-01", cause: "", disruption: "none" } as const;
    expect(lostDriverNotice(managed, [])).toBeNull();
    expect(lostDriverNotice(without({ driver: null }), [install])).toBeNull();
    expect(
      lostDriverNotice({ ...without({ driver: null }), uploads: [], nouveauBlockedBy: [] }, []),
    ).toBeNull();
    expect(lostDriverNotice(without({ driver: null, owner: null }), [])).toBeNull();
  });

  const planned = (live: string) => {
    const gpu = gpuFacts({
      vgpuInterface: "vendor-vfio",
      absence: null,
      vgpus: [{ vgpuTypeId: 560, typeName: live, holders: [], mdevUuid: null, parent: "0000:3b:00.5" }],
    });
    const facts = hostFacts({ gpus: [gpu], manifest: { owner: "shop/dev/gpu-01" } });
    const vgpu = {
      ...self,
      vgpuInterface: "vendor-vfio",
      parent: "0000:3b:00.4",
      typeName: self.type,
      vgpuTypeId: null,
    } as const;
    const step = { kind: "make-vgpu", vgpu, target: "", cause: "", disruption: "none" } as const;
    return { facts, step };
  };

  it("is told of a vGPU on vendor-specific VFIO, of which another one is made beside it", () => {
    const { facts, step } = planned("NVIDIA A40-8Q");
    expect(lostVgpuNotice(self, facts, { steps: [step], refusals: [] })).toBe(
      `/etc/pulumi-vgpu/vgpu/${self.uuid} is gone: it may be the vGPU on 0000:3b:00.5, which has no record and counts as somebody else's; another one will be made, and destroy will leave that one. Put the record back from a backup before up, or clear that function by hand`,
    );
    expect(lostVgpuNotice(self, facts, { steps: [{ ...step, kind: "record-vgpu" }], refusals: [] })).toBe(
      `/etc/pulumi-vgpu/vgpu/${self.uuid} is gone: this vGPU counts as one that was there before us, and destroy will leave it`,
    );
    expect(lostVgpuNotice(self, facts, { steps: [], refusals: [] })).toBeNull();
    const other = planned("NVIDIA A40-16Q");
    expect(lostVgpuNotice(self, other.facts, { steps: [other.step], refusals: [] })).toBeNull();
  });
});
