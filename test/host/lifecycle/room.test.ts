import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writePackage } from "../../fleet/fleet.js";
import type { DeclaredResource } from "../../fleet/program.js";
import { runPreview, runUp } from "../../fleet/run.js";
import { type Bed, type HostBed, hostName, openBed } from "./bed.js";
import { expectUntouched, noteOf } from "./untouched.js";

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(() => bed.close());

function programWith(host: HostBed, source: object): DeclaredResource[] {
  const driver = { release: "17.4", package: source };
  return host.program({}).map((each) => ({ ...each, inputs: { ...each.inputs, driver } }));
}

/** A df by which the machine's file system has so much room. */
function withRoom(mib: number): string {
  return `#!/bin/sh\ncase $* in *-k*) ;; *) exec /usr/bin/df "$@" ;; esac\necho head\necho /dev/vda1 9000000 1 ${mib * 1024} 99% /\n`;
}

const refused = (has: number, needed: number) =>
  `VGPU_PREREQUISITE gpu-host: the driver's installer will have no folder to unpack itself to
Saw: /var/lib/pulumi-vgpu/installer: / has room for ${has} MiB, ${needed} MiB are needed; /usr/local/lib/pulumi-vgpu/installer: / has room for ${has} MiB, ${needed} MiB are needed
Expected: one of them with room for 5 times the package's 4 MiB and 128 MiB, and for the package where it is brought there, not mounted noexec or read-only
Next: make room there, or mount its file system with exec and rw, run again`;

describe.concurrent("a machine without room for the package", () => {
  it.for(["path", "hostPath"])(
    "is refused in preview and in up, with the figures, and untouched: %s",
    { timeout: 120_000 },
    async (where) => {
      const host = await bed.host(`no-room-${where}`, "turingLegacy");
      const options = { version: "550.127.06", payloadBytes: 4 * 1024 * 1024 };
      const { path, sha256 } = writePackage(join(host.folder, "large"), "manager", options);
      if (where === "hostPath") await host.machine.writeFile("/srv/m.run", readFileSync(path, "latin1"));
      const source = where === "path" ? { path, sha256 } : { hostPath: "/srv/m.run", sha256 };
      await host.machine.writeFile("/usr/local/bin/df", withRoom(151), 0o755);
      const before = await noteOf(host.machine);
      const { [hostName]: preview } = await runPreview(programWith(host, source), host.statePath);
      expect(preview?.failures.map(({ reason }) => reason.split("\nProperty:")[0])).toEqual([
        refused(151, 152),
      ]);
      await expect(runUp(programWith(host, source), host.statePath)).rejects.toThrow(refused(151, 152));
      await expectUntouched(host.machine, before);
    },
  );

  it("has room again for what a run that was cut off left in its place", { timeout: 120_000 }, async () => {
    const host = await bed.host("half-unpacked", "turingLegacy");
    await host.machine.shell(`mkdir -p /var/lib/pulumi-vgpu/installer /var/lib/pulumi-vgpu/packages
head -c 3000000 /dev/urandom > /var/lib/pulumi-vgpu/installer/half
head -c 3000000 /dev/urandom > /var/lib/pulumi-vgpu/packages/x.part`);
    await host.machine.writeFile("/usr/local/bin/df", withRoom(124), 0o755);
    const program = programWith(host, bed.packages.manager);
    expect((await runPreview(program, host.statePath))[hostName]?.failures).toEqual([]);
    await host.machine.writeFile("/usr/local/bin/df", withRoom(121), 0o755);
    expect((await runPreview(program, host.statePath))[hostName]?.failures).toHaveLength(1);
  });
});
