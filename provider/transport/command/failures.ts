import { redact, startOf, VgpuError } from "../../model/errors.js";
import type { Route } from "../config/route.js";

/** Returns `"15 s"`, `"0.4 s"`. */
export function seconds(milliseconds: number): string {
  return `${milliseconds >= 10_000 ? Math.round(milliseconds / 1000) : Math.round(milliseconds / 100) / 10} s`;
}

/** What became of dialing until a deadline. */
export interface DialEvidence {
  readonly target: string;
  readonly route: Route;
  readonly dials: number;
  readonly elapsedMs: number;
  readonly last: string;
  /** The machine was connected, and took too long. */
  readonly slow?: boolean;
}

export function unreachable(evidence: DialEvidence): VgpuError {
  const { route, dials } = evidence;
  const way = route.via === undefined ? "" : ` through ${route.via.user}@${route.via.host}:${route.via.port}`;
  return new VgpuError({
    code: "VGPU_UNREACHABLE",
    where: evidence.target,
    what: `no SSH connection after ${seconds(evidence.elapsedMs)}`,
    saw: `${evidence.last} (${dials === 1 ? "one dial" : `${dials} dials`} of ${route.host}:${route.port}${way})`,
    expected: `an SSH server at ${route.host}:${route.port}${way}`,
    next: evidence.slow === true ? longer(route) : check(route),
  });
}

function check(route: Route): string {
  return `check that the machine is up and that "${byHand(route)}" connects from here`;
}

function longer(route: Route): string {
  return `see how long "${byHand(route)}" takes from here, and set connection.perDialTimeout to more seconds than that; a server that looks up names in vain answers late (UseDNS, GSSAPI and PAM of its sshd)`;
}

function byHand(route: Route): string {
  return `ssh -p ${route.port} ${route.user}@${route.host}`;
}

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

/** The failure of an upload that stands still, or is slower than anybody waits for. */
export function uploadStalled(
  target: string,
  path: string,
  seen: { readonly saw: string; readonly remotePath: string },
): VgpuError {
  return new VgpuError({
    code: "VGPU_TIMEOUT",
    where: target,
    what: `cannot upload ${path}`,
    saw: seen.saw,
    expected: "a machine that takes the file",
    next: "look at the network and at the machine's disk, then run again",
    now: `${seen.remotePath}.part may exist`,
  });
}

/** Returns the last lines of a command's output on one line, for `Saw`. */
export function lastLines(output: string, count = 3): string {
  return redact(output)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(-count)
    .join(" | ");
}
