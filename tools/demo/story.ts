import { licenseOf, printTable, seenVgpus, showMade } from "./show.js";
import type { Stage } from "./stage.js";

/** Something that did not come out as said. */
export class DemoError extends Error {}

function expect(condition: boolean, said: string): void {
  if (!condition) throw new DemoError(said);
  console.log(`  ✓ ${said}`);
}

function title(text: string): void {
  console.log(`\n━━ ${text} ${"━".repeat(Math.max(0, 90 - text.length))}`);
}

/** Runs the main job and checks each of its claims past the provider, on the machines themselves. */
export async function playStory(stage: Stage): Promise<void> {
  await showFleet(stage);
  const bare = await digests(stage);
  await up(stage);
  await upAgain(stage);
  await drift(stage);
  await destroy(stage, bare);
}

async function showFleet({ fleet }: Stage): Promise<void> {
  title("A fleet of bare machines, simulated: real SSH, real shell, a live /sys");
  const rows = Object.entries(fleet.config.hosts).map(([name, host]) => {
    const types = Object.values(host.vgpus);
    return [
      name,
      host.gpu,
      `${types.length} × ${types[0]}`,
      `${host.connection.host}:${host.connection.port}`,
    ];
  });
  printTable([["host", "GPU", "declared", "ssh"], ...rows]);
  for (const [name, guest] of Object.entries(fleet.config.guests))
    console.log(`  ${name}: waits for its vGPU ${guest.vgpu}`);
}

async function up(stage: Stage): Promise<void> {
  title("1. pulumi up: from bare hosts to licensed guests");
  const run = await stage.pulumi("up", "--yes", "--suppress-outputs");
  expect(run.code === 0, `up succeeds (${run.seconds.toFixed(0)} s)`);
  await showMade(stage.fleet);
  const declared = Object.values(stage.fleet.config.hosts).flatMap((host) => Object.keys(host.vgpus)).length;
  const seen = await seenVgpus(stage.fleet);
  expect(seen.length === declared, `the hosts show ${declared} vGPUs`);
  for (const guest of Object.keys(stage.fleet.config.guests)) {
    expect((await licenseOf(stage.fleet, guest)).includes(": Licensed"), `${guest} says that it is licensed`);
  }
}

async function upAgain(stage: Stage): Promise<void> {
  title("2. pulumi up again: nothing is left to do");
  const run = await stage.pulumi("up", "--yes", "--suppress-outputs", "--expect-no-changes");
  expect(run.code === 0, `up finds nothing to do (${run.seconds.toFixed(0)} s)`);
}

async function drift(stage: Stage): Promise<void> {
  title("3. Somebody makes a vGPU anew with another type by hand on kvm-turing");
  const say = async (line: string) =>
    (await stage.fleet.machines["kvm-turing"]?.shell(line))?.stdout.trim() ?? "";
  const uuid = await say("ls /sys/bus/mdev/devices | head -n 1");
  const types = "/sys/class/mdev_bus/0000:3b:00.0/mdev_supported_types";
  const command = `echo 1 > /sys/bus/mdev/devices/${uuid}/remove && echo ${uuid} > $(dirname $(grep -lx 'GRID T4-4A' ${types}/*/name))/create`;
  console.log(`\nkvm-turing# ${command}`);
  const change = await stage.fleet.machines["kvm-turing"]?.shell(command);
  expect(change?.code === 0, "its type is another one now");
  const preview = await stage.pulumi("preview", "--diff", "--suppress-outputs");
  const line = preview.output.split("\n").find((text) => /type\s*:.*T4-4A.*=>.*T4-4Q/.test(text));
  expect(preview.code === 0 && line !== undefined, `the preview names the property: ${line?.trim()}`);
  const heal = await stage.pulumi("up", "--yes", "--skip-preview", "--suppress-outputs");
  expect(heal.code === 0, "up heals it");
  const type = await say(`cat /sys/bus/mdev/devices/${uuid}/mdev_type/name`);
  expect(type === "GRID T4-4Q", "the host shows the declared type again");
}

async function destroy(stage: Stage, bare: ReadonlyMap<string, string>): Promise<void> {
  title("4. pulumi destroy while VMs run: what they use is not pulled from under them");
  const refused = await stage.pulumi("destroy", "--yes", "--continue-on-error", "--suppress-outputs");
  expect(
    refused.code !== 0 && refused.output.includes("VGPU_IN_USE"),
    "destroy stops at the vGPUs in use and names the VMs",
  );
  const left = await seenVgpus(stage.fleet);
  expect(left.filter((vgpu) => vgpu.usedBy !== "").length === 2, "both VMs still have their vGPUs");
  title("5. The VMs are shut down; pulumi destroy again");
  await stage.shutVmsDown();
  const gone = await stage.pulumi("destroy", "--yes", "--suppress-outputs");
  expect(gone.code === 0, "destroy succeeds");
  for (const [name, digest] of await digests(stage)) {
    expect(digest === bare.get(name), `${name} is bare again, file by file`);
  }
}

/** Hashes of everything on the hosts that outlives a reboot. */
async function digests({ fleet }: Stage): Promise<Map<string, string>> {
  const hosts = Object.keys(fleet.config.hosts);
  return new Map(
    await Promise.all(
      hosts.map(async (name) => [name, (await fleet.machines[name]?.digest()) ?? ""] as const),
    ),
  );
}
