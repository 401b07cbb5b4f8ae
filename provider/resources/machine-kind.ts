import type { Connection } from "../model/connection.js";
import type { ErrorParts } from "../model/errors.js";
import type { MachineFacts } from "../model/facts.js";
import type { DesiredDriver, RebootPolicy } from "../plan/desired.js";
import type { Plan, Step } from "../plan/steps.js";
import type { InputSchema } from "../schema/check-inputs.js";
import type { DiffTable, Properties } from "./lifecycle.js";
import type { MachineView, ViewOptions } from "./machine-view.js";

/** What the inputs of every resource that is a whole machine have. */
export interface MachineInputs {
  readonly name: string;
  readonly owner: string;
  readonly connection: object;
}

/** What is wanted of a machine, as far as every kind has it. */
export interface MachineDesire {
  readonly name: string;
  readonly owner: string;
  readonly reboot: RebootPolicy;
  readonly driver: DesiredDriver | null;
}

/** One kind of resource that is a whole machine: a host or a guest. All functions are pure but `localRefusals`. */
export interface MachineKind<
  Inputs extends MachineInputs,
  Facts extends MachineFacts,
  Desired extends MachineDesire,
> {
  readonly kind: "VgpuHost" | "GuestDriverInstall";
  readonly claim: "host" | "guest";
  /** The page that has its arguments. */
  readonly page: string;
  readonly journals: readonly string[];
  readonly schema: InputSchema;
  readonly table: DiffTable;
  view(connection: Connection, options?: ViewOptions): MachineView<Facts>;
  desired(inputs: Inputs): Desired;
  plan(desired: Desired, facts: Facts): Plan;
  planRemoval(desired: Desired, facts: Facts): Plan;
  /** What can be seen to be wrong on the machine that runs Pulumi, e.g. a package whose hash differs. */
  localRefusals(inputs: Inputs, desired: Desired): Promise<ErrorParts[]>;
  /** The declared properties as the live machine has them, those that are as declared in the declared words. */
  liveInputs(inputs: Inputs, facts: Facts): Properties;
  /** Stable facts for the program. */
  observed(inputs: Inputs, facts: Facts): Properties;
  /** What the person should know of a machine that was ours and whose claim is gone; `null` where it is there. */
  lostHistory(inputs: Inputs, facts: Facts): string | null;
  secretToken(inputs: Inputs): string | undefined;
  /** What the machine's owner should know beside these steps. */
  notices(facts: Facts, steps: readonly Step[]): readonly string[];
  /** Whether the machine may be off while its resource is new: a VM that waits for its vGPU. */
  mayBeOffAtFirst(inputs: Inputs): boolean;
}

/** Some kind of machine: what the engine calls asks of it is the same for all. */
export type AnyMachineKind = MachineKind<MachineInputs, MachineFacts, MachineDesire>;
