import { describe, expect, it } from "vitest";
import type { GpuFacts, LiveVgpu, VgpuRecord } from "../../../../provider/model/facts.js";
import {
  lostDriverNotice,
  lostGuestHistory,
  lostHostHistory,
  lostVgpuNotice,
} from "../../../../provider/plan/identity/lost-history.js";
import { leftElsewhere, saysWhichItIs } from "../../../../provider/plan/identity/same-machine.js";
import { gpuAddress, gpuFacts, guestFacts, hostFacts } from "../facts.js";
import { uuidOf, vgpuOf } from "../vgpus.js";

const block = "/etc/modprobe.d/pulumi-vgpu-nouveau.conf";
const recordOf = (number: number, parent = "0000:3b:00.4"): VgpuRecord => ({
  uuid: uuidOf(number),
  state: "done",
  owner: "shop/dev",
  name: `desk-${number}`,
  carrier: gpuAddress,
  parent,
  typeName: "NVIDIA A40-8Q",
  keep: false,
  adopted: false,
});
const liveOf = (mdevUuid: string | null, parent: string): LiveVgpu => ({
  mdevUuid,
  parent,
  vgpuTypeId: 560,
  typeName: "NVIDIA A40-8Q",
  holders: [],
});

describe("what destroy will leave where a claim is gone", () => {
  it("is no vGPU that has its record", () => {
    const vgpus = [1, 2].map((number) => liveOf(uuidOf(number), `0000:3b:00.${number + 3}`));
    const facts = hostFacts({ gpus: [gpuFacts({ vgpus })], manifest: { vgpus: [recordOf(1)] } });
    expect(lostHostHistory([gpuAddress], facts)).toMatch(
      new RegExp(`destroy will leave it: vGPUs ${uuidOf(2)}$`),
    );
  });

  it("is no function that a record of its GPU, or one of the driver, takes along", () => {
    const virtualFunctions = [{ vfAddress: "0000:3b:00.4", vfIndex: 0, driver: "nvidia" }];
    const said = (manifest: object) =>
      lostHostHistory([gpuAddress], hostFacts({ gpus: [gpuFacts({ virtualFunctions })], manifest }));
    const driver = { state: "done", version: "550.127.06", bootId: "b" } as const;
    expect(said({})).toContain(`virtual functions of ${gpuAddress}`);
    expect(said({ gpus: { [gpuAddress]: { vfs: 16 } } })).not.toContain("virtual functions");
    expect(said({ driver })).not.toContain("virtual functions");
  });

  it("is no token in a guest that has none", () => {
    expect(lostGuestHistory(guestFacts())).not.toContain("token");
    expect(lostGuestHistory(guestFacts({ tokens: { "other.tok": "ab" } }))).not.toContain("token");
  });
});

describe("a record of the driver that is gone", () => {
  const managed = (changes: Parameters<typeof hostFacts>[0]) =>
    hostFacts({ installedDriver: "550.127.06", manifest: { owner: "shop/dev/gpu-01" }, ...changes });
  const step = (kind: "install-driver" | "block-nouveau" | "install-boot-unit") =>
    ({ kind, target: "gpu-01", cause: "", disruption: "none" }) as never;

  it("is told where a package that we brought is there, or our block, and nowhere else", () => {
    expect(lostDriverNotice(managed({ uploads: ["ab"] }), [])).toContain("driver 550.127.06");
    expect(lostDriverNotice(managed({ nouveauBlockedBy: [block] }), [])).toContain("driver 550.127.06");
    expect(lostDriverNotice(managed({ nouveauBlockedBy: ["/etc/modprobe.d/site.conf"] }), [])).toBeNull();
  });

  it("is not told where this run writes it, by whatever step", () => {
    const facts = managed({ uploads: ["ab"] });
    for (const kind of ["install-driver", "block-nouveau"] as const)
      expect(lostDriverNotice(facts, [step("install-boot-unit"), step(kind)])).toBeNull();
    expect(lostDriverNotice(facts, [step("install-boot-unit")])).not.toBeNull();
  });
});

