import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { errorText } from "../../../provider/model/errors.js";
import {
  type DriverInput,
  desiredDriver,
  formRefusal,
  packageRefusal,
  versionRefusal,
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

  it("takes the version from the package's name for a release that the catalog does not know", () => {
    const name = "NVIDIA-Linux-x86_64-610.10.01-vgpu-kvm.run";
    expect(desiredDriver(inputOf("22.0", name), "host")?.version).toBe("610.10.01");
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

describe("versionRefusal", () => {
  it("refuses a driver whose version nothing says", () => {
    const parts = versionRefusal(desiredDriver(inputOf("22.0", "driver.run"), "host"), "gpu-01");
    expect(
      parts && errorText(parts),
    ).toBe(`VGPU_UNKNOWN_RELEASE gpu-01: the driver version of release 22.0 is not known
Saw: no row in the catalog, and a package whose name does not say its version
Expected: a release of the catalog, or a package under its original name
Next: declare driver.package with the vendor's file name, e.g. NVIDIA-Linux-x86_64-<version>-vgpu-kvm.run`);
    expect(versionRefusal(desiredDriver(inputOf("17.4"), "host"), "gpu-01")).toBeNull();
    expect(versionRefusal(null, "gpu-01")).toBeNull();
  });
});

describe("formRefusal", () => {
  it("refuses a package of another form than .run, and takes a renamed one", () => {
    const parts = formRefusal(inputOf("17.4", "/srv/nvidia-vgpu-ubuntu-550_550.127.06_amd64.deb"), "gpu-01");
    expect(parts && errorText(parts)).toBe(`VGPU_INPUT gpu-01: a .deb package cannot be installed yet
Saw: nvidia-vgpu-ubuntu-550_550.127.06_amd64.deb
Expected: the vendor's .run package
Next: declare the .run file of the same release`);
    expect(formRefusal(inputOf("17.4", "driver.bin"), "gpu-01")).toBeNull();
    expect(formRefusal(inputOf("17.4"), "gpu-01")).toBeNull();
    expect(formRefusal(undefined, "gpu-01")).toBeNull();
  });
});

describe("packageRefusal", () => {
  it("takes the declared file", async () => {
    const input = { release: "17.4", package: packageOf("good.run", "the driver") };
    expect(await packageRefusal(desiredDriver(input, "host"), "gpu-01")).toBeNull();
  });

  it("refuses another file than the declared one", async () => {
    const { path, sha256: found } = packageOf("other.run", "another driver");
    const parts = await packageRefusal(desiredDriver(inputOf("17.4", path), "host"), "gpu-01");
    expect(
      parts && errorText(parts),
    ).toBe(`VGPU_PACKAGE_MISMATCH gpu-01: the driver package is another file than declared
Saw: sha256 ${found} (${path})
Expected: sha256 ${sha256}
Next: fetch the package again, or declare the hash of the file that is meant`);
    expect(parts?.property).toBe("driver.package");
  });

  it("reads a file again when it has changed", async () => {
    const before = packageOf("changed.run", "half a driver");
    const input = { release: "17.4", package: packageOf("changed.run", "the whole driver") };
    writeFileSync(before.path, "half a driver");
    expect(await packageRefusal(desiredDriver(input, "host"), "gpu-01")).not.toBeNull();
    writeFileSync(before.path, "the whole driver");
    expect(await packageRefusal(desiredDriver(input, "host"), "gpu-01")).toBeNull();
  });

  it("refuses a file that is not there", async () => {
    const path = join(folder, "missing.run");
    const parts = await packageRefusal(desiredDriver(inputOf("17.4", path), "host"), "gpu-01");
    expect(parts && errorText(parts)).toBe(`VGPU_PACKAGE_MISMATCH gpu-01: the driver package cannot be read
Saw: ${path}: ENOENT
Expected: a readable file on the machine that runs Pulumi
Next: correct driver.package.path; relative paths start at the folder of Pulumi.yaml`);
  });

  it("asks for no file where none is declared or it lies on the machine", async () => {
    const there = { release: "17.4", package: { hostPath: "/srv/nowhere.run", sha256 } };
    for (const input of [undefined, inputOf("17.4"), there]) {
      expect(await packageRefusal(desiredDriver(input, "host"), "gpu-01")).toBeNull();
    }
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
