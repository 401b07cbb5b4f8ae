import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeclaredResource } from "../../fleet/program.js";
import { runDestroy, runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostBed, type HostKindName, openBed, smallHosts, uuidOf, vgpusOf } from "./bed.js";
import { killAfterEachCommand } from "./killing.js";
import { asRecorded, gpuOf, liveTypes, recordedVgpus } from "./live-vgpus.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const vm = join(__dirname, "vm.ts");
const foreignUuid = "11111111-2222-4333-8444-555555555555";

/** Fails unless preview and up both refuse with these texts, and nothing is touched. Returns the texts by resource. */
async function expectRefused(
  host: HostBed,
  vgpus: Readonly<Record<string, string>>,
): Promise<Record<string, string[]>> {
  const before = await noteOf(host.machine);
  const program = host.program(vgpus);
  const previews = await runPreview(program, host.statePath);
  const failed = Object.entries(previews).filter(([, { failures }]) => failures.length > 0);
  const texts = Object.fromEntries(
    failed.map(([name, { failures }]) => [name, failures.map(({ reason }) => reason)]),
  );
  await expect(runUp(program, host.statePath)).rejects.toThrow(Object.values(texts)[0]?.[0] ?? "no refusal");
  await expectUntouched(host.machine, before);
  return texts;
}

async function hostWith(
  name: string,
  kind: HostKindName,
  vgpus: Readonly<Record<string, string>>,
): Promise<HostBed> {
  const host = await bed.host(name, kind);
  await runUp(host.program(vgpus), host.statePath);
  return host;
}

/** Who holds an mdev shows in the same way on a PF and on a VF. */
const kinds = ["ampereMdev", "adaVendorVfio"] as const;

/** The first line of each text, once. */
function headsOf(texts: Readonly<Record<string, readonly string[]>>): string[] {
  return [
    ...new Set(
      Object.values(texts).flatMap((reasons) => reasons.map((reason) => reason.split("\n")[0] ?? "")),
    ),
  ];
}

describe.concurrent("vGPUs that a VM uses", () => {
  it.for(kinds)(
    "stay: changing or destroying them is refused until it is off: %s",
    { timeout: 180_000 },
    async (kind) => {
      const { type } = smallHosts[kind];
      const small = type.replace("-4Q", "-2Q");
      const host = await hostWith(`held-${kind}`, kind, vgpusOf(type, 2));
      const [first] = (await gpuOf(host.machine)).vgpus;
      const id = first?.mdevUuid ?? first?.parent ?? "";
      await bed.simulator.invoke({ module: vm, export: "startVm" }, [host.machine], "desk-vm", id);
      const texts = await expectRefused(host, vgpusOf(small, 2));
      const name = first?.mdevUuid === uuidOf("a-2") ? "a-2" : "a-1";
      const text = [
        `VGPU_IN_USE gpu-host ${host.gpu} a-1: cannot remove ${name} (${first?.type}, VM desk-vm)`,
        "Saw: VM desk-vm (pid <pid>) has its VFIO file open",
        "Expected: no VM uses a vGPU that is changed or removed",
        "Next: shut desk-vm down, run again",
      ].join("\n");
      expect(texts["a-1"]?.map((reason) => reason.replace(/pid \d+/, "pid <pid>"))).toEqual([text]);
      await expect(runDestroy(host.statePath)).rejects.toThrow(/VGPU_IN_USE/);
      const held = await gpuOf(host.machine);
      expect(held.vgpus).toContainEqual({ ...first, vm: "desk-vm" });
      expect(held).toMatchObject({ driver: "nvidia" });
      await bed.simulator.invoke({ module: vm, export: "stopVm" }, [host.machine], "desk-vm");
      const request = {
        task: "up",
        program: host.program(vgpusOf(small, 4)),
        statePath: host.statePath,
      } as const;
      if (kind === "ampereMdev") await killAfterEachCommand(host.machine, request, "changes");
      else await runUp(request.program, request.statePath);
      expect(await liveTypes(host.machine)).toEqual([small, small, small, small]);
      expect(await recordedVgpus(host.machine)).toEqual(asRecorded(vgpusOf(small, 4)));
    },
  );
});

/** The program with one of its vGPUs protected. */
function keeping(kept: string, program: readonly DeclaredResource[]): DeclaredResource[] {
  return program.map((resource) => {
    const { declared, ...inputs } = resource.inputs as { declared?: { vgpus: { resource: string }[] } };
    if (declared === undefined) return resource;
    const vgpus = declared.vgpus.map((vgpu) => ({ ...vgpu, keep: vgpu.resource === kept }));
    const keep = resource.name === kept ? { keep: true } : {};
    return { ...resource, inputs: { ...inputs, ...keep, declared: { ...declared, vgpus } } };
  });
}

describe("a vGPU that the program protects or retains", () => {
  it("stays when it is taken out: another size beside it is refused", { timeout: 120_000 }, async () => {
    const host = await bed.host("kept", "turingLegacy");
    await runUp(keeping("a-1", host.program(vgpusOf("T4-4Q", 2))), host.statePath);
    const state = JSON.parse(readFileSync(host.statePath, "utf8")) as Record<string, unknown>;
    const { "a-1": _retained, ...rest } = state;
    writeFileSync(host.statePath, JSON.stringify(rest));
    expect(headsOf(await expectRefused(host, { "a-2": "T4-2Q" }))).toEqual([
      "VGPU_SIZE_CONFLICT gpu-host 0000:3b:00.0 a-2: cannot make T4-2Q beside a vGPU of another size",
    ]);
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q", "T4-4Q"]);
  });
});