describe("a record of a vGPU that is gone", () => {
  const self = vgpuOf(1, "A40-8Q");
  const stepOf = (kind: "make-vgpu" | "retire-vgpu" | "record-vgpu", uuid = self.uuid) =>
    ({ kind, vgpu: { uuid }, target: "", cause: "", disruption: "none" }) as never;
  const planOf = (...steps: readonly never[]) => ({ steps, refusals: [] });
  const factsOf = (gpu: Partial<GpuFacts>, ...vgpus: readonly VgpuRecord[]) =>
    hostFacts({
      gpus: [gpuFacts({ vgpuInterface: "vendor-vfio", vgpus: [liveOf(null, "0000:3b:00.5")], ...gpu })],
      manifest: { owner: "shop/dev/gpu-01", vgpus },
    });

  it("is told where its vGPU is made again beside one without a record", () => {
    expect(lostVgpuNotice(self, factsOf({}), planOf(stepOf("make-vgpu")))).toContain("vGPU on 0000:3b:00.5");
    const others = [stepOf("make-vgpu", uuidOf(2)), stepOf("retire-vgpu"), stepOf("make-vgpu")];
    expect(lostVgpuNotice(self, factsOf({}, recordOf(2)), planOf(...others))).toContain(
      "vGPU on 0000:3b:00.5",
    );
  });

  it("is told where nothing can be made beside the one without a record", () => {
    const refused = { steps: [], refusals: [{ code: "VGPU_CAPACITY" } as never] };
    expect(lostVgpuNotice(self, factsOf({}), refused)).toBe(
      `/etc/pulumi-vgpu/vgpu/${self.uuid} is gone: it may be the vGPU on 0000:3b:00.5, which has no record and counts as somebody else's; destroy will leave it. Put the record back from a backup before up, or clear that function by hand`,
    );
    expect(lostVgpuNotice(self, factsOf({}, recordOf(1)), refused)).toBeNull();
  });

  it.each<[string, ReturnType<typeof factsOf>, readonly never[]]>([
    ["another one is made", factsOf({}), [stepOf("make-vgpu", uuidOf(2))]],
    ["it goes", factsOf({}), [stepOf("retire-vgpu")]],
    ["its record is there", factsOf({}, recordOf(2), recordOf(1)), [stepOf("make-vgpu")]],
    ["its GPU is not there", factsOf({ address: "0000:af:00.0" }), [stepOf("make-vgpu")]],
    ["an mdev has its UUID", factsOf({ vgpuInterface: "mdev-on-vf" }), [stepOf("make-vgpu")]],
    ["all on the GPU have theirs", factsOf({}, recordOf(2, "0000:3b:00.5")), [stepOf("make-vgpu")]],
    [
      "the one without is of a type that nobody names",
      factsOf({ vgpus: [{ ...liveOf(null, "0000:3b:00.5"), typeName: null }] }),
      [stepOf("make-vgpu")],
    ],
  ])("is not told where %s", (_why, facts, steps) => {
    expect(lostVgpuNotice(self, facts, planOf(...steps))).toBeNull();
  });
});

describe("which machine it is", () => {
  const id = "0123456789abcdef0123456789abcdef";

  it.each([
    [id, true],
    [`${id}0`, false],
    [`x${id}`, false],
    [id.slice(1), false],
    [id.toUpperCase(), false],
    ["uninitialized", false],
    ["", false],
  ])("is said by %j: %s", (machineId, says) => {
    expect(saysWhichItIs({ machineId })).toBe(says);
  });

  it("is told to whom a resource of another machine is stored", () => {
    expect(leftElsewhere(hostFacts(), "ff")).toBe(
      `machine-id ${id} answers at its address, not ff: nothing is touched here, and what was set up on ff stays there`,
    );
  });
});
