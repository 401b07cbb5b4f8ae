import { isVgpuError } from "../model/errors.js";
import type { ExecResult } from "../transport/command/exec-request.js";
import type { RemoteScript } from "../transport/command/remote-script.js";
import type { Session } from "../transport/session.js";

const tries = 3;

/**
 * Runs an observing script and returns its answer. Since it changes nothing it is run again when the connection is
 * lost under it or it is killed: a machine that an earlier run told to reboot does that to whoever comes next.
 * @throws VGPU_UNREACHABLE, VGPU_LOGIN, VGPU_HOST_KEY, VGPU_NO_SUDO, VGPU_TIMEOUT
 */
export async function runObservation(session: Session, script: RemoteScript): Promise<ExecResult> {
  for (let left = tries - 1; ; left--) {
    try {
      const answer = await session.exec({ script, deadlineMs: 120_000 });
      if (answer.code < 128 || left === 0) return answer;
    } catch (error) {
      const lost = isVgpuError(error) && error.code === "VGPU_UNREACHABLE" && error.parts.now !== undefined;
      if (!lost || left === 0) throw error;
    }
  }
}
