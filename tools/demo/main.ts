// `npm run demo`: the main job on simulated hosts and the real engine; every claim is checked on the machines.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { exportLines } from "../engine/engine-environment.js";
import { openStage, type Stage } from "./stage.js";
import { DemoError, playStory } from "./story.js";

async function main(): Promise<void> {
  const keep = process.argv.includes("--keep");
  const started = Date.now();
  const stage = await openStage();
  try {
    await playStory(stage);
    console.log(`\nEverything came out as said, in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
    if (keep) await keepUp(stage);
    else console.log("To try commands by hand on such a fleet: npm run demo -- --keep");
  } finally {
    await stage.close();
  }
}

/** Leaves the fleet, bare again and its VMs ready to start, to the person at the keyboard until Ctrl-C. */
async function keepUp(stage: Stage): Promise<void> {
  await stage.readyVms();
  console.log(
    "\nThe fleet stays up, bare, until Ctrl-C; then everything is removed. In another terminal, in this folder:\n",
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
  await new Promise<void>((resolve) => process.once("SIGINT", resolve));
}

main().catch((error: unknown) => {
  console.error(error instanceof DemoError ? `\n✗ This did not come out as said: ${error.message}` : error);
  process.exitCode = 1;
});
