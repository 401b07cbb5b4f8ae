import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionTo } from "../fleet/fleet.js";
import { runUp } from "../fleet/run.js";
import { type Bed, guestName, openBed, smallHosts, vgpusOf } from "../host/lifecycle/bed.js";
import { type EndState, endStateOf } from "../host/lifecycle/end-state.js";
import type { SimulatedMachine } from "../host/machine/simulated-machine.js";
import { until } from "../host/machine/test-support.js";
import { type FleetProgram, type FleetStack, openFleetStack } from "./support/fleet-stack.js";
import { type DeathPoint, killAfter } from "./support/kill.js";
import { mustSucceed } from "./support/stack.js";

/** The remote commands after which runs are killed, in the order in which a run sends them. */
const kinds = {
  host: {
    up: [
      "claim",
      "receive-file",
      "block-nouveau",
      "reboot-machine",
      "prepare-job",
      "poll-job",
      "reboot-machine",
      "install-boot-unit",
      "enable-vfs",
      "vgpus",
    ],
    destroy: [
      "vgpus",
      "disable-vfs",
      "remove-boot-unit",
      "poll-job",
      "unblock-nouveau",
      "reboot-machine",
      "release",
    ],
  },
  guest: {
    up: [
      "claim",
      "receive-file",
      "block-nouveau",
      "reboot-machine",
      "poll-job",
      "write-gridd-conf",
      "write-token",
      "acquire-license",
    ],
    destroy: ["remove-license", "poll-job", "unblock-nouveau", "release"],
  },
} as const;

/** Where a guest's tokens go: the vendor's installer makes it and leaves it. */
const installersFolder = /^\/etc\/nvidia(\/ClientConfigToken(\/\.keep)?)? /;

/** A machine whose runs are killed, and what an undisturbed run makes of one like it. */
interface Story {
  readonly machine: SimulatedMachine;
  readonly program: FleetProgram;
  readonly commands: (typeof kinds)[keyof typeof kinds];
  undisturbed(): Promise<EndState>;
}

describe.concurrent("engine, program and provider are killed (-9) once after a command of each kind", () => {
  let bed: Bed;
  const stacks: FleetStack[] = [];
  beforeAll(async () => {
    bed = await openBed();
  });
  afterAll(async () => {
    for (const stack of stacks) stack.remove();
    await bed?.close();
  });

  it("a host and its vGPUs end as after undisturbed runs", async () => {
    const [plain, killed] = await Promise.all([
      bed.host("plain-host", "ampereMdev"),
      bed.host("killed-host", "ampereMdev"),
    ]);
    const vgpus = vgpusOf(smallHosts.ampereMdev.type, 2);
    await play({
      machine: killed.machine,
      program: { ...killed.part, config: { hosts: withVgpus(killed.part, vgpus), guests: {} } },
      commands: kinds.host,
      undisturbed: async () => {
        await runUp(plain.program(vgpus), plain.statePath);
        return endStateOf(plain.machine);
      },
    });
  });

  it("a guest ends as after undisturbed runs", async () => {
    const host = await bed.host("guests-host", "turingLegacy");
    await runUp(host.program(vgpusOf("T4-4Q", 2)), host.statePath);
    const [plain, killed] = await Promise.all([
      bed.guest("plain-guest", host, "a-1"),
      bed.guest("killed-guest", host, "a-2"),
    ]);
    const guest = { connection: connectionTo(killed.machine, host.folder), vgpu: "a-2" };
    await play({
      machine: killed.machine,
      program: { packages: bed.packages, config: { hosts: {}, guests: { [guestName]: guest } } },
      commands: kinds.guest,
      undisturbed: async () => {
        await runUp(plain.program, plain.statePath);
        return endStateOf(plain.machine);
      },
    });
  });

  /** Each run takes up what the killed one before it left, and is killed at the next kind of command. */
  async function play({ machine, program, commands, undisturbed }: Story): Promise<void> {
    const bare = await endStateOf(machine);
    const fleet = await openFleetStack(program);
    stacks.push(fleet);
    for (const command of commands.up) await killedAt(fleet, "up", { machine, command });
    mustSucceed(await fleet.stack.up(["--skip-preview"]));
    expect(await endStateOf(machine)).toEqual(await undisturbed());
    mustSucceed(await fleet.stack.up(["--skip-preview", "--expect-no-changes"]));
    for (const command of commands.destroy) await killedAt(fleet, "destroy", { machine, command });
    mustSucceed(await fleet.stack.destroy(["--skip-preview"]));
    const { files, ...end } = await endStateOf(machine);
    expect({ ...end, files: files.filter((line) => !installersFolder.test(line)) }).toEqual(bare);
    expect((await fleet.stack.exportState()).resources).toEqual([]);
  }
});

/** A reboot is on its way when its command has ended; the run after it finds the machine up. */
async function killedAt({ stack }: FleetStack, task: "up" | "destroy", point: DeathPoint): Promise<void> {
  const boots = async () => (await point.machine.counters()).boots;
  const before = await boots();
  await killAfter(stack, [task, "--yes", "--skip-preview"], point);
  if (point.command !== "reboot-machine") return;
  await until("the machine boots", async () => (await boots()) > before, 60_000);
}

function withVgpus({ config }: FleetProgram, vgpus: Readonly<Record<string, string>>) {
  const hosts = Object.entries(config.hosts).map(([name, host]) => [name, { ...host, vgpus }]);
  return Object.fromEntries(hosts);
}
