import { isVgpuError, redact, VgpuError } from "../model/errors.js";
import { readScript } from "../observe/read-script.js";
import { settingScript } from "../settings/order.js";
import type { ExecResult, Session } from "../transport/session.js";
import { sharedFunctions } from "./boot-unit.js";
import { refusalMeaning } from "./nvrm-status.js";

/** A machine that is being changed. */
export interface Machine {
  readonly session: Session;
  /** As what it is changed: hosts and guests have records of their own. */
  readonly side: "host" | "guest";
  /** Resource name, for messages and progress. */
  readonly label: string;
  /** Units whose journals explain a failure. */
  readonly journals: readonly string[];
  /** Tells the person who waits. */
  readonly progress: (text: string) => void;
}

/** One of our changing scripts with its values. */
export interface ChangingScript {
  /** Name of the file below apply/shell or in the folder of its setting, without `.sh`; it is also the script's name in logs. */
  readonly name: string;
  readonly args?: readonly string[];
  readonly stdin?: string;
  readonly deadlineMs?: number;
  /** It only waits and reads: the machine's change lock is left to what it waits for. @default false */
  readonly readsOnly?: boolean;
  /** Exit codes beside 0 that the caller understands. */
  readonly expectedCodes?: readonly number[];
}

/** Files of functions that only some scripts start with, by their paths below `provider/`. */
const librariesOf: Readonly<Record<string, readonly string[]>> = {
  vgpus: ["apply/shell/vgpu-functions.sh"],
  "install-driver": ["apply/shell/installer-folder.sh"],
  "uninstall-driver": ["apply/shell/installer-folder.sh", "settings/virtual-functions/functions.sh"],
  "drop-package": ["apply/shell/installer-folder.sh"],
  "block-nouveau": ["apply/shell/initramfs.sh"],
  "unblock-nouveau": ["apply/shell/initramfs.sh"],
};

/** Returns the whole text of a changing script: the functions that it starts with, and its own file. */
export function changingScript(name: string, side: Machine["side"]): string {
  const ofSetting = settingScript(name);
  const files = ofSetting ?? [...(librariesOf[name] ?? []), `apply/shell/${name}.sh`];
  return sharedFunctions(side) + files.map(readScript).join("");
}

/**
 * Runs a changing script, one round trip.
 * @throws VGPU_STEP_FAILED when it exits with another code than 0, with the last lines it and the journals say;
 * what `Session.change` throws
 */
export async function change(machine: Machine, script: ChangingScript): Promise<ExecResult> {
  const { name, args = [], stdin, deadlineMs = 180_000, expectedCodes = [] } = script;
  const output = "ends" as const;
  const request = {
    script: { name, text: changingScript(name, machine.side) },
    args,
    deadlineMs,
    output,
  };
  const whole = stdin === undefined ? request : { ...request, stdin };
  const { session } = machine;
  const result = await (script.readsOnly === true ? session.exec(whole) : session.change(whole));
  if (result.code !== 0 && !expectedCodes.includes(result.code))
    throw await stepError(machine, { name, code: result.code, said: result.stderr || result.stdout });
  return result;
}

/** Returns the error of a step that failed, with what the machine's journals say about it. */
export async function stepError(
  machine: Machine,
  failure: { readonly name: string; readonly code: number; readonly said: string },
): Promise<VgpuError> {
  const evidence = await machine.session
    .exec({
      script: { name: "evidence", text: readScript("apply/shell/evidence.sh") },
      args: machine.journals,
      deadlineMs: 30_000,
      output: "ends",
    })
    .then((result) => result.stdout.trim())
    .catch(unreadEvidence);
  const meaning = failure.name === "make-vgpu" ? refusalMeaning(evidence) : null;
  const said = redact(failure.said).trim().split("\n").slice(-12).join("\n  ");
  return new VgpuError({
    code: "VGPU_STEP_FAILED",
    where: machine.label,
    what: `${failure.name} failed`,
    saw: `exit code ${failure.code}${said === "" ? "" : `:\n  ${said}`}${evidence === "" ? "" : `\n  ${evidence.replaceAll("\n", "\n  ")}`}`,
    expected: "exit code 0 and the change in place",
    next: `${meaning === null ? "mend what the lines above name" : `${meaning}. Mend that`}, run again: what is done is not done twice`,
    now: "the change may be there in part; the next run sees what is there and goes on",
  });
}

function unreadEvidence(error: unknown): string {
  const why = isVgpuError(error) ? `${error.code}, ${error.parts.what}` : String(error);
  return `(the machine's journals could not be read: ${why})`;
}
