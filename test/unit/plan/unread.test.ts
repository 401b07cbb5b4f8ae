import { describe, expect, it } from "vitest";
import type { UnreadPart } from "../../../provider/model/facts.js";
import { planGuest, planGuestRemoval } from "../../../provider/plan/guest.js";
import { planHost, planHostRemoval } from "../../../provider/plan/host.js";
import type { Plan } from "../../../provider/plan/steps.js";
import { planVgpu } from "../../../provider/plan/vgpu.js";
import { planVgpuRemoval } from "../../../provider/plan/vgpu-removal.js";
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
