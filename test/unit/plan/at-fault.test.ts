import { describe, expect, it } from "vitest";
import type { ErrorParts } from "../../../provider/model/errors.js";
import type { HostFacts } from "../../../provider/model/facts.js";
import type { DesiredHost } from "../../../provider/plan/desired.js";
import { leftToOwner } from "../../../provider/plan/driver/driver-refusals.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import {
  inTheWayRefusal,
  noGpuRefusal,
  typeRefusal,
  untargetedRefusal,
} from "../../../provider/plan/vgpu/vgpu-refusals.js";
import {
  bootFiles,
  desiredHost,
  driverOf,
  gpuAddress,
  gpuFacts,
  hostFacts,
  installationOf,
  managerVersion,
} from "./facts.js";
import { finishedHost } from "./finished-host.js";
import { emptyWorld, factsOf } from "./vgpu-world.js";
import { uuidOf, vgpuOf, worldWith } from "./vgpus.js";

const faultOf = ({ code, property }: Pick<ErrorParts, "code" | "property">) => `${code} ${property ?? "-"}`;
const ofHost = (desired: Partial<DesiredHost>, facts: Parameters<typeof hostFacts>[0]) =>
  planHost(desiredHost(desired), hostFacts(facts)).refusals.map(faultOf);
const gpus = [gpuFacts()];

describe("the property that is at fault", () => {
  it("is told of a host", () => {
    expect(ofHost({ driver: null }, { gpus, iommuUnits: [] })).toEqual([
      "VGPU_PREREQUISITE gpus",
      "VGPU_PREREQUISITE driver",
    ]);
    expect(ofHost({}, { gpus: [gpuFacts({ bootVga: true })] })).toContain(
      `VGPU_PREREQUISITE gpus["${gpuAddress}"]`,
    );
    expect(ofHost({}, { gpus: [] })).toContain(`VGPU_NO_SUCH_GPU gpus["${gpuAddress}"]`);
    expect(ofHost({ driver: driverOf(managerVersion, { package: null }) }, { gpus })).toContain(
      "VGPU_PREREQUISITE driver.package",
    );
  });

  it("is told of a vGPU", () => {
    const desk = vgpuOf(1, "A40-8Q");
    const world = emptyWorld("mdev-on-vf");
    const [gpu = gpuFacts()] = factsOf(world).gpus;
    expect(faultOf(noGpuRefusal(desk, hostFacts()))).toBe("VGPU_NO_SUCH_GPU gpu");
    expect(faultOf(typeRefusal(desk, gpu))).toBe("VGPU_UNKNOWN_TYPE type");
    const world8 = worldWith(world, [vgpuOf(1, "A40-8Q", { owner: "other/stack" })]);
    const plan = planVgpu({ self: desk, declared: [desk], bootFiles }, factsOf(world8));
    expect(plan.refusals.map(faultOf)).toEqual(["VGPU_FOREIGN uuid"]);
  });
});

describe("a refused host", () => {
  it("is of another architecture where a driver or a GPU is declared, and may be of any where neither is", () => {
    const texts = (desired: Partial<DesiredHost>) =>
      planHost(desiredHost(desired), hostFacts({ gpus, architecture: "aarch64" })).refusals.map(
        ({ saw }) => saw,
      );
    const saw = "architecture aarch64 (uname -m)";
    expect(texts({ gpus: {} })).toContain(saw);
    expect(texts({ driver: null })).toContain(saw);
    expect(texts({ driver: null, gpus: {} })).not.toContain(saw);
  });

  it("names every GPU that it has in place of the one that is not there", () => {
    const facts = hostFacts({
      gpus: [gpuFacts({ address: "0000:5e:00.0" }), gpuFacts({ address: "0000:af:00.0" })],
    });
    const [{ saw } = { saw: "" }] = planHost(desiredHost(), facts).refusals.filter(
      ({ code }) => code === "VGPU_NO_SUCH_GPU",
    );
    expect(saw).toBe("NVIDIA GPUs at 0000:5e:00.0 (10de:2235), 0000:af:00.0 (10de:2235)");
    expect(noGpuRefusal(vgpuOf(1, "A40-8Q"), facts).saw).toBe(saw);
  });

  it("is told one thing at a time where nothing else can be believed", () => {
    const facts = { machineId: "uninitialized", gpus, manifest: { owner: "other/stack/host" } };
    expect(ofHost({}, facts)).toEqual(["VGPU_PREREQUISITE connection"]);
  });
});

