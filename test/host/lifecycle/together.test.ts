import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { driveUp } from "../../fleet/drive.js";
import { type Bed, type HostBed, openBed, vgpusOf } from "./bed.js";
import { liveTypes } from "./live-vgpus.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

const changing = ["pulumi-vgpu:hold-lock", "pulumi-vgpu:observe-host", "pulumi-vgpu:vgpus"];

/** Returns the commands of ours that `run` sends. */
async function commandsOf({ machine }: HostBed, run: () => Promise<unknown>): Promise<string[]> {
  const before = (await machine.commands()).length;
  await run();
  return (await machine.commands()).slice(before).map(({ name }) => name);
}

describe("vGPUs of one host that the engine changes at once", () => {
  it.for([
    ["turingLegacy", "Tesla T4", "T4-1Q", "T4-2Q", 16, 8],
    ["ampereMdev", "NVIDIA A40", "A40-8Q", "A40-16Q", 6, 3],
    ["adaVendorVfio", "NVIDIA A2", "A2-2Q", "A2-4Q", 8, 4],
  ] as const)(
    "are made, and all changed, in one change of the host each: %s",
    { timeout: 300_000 },
    async ([kind, board, small, large, many, few]) => {
      const host = await bed.host(`together-${kind}`, kind, { board });
      await driveUp(host.program({}), host.statePath);
      const up = (type: string, count: number) => () =>
        driveUp(host.program(vgpusOf(type, count)), host.statePath, { refresh: false });
      const made = await commandsOf(host, up(small, many));
      expect(await liveTypes(host.machine)).toEqual(Array.from({ length: many }, () => small));
      expect(made.filter((name) => changing.includes(name)).length, made.join(" ")).toBeLessThanOrEqual(5);
      expect(made.filter((name) => name === "pulumi-vgpu:vgpus")).toHaveLength(1);
      const changed = await commandsOf(host, up(large, few));
      expect(await liveTypes(host.machine)).toEqual(Array.from({ length: few }, () => large));
      expect(
        changed.filter((name) => name === "pulumi-vgpu:vgpus"),
        changed.join(" "),
      ).toHaveLength(1);
    },
  );

  it("are each done in its own turn, on a look of its own, where that failed", {
    timeout: 200_000,
  }, async () => {
    const host = await bed.host("alone", "turingLegacy");
    await driveUp(host.program({}), host.statePath);
    await host.machine.fault({ name: "pulumi-vgpu:vgpus", times: 2, action: { kind: "fail", code: 1 } });
    const program = host.program(vgpusOf("T4-4Q", 3));
    const before = (await host.machine.commands()).length;
    await expect(driveUp(program, host.statePath, { refresh: false })).rejects.toThrow("VGPU_STEP_FAILED");
    const names = (await host.machine.commands()).slice(before).map(({ name }) => name);
    const failed = names.flatMap((name, index) => (name === "pulumi-vgpu:vgpus" ? [index] : []));
    for (const index of failed)
      expect(names.slice(index + 1), names.join(" ")).toContain("pulumi-vgpu:observe-host");
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q", "T4-4Q"]);
    await driveUp(program, host.statePath);
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q", "T4-4Q", "T4-4Q"]);
  });
});
