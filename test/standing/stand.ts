import { readFileSync } from "node:fs";
import path from "node:path";
import { shellQuote } from "../../provider/transport/link/quote.js";
import { mustSucceed } from "../engine/support/stack.js";
import { hostArgs, openStory, type Story, vgpuRow } from "../engine/support/story.js";
import { connectionTo, type PackageFile } from "../fleet/fleet.js";
import { licenseToken } from "../fleet/program.js";
import type { SimulatedMachine } from "../host/machine/simulated-machine.js";
import { until } from "../host/machine/test-support.js";
import { type Standing, standingMachines, standingVgpus, withValues } from "./standing.js";

const tieModule = path.join(__dirname, "..", "host", "model", "tie.ts");

/** Starts the machines of a recording, bare, and a stack whose program declares what was recorded. */
export async function openStandingStory(): Promise<Story> {
  const machines = Object.entries(standingMachines).map(([name, { gpu: _gpu, ...machine }]) => [
    name,
    machine,
  ]);
  const story = await openStory(Object.fromEntries(machines));
  story.declare(standingProgram(story));
  await story.simulator.invoke(
    { module: tieModule, export: "tieGuest" },
    [story.machine("desk"), story.machine("ampere")],
    { vmName: "desk", type: "A2-4Q" },
  );
  return story;
}

/** The VM of the guest is shut down: its vGPU is free. */
export async function shutDownGuest(story: Story): Promise<void> {
  await story.simulator.invoke({ module: tieModule, export: "shutdownGuest" }, [story.machine("desk")]);
}

/** Returns the hosts of a recording, by resource name. */
export function standingHosts(): string[] {
  return Object.keys(standingMachines).filter((name) => name !== "desk");
}

/** Returns what the recorded program declares. */
export function standingProgram(story: Story): Parameters<Story["declare"]>[0] {
  const hosts = standingHosts().map((name) => {
    const { gpu } = standingMachines[name] ?? {};
    const bare = { connection: connectionTo(story.machine(name), story.folder) };
    return [name, gpu === undefined ? bare : hostArgs(story, name, gpu)];
  });
  return {
    hosts: Object.fromEntries(hosts),
    vgpus: Object.assign({}, ...standingVgpus.map(({ prefix, ...vgpu }) => vgpuRow(prefix, 2, vgpu))),
    guests: {
      desk: {
        connection: connectionTo(story.machine("desk"), story.folder),
        device: "ampere-1",
        driver: { release: "17.4", package: story.packages.guest },
        license: { token: licenseToken },
        reboot: { allow: true },
      },
    },
  };
}

/** Makes machines and stack what the recorded version left: its files, its state, and what its own boot script brings back. */
export async function stand(story: Story, version: string): Promise<void> {
  const recorded = (name: string) => readFileSync(path.join(__dirname, version, `${name}.json`), "utf8");
  const lay = (name: string) =>
    layOn(story.machine(name), JSON.parse(withValues(recorded(name), story)) as Standing);
  await Promise.all(standingHosts().map((name) => driverOn(story.machine(name), story.packages.manager)));
  for (const name of standingHosts()) await lay(name);
  const desk = story.machine("desk");
  await until("the guest is on", () => desk.poweredOn(), 30_000);
  await driverOn(desk, story.packages.guest);
  await lay("desk");
  await say(desk, "systemctl restart nvidia-gridd.service");
  const licensed = "nvidia-smi -q | grep -q 'License Status *: Licensed'";
  await until("the guest is licensed", async () => (await desk.shell(licensed)).code === 0, 30_000);
  story.project.write("recorded-state.json", withValues(recorded("state"), story));
  mustSucceed(await story.stack.run(["stack", "import", "--file", "recorded-state.json"]));
}

const block = "/etc/modprobe.d/pulumi-vgpu-nouveau.conf";

/** A driver as the vendor's installer leaves it: what of it lies where is the simulated vendor's business. */
async function driverOn(machine: SimulatedMachine, { path: file }: PackageFile): Promise<void> {
  if ((await machine.loadedModules()).includes("mtty")) return;
  await machine.writeFile(block, "blacklist nouveau\noptions nouveau modeset=0\n");
  await say(machine, "update-initramfs -u");
  await machine.restart("reboot");
  const there = `/root/${path.basename(file)}`;
  await machine.writeFile(there, readFileSync(file, "utf8"));
  await say(
    machine,
    `sh ${shellQuote(there)} --silent --accept-license --no-questions --ui=none; rm ${shellQuote(there)}`,
  );
  await machine.restart("reboot");
}

async function layOn(machine: SimulatedMachine, { machineId, files }: Standing): Promise<void> {
  await machine.writeFile("/etc/machine-id", `${machineId}\n`);
  for (const { path: file, mode, text } of files)
    await machine.writeFile(file, text, Number.parseInt(mode, 8));
  if (!(await machine.exists("/etc/systemd/system/pulumi-vgpu.service"))) return;
  await say(machine, "systemctl daemon-reload; systemctl enable pulumi-vgpu.service");
  await machine.restart("reboot");
  await until("the vGPUs are back", () => machine.unitActive("pulumi-vgpu.service"), 30_000);
}

async function say(machine: SimulatedMachine, line: string): Promise<void> {
  const { code, stdout, stderr } = await machine.shell(line);
  if (code !== 0) throw new Error(`${machine.name}: ${line} ended with ${code}: ${stdout}${stderr}`);
}
