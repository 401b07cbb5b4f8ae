// `npm run demo`: the main job on simulated hosts and the real engine; every claim is checked on the machines.
import { writeFileSync } from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { tieGuest } from "../../test/fleet/fleet.js";
import { exportLines } from "../engine/engine-environment.js";
import { openStage, type Stage } from "./stage.js";
import { DemoError, playStory } from "./story.js";

async function main(): Promise<void> {
  const keep = process.argv.includes("--keep");
  const started = Date.now();
  const stage = await openStage();
  try {
    if (keep) {
      await keepUp(stage);
      return;
    }
    await playStory(stage);
    console.log(`\nEverything came out as said, in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
    console.log("To try commands by hand on such a fleet: npm run demo -- --keep");
  } finally {
    await stage.close();
  }
}

/** Leaves the fleet, bare and its VMs ready to start, to the person at the keyboard until Ctrl-C. */
async function keepUp(stage: Stage): Promise<void> {
  await stage.readyVms();
  console.log(
    "\nThe fleet is up, bare, until Ctrl-C; then everything is removed. In another terminal, in this folder:\n",
  );
  console.log(exportLines(stage.env).join("\n"));
  console.log(`\n  pulumi preview --stack ${stage.stack}`);
  console.log(`  pulumi up --stack ${stage.stack}        # the VMs start as soon as their vGPUs are there\n`);
  const { hosts, guests } = stage.fleet.config;
  const known = path.join(stage.fleet.folder, "known_hosts");
  const connections = [...Object.values(hosts), ...Object.values(guests)].map(
    (machine) => machine.connection,
  );
  writeFileSync(
    known,
    connections.map(({ host, port, hostKey }) => `[${host}]:${port} ${hostKey}\n`).join(""),
  );
  for (const { host, port, user, privateKeyPath } of connections) {
    console.log(`  ssh -o UserKnownHostsFile=${known} -p ${port} -i ${privateKeyPath} ${user}@${host}`);
  }
  console.log(`
A guest's VM starts as soon as its vGPU is there. To give it one that you declare, type here:

  ${tieUsage}
  off GUEST       shuts its VM down
  on GUEST        starts it again

with the vGPU's uuid, or on ${hostNames(stage, "ada")} the function that carries it, as \`parent\` in
\`pulumi stack export --stack ${stage.stack}\` says. Guests: ${Object.keys(guests).join(", ")}. Hosts: ${hostNames(stage)}.
`);
  await listen(stage);
}

const tieUsage = "tie GUEST HOST UUID-OR-FUNCTION";

function hostNames(stage: Stage, part = ""): string {
  return Object.keys(stage.fleet.config.hosts)
    .filter((name) => name.includes(part))
    .join(", ");
}

/** Does what is typed, until Ctrl-C. */
async function listen(stage: Stage): Promise<void> {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line.trim() === "") return;
    tie(stage, line.trim().split(/\s+/)).then(console.log, (error: unknown) =>
      console.log(error instanceof Error ? error.message : error),
    );
  });
  await new Promise<void>((resolve) => process.once("SIGINT", resolve));
  lines.close();
}

async function tie(stage: Stage, words: readonly string[]): Promise<string> {
  const [verb, guest, host, vgpu] = words;
  if ((verb === "on" || verb === "off") && guest !== undefined && guest in stage.fleet.config.guests) {
    await stage.turnVm(guest, verb);
    return `The VM of ${guest} is ${verb === "on" ? "started" : "shut down"}.`;
  }
  if (verb !== "tie" || guest === undefined || host === undefined || vgpu === undefined)
    return `Not understood. Expected: ${tieUsage}, off GUEST, or on GUEST`;
  if (!/^([\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|[\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.[0-7])$/i.test(vgpu))
    return `Neither a UUID nor a function such as 0000:26:00.4: ${vgpu}`;
  const match = vgpu.length === 36 ? { mdevUuid: vgpu.toLowerCase() } : { virtualFunction: vgpu };
  await tieGuest(stage.fleet, guest, host, match);
  return `${guest} starts with ${vgpu} of ${host}.`;
}

main().catch((error: unknown) => {
  console.error(error instanceof DemoError ? `\n✗ This did not come out as said: ${error.message}` : error);
  process.exitCode = 1;
});
