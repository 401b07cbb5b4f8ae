import {
  type CommandContext,
  type ExecRequest,
  type ExecResult,
  runCommand,
} from "../command/run-command.js";
import { planOutdated } from "./lock-failures.js";
import { requireLock } from "./lock-scope.js";
import { guardedScript, type NotBegun, notBegun } from "./lock-scripts.js";

/**
 * Runs a script that changes the machine; it holds the change lock itself, and keeps it when this process is gone.
 * @throws an error for which `isPlanOutdated` holds when it did not begin, VGPU_LOCKED when it cannot
 */
export async function runChange(context: CommandContext, request: ExecRequest): Promise<ExecResult> {
  const { token } = requireLock(context.machine, request.script.name);
  const guarded = guardedScript(request, token, Buffer.byteLength(request.stdin ?? ""));
  const result = await runCommand(context, { ...request, ...guarded });
  const reason = notBegun(result);
  if (reason !== undefined) await startAnew(context, request.script.name, reason);
  return result;
}

/** Takes the lock anew for a script that did not begin. @throws always: what was planned before is to be planned again */
export async function startAnew(context: CommandContext, name: string, reason: NotBegun): Promise<never> {
  await requireLock(context.machine, name).renew();
  throw planOutdated(context.machine.target, name, reason);
}
