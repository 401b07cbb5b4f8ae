import { type ErrorParts, isVgpuError, VgpuError } from "../model/errors.js";
import type { SettingStep } from "../model/step.js";
import { parseFactLines } from "../observe/fact-lines.js";
import { parseDriverClients } from "../observe/parse-driver-clients.js";
import { readScript } from "../observe/read-script.js";
import { clientsText, stopAdvice } from "../plan/driver/driver-clients.js";
import { settingKind } from "../settings/order.js";
import { change, type Machine } from "./machine.js";

/**
 * Changes a setting of a GPU, as the setting says it.
 * @throws VGPU_STEP_FAILED, which names the processes that keep a program of the driver's from the GPU where those are why;
 * what `Session.change` throws
 */
export async function changeSetting(step: SettingStep, machine: Machine): Promise<void> {
  const { args, deadlineMs = 180_000, explain, refusedWhileOpen } = settingKind(step.kind);
  try {
    await change(machine, { name: step.kind, args: args(step), deadlineMs });
  } catch (error) {
    if (!isVgpuError(error) || error.code !== "VGPU_STEP_FAILED") throw error;
    const { saw } = error.parts;
    const known = explain?.(saw) ?? null;
    if (known !== null) throw new VgpuError({ ...error.parts, ...known });
    if (refusedWhileOpen === undefined || !saw.includes(refusedWhileOpen)) throw error;
    throw new VgpuError({ ...error.parts, ...(await whoHasIt(machine, saw)) });
  }
}

async function whoHasIt(machine: Machine, saw: string): Promise<Pick<ErrorParts, "saw" | "next">> {
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
