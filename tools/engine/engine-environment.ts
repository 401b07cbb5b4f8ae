import path from "node:path";
import { repositoryRoot, toolCache } from "../paths.js";
import { findEngine } from "./find-engine.js";

/**
 * The environment in which `pulumi` runs: the engine and this repository's Node first on PATH, a Pulumi home of
 * our own (no login, no plugins of the user's), a backend in the given folder, no colour, no questions.
 * @throws Error when no engine is there yet; `npm run setup` brings one.
 */
export function engineEnvironment(backendFolder: string): Record<string, string> {
  const engine = findEngine();
  if (engine === undefined) throw new Error("No Pulumi engine is here. Next: npm run setup");
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("PULUMI_"),
  );
  const folders = [
    engine.folder,
    path.join(repositoryRoot, "node_modules", "node", "bin"),
    process.env.PATH ?? "",
  ];
  return {
    ...Object.fromEntries(inherited),
    PATH: folders.join(path.delimiter),
    PULUMI_HOME: path.join(toolCache, "pulumi-home"),
    PULUMI_BACKEND_URL: `file://${backendFolder}`,
    PULUMI_CONFIG_PASSPHRASE: "only for tests and the demo",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // Program and provider are processes of Node's, started anew by every command: a third of their time was compiling.
    NODE_COMPILE_CACHE: path.join(toolCache, "node-compile-cache"),
    NO_COLOR: "1",
  };
}

/** Lines for a person's shell that make this environment in it. */
export function exportLines(environment: Readonly<Record<string, string>>): string[] {
  const [engine, node] = (environment.PATH ?? "").split(path.delimiter);
  const changed = Object.entries(environment).filter(
    ([name, value]) => name !== "PATH" && process.env[name] !== value,
  );
  return [
    `  export PATH='${engine}:${node}':"$PATH"`,
    ...changed.map(([name, value]) => `  export ${name}='${value}'`),
  ];
}
