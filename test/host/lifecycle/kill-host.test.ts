import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runUp } from "../../fleet/run.js";
import { type Bed, openBed, smallHosts, vgpusOf } from "./bed.js";
import { endStateOf } from "./end-state.js";
import { killAfterEachCommand } from "./killing.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** Legacy mdevs on a PF are killed in kill-every.test.ts. */
const kinds = ["ampereMdev", "adaVendorVfio"] as const;

describe.concurrent("a host and its vGPUs, each run killed (-9) one command later", () => {
  it.for(kinds)("end as after an undisturbed up and destroy: %s", { timeout: 600_000 }, async (kind) => {
    const [plain, disturbed] = await Promise.all([
      bed.host(`${kind}-plain`, kind),
      bed.host(`${kind}-killed`, kind),
    ]);
    const vgpus = vgpusOf(smallHosts[kind].type, 2);
    const files = { statePath: disturbed.statePath };
    const which = kind === "ampereMdev" ? "all" : "changes";
    const bare = await endStateOf(disturbed.machine);
    const [, kills] = await Promise.all([
      runUp(plain.program(vgpus), plain.statePath),
      killAfterEachCommand(
        disturbed.machine,
        { ...files, task: "up", program: disturbed.program(vgpus) },
        which,
      ),
    ]);
    console.log(`${kind}: up killed after ${kills.length} commands: ${kills.join(" ")}`);
    const undisturbed = await endStateOf(plain.machine);
    expect(undisturbed.leftovers).toEqual([]);
    expect(JSON.stringify(undisturbed.model)).toContain(`NVIDIA ${smallHosts[kind].type}`);
    expect(await endStateOf(disturbed.machine)).toEqual(undisturbed);

    const [, killsDown] = await Promise.all([
      runDestroy(plain.statePath),
      killAfterEachCommand(disturbed.machine, { ...files, task: "destroy", program: [] }, which),
    ]);
    console.log(`${kind}: destroy killed after ${killsDown.length} commands: ${killsDown.join(" ")}`);
    expect(await endStateOf(disturbed.machine)).toEqual(bare);
    expect(await endStateOf(plain.machine)).toEqual(bare);
  });
});
