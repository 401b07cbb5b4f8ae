import { afterAll, beforeAll, describe, it } from "vitest";
import { type Bed, type BedFacts, type BedState, ladders } from "./contract.js";
import { climb } from "./ladder.js";
import { contractsFor } from "./suite.js";

/** How one bed is had, and which of its states are looked at. */
export interface BedRun {
  readonly facts: BedFacts;
  open(): Promise<Bed>;
  close(): Promise<void>;
  /** Brings the bed from the state before to this one, and returns it or another one in its place. @default `climb` */
  reach?(bed: Bed, state: BedState): Promise<Bed>;
  /** The first state, for a machine that is frozen there. @default the first one of its kind */
  readonly from?: BedState;
  /** Longest time of one contract or of one climb. @default the project's */
  readonly timeoutMs?: number;
}

/** Registers a test for each contract that the bed shows, state by state. A state that is not reached fails its tests. */
export function describeBed(run: BedRun): void {
  const ladder: readonly BedState[] = ladders[run.facts.kind];
  const from = run.from === undefined ? 0 : ladder.indexOf(run.from);
  const reach = run.reach ?? climbOn;
  const timeout = run.timeoutMs === undefined ? {} : { timeout: run.timeoutMs };
  describe(run.facts.name, () => {
    let bed: Bed | undefined;
    beforeAll(async () => {
      bed = await run.open();
    }, run.timeoutMs);
    afterAll(() => run.close());
    for (const [index, state] of ladder.slice(from).entries()) {
      describe(`a ${state}`, () => {
        beforeAll(async () => {
          if (index > 0 && bed !== undefined) bed = await reach(bed, state);
        }, run.timeoutMs);
        it.for(contractsFor(run.facts, state))("$id: $title", timeout, async (contract) => {
          if (bed === undefined) throw new Error(`${run.facts.name} did not start`);
          await contract.check(bed);
        });
      });
    }
  });
}

async function climbOn(bed: Bed, state: BedState): Promise<Bed> {
  await climb(bed, state);
  return bed;
}
