import { isVgpuError } from "../model/errors.js";
import { fitsOneCommand } from "../transport/command/command-line.js";
import type { ExecRequest, ExecResult } from "../transport/command/exec-request.js";
import type { RemoteScript } from "../transport/command/remote-script.js";
import type { Session } from "../transport/session.js";
import { readScript } from "./read-script.js";

const tries = 3;

/** A look, and what follows its script. */
export interface Look extends RemoteScript {
  /** More of the script, which comes on standard input where all of it is too long for a command that every server takes. */
  readonly rest?: string;
}

/**
 * Runs an observing script and returns its answer. Since it changes nothing it is run again when the connection is
 * lost under it or it is killed: a machine that an earlier run told to reboot does that to whoever comes next.
 * @throws VGPU_UNREACHABLE, VGPU_LOGIN, VGPU_HOST_KEY, VGPU_NO_SUDO, VGPU_TIMEOUT
 */
export async function runObservation(session: Session, look: Look): Promise<ExecResult> {
  const request = { ...requestOf(look), deadlineMs: 120_000 };
  for (let left = tries - 1; ; left--) {
    try {
      const answer = await session.exec(request);
      if (answer.code < 128 || left === 0) return answer;
    } catch (error) {
      const lost = isVgpuError(error) && error.code === "VGPU_UNREACHABLE" && error.parts.now !== undefined;
      if (!lost || left === 0) throw error;
    }
  }
}

function requestOf({ name, text, rest = "" }: Look): Pick<ExecRequest, "script" | "stdin"> {
  const whole = { name, text: text + rest };
  if (rest === "" || fitsOneCommand(whole)) return { script: whole };
  return { script: { name, text: text + readScript("observe/rest-by-input.sh") }, stdin: rest };
}
