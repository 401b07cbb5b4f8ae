import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { errorText } from "../../../provider/model/errors.js";
import {
  type DriverInput,
  desiredDriver,
  driverInputRefusals,
} from "../../../provider/resources/driver-input.js";
import { liveDriver } from "../../../provider/resources/driver-state.js";
import { hostFacts, managerVersion } from "../plan/facts.js";

const sha256 = "ab".repeat(32);
const folder = mkdtempSync(join(tmpdir(), "packages-"));
afterAll(() => rmSync(folder, { recursive: true }));

function inputOf(release: string, name?: string): DriverInput {
  return name === undefined ? { release } : { release, package: { path: name, sha256 } };
}

function packageOf(name: string, content: string): { readonly path: string; readonly sha256: string } {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, sha256: createHash("sha256").update(content).digest("hex") };
}

describe("desiredDriver", () => {
  it("takes the version of the release from the catalog, by the side of the machine", () => {
    expect(desiredDriver(inputOf("17.4"), "host")).toEqual({
      release: "17.4",
      version: "550.127.06",
      package: null,
    });
    expect(desiredDriver(inputOf("17.4"), "guest")?.version).toBe("550.127.05");
    expect(desiredDriver(undefined, "host")).toBeNull();
  });

  it("takes the version from the package's header for a release that the catalog does not know", () => {
    const header = "#! /bin/sh\ntargetdir=NVIDIA-Linux-x86_64-610.10.01-vgpu-kvm\n";
    const { path } = packageOf("NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run", header);
    expect(desiredDriver(inputOf("22.0", path), "host")?.version).toBe("610.10.01");
    const told = packageOf("NVIDIA-Linux-x86_64-610.10.02-vgpu-kvm.run", "#!/bin/sh\n");
    expect(desiredDriver(inputOf("22.0", told.path), "host")?.version).toBe("unknown");
  });

  it("takes it from the name of a package that cannot be read here", () => {
    const name = "NVIDIA-Linux-x86_64-610.10.01-vgpu-kvm.run";
    expect(desiredDriver(inputOf("22.0", join(folder, name)), "host")?.version).toBe("610.10.01");
    const there = { release: "22.0", package: { hostPath: `/srv/${name}`, sha256 } };
    expect(desiredDriver(there, "host")?.version).toBe("610.10.01");
    expect(desiredDriver(inputOf("22.0", "driver.run"), "host")?.version).toBe("unknown");
  });

  it("tells a package that is uploaded from one that lies on the machine", () => {
    const uploaded = desiredDriver(inputOf("17.4", "/srv/manager.run"), "host");
    expect(uploaded?.package).toEqual({ localPath: "/srv/manager.run", remotePath: null, sha256 });
    const there = { release: "17.4", package: { hostPath: "/srv/manager.run", sha256 } };
    expect(desiredDriver(there, "host")?.package).toEqual({
      localPath: null,
      remotePath: "/srv/manager.run",
      sha256,
    });
  });
});

