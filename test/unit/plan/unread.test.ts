import { describe, expect, it } from "vitest";
import type { UnreadPart } from "../../../provider/model/facts.js";
import { planGuest, planGuestRemoval } from "../../../provider/plan/guest/plan-guest.js";
import { planHost, planHostRemoval } from "../../../provider/plan/host/plan-host.js";
import type { Plan } from "../../../provider/plan/steps.js";
import { planVgpu } from "../../../provider/plan/vgpu/plan-vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu/vgpu-removal.js";
import { bootFiles, desiredGuest, desiredHost, guestFacts, hostFacts, refusalTexts } from "./facts.js";
import { finishedHost } from "./finished-host.js";
import { emptyWorld, factsOf } from "./vgpu-world.js";
import { vgpuOf, worldWith } from "./vgpus.js";

const processes: UnreadPart = { part: "processes", saw: "find: '/proc/7/fd': Permission denied" };
const unread = [processes];

function textOf(where: string, steps: string): string {
  return `VGPU_PREREQUISITE ${where}: cannot tell which VMs run and what they use
Saw: find: '/proc/7/fd': Permission denied; to be done: ${steps}
Expected: all of the machine's processes, with the files that they have open
Next: look for the cause on the machine, run again`;
}

function expectRefused(plan: Plan, where: string, steps: string): void {
  expect(refusalTexts(plan)).toEqual([textOf(where, steps)]);
  expect(plan.steps).toEqual([]);
}

describe("a look at the processes that could not finish", () => {
  it("refuses what may take something from a VM, on a host", () => {
    const idle = { gpus: {}, driver: null };
    expectRefused(
      planHostRemoval(desiredHost(), { ...finishedHost(), unread }),
      "gpu-01",
      "disable-vfs, uninstall-driver, reboot-machine",
    );
    const bare = hostFacts({ unread, nouveauLoaded: true });
    expect(refusalTexts(planHost(desiredHost({ gpus: {} }), bare))).toEqual([
      textOf("gpu-01", "reboot-machine, install-driver"),
    ]);
    expect(planHost(desiredHost(idle), bare).steps.map(({ kind }) => kind)).toEqual(["claim-host"]);
  });

  it("refuses what may take something from a VM, in a guest", () => {
    const bare = guestFacts({ unread, nouveauLoaded: true });
    expectRefused(planGuest(desiredGuest(), bare), "desk-1", "reboot-machine, install-driver");
    const owner = "shop/dev/desk-1";
    const manifest = { owner, driver: { state: "done", version: "1", bootId: "x" } } as const;
    const installed = guestFacts({ unread, installedDriver: "1", loadedDriver: "1", manifest });
    expectRefused(planGuestRemoval(desiredGuest(), installed), "desk-1", "uninstall-driver, reboot-machine");
  });

  it("refuses to retire a vGPU, and makes one where nothing has to go", () => {
    const empty = emptyWorld("mdev-on-vf");
    const desk = vgpuOf(1, "A40-8Q");
    const made = worldWith(empty, [desk]);
    expectRefused(planVgpuRemoval(desk, { ...factsOf(made), unread }), "gpu-01 desk-1", "retire-vgpu");
    const other = vgpuOf(1, "A40-4Q");
    const request = { self: other, declared: [other], bootFiles };
    expectRefused(planVgpu(request, { ...factsOf(made), unread }), "gpu-01 desk-1", "retire-vgpu");
    const kinds = planVgpu(request, { ...factsOf(empty), unread }).steps.map(({ kind }) => kind);
    expect(kinds).toEqual(["make-vgpu"]);
  });

  it("does not mind on a host as declared", () => {
    expect(planHost(desiredHost(), { ...finishedHost(), unread })).toEqual({ steps: [], refusals: [] });
  });
});

