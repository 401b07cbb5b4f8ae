import { type ErrorParts, startOf } from "../../model/errors.js";
import type { MachineFacts } from "../../model/facts.js";
import { prerequisite } from "../prerequisites/prerequisite.js";
import type { Plan } from "../steps.js";

/** Returns why nothing may be done: the address leads to another machine than the one that is meant, e.g. after a reboot. */
export function otherMachineRefusal(name: string, facts: MachineFacts, machineId: string): ErrorParts {
  return prerequisite(
    { name },
    {
      what: "another machine answers at this address",
      saw: `machine-id ${facts.machineId} (/etc/machine-id)`,
      expected: `machine-id ${machineId}`,
      next: "look who has the address now, correct connection, run again",
      property: "connection",
    },
  );
}

/** Returns the plan for the machine that is meant; on any other one nothing is done. */
export function planFor<Facts extends MachineFacts>(
  machine: { readonly name: string; readonly machineId: string },
  facts: Facts,
  plan: (facts: Facts) => Plan,
): Plan {
  if (facts.machineId === machine.machineId) return plan(facts);
  return { steps: [], refusals: [otherMachineRefusal(machine.name, facts, machine.machineId)] };
}

/** Returns what a person is told whose resource is stored for another machine than the one that answers now. */
export function leftElsewhere(facts: MachineFacts, machineId: string): string {
  return `machine-id ${facts.machineId} answers at its address, not ${machineId}: nothing is touched here, and what was set up on ${machineId} stays there`;
}

/** Whether the machine says which one it is; systemd writes `uninitialized` before the first boot has ended. */
export function saysWhichItIs({ machineId }: Pick<MachineFacts, "machineId">): boolean {
  return /^[0-9a-f]{32}$/.test(machineId);
}

/** Returns why a machine cannot be managed that does not say which one it is. */
export function namelessRefusals(name: string, facts: MachineFacts): ErrorParts[] {
  if (saysWhichItIs(facts)) return [];
  return [
    prerequisite(
      { name },
      {
        what: "this machine does not say which one it is",
        saw: `machine-id ${JSON.stringify(startOf(facts.machineId, 40))} (/etc/machine-id)`,
        expected: "32 hexadecimal digits",
        next: "run systemd-machine-id-setup on it, run again",
        property: "connection",
      },
    ),
  ];
}
