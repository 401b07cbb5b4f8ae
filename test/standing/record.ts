// Records what this version leaves on machines and in a state, for later versions to stand on:
// node --require ./tools/run-typescript.cjs test/standing/record.ts FOLDER
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mustSucceed } from "../engine/support/stack.js";
import { hostArgs, openStory, type Story, vgpuRow } from "../engine/support/story.js";
import { connectionTo } from "../fleet/fleet.js";
import { licenseToken } from "../fleet/program.js";
import { until } from "../host/machine/test-support.js";
import {
  type Standing,
  type StandingFile,
  standingMachines,
  standingVgpus,
  withPlaceholders,
} from "./standing.js";

/** Where anything of ours lies. */
const places = [
  "/etc/pulumi-vgpu",
  "/etc/modprobe.d/pulumi-vgpu-nouveau.conf",
  "/etc/systemd/system/pulumi-vgpu.service",
  "/usr/local/lib/pulumi-vgpu",
  "/etc/mdevctl.d",
  "/etc/nvidia/gridd.conf",
  "/etc/nvidia/ClientConfigToken",
  "/var/lib/pulumi-vgpu",
];

async function main(folder: string): Promise<void> {
  const machines = Object.entries(standingMachines).map(([name, { gpu: _gpu, ...machine }]) => [
    name,
    machine,
  ]);
  const story = await openStory(Object.fromEntries(machines));
  try {
    declare(story);
    const tie = { module: path.join(__dirname, "..", "host", "model", "tie.ts"), export: "tieGuest" };
    const pair = [story.machine("desk"), story.machine("ampere")];
    await story.simulator.invoke(tie, pair, { vmName: "desk", type: "A2-4Q" });
    mustSucceed(await story.stack.up(["--skip-preview"]));
    mkdirSync(folder, { recursive: true });
    const { stdout } = mustSucceed(await story.stack.run(["stack", "export", "--show-secrets"]));
    writeFileSync(path.join(folder, "state.json"), `${withPlaceholders(stateText(stdout), story)}\n`);
    for (const name of Object.keys(standingMachines)) {
      const standing = await standingOf(story, name);
      writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(standing, null, 2)}\n`);
    }
  } finally {
    await story.close();
  }
}

function declare(story: Story): void {
  const hosts = Object.entries(standingMachines).filter(([name]) => name !== "desk");
  story.declare({
    hosts: Object.fromEntries(
      hosts.map(([name, { gpu }]) => [
        name,
        gpu === undefined
          ? { connection: connectionTo(story.machine(name), story.folder) }
          : hostArgs(story, name, gpu),
      ]),
    ),
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
  });
}

async function standingOf(story: Story, name: string): Promise<Standing> {
  const machine = story.machine(name);
  await until("the machine is on", () => machine.poweredOn(), 30_000);
  const { stdout } = await machine.shell(
    `find ${places.join(" ")} -type f -printf '%m\\t%p\\n' 2> /dev/null | sort -k 2`,
  );
  const files: StandingFile[] = [];
  for (const line of stdout.split("\n").filter((one) => one !== "")) {
    const [mode = "", file = ""] = line.split("\t");
    // The package is made anew by the tests: what a simulated installer reads changes with the simulation.
    const text = file.startsWith("/var/lib/pulumi-vgpu/packages/")
      ? ""
      : ((await machine.readFile(file)) ?? "");
    files.push({ path: withPlaceholders(file, story), mode, text: withPlaceholders(text, story) });
  }
  const machineId = ((await machine.readFile("/etc/machine-id")) ?? "").trim();
  return { machineId, files };
}

/** Leaves out what only says where and when the program ran. */
function stateText(exported: string): string {
  const passing = new Set(["sourcePosition", "stackTrace", "created", "modified"]);
  return JSON.stringify(JSON.parse(exported), (key, value) => (passing.has(key) ? undefined : value), 2);
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
