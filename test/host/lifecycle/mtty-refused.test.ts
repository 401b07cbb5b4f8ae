import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeclaredResource } from "../../fleet/program.js";
import { runDestroy, runPreview, runUp } from "../../fleet/run.js";
import { uuidOf, vgpusOf } from "./bed.js";
import { liveTypes } from "./live-vgpus.js";
import { hostName, type MttyBed, type MttyHost, openMttyBed } from "./mtty-bed.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: MttyBed;
let host: MttyHost;
beforeAll(async () => {
  bed = await openMttyBed();
  host = await bed.host("refuses");
  await host.machine.shell(
    `for n in 10 11 12 13 14 15 16 17 18 19; do echo 11111111-2222-4333-8444-5555555555$n > ${types}/mtty-2/create; done`,
  );
  await runUp(host.program({ "a-1": "mtty-2" }), host.statePath);
});
afterAll(() => bed.close());

const types = "/sys/class/mdev_bus/mtty/mdev_supported_types";
const vm = join(__dirname, "vm.ts");

/** Fails unless preview and up both refuse with one text, and nothing is touched. Returns the text. */
async function refusalOf(program: readonly DeclaredResource[]): Promise<string> {
  const before = await noteOf(host.machine);
  const previews = await runPreview(program, host.statePath);
  const texts = Object.values(previews).flatMap(({ failures }) => failures.map(({ reason }) => reason));
  const [text = "no refusal"] = texts;
  await expect(runUp(program, host.statePath)).rejects.toThrow(text);
  await expectUntouched(host.machine, before);
  return text;
}

describe("mdevs of mtty that cannot be as declared", () => {
  it("are refused when the parent does not offer their type, with what it offers", async () => {
    expect(await refusalOf(host.program({ "a-1": "mtty-2", "a-2": "mtty-3" }))).toBe(
      `VGPU_UNKNOWN_TYPE ${hostName} mtty a-2: the parent offers no mdev type mtty-3
Saw: mtty-1 (Single port serial), mtty-2 (Dual port serial) in ${types}
Expected: one of the names there
Next: did you mean mtty-1 or mtty-2?
Property: mdevType`,
    );
    expect(await refusalOf(host.program({ "a-1": "mtty-2", "a-2": "dual port serial" }))).toContain(
      'Saw: "dual port serial"',
    );
  });

  it("are refused when the parent is not there", async () => {
    expect(await refusalOf(host.program({ "b-1": "mtty-2" }, "mtti"))).toBe(
      `VGPU_NO_SUCH_PARENT ${hostName} mtti b-1: cannot make mtty-2
Saw: mtty in /sys/class/mdev_bus
Expected: a parent mtti there, of a driver that is not NVIDIA's
Next: declare one of these, or load the driver of mtti, and let the host load it at each boot (/etc/modules-load.d)
Property: parent`,
    );
  });

  it("are refused, all of them, when the host has no room for all of them", async () => {
    const text = await refusalOf(host.program({ "a-1": "mtty-2", ...vgpusOf("mtty-2", 2, "b") }));
    expect(text).toContain(`VGPU_CAPACITY ${hostName} mtty b-1: no room for another mtty-2
Saw: available_instances of mtty-2 is 1; live: 11111111-2222-4333-8444-555555555510 (mtty-2), `);
    expect(text).toContain(`, a-1 (mtty-2); declared beside them: b-1 (mtty-2), b-2 (mtty-2)
Expected: an available instance for each declared mdev
Next: remove one of them, or choose another parent or type
Property: mdevType`);
  });

  it("are refused, and nothing is retired for some of them, when what goes leaves no room for all", async () => {
    const text = await refusalOf(host.program({ "a-1": "mtty-1", ...vgpusOf("mtty-2", 2, "b") }));
    expect(text).toContain(`VGPU_CAPACITY ${hostName} mtty a-1: no room for another mtty-1
Saw: available_instances of mtty-1 is 2; live: 11111111-2222-4333-8444-555555555510 (mtty-2), `);
    expect(text).toContain(`, a-1 (mtty-2); declared beside them: b-1 (mtty-2), b-2 (mtty-2)
Expected: an available instance for each declared mdev`);
  });

  it("are refused when their UUID is another's", async () => {
    const [declaredHost, mdev] = host.program({ "a-9": "mtty-1" });
    const uuid = "11111111-2222-4333-8444-555555555510";
    if (declaredHost === undefined || mdev === undefined) throw new Error("no program");
    const foreign = { ...mdev, inputs: { ...mdev.inputs, uuid } };
    expect(await refusalOf([declaredHost, foreign])).toBe(
      `VGPU_FOREIGN ${hostName} mtty a-9: the vGPU ${uuid} exists and is not ours
Saw: ${uuid} (mtty-2) on mtty, made by nobody that the manifest knows
Expected: none with this UUID, or one of type mtty-1 on mtty
Next: declare another uuid, or remove that vGPU by hand if nobody needs it
Property: uuid`,
    );
  });

  it("are refused when they are declared on a GPU, too", async () => {
    const [declaredHost, mdev] = host.program({ "a-1": "mtty-2" });
    if (declaredHost === undefined || mdev === undefined) throw new Error("no program");
    const both = { ...mdev, inputs: { ...mdev.inputs, gpu: "0000:3b:00.0", type: "T4-4Q" } };
    expect(await refusalOf([declaredHost, both])).toBe(
      `VGPU_INPUT a-1: it is declared on a GPU and on another parent
Saw: gpu, type, parent, mdevType
Expected: either gpu and type, for an NVIDIA GPU, or parent and mdevType, for any other parent of mdevs
Next: correct it in the program
Property: parent`,
    );
  });

  it("are refused while a VM uses what would change, and destroyed when it is off", async () => {
    await bed.simulator.invoke({ module: vm, export: "startVm" }, [host.machine], "vm-1", uuidOf("a-1"));
    const text = await refusalOf(host.program({ "a-1": "mtty-1" }));
    expect(text.replace(/pid \d+/, "pid <pid>")).toBe(
      `VGPU_IN_USE ${hostName} mtty a-1: cannot remove a-1 (mtty-2, VM vm-1)
Saw: VM vm-1 (pid <pid>) has its VFIO file open
Expected: no VM uses a vGPU that is changed or removed
Next: shut vm-1 down, run again`,
    );
    await expect(runDestroy(host.statePath)).rejects.toThrow(/VGPU_IN_USE/);
    expect(await liveTypes(host.machine)).toHaveLength(11);
    await bed.simulator.invoke({ module: vm, export: "stopVm" }, [host.machine], "vm-1");
    await runDestroy(host.statePath);
    expect(await liveTypes(host.machine)).toHaveLength(10);
  });
});
