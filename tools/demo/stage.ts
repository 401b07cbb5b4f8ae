import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { vgpuUuid } from "../../sdk/vgpu-uuid.js";
import { type Fleet, startFleet, tieGuest } from "../../test/fleet/fleet.js";
import { licenseToken } from "../../test/fleet/program.js";
import { engineEnvironment } from "../engine/engine-environment.js";
import { repositoryRoot } from "../paths.js";
import { type PulumiRun, runPulumi } from "./pulumi.js";

const project = "pulumi-vgpu";

/** The demo's fleet with a stack that is configured for it. */
export interface Stage {
  readonly fleet: Fleet;
  readonly stack: string;
  /** What `pulumi` runs in, for those who go on by hand. */
  readonly env: Readonly<Record<string, string>>;
  pulumi(...args: string[]): Promise<PulumiRun>;
  /** Shuts the VMs down, as their owners would. */
  shutVmsDown(): Promise<void>;
  /** Shuts one VM down as its owner would, or lets it start again. */
  turnVm(guest: string, state: "on" | "off"): Promise<void>;
  /** Lets the VMs start as soon as their vGPUs are there. */
  readyVms(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the fleet and configures a stack for it; nothing is done to the machines yet. */
export async function openStage(): Promise<Stage> {
  const stack = `demo-${process.pid}`;
  const folder = mkdtempSync(path.join(os.tmpdir(), "pulumi-vgpu-demo-"));
  const fleet = await startFleet(path.join(folder, "fleet"), { payloadBytes: 8 * 2 ** 20, seconds: 1 });
  const backend = path.join(folder, "state");
  mkdirSync(backend);
  const env = engineEnvironment(backend);
  const close = async () => {
    await fleet.simulator.stop();
    rmSync(folder, { recursive: true, force: true });
    rmSync(path.join(repositoryRoot, `Pulumi.${stack}.yaml`), { force: true });
  };
  try {
    await configure(fleet, stack, env);
    await tieGuest(fleet, "guest-ampere", "kvm-ampere", { mdevUuid: vgpuUuid(project, stack, "ampere-1") });
    await tieGuest(fleet, "guest-ada", "kvm-ada", { virtualFunction: "0000:26:00.4" });
  } catch (error) {
    await close();
    throw error;
  }
  const guests = Object.keys(fleet.config.guests);
  return {
    fleet,
    stack,
    env,
    pulumi: (...args) => runPulumi([...args, "--stack", stack], { env }),
    shutVmsDown: () => turnVms(fleet, guests, "off"),
    turnVm: (guest, state) => turnVms(fleet, [guest], state),
    readyVms: () => turnVms(fleet, guests, "on"),
    close,
  };
}

async function turnVms(fleet: Fleet, guests: readonly string[], state: "on" | "off"): Promise<void> {
  const action = state === "on" ? "startGuest" : "shutdownGuest";
  const tie = { module: path.join(repositoryRoot, "test/host/model/tie.ts"), export: action };
  for (const name of guests) {
    const machine = fleet.machines[name];
    if (machine !== undefined) await fleet.simulator.invoke(tie, [machine]);
  }
}

async function configure(fleet: Fleet, stack: string, env: Stage["env"]): Promise<void> {
  const set = (key: string, value: object) => ["config", "set", key, JSON.stringify(value), "--stack", stack];
  await quietly(["stack", "init", stack], env);
  await quietly(set("inventory", fleet.config), env);
  await quietly(set("managerPackage", fleet.packages.manager), env);
  await quietly(set("guestPackage", fleet.packages.guest), env);
  await quietly(["config", "set", "--secret", "licenseToken", "--stack", stack], env, licenseToken);
}

async function quietly(args: readonly string[], env: Stage["env"], stdin = ""): Promise<void> {
  const run = await runPulumi(args, { env, quiet: true, stdin });
  if (run.code !== 0) throw new Error(`pulumi ${args.slice(0, 3).join(" ")} failed:\n${run.output}`);
}
