import { VgpuError } from "../../model/errors.js";
import { lastLines, seconds } from "../../model/evidence.js";
import type { Answer } from "./answer.js";
import type { CommandContext } from "./exec-request.js";

/** The failure of a command in whose place the login shell waits for something. */
export function notBegunInTime(
  { machine, user }: CommandContext,
  name: string,
  deadlineMs: number,
  output: string,
): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: machine.target,
    what: `${name} did not begin within ${seconds(deadlineMs)}`,
    saw: `${lastLines(output) || "no output"} (login shell of ${user})`,
    expected: "a login shell that runs the command that it is given",
    next: `look at what the account's login shell waits for, and at ForceCommand in sshd_config, then run again`,
    now: `${name} may or may not have run`,
  });
}

/** The failure of a command whose answer does not end as each of ours does: it is not read at all. */
export function cutAnswer(target: string, name: string, code: number, answer: Answer): VgpuError {
  const said = lastLines(answer.anyErrors() || answer.anyOutput());
  return new VgpuError({
    code: "VGPU_PROTOCOL",
    where: target,
    what: `the answer of ${name} is cut`,
    saw: `exit code ${code}: ${said || "no output"} (${name})`,
    expected: "an answer that ends with the mark of this call",
    next: "run again; if it stays, look on the machine for what ends or closes the output of commands: its login shell, its /bin/sh, a full disk",
    now: `${name} may be half done`,
  });
}

/** The failure of a command for which the server refuses each session, though none of ours is open. */
export function noSession({ machine, user }: CommandContext, name: string): VgpuError {
  return new VgpuError({
    code: "VGPU_ACCOUNT",
    where: machine.target,
    what: `${user} logs in, and sshd opens no session`,
    saw: "each request for a session is refused (SSH)",
    expected: "at least one session on a connection",
    next: "look at MaxSessions in /etc/ssh/sshd_config on the machine, for this account, too (Match): 0 allows none",
    now: `${name} did not begin`,
  });
}

/** The failure of a command whose errors stand among its answers: it is not read at all. */
export function joinedOutputs({ machine, user }: CommandContext, name: string): VgpuError {
  return new VgpuError({
    code: "VGPU_ACCOUNT",
    where: machine.target,
    what: `${user} logs in, and standard error comes as standard output`,
    saw: `what ${name} wrote to the one stands in the other (login shell of ${user})`,
    expected: "a login that keeps the two outputs of a command apart",
    next: "look at ForceCommand in sshd_config on the machine and at the startup files of the account for what joins them (2>&1, script), or use another account",
    now: `${name} has run, and its answer is not read`,
  });
}
