import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../../../tools/paths.js";
import { makeProject, type Project } from "./project.js";
import { Stack } from "./stack.js";

/** A program of examples/. */
export type Example = "fleet" | "other-drivers";

/** A stack of an example, as the root Pulumi.yaml runs it; `project.remove` ends both. */
export interface ExampleStack {
  readonly stack: Stack;
  readonly project: Project;
}

/** Makes the project and the stack; nothing is configured yet. */
export async function openExampleStack(
  example: Example,
  env: Readonly<Record<string, string>> = {},
): Promise<ExampleStack> {
  const source = (file: string) => readFileSync(path.join(repositoryRoot, file), "utf8");
  const program = ["index.ts", "tsconfig.json"].map((file) => `examples/${example}/${file}`);
  const project = makeProject({
    "Pulumi.yaml": source("Pulumi.yaml").replace("examples/fleet", `examples/${example}`),
    ...Object.fromEntries(program.map((file) => [file, source(file)])),
  });
  const stack = new Stack({ ...project, env });
  try {
    await stack.init();
    return { stack, project };
  } catch (error) {
    project.remove();
    throw error;
  }
}
