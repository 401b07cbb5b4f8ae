import type { InsideProcess } from "../processes.js";

/** What the manager knows of a unit. */
export interface UnitState {
  active: "inactive" | "activating" | "active" | "deactivating" | "failed";
  sub: string;
  result: "success" | "exit-code" | "signal" | "timeout" | "resources" | "start-limit-hit";
  status: number;
  conditionMet: boolean;
  since: number;
  main?: InsideProcess;
  starting?: Promise<boolean>;
}

/** A unit nothing was asked of. */
export const inactive = (): UnitState => ({
  active: "inactive",
  sub: "dead",
  result: "success",
  status: 0,
  conditionMet: true,
  since: 0,
});
