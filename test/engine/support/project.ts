import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { repositoryRoot } from "../../../tools/paths.js";

/** A folder with a Pulumi project that finds this repository's packages, and room for a stack's state. */
export interface Project {
  readonly projectDir: string;
  readonly stateDir: string;
  /** Writes or replaces a file of the project. */
  write(name: string, text: string): void;
  remove(): void;
}

/** Makes a project in a temporary folder from its files; Pulumi.yaml and tsconfig.json are given. */
export function makeProject(files: Readonly<Record<string, string>>): Project {
  const folder = mkdtempSync(path.join(os.tmpdir(), "pulumi-vgpu-"));
  const projectDir = path.join(folder, "project");
  const stateDir = path.join(folder, "state");
  mkdirSync(projectDir);
  mkdirSync(stateDir);
  symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(projectDir, "node_modules"), "dir");
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(projectDir, name)), { recursive: true });
    writeFileSync(path.join(projectDir, name), text);
  };
  const all = { "Pulumi.yaml": pulumiYaml, "tsconfig.json": tsconfig, "package.json": packageJson, ...files };
  for (const [name, text] of Object.entries(all)) write(name, text);
  return { projectDir, stateDir, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const pulumiYaml = `name: story
runtime: nodejs
main: index.ts
options:
  refresh: always
`;

const tsconfig = JSON.stringify({
  compilerOptions: { target: "es2022", module: "nodenext", moduleResolution: "nodenext", strict: true },
});

const packageJson = JSON.stringify({ name: "story", private: true });
