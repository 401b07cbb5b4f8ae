import { describe, expect, it } from "vitest";
import { packageContent, packageHead } from "../../../provider/catalog/package-content.js";
import { releases } from "../../../provider/catalog/releases.js";
import { errorText } from "../../../provider/model/errors.js";
import { type DeclaredPackage, packageMismatch } from "../../../provider/plan/driver/package-fit.js";

type Side = DeclaredPackage["role"];

function textOf(role: Side, release: string, bytes: string): string {
  const content = packageContent(packageHead(Buffer.from(bytes, "latin1")));
  const parts = packageMismatch({ role, release, place: "/srv/driver.run", content }, "gpu-01");
  if (parts !== null) expect(parts.property).toBe("driver.package");
  return parts === null ? "" : errorText(parts);
}

const run = (target: string) => `#! /bin/sh\ntargetdir=NVIDIA-Linux-x86_64-${target}\n`;

describe("packageMismatch", () => {
  it("has nothing against the packages of a release, each on its side", () => {
    for (const { release, managerVersion, linuxGuestVersion } of releases()) {
      expect(textOf("host", release, run(`${managerVersion}-vgpu-kvm`)), release).toBe("");
      expect(textOf("guest", release, run(`${linuxGuestVersion}-grid`)), release).toBe("");
    }
  });

  it("refuses the manager of another release", () => {
    expect(textOf("host", "17.5", run("550.127.06-vgpu-kvm"))).toBe(
      `VGPU_PACKAGE_MISMATCH gpu-01: the vGPU manager 550.127.06 (release 17.4) is not that of release 17.5
Saw: /srv/driver.run: its header: targetdir NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm
Expected: version 550.144.02 for release 17.5 (catalog)
Next: give NVIDIA-Linux-x86_64-550.144.02-vgpu-kvm.run, or set driver.release to "17.4"`,
    );
  });

  it("refuses a guest driver of another release, and names every release that ships a version", () => {
    expect(textOf("guest", "17.5", run("550.127.05-grid"))).toContain(
      "the Linux guest driver 550.127.05 (release 17.4) is not that of release 17.5\n",
    );
    expect(textOf("host", "17.5", run("550.90.05-vgpu-kvm"))).toContain(
      "the vGPU manager 550.90.05 (release 17.3 or 17.2) is not that of release 17.5\n",
    );
  });

  it("refuses a version that no release has", () => {
    const text = textOf("host", "17.5", run("550.99.99-vgpu-kvm"));
    expect(text).toContain("the vGPU manager 550.99.99 is not that of release 17.5\n");
    expect(text).toMatch(/, or correct driver\.release$/);
  });

  it("refuses the archive of all drivers, and says what to take out of it", () => {
    expect(textOf("host", "17.5", "PK\u0003\u0004")).toBe(
      `VGPU_PACKAGE_MISMATCH gpu-01: the driver package is a zip archive, such as that of all drivers
Saw: /srv/driver.run: a zip archive: it begins with PK
Expected: a vGPU manager: NVIDIA-Linux-x86_64-550.144.02-vgpu-kvm.run
Next: unpack it and give the file in its folder Host_Drivers`,
    );
    expect(textOf("guest", "17.5", "PK\u0003\u0004")).toContain("its folder Guest_Drivers");
  });

  it("refuses any other archive, and says to unpack it", () => {
    expect(textOf("host", "17.5", "BZh91AY&SY")).toBe(
      `VGPU_PACKAGE_MISMATCH gpu-01: the driver package is an archive
Saw: /srv/driver.run: a bzip2 archive: it begins with BZh
Expected: a vGPU manager: NVIDIA-Linux-x86_64-550.144.02-vgpu-kvm.run
Next: unpack it and give that file`,
    );
  });

  it("refuses what it cannot tell", () => {
    expect(textOf("host", "17.4", run("550.127.06-vgpu-kvm-patch"))).toBe(
      `VGPU_PACKAGE_MISMATCH gpu-01: it cannot be told what the driver package is
Saw: /srv/driver.run: its header: targetdir NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm-patch
Expected: a vGPU manager: NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run
Next: give that file as the vendor delivers it; patched and merged packages are not taken`,
    );
  });

  it.each([
    ["host", run("550.127.05-grid"), "the driver package is a Linux guest driver"],
    ["guest", run("550.127.06-vgpu-kvm"), "the driver package is a vGPU manager"],
    ["host", run("550.127.05"), "the driver package is for GPUs without vGPU"],
    ["guest", "MZ\u0090", "the driver package is for Windows"],
    ["host", "!<arch>\n", "a .deb package cannot be installed yet"],
    ["host", "\u00ed\u00ab\u00ee\u00db", "a .rpm package cannot be installed yet"],
    ["host", "#!/bin/sh\nrm -rf /\n", "the driver package is no package of the vendor's"],
    ["host", "<html>", "the driver package is no package of the vendor's"],
    ["host", "", "the driver package is an empty file"],
  ] as const)(
    "refuses on the side %s what begins with %j, and names the file it wants",
    (role, bytes, what) => {
      const text = textOf(role, "17.4", bytes);
      expect(text).toContain(`VGPU_PACKAGE_MISMATCH gpu-01: ${what}\n`);
      const wanted = {
        host: "a vGPU manager: NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run",
        guest: "-grid.run",
      };
      expect(text).toContain(wanted[role]);
    },
  );

  it("says what to do with what is no package for it", () => {
    const next = (role: Side, bytes: string, release = "17.4") =>
      textOf(role, release, bytes).split("\n").at(-1);
    expect(next("host", "!<arch>\n")).toBe("Next: declare the .run file of the same release");
    expect(next("host", "")).toBe("Next: give that file as the vendor delivers it; its name does not matter");
    expect(next("host", run("550.127.05-grid"))).toBe("Next: give the path of that file");
    expect(next("host", run("550.99.99-vgpu-kvm"))).toBe(
      "Next: give NVIDIA-Linux-x86_64-550.127.06-vgpu-kvm.run, or correct driver.release",
    );
    expect(next("host", run("550.127.06-vgpu-kvm"), "20.3")).toBe('Next: set driver.release to "17.4"');
    expect(next("host", run("550.99.99-vgpu-kvm"), "20.3")).toBe("Next: correct driver.release");
  });

  it("accepts of a release that is not known yet what can be of it", () => {
    expect(textOf("host", "20.3", run("595.99.01-vgpu-kvm"))).toBe("");
    expect(textOf("host", "21.0", run("610.10.01-vgpu-kvm"))).toBe("");
    expect(textOf("host", "21.0", run("550.127.06-vgpu-kvm"))).toContain(
      "a version that no earlier release has",
    );
    expect(textOf("host", "20.3", run("550.127.06-vgpu-kvm"))).toContain(
      "Expected: a version that begins with 595 for release 20.3",
    );
  });

  it("accepts a manager that two releases share for either of them", () => {
    for (const release of ["17.2", "17.3"])
      expect(textOf("host", release, run("550.90.05-vgpu-kvm"))).toBe("");
  });
});
