import { startOf, VgpuError } from "../../model/errors.js";
import { lastLines, seconds } from "../../model/evidence.js";

/** The failure of a command whose outcome nobody knows: it was sent, and the connection went before it ended. */
export function lostCommand(target: string, name: string, reason: string): VgpuError {
  return new VgpuError({
    code: "VGPU_UNREACHABLE",
    where: target,
    what: `the connection was lost during ${name}`,
    saw: reason,
    expected: "an answer of the command",
    next: "run again: the machine is observed anew and the rest is done",
    now: `${name} may or may not have run`,
  });
}

export function commandTimeout(target: string, name: string, deadlineMs: number, output: string): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: target,
    what: `${name} did not end within ${seconds(deadlineMs)}`,
    saw: lastLines(output) || "no output",
    expected: `the end of ${name}`,
    next: "look on the machine for what it waits for, then run again",
    now: `${name} may still be running on the machine`,
  });
}

/** The failure of a command for which no channel was there in time. */
export function notStarted(target: string, name: string, withinMs: number, sent: boolean): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: target,
    what: `${name} did not start within ${seconds(withinMs)}`,
    saw: sent
      ? "the machine is connected and does not answer the request for a channel (SSH)"
      : "other commands of this run have all the channels of this machine (SSH)",
    expected: "a channel for the command",
    next: "look at the machine's load and at its sshd, then run again",
    now: sent ? `${name} may or may not have run` : `${name} was not started`,
  });
}

/** The failure of a command that prints without end: half an answer is never read as a whole one. */
export function tooMuchOutput(target: string, name: string, most: number, output: string): VgpuError {
  const mebibytes = `${most / 2 ** 20} MiB`;
  return new VgpuError({
    code: "VGPU_PROTOCOL",
    where: target,
    what: `${name} prints more than can be taken in`,
    saw: `more than ${mebibytes}, which begin with ${JSON.stringify(startOf(output, 80))} (standard output)`,
    expected: `at most ${mebibytes}`,
    next: "look on the machine for what prints so much: its login shell, or a tool that the command asks; then run again",
    now: `${name} may still be running on the machine`,
  });
}
