import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../provider/model/facts.js";
import type { InstallationFacts } from "../../../provider/model/installation-facts.js";
import type { DesiredHost } from "../../../provider/plan/desired.js";
import { planHost } from "../../../provider/plan/host/plan-host.js";
import { desiredHost, driverOf, gpuFacts, hostFacts, installationOf, refusalTexts } from "./facts.js";

const bare = hostFacts({ gpus: [gpuFacts()] });
const found = (changes: Partial<InstallationFacts>): HostFacts => ({ ...bare, ...installationOf(changes) });
const refusals = (facts: HostFacts, desired: Partial<DesiredHost> = {}) =>
  refusalTexts(planHost(desiredHost(desired), facts));

describe("the room for a driver's package", () => {
  const mib = 1024;
  const folders = (varMib: number, usrMib: number, mounts = ["/", "/"]) =>
    found({
      installerFolders: [
        {
          path: "/var/lib/pulumi-vgpu/installer",
          mount: mounts[0] ?? "",
          freeKib: varMib * mib,
          options: [],
        },
        {
          path: "/usr/local/lib/pulumi-vgpu/installer",
          mount: mounts[1] ?? "",
          freeKib: usrMib * mib,
          options: [],
        },
      ],
    });
  const driver = driverOf("550.127.06");
  const sized = {
    driver: {
      ...driver,
      package: { localPath: "/m.run", remotePath: null, sha256: "ab", bytes: 100 * mib * mib },
    },
  };

  it("is what it takes to be brought and unpacked, by its size", () => {
    expect(refusals(folders(728, 0), sized)).toEqual([]);
    expect(refusals(folders(727, 700), sized)).toEqual([
      `VGPU_PREREQUISITE gpu-01: the driver's installer will have no folder to unpack itself to
Saw: /var/lib/pulumi-vgpu/installer: / has room for 727 MiB, 728 MiB are needed; /usr/local/lib/pulumi-vgpu/installer: / has room for 700 MiB, 728 MiB are needed
Expected: one of them with room for 5 times the package's 100 MiB and 128 MiB, and for the package where it is brought there, not mounted noexec or read-only
Next: make room there, or mount its file system with exec and rw, run again`,
    ]);
  });

  it("is less where it is brought to another file system, or lies there already", () => {
    expect(refusals(folders(100, 628, ["/var", "/"]), sized)).toEqual([]);
    expect(refusals(folders(100, 627, ["/var", "/"]), sized)[0]).toContain("/ has room for 627 MiB, 628 MiB");
    expect(refusals({ ...folders(628, 0), uploads: ["ab"] }, sized)).toEqual([]);
    expect(refusals({ ...folders(627, 0), uploads: ["ab"] }, sized)).toHaveLength(1);
  });

  it("must be there for the package itself, wherever it is unpacked", () => {
    expect(refusals(folders(99, 9000, ["/var", "/"]), sized)).toEqual([
      `VGPU_PREREQUISITE gpu-01: the machine has no room for the driver's package
Saw: /var has room for 99 MiB (df), the package has 100 MiB
Expected: room for it in /var/lib/pulumi-vgpu/packages
Next: make room on /var, run again`,
    ]);
  });

  it("is counted where it is brought, whatever other folders there are and however it comes", () => {
    const { installation } = folders(99, 9000, ["/var", "/"]);
    const turned = {
      installation: { ...installation, installerFolders: installation.installerFolders.toReversed() },
    };
    const copied = {
      ...driver,
      package: { ...sized.driver.package, localPath: null, remotePath: "/srv/m.run" },
    };
    for (const wanted of [sized, { driver: copied }])
      expect(planHost(desiredHost(wanted), { ...bare, ...turned }).refusals).toMatchObject([
        { what: "the machine has no room for the driver's package", property: "driver.package" },
      ]);
  });
});
