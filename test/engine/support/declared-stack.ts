import { readFileSync } from "node:fs";
import path from "node:path";
import type { Declared } from "../programs/declared-fleet.js";
import { makeProject, type Project } from "./project.js";
import { Stack } from "./stack.js";

/** A stack whose program declares what `declare` is given. */
export interface DeclaredStack {
  readonly stack: Stack;
  readonly project: Project;
  /** Writes what the program declares from now on. */
  declare(declared: Declared): void;
}

const programText = readFileSync(path.join(__dirname, "..", "programs", "declared-fleet.ts"), "utf8");

/** Programs are type-checked with the repository; here they are only stripped of their types, which is faster. */
export const quickProgram = { PULUMI_NODEJS_TRANSPILE_ONLY: "true" } as const;

/** Returns the files of the project that declares this. */
export function declaredProgram(declared: Declared): Record<string, string> {
  return { "index.ts": programText, "declared.json": JSON.stringify(declared) };
}

/** Makes the stack and its project; nothing is declared yet, and `project.remove` ends both. */
export async function openDeclaredStack(): Promise<DeclaredStack> {
  const project = makeProject(declaredProgram({}));
  const stack = new Stack({ ...project, env: quickProgram });
  try {
    await stack.init();
  } catch (error) {
    project.remove();
    throw error;
  }
  return {
    stack,
    project,
    declare: (declared) => project.write("declared.json", JSON.stringify(declared)),
  };
}
