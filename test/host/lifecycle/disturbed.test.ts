import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDestroy, runUp } from "../../fleet/run.js";
import type { FaultRule } from "../machine/protocol.js";
import { type Bed, openBed } from "./bed.js";
import { endStateOf } from "./end-state.js";
import { programOf } from "./made-host.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

type Strike = Extract<FaultRule["action"], { when: string }>;

/** Every script of a host's life that changes something, or waits for a change. */
const upScripts = [
  "claim",
  "block-nouveau",
  "reboot-machine",
  "receive-file",
  "prepare-job",
  "poll-job",
  "install-boot-unit",
  "enable-vfs",
  "vgpus",
];
const downScripts = ["vgpus", "disable-vfs", "remove-boot-unit", "poll-job", "unblock-nouveau", "release"];
const looks = ["observe-host", "read-boot-id"];

/** Strikes each of these scripts once, the first time it comes. */
function strikes(scripts: readonly string[], action: Strike): FaultRule[] {
  return scripts.map((script) => ({ name: `pulumi-vgpu:${script}`, action }));
}

/** Runs until it comes to its end; a run that lost its machine says so and is run again. Returns how many failed. */
async function untilDone(run: () => Promise<unknown>, most: number): Promise<string[]> {
  const failures: string[] = [];
  for (;;) {
    const failure = await run().then(
      () => null,
      (error: Error) => error.message,
    );
    if (failure === null) return failures;
    failures.push(failure);
    if (failures.length > most) throw new Error(failures.join("\n\n"));
  }
}

describe.concurrent("a host whose connection is cut in the middle of each kind of step", () => {
  it.for(["adaVendorVfio"] as const)(
    "is brought to its end by one up and one destroy: %s",
    { timeout: 600_000 },
    async (kind) => {
      const [plain, cut] = await Promise.all([
        bed.host(`${kind}-plain`, kind),
        bed.host(`${kind}-cut`, kind),
      ]);
      const bare = await endStateOf(cut.machine);
      const drop = { kind: "drop", when: "middle", afterMs: 5 } as const;
      for (const rule of strikes([...upScripts, ...looks], drop)) await cut.machine.fault(rule);
      await Promise.all([runUp(programOf(plain), plain.statePath), runUp(programOf(cut), cut.statePath)]);
      expect(
        (await cut.machine.commands()).filter(({ outcome }) => outcome === "dropped").length,
      ).toBeGreaterThan(upScripts.length);
      expect(await endStateOf(cut.machine)).toEqual(await endStateOf(plain.machine));
      await cut.machine.clearFaults();
      for (const rule of strikes([...downScripts, ...looks], drop)) await cut.machine.fault(rule);
      await runDestroy(cut.statePath);
      expect(await endStateOf(cut.machine)).toEqual(bare);
    },
  );
});

describe.concurrent("a host that loses power, or reboots, in the middle of each kind of step", () => {
  it.for([
    { accident: "power-loss", kind: "ampereMdev" },
    { accident: "reboot", kind: "turingLegacy" },
  ] as const)(
    "is brought to its end by running again: $accident",
    { timeout: 600_000 },
    async ({ accident, kind }) => {
      const [plain, struck] = await Promise.all([
        bed.host(`plain-${accident}`, kind),
        bed.host(`struck-${accident}`, kind),
      ]);
      const bare = await endStateOf(struck.machine);
      const action = { kind: accident, when: "middle", afterMs: 10 } as const;
      for (const rule of strikes(upScripts, action)) await struck.machine.fault(rule);
      const [, failures] = await Promise.all([
        runUp(programOf(plain), plain.statePath),
        untilDone(() => runUp(programOf(struck), struck.statePath), upScripts.length),
      ]);
      expect(failures.join("\n\n")).not.toMatch(/VGPU_(NO_EFFECT|PROTOCOL|FOREIGN)/);
      expect(await endStateOf(struck.machine)).toEqual(await endStateOf(plain.machine));
      await struck.machine.clearFaults();
      for (const rule of strikes(downScripts, action)) await struck.machine.fault(rule);
      await untilDone(() => runDestroy(struck.statePath), downScripts.length);
      expect(await endStateOf(struck.machine)).toEqual(bare);
    },
  );
});