describe("driverInputRefusals", () => {
  const header = (target: string) => `#! /bin/sh\ntargetdir=NVIDIA-Linux-x86_64-${target}\n`;
  const manager = header("550.127.06-vgpu-kvm");
  const textsOf = async (input: DriverInput | undefined, side: "host" | "guest" = "host") =>
    (await driverInputRefusals(input, side, "gpu-01")).map(errorText);

  it("takes the declared file, whatever its name is", async () => {
    for (const name of ["good.run", "NVIDIA-GRID-Ubuntu-KVM-550.144.02-550.144.03-553.62.zip", "driver.deb"])
      expect(await textsOf({ release: "17.4", package: packageOf(name, manager) })).toEqual([]);
  });

  it("refuses a file of the right name and hash that is the archive of all drivers", async () => {
    const zip = packageOf("NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run", "PK\u0003\u0004drivers");
    expect(await textsOf({ release: "17.4", package: zip })).toEqual([
      `VGPU_PACKAGE_MISMATCH gpu-01: the driver package is a zip archive, such as that of all drivers
Saw: ${zip.path}: a zip archive: it begins with PK
Expected: a vGPU manager: NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run
Next: unpack it and give the file in its folder Host_Drivers`,
    ]);
  });

  it("refuses the manager's package in a guest", async () => {
    const [text] = await textsOf({ release: "17.4", package: packageOf("grid.run", manager) }, "guest");
    expect(text).toContain("the driver package is a vGPU manager\n");
  });

  it("refuses a driver whose version nothing says", async () => {
    const there = { release: "22.0", package: { hostPath: "/srv/driver.run", sha256 } };
    expect(await textsOf(there)).toEqual([
      `VGPU_UNKNOWN_RELEASE gpu-01: the driver version of release 22.0 is not known
Saw: no row in the catalog, and a package on the machine whose name does not say its version
Expected: a release of the catalog, a package on the machine that runs Pulumi, or one under its original name
Next: declare driver.package by path, or by a hostPath with the vendor's file name, e.g. NVIDIA-Linux-x86_64-<version>-vgpu-kvm.run`,
    ]);
    expect((await textsOf(inputOf("22.0")))[0]).toContain("no row in the catalog, and no package\n");
    const renamed = packageOf("renamed", header("610.10.01-vgpu-kvm"));
    expect(await textsOf({ release: "22.0", package: renamed })).toEqual([]);
  });

  it("refuses another file than the declared one", async () => {
    const { path, sha256: found } = packageOf("other.run", manager);
    expect(await textsOf(inputOf("17.4", path))).toEqual([
      `VGPU_PACKAGE_MISMATCH gpu-01: the driver package is another file than declared
Saw: sha256 ${found} (${path})
Expected: sha256 ${sha256}
Next: fetch the package again, or declare the hash of the file that is meant`,
    ]);
  });

  it("refuses a file that is bigger than any driver package, and does not read it", async () => {
    const input = { release: "17.4", package: packageOf("sparse.run", manager) };
    const { path } = input.package;
    truncateSync(path, 2 ** 42);
    const began = performance.now();
    expect(await textsOf(input)).toEqual([
      `VGPU_PACKAGE_MISMATCH gpu-01: the file is too big for a driver package
Saw: ${path} has 4194304 MiB
Expected: at most 4096 MiB, as every driver package
Next: correct driver.package.path, and the hash beside it`,
    ]);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it("reads a file again when it has changed", async () => {
    const input = { release: "17.4", package: packageOf("changed.run", manager) };
    writeFileSync(input.package.path, manager.slice(1));
    expect(await textsOf(input)).toHaveLength(1);
    writeFileSync(input.package.path, manager);
    expect(await textsOf(input)).toEqual([]);
  });

  it("refuses a file that is not there, and what is no file", async () => {
    const path = join(folder, "missing.run");
    expect(await textsOf(inputOf("17.4", path))).toEqual([
      `VGPU_PACKAGE_MISMATCH gpu-01: the driver package cannot be read
Saw: ${path}: ENOENT
Expected: a readable file on the machine that runs Pulumi
Next: correct driver.package.path; relative paths start at the folder of Pulumi.yaml`,
    ]);
    for (const other of [folder, "/dev/zero"])
      expect((await textsOf(inputOf("17.4", other)))[0]).toContain(`Saw: ${other}: it is no regular file\n`);
  });

  it("asks for no file where none is declared or it lies on the machine", async () => {
    const there = { release: "17.4", package: { hostPath: "/srv/nowhere.run", sha256 } };
    for (const input of [undefined, inputOf("17.4"), there]) expect(await textsOf(input)).toEqual([]);
  });
});

describe("liveDriver", () => {
  const declared = inputOf("17.4");
  const installed = { installedDriver: managerVersion, loadedDriver: managerVersion };
  const record = { state: "done" as const, version: managerVersion, bootId: "boot-0" };

  it.each([
    ["what is as declared, in the declared words", hostFacts(installed), "17.4"],
    ["no driver", hostFacts(), "none"],
    ["another release", hostFacts({ installedDriver: "535.129.03", loadedDriver: "535.129.03" }), "16.2"],
    ["a version of no release", hostFacts({ installedDriver: "1.2.3", loadedDriver: "1.2.3" }), "1.2.3"],
    ["a driver that is not loaded", hostFacts({ installedDriver: managerVersion }), "17.4, not loaded"],
    [
      "a driver that needs a boot",
      hostFacts({ ...installed, manifest: { driver: { ...record, bootId: "boot-1" } } }),
      "17.4, not finished",
    ],
    [
      "an installation that was interrupted",
      hostFacts({ ...installed, manifest: { driver: { ...record, state: "intent" } } }),
      "17.4, not finished",
    ],
    ["a driver of ours that is done", hostFacts({ ...installed, manifest: { driver: record } }), "17.4"],
  ])("says %s", (_title, facts, release) => {
    expect(liveDriver(declared, facts, "host").release).toBe(release);
  });
});
