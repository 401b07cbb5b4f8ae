import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../../provider/model/connection.js";
import { withLock } from "../../../provider/transport/lock.js";
import { closeAllSessions, sessionFor } from "../../../provider/transport/session.js";
import { startRun } from "../../fleet/run.js";
import { until } from "../machine/test-support.js";
import { type Bed, hostName, openBed } from "./bed.js";
import { liveTypes } from "./live-vgpus.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(async () => {
  await closeAllSessions();
  await bed.close();
});

describe("two stacks that make one bare host theirs at the same time", () => {
  it("are told apart by the machine: one has it, through all its reboots, and the other is told whose it is", {
    timeout: 300_000,
  }, async () => {
    const host = await bed.host("both", "turingLegacy");
    const program = host.program({ "a-1": "T4-4Q" });
    const others = program.map((resource) => ({
      ...resource,
      inputs: {
        ...resource.inputs,
        owner: String(resource.inputs.owner).replace("fleet/test", "fleet/other"),
      },
    }));
    const connection = host.part.config.hosts[hostName]?.connection as Connection;
    // Both have looked at the bare host by the time that the lock is free.
    const runs = await withLock(sessionFor(connection), "somebody", async () => {
      const started = [
        startRun({ task: "up", program, statePath: host.statePath }),
        startRun({ task: "up", program: others, statePath: join(host.folder, "other.json") }),
      ];
      await until(
        "both wait for the lock",
        async () => started.every((run) => run.output().includes("waits for the lock")),
        60_000,
      );
      return started;
    });
    // Whoever reboots it sees that it is back only when the other one had the lock and has ended.
    const unhook = await host.machine.onCommand(async ({ name }) => {
      if (name === "pulumi-vgpu:read-boot-id" && (await host.machine.counters()).boots > 1)
        await Promise.race(runs.map(({ ended }) => ended));
    });
    const results = await Promise.all(runs.map(({ ended }) => ended));
    await unhook();
    const winner = (await host.machine.shell("cat /etc/pulumi-vgpu/host")).stdout;
    const [own, other] = winner.startsWith("owner=fleet/test/") ? results : results.toReversed();
    expect(own?.error).toBe("");
    const owner = winner.slice("owner=".length, winner.indexOf("\n"));
    expect(other?.error.split("\n").slice(0, 2)).toEqual([
      `VGPU_CLAIM_CONFLICT ${hostName}: cannot manage this host`,
      `Saw: it is managed by ${owner} (/etc/pulumi-vgpu/host)`,
    ]);
    expect(await liveTypes(host.machine)).toEqual(["T4-4Q"]);
    expect(own?.output).toContain("the lock of the machine had to be taken anew; looking again");
  });
});
