import { observePackage } from "../observe/observe-package.js";
import type { Step } from "../plan/steps.js";
import type { Session } from "../transport/session.js";
import { packagePath } from "./driver-steps.js";
import { change, type Machine } from "./machine.js";

/**
 * Returns the sha256 of the package that a plan takes for there, and whose file holds something else; `null` when it is
 * whole, cannot be read, or is brought by the plan.
 */
export async function damagedPackage(session: Session, steps: readonly Step[]): Promise<string | null> {
  const source = steps.find((step) => step.kind === "install-driver")?.package;
  const brought = steps.some((step) => step.kind === "upload-package" || step.kind === "copy-package");
  if (source === undefined || brought) return null;
  const found = await observePackage(session, packagePath(source.sha256));
  return found === null || found.sha256 === "" || found.sha256 === source.sha256 ? null : source.sha256;
}

/** Takes a damaged package away, so that the plan brings it anew. Returns whether there was one. */
export async function dropDamagedPackage(machine: Machine, steps: readonly Step[]): Promise<boolean> {
  const sha256 = await damagedPackage(machine.session, steps);
  if (sha256 === null) return false;
  machine.progress(`${packagePath(sha256)} is damaged: it is brought anew`);
  await change(machine, { name: "drop-package", args: [sha256] });
  return true;
}
