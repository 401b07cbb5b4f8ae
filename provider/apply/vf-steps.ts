import { isVgpuError, VgpuError } from "../model/errors.js";
import { parseFactLines } from "../observe/fact-lines.js";
import { parseDriverClients } from "../observe/parse-driver-clients.js";
import { readScript } from "../observe/read-script.js";
import { clientsText, stopAdvice } from "../plan/driver/driver-clients.js";
import { type ChangingScript, change, type Machine } from "./machine.js";

/** What sriov-manage says when somebody uses the GPU. */
const refused = "unbindLock";
/** What our script says of one that it has left behind. */
const leftBehind = /^\s*sriov-manage .* has not ended\b/m;

/**
 * Turns virtual functions on or off.
 * @throws VGPU_STEP_FAILED, which names the processes that keep sriov-manage from the GPU where those are why;
 * what `Session.change` throws
 */
export async function changeVfs(machine: Machine, script: ChangingScript): Promise<void> {
  try {
    await change(machine, script);
  } catch (error) {
    if (!isVgpuError(error) || error.code !== "VGPU_STEP_FAILED") throw error;
    const { saw } = error.parts;
    if (leftBehind.test(saw)) throw new VgpuError({ ...error.parts, ...whatNow });
    if (saw.includes(refused)) throw new VgpuError({ ...error.parts, ...(await whoHasIt(machine, saw)) });
    throw error;
  }
}

const whatNow = {
  next: "run again when it has ended; if it does not end, see on the host what it waits for (dmesg), shut the VMs down and reboot the host",
  now: "sriov-manage goes on by itself; until it has ended no run touches this GPU's virtual functions",
};

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
