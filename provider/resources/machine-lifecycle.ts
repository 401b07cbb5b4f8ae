import type { Connection } from "../model/connection.js";
import type { MachineFacts } from "../model/facts.js";
import type { Lifecycle } from "./lifecycle.js";
import { convergeTo, removeMachine } from "./machine-change.js";
import type { MachineDesire, MachineInputs, MachineKind } from "./machine-kind.js";
import { checkMachine, diffMachine, readMachine } from "./machine-look.js";
import { rememberAcceptedKey } from "./machine-view.js";

/** Returns the lifecycle of a kind of machine. */
export function machineLifecycle<I extends MachineInputs, F extends MachineFacts, D extends MachineDesire>(
  kind: MachineKind<I, F, D>,
): Lifecycle {
  return {
    check: (olds, news) => checkMachine(kind, olds, news),
    diff: (id, olds, news) => diffMachine(kind, id, { olds, news }),
    create: (inputs) => convergeTo(kind, inputs as unknown as MachineInputs, null),
    read: (id, props) => readMachine(kind, id, props),
    update: (id, olds, news) => {
      rememberAcceptedKey(olds.connection as Connection, olds.acceptedHostKey);
      return convergeTo(kind, news as unknown as MachineInputs, id);
    },
    delete: (id, props) => removeMachine(kind, id, props),
  };
}
