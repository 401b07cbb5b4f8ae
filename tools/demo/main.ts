// `npm run demo`: the main job on simulated hosts and the real engine; every claim is checked on the machines.
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

/** Leaves the fleet, bare again, to the person at the keyboard until Ctrl-C. */
async function keepUp(stage: Stage): Promise<void> {
  const changed = Object.entries(stage.env).filter(([name, value]) => process.env[name] !== value);
  console.log("\nThe fleet stays up, bare, until Ctrl-C. In another terminal, in this folder:\n");
  for (const [name, value] of changed) console.log(`  export ${name}='${value}'`);
  console.log(`\n  pulumi up --stack ${stage.stack}\n`);
  for (const { connection } of [
    ...Object.values(stage.fleet.config.hosts),
    ...Object.values(stage.fleet.config.guests),
  ]) {
    console.log(
      `  ssh -p ${connection.port} -i ${connection.privateKeyPath} ${connection.user}@${connection.host}`,
    );
  }
  await new Promise<void>((resolve) => process.once("SIGINT", resolve));
}

main().catch((error: unknown) => {
  console.error(error instanceof DemoError ? `\n✗ This did not come out as said: ${error.message}` : error);
  process.exitCode = 1;
});
