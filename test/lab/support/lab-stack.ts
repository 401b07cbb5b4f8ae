import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../../../tools/paths.js";
import { makeProject } from "../../engine/support/project.js";
import { mustSucceed, Stack } from "../../engine/support/stack.js";
import type { FleetConfig, PackageFile } from "../../fleet/fleet.js";

/** Token that the lab's guests show to the license server. */
export const labToken = "lab-license-token-for-guests";

/** A stack of the program that the root Pulumi.yaml names, and its folder. */
export interface LabStack {
  readonly stack: Stack;
  /** Writes what the program is told of the machines from now on. */
  declare(inventory: FleetConfig): Promise<void>;
  close(): void;
}

const programFiles = ["Pulumi.yaml", "examples/fleet/index.ts", "examples/fleet/tsconfig.json"];

/** Makes a stack with the vendor's packages; nothing is declared yet. */
export async function openLabStack(packages: {
  readonly manager: PackageFile;
  readonly guest: PackageFile;
}): Promise<LabStack> {
  const source = (file: string) => readFileSync(path.join(repositoryRoot, file), "utf8");
  const project = makeProject(Object.fromEntries(programFiles.map((file) => [file, source(file)])));
  const stack = new Stack({ ...project, env: { PULUMI_NODEJS_TRANSPILE_ONLY: "true" } });
  const declare = (inventory: FleetConfig) => stack.setConfig("inventory", JSON.stringify(inventory));
  try {
    mustSucceed(await stack.init());
    await stack.setConfig("managerPackage", JSON.stringify(packages.manager));
    await stack.setConfig("guestPackage", JSON.stringify(packages.guest));
    await stack.setConfig("licenseToken", labToken, { secret: true });
  } catch (error) {
    project.remove();
    throw error;
  }
  return { stack, declare, close: () => project.remove() };
}
