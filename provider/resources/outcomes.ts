import { type ErrorParts, errorText, isVgpuError, VgpuError } from "../model/errors.js";
import type { CheckFailure } from "../schema/check-inputs.js";
import type { Properties } from "./lifecycle.js";

const silenced = new Set<string>();
let listening = false;

/**
 * Keeps the engine's Node host from printing `error` a second time: it writes what read, diff and delete throw to
 * standard error, with its stack, before the engine shows the message on its resource.
 */
export function tellOnce(error: unknown): unknown {
  if (!isVgpuError(error)) return error;
  if (!listening) {
    listening = true;
    const print = console.error;
    console.error = (...parts: unknown[]) => {
      if (parts.length !== 1 || !silenced.delete(String(parts[0]))) print(...parts);
    };
  }
  silenced.add(`${error}: ${error.stack}`);
  return error;
}

/** Returns a refusal as `check` reports it; any other error is thrown on. */
export function asFailure(error: unknown, property: string): CheckFailure {
  if (!isVgpuError(error)) throw error;
  return { property: error.parts.property ?? property, reason: error.message };
}

/** Returns refusals as `check` reports them; one of no property in particular has an empty one. */
export function asFailures(refusals: readonly ErrorParts[]): CheckFailure[] {
  return refusals.map((parts) => ({ property: parts.property ?? "", reason: errorText(parts) }));
}

const outOfReach = new Set([
  "VGPU_UNREACHABLE",
  "VGPU_LOGIN",
  "VGPU_HOST_KEY",
  "VGPU_ACCOUNT",
  "VGPU_NO_SUDO",
]);

/** Whether the machine could not be asked; an error that keeps a half-made resource is another matter. */
export function isOutOfReach(error: unknown): error is VgpuError {
  return isVgpuError(error) && outOfReach.has(error.code) && !("id" in error);
}

/** Returns the error with the line that leaves its machine out of the run. */
export function withExclude(
  error: unknown,
  resource: { readonly kind: string; readonly name: string },
): unknown {
  if (!isOutOfReach(error)) return error;
  const line = `pulumi up --exclude '**${resource.kind}::${resource.name}' --exclude-dependents`;
  return new VgpuError({ ...error.parts, next: `${error.parts.next}; to go on without it: ${line}` });
}

/** The same for a read, which uses the connection that is stored: the program's may be another one by now. */
export function withStoredConnection(
  error: unknown,
  resource: { readonly kind: string; readonly name: string },
): unknown {
  if (!isOutOfReach(error) || error.parts.next.includes("--refresh=false"))
    return withExclude(error, resource);
  const hint =
    "if the program has another connection now, run `pulumi up --refresh=false` once: a refresh uses the stored one";
  return withExclude(new VgpuError({ ...error.parts, next: `${error.parts.next}; ${hint}` }), resource);
}

/** Returns the error with what is most often the matter with a guest that does not answer. */
export function withVmHint(error: unknown): unknown {
  if (!isOutOfReach(error) || error.code !== "VGPU_UNREACHABLE") return error;
  const hint = "is its VM on, with the hostdev of its vGPU (MdevDevice.hostdevXml)?";
  return new VgpuError({ ...error.parts, next: `${hint} ${error.parts.next}` });
}

/** Returns an error of create or update that keeps the half-made resource, so that destroy and the next run know it. */
export function halfMade(error: unknown, id: string, properties: Properties): unknown {
  if (!isVgpuError(error)) return error;
  return Object.assign(error, { id, properties, reasons: [error.message] });
}

/** Whether this run may not talk to machines (`VGPU_OFFLINE=1`). */
export function isOffline(): boolean {
  return process.env.VGPU_OFFLINE === "1";
}

let warned = false;

/** Says once that stored state is used in place of live state. */
export function warnOffline(): void {
  if (warned) return;
  warned = true;
  console.log("VGPU_OFFLINE=1: no machine is asked; what is shown is the stored state, not the live one");
}

/** @throws VGPU_OFFLINE when this run may not talk to machines */
export function refuseOffline(where: string, what: string): void {
  if (!isOffline()) return;
  throw new VgpuError({
    code: "VGPU_OFFLINE",
    where,
    what: `cannot ${what}`,
    saw: "VGPU_OFFLINE=1 in the environment",
    expected: "a run that may reach the machine",
    next: "run without VGPU_OFFLINE where the machine can be reached",
  });
}
