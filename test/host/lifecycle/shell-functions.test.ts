import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostFunctions } from "../../../provider/apply/boot-unit.js";
import { runPreview } from "../../fleet/run.js";
import { type Bed, type HostBed, type HostKindName, openBed, smallHosts, vgpusOf } from "./bed.js";
import { gpuOf } from "./live-vgpus.js";
import { madeHost } from "./made-host.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const vm = join(__dirname, "vm.ts");
const kinds = Object.keys(smallHosts) as HostKindName[];

/** Runs one of the functions that every changing script starts with; `code|reason` is what it says. */
async function say(host: HostBed, call: string): Promise<string> {
  const { stdout } = await host.machine.shell(`${hostFunctions()}\n${call}; printf '%s|%s' "$?" "$why"`);
  return stdout;
}

describe("the functions of the changing scripts", () => {
  it.for(kinds)(
    "look for who uses a vGPU in the moment before its removal, by its group, by iommufd, under another name and in other threads than the first, and leave it: %s",
    { timeout: 300_000 },
    async (kind) => {
      const host = await madeHost(bed, `looks-${kind}`, kind);
      const before = (await gpuOf(host.machine)).vgpus;
      const [made] = before;
      const id = made?.mdevUuid ?? made?.parent ?? "";
      const removal = made?.mdevUuid ? `remove_mdev ${id}` : `remove_vendor ${id}`;
      for (const start of ["startVm", "startIommufdVm", "startContainedVm", "startHeadlessVm"]) {
        const invoke = (name: string, ...args: string[]) =>
          bed.simulator.invoke({ module: vm, export: name }, [host.machine], "late-vm", ...args);
        const pid = await invoke(start, id);
        expect(await say(host, removal), start).toBe(`1|process ${pid} (VM late-vm) has it open`);
        const left = (await gpuOf(host.machine)).vgpus.map((vgpu) => ({ ...vgpu, vm: null }));
        expect(left, start).toEqual(before);
        const small = vgpusOf(smallHosts[kind].type.replace("-4Q", "-2Q"), 2);
        const previews = await runPreview(host.program(small), host.statePath);
        const reasons = Object.values(previews).flatMap(({ failures }) =>
          failures.map(({ reason }) => reason),
        );
        expect(reasons.join("\n"), start).toContain(`Saw: VM late-vm (pid ${pid}) has its VFIO file open`);
        await invoke("stopVm");
      }
      expect(await say(host, removal)).toBe("0|");
      expect((await gpuOf(host.machine)).vgpus).toHaveLength(1);
    },
  );

  it("wait for virtual functions that come one by one", { timeout: 120_000 }, async () => {
    const host = await madeHost(bed, "slow-functions", "adaVendorVfio");
    const [one, two] = (await gpuOf(host.machine)).vgpus;
    await say(host, `remove_vendor ${one?.parent}; remove_vendor ${two?.parent}; disable_vfs ${host.gpu}`);
    await host.machine.model("setFaults", { vfIntervalMs: 60 });
    expect(await say(host, `enable_vfs ${host.gpu} 16 && vf_count ${host.gpu}; why=$count`)).toBe("0|16");
  });

  it("read back the type that they wrote to a function", { timeout: 120_000 }, async () => {
    const host = await madeHost(bed, "reads-back", "adaVendorVfio");
    const free = host.gpu.replace("00.0", "01.0");
    await host.machine.model("setFaults", { silentWrites: 1 });
    expect(await say(host, `make_vendor ${free} 'NVIDIA A2-4Q' ''`)).toMatch(
      /^1\|current_vgpu_type reads '0' after writing \d+$/,
    );
    expect(await say(host, `make_vendor ${free} 'NVIDIA A2-4Q' ''`)).toMatch(/^0\|/);
    expect((await gpuOf(host.machine)).vgpus).toHaveLength(3);
  });
});
