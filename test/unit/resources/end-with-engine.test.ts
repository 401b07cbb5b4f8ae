import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { expect, it } from "vitest";
import { repositoryRoot } from "../../../tools/paths.js";

/** A provider that tells its progress, in a host that prints what nobody caught, as Pulumi's does. */
const program = `
  process.on("uncaughtException", (error) => console.error("not caught:", error.message));
  require("./provider/index.ts");
  setInterval(() => console.log("reboots since 15 s"), 20);
`;

it("ends the provider's process when the engine that read its output was killed", {
  timeout: 60_000,
}, async () => {
  const child = spawn(process.execPath, ["--require", "./tools/run-typescript.cjs", "-e", program], {
    cwd: path.resolve(repositoryRoot),
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    await once(child.stdout, "data");
    child.stdout.destroy();
    child.stderr.destroy();
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
  } finally {
    child.kill("SIGKILL");
  }
});
