import { labPackages } from "../../../tools/lab/vendor/release-packages.js";
import { quickProgram } from "../../engine/support/declared-stack.js";
import { openExampleStack } from "../../engine/support/example-stack.js";
import type { Project } from "../../engine/support/project.js";
import type { Stack } from "../../engine/support/stack.js";
import type { FleetConfig } from "../../fleet/fleet.js";

/** Token that the lab's guests show to the license server. */
export const labToken = "lab-license-token-for-guests";

/** A stack of the program that the root Pulumi.yaml names, with the vendor's packages; `project.remove` ends it. */
export interface LabStack {
  readonly stack: Stack;
  readonly project: Project;
  /** Writes what the program is told of the machines from now on. */
  declare(inventory: FleetConfig): Promise<void>;
}

/** Makes a stack with the vendor's packages; nothing is declared yet. */
export async function openLabStack(): Promise<LabStack> {
  const { manager, guest } = await labPackages();
  const { stack, project } = await openExampleStack("fleet", quickProgram);
  try {
    await stack.setConfig("managerPackage", JSON.stringify(manager));
    await stack.setConfig("guestPackage", JSON.stringify(guest));
    await stack.setConfig("licenseToken", labToken, { secret: true });
  } catch (error) {
    project.remove();
    throw error;
  }
  const declare = (inventory: FleetConfig) => stack.setConfig("inventory", JSON.stringify(inventory));
  return { stack, project, declare };
}