describe("a part of the look that could not be finished", () => {
  it.each<[UnreadPart["part"], string]>([
    [
      "driver",
      `cannot tell which driver is installed
Saw: why; to be done: upload-package, install-driver, reboot-machine
Expected: an answer of modinfo, or that there is no module nvidia`,
    ],
    [
      "devices",
      `cannot tell which GPUs and vGPUs there are
Saw: why; to be done: install-driver
Expected: readable files of the kernel below /sys and /proc`,
    ],
    [
      "processes",
      `cannot tell which VMs run and what they use
Saw: why; to be done: install-driver, reboot-machine
Expected: all of the machine's processes, with the files that they have open`,
    ],
  ])("refuses a host's steps that need it: %s", (part, text) => {
    const bare = hostFacts({ unread: [{ part, saw: "why" }] });
    const said = `VGPU_PREREQUISITE gpu-01: ${text}\nNext: look for the cause on the machine, run again`;
    expect(refusalTexts(planHost(desiredHost({ gpus: {} }), bare))).toEqual([said]);
  });

  it("refuses to start services that may run", () => {
    const unknown = { ...finishedHost(), services: {}, unread: [{ part: "services", saw: "why" }] as const };
    expect(refusalTexts(planHost(desiredHost(), unknown))).toEqual([
      `VGPU_PREREQUISITE gpu-01: cannot tell which services run
Saw: why; to be done: start-services, install-boot-unit
Expected: an answer of systemctl show
Next: look for the cause on the machine, run again`,
    ]);
  });

  it.each<[UnreadPart["part"], string]>([
    [
      "devices",
      "cannot tell which GPUs and vGPUs there are\nSaw: why; to be done: make-vgpu\nExpected: readable files of the kernel below /sys and /proc",
    ],
    [
      "types",
      "cannot tell of which types the vGPUs are\nSaw: why; to be done: make-vgpu\nExpected: an answer of nvidia-smi vgpu -s within 20 s, which was asked again for 5 s where it found no GPU",
    ],
    [
      "mdevctl",
      "cannot tell which mdevs mdevctl defines\nSaw: why; to be done: make-vgpu\nExpected: a list of mdevctl within 20 s, as JSON",
    ],
  ])("refuses a vGPU's steps that need it: %s", (part, text) => {
    const desk = vgpuOf(1, "A40-8Q");
    const facts = { ...factsOf(emptyWorld("mdev-on-vf")), unread: [{ part, saw: "why" }] };
    expect(refusalTexts(planVgpu({ self: desk, declared: [desk], bootFiles }, facts))).toEqual([
      `VGPU_PREREQUISITE gpu-01 desk-1: ${text}\nNext: look for the cause on the machine, run again`,
    ]);
  });

  it("is told in place of what was judged by it", () => {
    const desk = vgpuOf(1, "A40-8Q");
    const facts = { ...factsOf(emptyWorld("mdev-on-vf")), gpus: [] };
    const request = { self: desk, declared: [desk], bootFiles };
    expect(refusalTexts(planVgpu(request, facts))[0]).toContain("VGPU_NO_SUCH_GPU");
    const half = { ...facts, unread: [{ part: "devices", saw: "why" }] as const };
    expect(refusalTexts(planVgpu(request, half))).toEqual([
      `VGPU_PREREQUISITE gpu-01 desk-1: cannot tell which GPUs and vGPUs there are
Saw: why
Expected: readable files of the kernel below /sys and /proc
Next: look for the cause on the machine, run again`,
    ]);
  });

  it("is told in place of a type that is not known for what was not said", () => {
    const desk = vgpuOf(1, "X99-8Q");
    const request = { self: desk, declared: [desk], bootFiles };
    const facts = factsOf(emptyWorld("vendor-vfio"));
    expect(refusalTexts(planVgpu(request, facts))[0]).toContain("VGPU_UNKNOWN_TYPE");
    const half = { ...facts, unread: [{ part: "types", saw: "No devices were found" }] as const };
    expect(refusalTexts(planVgpu(request, half))).toEqual([
      `VGPU_PREREQUISITE gpu-01 desk-1: cannot tell of which types the vGPUs are
Saw: No devices were found
Expected: an answer of nvidia-smi vgpu -s within 20 s, which was asked again for 5 s where it found no GPU
Next: look for the cause on the machine, run again`,
    ]);
  });

  it("leaves a refusal alone that has nothing to do with it", () => {
    const codesOf = (part: UnreadPart["part"], type: string, count: number) => {
      const declared = Array.from({ length: count }, (_, index) => vgpuOf(index + 1, type));
      const [self = vgpuOf(1, type)] = declared;
      const facts = { ...factsOf(emptyWorld("vendor-vfio")), unread: [{ part, saw: "why" }] };
      return planVgpu({ self, declared, bootFiles }, facts).refusals.map(({ code }) => code);
    };
    expect(codesOf("services", "X99-8Q", 1)).toEqual(["VGPU_UNKNOWN_TYPE"]);
    expect(codesOf("types", "A40-8Q", 7)).toEqual(["VGPU_CAPACITY"]);
  });

  it("refuses to write license settings beside unknown ones", () => {
    const facts = guestFacts({ unread: [{ part: "license", saw: "why" }] });
    expect(refusalTexts(planGuest(desiredGuest({ driver: null }), facts))).toEqual([
      `VGPU_PREREQUISITE desk-1: cannot tell the license settings
Saw: why; to be done: write-gridd-conf, write-token, acquire-license
Expected: a readable /etc/nvidia/gridd.conf, or none
Next: look for the cause on the machine, run again`,
    ]);
  });
});
