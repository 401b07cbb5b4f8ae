import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runUp } from "../../fleet/run.js";
import { type Bed, openBed, vgpusOf } from "./bed.js";
import { liveTypes } from "./live-vgpus.js";
import { noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const cases = [
  { kind: "turingLegacy", board: "Tesla T4", type: "T4-4Q", count: 2 },
  { kind: "turingLegacy", board: "Tesla T4", type: "T4-1Q", count: 16 },
] as const;

describe.concurrent("what a run costs a host", () => {
  it.for(cases)(
    "is one connection and one round trip when nothing changed: $count $type",
    { timeout: 240_000 },
    async (one) => {
      const { kind, board, type, count } = one;
      const host = await bed.host(`${kind}-${count}`.toLowerCase(), kind, { board });
      const program = host.program(vgpusOf(type, count));
      await runUp(program, host.statePath);
      expect(await liveTypes(host.machine)).toEqual(Array.from({ length: count }, () => type));
      const first = await host.machine.counters();
      console.log(`${count} ${type} from bare: ${first.channels} round trips, ${first.boots - 1} reboots`);
      expect(first.connections).toBe(first.boots);
      expect(first.maxOpenChannels).toBeLessThanOrEqual(8);
      expect(first.channels).toBeLessThanOrEqual(30 + 2 * count);

      const before = await noteOf(host.machine);
      const changes = await runUp(program, host.statePath);
      expect(new Set(Object.values(changes))).toEqual(new Set(["unchanged"]));
      const commands = (await host.machine.commands()).slice(before.commands).map(({ name }) => name);
      expect(commands).toEqual(["pulumi-vgpu:observe-host"]);
      expect((await host.machine.counters()).connections).toBe(first.connections + 1);
    },
  );
});
