import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runUp } from "../../fleet/run.js";
import { type Bed, type HostKindName, openBed } from "./bed.js";
import { type EndState, endStateOf } from "./end-state.js";
import { runWithKiller } from "./killing.js";
import { programOf } from "./made-host.js";

/** Every command with VGPU_EVERY_COMMAND=1, else every seventh: kill-host.test.ts kills after each, in one life. */
const every = process.env.VGPU_EVERY_COMMAND === "1" ? 1 : 7;
const kind: HostKindName = (process.env.VGPU_KIND as HostKindName | undefined) ?? "turingLegacy";

let bed: Bed;
let undisturbed: EndState;
let commands = 0;
beforeAll(async () => {
  bed = await openBed();
  const host = await bed.host("undisturbed", kind);
  await runUp(programOf(host), host.statePath);
  undisturbed = await endStateOf(host.machine);
  commands = (await host.machine.commands()).filter(({ name }) => name !== "pulumi-vgpu:hold-lock").length;
}, 120_000);
afterAll(() => bed.close());

async function killedAfter(n: number): Promise<void> {
  const host = await bed.host(`killed-${n}`, kind);
  const request = { task: "up", program: programOf(host), statePath: host.statePath } as const;
  const struck = await runWithKiller(host.machine, request, (_command, index) => index === n);
  expect(struck, `a command ${n} of ${commands}`).not.toBeNull();
  await runUp(programOf(host), host.statePath);
  expect(await endStateOf(host.machine), `killed after ${struck?.name}, command ${n}`).toEqual(undisturbed);
  await host.machine.stop();
}

describe("an up of a bare host that is killed (-9) once", () => {
  it("and run again ends as an undisturbed one, whichever command it was", {
    timeout: 1_200_000,
  }, async () => {
    const all = Array.from({ length: commands }, (_, index) => index + 1).filter((n) => n % every === 0);
    expect(all.length).toBeGreaterThan(2);
    const next = all.values();
    const lane = async () => {
      for (const n of next) await killedAfter(n);
    };
    await Promise.all([lane(), lane(), lane()]);
    console.log(`${kind}: killed after ${all.length} of ${commands} commands`);
  });
});
