import { booted, startIn } from "./frozen-states.js";
import type { LabMachine } from "./lab-machine.js";
import type { LabMachineSpec } from "./machine-spec.js";

/** Starts a bare machine that has booted: from its frozen state, which the first start of its kind makes. */
export function startLabMachine(spec: LabMachineSpec): Promise<LabMachine> {
  return startIn(booted, spec);
}
