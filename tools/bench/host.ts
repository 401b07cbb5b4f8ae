import path from "node:path";
import { makeProject } from "../../test/engine/support/project.js";
import { mustSucceed, Stack } from "../../test/engine/support/stack.js";
import { connectionTo } from "../../test/fleet/fleet.js";
import type { SimulatedMachine } from "../../test/host/machine/simulated-machine.js";
import type { Stage } from "../demo/stage.js";
import { repositoryRoot } from "../paths.js";
import { emptyProgram, emptyProvider, hostProgram } from "./programs.js";

/** A stack whose program declares as many resources as it is told. */
export interface CountedStack {
  readonly stack: Stack;
  declare(count: number): void;
  close(): void;
}

/** One more simulated host with a stack of its own, and a stack of empty resources beside it. */
export interface BenchHost {
  readonly machine: SimulatedMachine;
  readonly host: CountedStack;
  readonly floor: CountedStack;
  /** For files of its own; goes with the stage. */
  readonly folder: string;
}

/** Starts the host and brings it, with 2 vGPUs, to where more can be made. */
export async function openBenchHost({ fleet }: Stage): Promise<BenchHost> {
  const kind = { module: path.join(repositoryRoot, "test/host/model/kinds.ts"), export: "ampereMdev" };
  const machine = await fleet.simulator.startMachine({ name: "bench", kind });
  const host = await openStack({ "index.ts": hostProgram });
  await host.stack.setConfig("connection", JSON.stringify(connectionTo(machine, fleet.folder)));
  await host.stack.setConfig("package", JSON.stringify(fleet.packages.manager));
  const floor = await openStack({ "index.ts": emptyProgram, "empty-provider.js": emptyProvider });
  for (const one of [host, floor]) mustSucceed(await upWith(one, 2));
  return { machine, host, floor, folder: fleet.folder };
}

async function openStack(files: Readonly<Record<string, string>>): Promise<CountedStack> {
  const project = makeProject(files);
  const stack = new Stack(project);
  await stack.init();
  return {
    stack,
    declare: (count) => project.write("count.json", String(count)),
    close: () => project.remove(),
  };
}

/** Runs `up` with that many vGPUs, or empty resources, in the program. */
export function upWith(counted: CountedStack, count: number) {
  counted.declare(count);
  return counted.stack.up(["--skip-preview"]);
}