describe("idle vGPUs on vendor-specific VFIO", () => {
  it("stay when the GPU does not offer what the program wants in their place, whether nvidia-smi answers or not", {
    timeout: 180_000,
  }, async () => {
    const host = await hostWith("unoffered", "adaVendorVfio", vgpusOf("A2-2Q", 4));
    expect(headsOf(await expectRefused(host, vgpusOf("A2-3Q", 4)))).toEqual(
      [1, 2, 3, 4].map(
        (number) => `VGPU_UNKNOWN_TYPE gpu-host ${host.gpu} a-${number}: the GPU offers no type A2-3Q`,
      ),
    );
    await host.machine.shell("mv /usr/bin/nvidia-smi /usr/bin/nvidia-smi.away");
    const silent = (await expectRefused(host, vgpusOf("A2-3Q", 4)))["a-1"]?.[0];
    expect(silent).toContain("nvidia-smi vgpu -s does not say the others");
    expect(await liveTypes(host.machine)).toEqual(["A2-2Q", "A2-2Q", "A2-2Q", "A2-2Q"]);
    await runUp(host.program(vgpusOf("A2-4Q", 4)), host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q", "A2-4Q", "A2-4Q", "A2-4Q"]);
  });
});

describe("vGPUs that cannot be as declared", () => {
  let host: HostBed;
  beforeAll(async () => {
    host = await hostWith("plain", "turingLegacy", {});
  });

  it("are refused when they are more than the GPU holds", async () => {
    expect(headsOf(await expectRefused(host, vgpusOf("T4-4Q", 5)))).toEqual([
      "VGPU_CAPACITY gpu-host 0000:3b:00.0: 5 vGPUs are declared for a GPU that holds 4 of them",
    ]);
  });

  it("are refused when their sizes do not fit together", async () => {
    expect(headsOf(await expectRefused(host, { "a-1": "T4-4Q", "a-2": "T4-2Q" }))).toEqual([
      "VGPU_SIZE_CONFLICT gpu-host 0000:3b:00.0: vGPUs of 2 framebuffer sizes are declared for one GPU in equal-size mode",
    ]);
  });

  it("are refused when the GPU does not offer their type", async () => {
    const offered =
      "T4-1B, T4-2B, T4-2B4, T4-1A, T4-2A, T4-4A, T4-8A, T4-16A, T4-1Q, T4-2Q, T4-4Q, T4-8Q, T4-16Q, T4-1B4, T4-4C, T4-8C, T4-16C";
    const refused = (type: string, next: string) => [
      [
        `VGPU_UNKNOWN_TYPE gpu-host 0000:3b:00.0 a-1: the GPU offers no type ${type}`,
        `Saw: types ${offered}`,
        "Expected: one of the types that the host's driver offers on this GPU",
        `Next: ${next}`,
        "Property: type",
      ].join("\n"),
    ];
    expect(await expectRefused(host, { "a-1": "T4-3Q" })).toEqual({
      "a-1": refused("T4-3Q", "did you mean T4-2Q or T4-4Q or T4-1Q?"),
    });
    expect(await expectRefused(host, { "a-1": "A40-8Q" })).toEqual({
      "a-1": refused("A40-8Q", "did you mean T4-8Q or T4-8C or T4-8A?"),
    });
  });

  it("are refused beside a foreign vGPU of another size, and where it leaves no room for all of them", async () => {
    const types = "/sys/class/mdev_bus/0000:3b:00.0/mdev_supported_types";
    const { stdout } = await host.machine.shell(`grep -l T4-8Q ${types}/*/name`);
    await host.machine.shell(`echo ${foreignUuid} > ${stdout.trim().replace(/name$/, "create")}`);
    expect(await liveTypes(host.machine)).toEqual(["T4-8Q"]);
    expect((await expectRefused(host, vgpusOf("T4-4Q", 2)))["a-2"]).toEqual([
      [
        "VGPU_SIZE_CONFLICT gpu-host 0000:3b:00.0 a-2: cannot make T4-4Q beside a vGPU of another size",
        `Saw: ${foreignUuid} (GRID T4-8Q) of 8192 MiB in equal-size mode; it is not ours`,
        "Expected: no vGPU on the GPU, or only of 4096 MiB",
        "Next: choose another GPU or one size for all vGPUs of this GPU",
        "Property: type",
      ].join("\n"),
    ]);
    expect((await expectRefused(host, vgpusOf("T4-8Q", 2)))["a-1"]).toEqual([
      [
        "VGPU_CAPACITY gpu-host 0000:3b:00.0 a-1: no room for another T4-8Q",
        `Saw: 1 vGPU live: ${foreignUuid} (GRID T4-8Q); declared beside them: a-1, a-2`,
        "Expected: at most 2 of this type on one GPU",
        "Next: remove one of them, choose another GPU, or a smaller type for all",
        "Property: gpu",
      ].join("\n"),
    ]);
    expect(await liveTypes(host.machine)).toEqual(["T4-8Q"]);
  });
});