describe("a host on which nothing is left to do", () => {
  const refusals = (desired: Partial<DesiredHost>, changes: Partial<HostFacts>) =>
    planHost(desiredHost(desired), { ...finishedHost(), ...changes }).refusals.map(({ what }) => what);

  it("is not refused for what it would take to get there", () => {
    const kept = { imagesKept: ["/boot is mounted read-only (/boot)"], libcHeaders: false };
    expect(
      refusals(
        { reboot: { allow: false, deadlineMs: 1 } },
        { tools: new Set(), kernelHeaders: false, ...installationOf(kept), nouveauLoaded: false },
      ),
    ).toEqual([]);
  });
});

describe("a claim that is not lost", () => {
  const driver = { state: "done", version: managerVersion, bootId: "b" } as const;
  const conflicts = (manifest: Partial<HostFacts["manifest"]>) =>
    planHost(desiredHost({ driver: null, gpus: {} }), hostFacts({ manifest })).refusals.map(
      ({ what }) => what,
    );
  const record = (owner: string) => {
    const world = worldWith(emptyWorld("mdev-on-vf"), [vgpuOf(1, "A40-8Q", { owner })]);
    return world.records;
  };

  it("is one that is there, or beside which no stack is noted", () => {
    expect(conflicts({ owner: "shop/dev/gpu-01", driver, vgpus: record("shop/prod") })).toEqual([]);
    const [one] = record("shop/prod");
    if (one === undefined) throw new Error("no record");
    expect(conflicts({ driver, vgpus: [{ ...one, owner: "" }] })).toEqual([]);
  });
});

describe("a deletion of what another resource manages", () => {
  const left = (owner: string | null, claim: "host" | "guest") =>
    leftToOwner({ owner: "shop/dev/gpu-01" }, hostFacts({ manifest: { owner } }), claim);

  it("leaves everything in place and says so, and touches what is its own or nobody's", () => {
    expect(left("other/stack/gpu", "guest")).toBe(
      "everything on this guest is left in place: it is managed by other/stack/gpu, not by shop/dev/gpu-01 (/etc/pulumi-vgpu/guest). If it was renamed and the run after that was cut off, pulumi up takes it on again",
    );
    expect([left("shop/dev/gpu-01", "host"), left(null, "host")]).toEqual([null, null]);
  });
});

describe("a refused vGPU", () => {
  const desk = vgpuOf(1, "A40-8Q");
  const [gpu = gpuFacts()] = factsOf(emptyWorld("mdev-on-vf")).gpus;

  it("is told why the GPU offers no types at all", () => {
    const none = { ...gpu, offeredTypes: [] };
    const told = typeRefusal(desk, { ...none, absence: "no driver is bound to the GPU" });
    expect([told.saw, told.next]).toEqual([
      "no driver is bound to the GPU",
      "it is a type of this board: on the host, see why it is not offered: systemctl status nvidia-vgpud, journalctl -u nvidia-vgpud -u nvidia-vgpu-mgr, dmesg | grep NVRM",
    ]);
    expect(typeRefusal(vgpuOf(1, "A40-80Q"), none).next).toMatch(/^did you mean A40-8Q or /);
    expect(typeRefusal(desk, { ...none, deviceId: "10de:ffff" }).next).toBe("declare one of these types");
    expect(typeRefusal(desk, { ...none, absence: null }).saw).toBe("no types: the GPU is full");
  });

  it("is told, in order, which vGPUs the run would have to be about", () => {
    const { saw, next } = untargetedRefusal(
      desk,
      [3, 2].map((n) => ({ name: `desk-${n}`, typeName: "NVIDIA A40-4Q" }) as never),
    );
    expect(saw).toBe(
      "desk-2 (NVIDIA A40-4Q), desk-3 (NVIDIA A40-4Q) in its way; they are no targets of the run (its --target or --exclude)",
    );
    expect(next).toBe(
      "run without --target and --exclude; or with --target '**MdevDevice::desk-2' --target '**MdevDevice::desk-3' too",
    );
  });

  it("is foreign where its UUID is another stack's, and not where another's is in its way", () => {
    const [one] = factsOf(worldWith(emptyWorld("mdev-on-vf"), [desk])).gpus;
    const live = one?.vgpus[0] as never as Parameters<typeof inTheWayRefusal>[1]["live"];
    const record = { uuid: desk.uuid, owner: "other/stack", name: "a" };
    const known = (changes: object) =>
      ({ live, framebufferMiB: 8192, record: { ...record, ...changes } }) as never;
    expect(inTheWayRefusal(desk, known({}))?.code).toBe("VGPU_FOREIGN");
    expect(inTheWayRefusal(desk, known({ owner: desk.owner }))).toBeNull();
    const other = { ...desk, uuid: uuidOf(9) };
    expect(inTheWayRefusal(other, known({}))).toBeNull();
  });
});
