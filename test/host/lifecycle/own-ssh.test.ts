import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeclaredResource } from "../../fleet/program.js";
import { runDestroy, runPreview, startRun } from "../../fleet/run.js";
import { type Bed, type HostBed, openBed, vgpusOf } from "./bed.js";
import { endStateOf } from "./end-state.js";
import { liveTypes } from "./live-vgpus.js";

const ssh = spawnSync("/bin/sh", ["-c", "command -v ssh"], { encoding: "utf8" }).stdout.trim();
let bed: Bed;

beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

/** The same program, by the user's own `ssh`. */
function byOwnSsh(host: HostBed, vgpus: Readonly<Record<string, string>>): DeclaredResource[] {
  return host.program(vgpus).map(({ kind, name, inputs }) => ({
    kind,
    name,
    inputs: { ...inputs, connection: { ...(inputs.connection as object), transport: "openssh" } },
  }));
}

describe.skipIf(ssh === "")("a host that is reached by the user's own ssh", () => {
  it("goes from bare to vGPUs with its reboots, is unchanged then, and goes back to bare", {
    timeout: 600_000,
  }, async () => {
    const host = await bed.host("own-ssh", "ampereMdev");
    const bare = await endStateOf(host.machine);
    const program = byOwnSsh(host, vgpusOf("A2-4Q", 2));
    const asked = join(host.folder, "asked");
    writeFileSync(join(host.folder, "ssh"), `#!/bin/sh\necho x >> '${asked}'\nexec ${ssh} "$@"\n`, {
      mode: 0o755,
    });
    const PATH = `${host.folder}:${process.env.PATH}`;
    const up = await startRun({ task: "up", program, statePath: host.statePath }, { PATH }).ended;
    expect(up.error).toBe("");
    expect(readFileSync(asked, "utf8").length).toBeGreaterThan(0);
    expect(await liveTypes(host.machine)).toEqual(["A2-4Q", "A2-4Q"]);
    const previews = Object.values(await runPreview(program, host.statePath));
    expect(previews.map(({ failures, changes }) => ({ failures, changes }))).toEqual(
      previews.map(() => ({ failures: [], changes: false })),
    );
    await runDestroy(host.statePath);
    expect(await endStateOf(host.machine)).toEqual(bare);
  });
});
