import { isVgpuError, VgpuError } from "../model/errors.js";
import { parseFactLines } from "../observe/fact-lines.js";
import { parseDriverClients } from "../observe/parse-driver-clients.js";
import { readScript } from "../observe/read-script.js";
import { clientsText, stopAdvice } from "../plan/driver-clients.js";
import { type ChangingScript, change, type Machine } from "./machine.js";

/** What sriov-manage says when somebody uses the GPU. */
const refused = "unbindLock";

/**
 * Turns virtual functions on or off.
 * @throws VGPU_STEP_FAILED, which names the processes that keep sriov-manage from the GPU where those are why;
 * what `Session.change` throws
 */
export async function changeVfs(machine: Machine, script: ChangingScript): Promise<void> {
  try {
    await change(machine, script);
  } catch (error) {
    const locked =
      isVgpuError(error) && error.code === "VGPU_STEP_FAILED" && error.parts.saw?.includes(refused);
    if (!locked) throw error;
    throw new VgpuError({ ...error.parts, ...(await whoHasIt(machine, error.parts.saw ?? "")) });
  }
}

async function whoHasIt(
  machine: Machine,
  saw: string,
): Promise<{ readonly saw: string; readonly next: string }> {
  const clients = await lookForClients(machine);
  if (clients.length === 0) {
    return {
      saw: `${saw}\n  nobody has /dev/nvidia* open now (looked for after it)`,
      next: "run again; if it stays, shut down what uses the GPU on the host (fuser -v /dev/nvidia* names it)",
    };
  }
  return {
    saw: `${saw}\n  ${clientsText(clients)} (looked for after it)`,
    next: `${stopAdvice(clients)}; then run again`,
  };
}

async function lookForClients(machine: Machine) {
  const text = `${readScript("observe/look-at-processes.sh")}look_at_processes\nprintf 'end\\tprocesses\\n'\n`;
  return machine.session
    .exec({ script: { name: "look-at-processes", text }, deadlineMs: 30_000 })
    .then(({ stdout }) => parseDriverClients(parseFactLines(stdout, "processes", machine.label)))
    .catch(() => []);
}
