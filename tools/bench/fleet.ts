import type { Stage } from "../demo/stage.js";
import type { Row } from "./tables.js";
import { quicker, quietPulumi, watched } from "./watched-run.js";

/** Measures the demo's fleet: from bare machines to licensed guests, and a run that finds nothing to do. */
export async function measureFleet(stage: Stage): Promise<Row[]> {
  const machines = Object.values(stage.fleet.machines);
  const up = ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stage.stack];
  const first = await watched(machines, () => quietPulumi(up, stage.env));
  const unchanged = [...up, "--expect-no-changes"];
  const again = await quicker(() => watched(machines, () => quietPulumi(unchanged, stage.env)));
  const against = { what: "its unchanged up", seconds: again.seconds };
  return [
    { what: "fleet: up of 5 bare machines", against, ...first },
    { what: "fleet: up, unchanged", ...again },
  ];
}
