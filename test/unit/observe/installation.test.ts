import { describe, expect, it } from "vitest";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { parseInstallation } from "../../../provider/observe/parse-installation.js";
import { parseMachine } from "../../../provider/observe/parse-machine.js";

const linesOf = (...lines: readonly string[]) =>
  parseFactLines(
    `${lines.map((line) => line.replaceAll("|", "\t")).join("\n")}\nend\thost\n`,
    "host",
    "here",
  );

describe("secure boot", () => {
  it.each([
    ["SecureBoot enabled ", "enabled"],
    ["SecureBoot disabled ", "disabled"],
    ["disabled", "disabled"],
    ["SecureBoot enabled SecureBoot validation is disabled in shim ", "disabled"],
    ["SecureBoot disabled Platform is in Setup Mode ", "disabled"],
    ['Strange data size 5 for "SecureBoot" variable SecureBoot enabled ', "enabled"],
    ["This system doesn't support Secure Boot ", "disabled"],
    ["EFI variables are not supported on this system ", "disabled"],
    ["Cannot determine secure boot state. ", "unknown"],
    ['Failed to read "SecureBoot" variable: Permission denied ', "unknown"],
    ["unknown", "unknown"],
  ])("is read from %s", (said, state) => {
    expect(parseMachine(linesOf(`secure-boot|${said}`)).secureBoot).toBe(state);
  });
});

describe("parseInstallation", () => {
  it("counts a package that stands for a driver only where the driver is there", () => {
    const meta = "driver-metapackage|nvidia-driver-535|hi ";
    expect(parseInstallation(linesOf(meta)).driverPackages).toEqual([]);
    expect(
      parseInstallation(linesOf(meta, "distribution-driver|nvidia-dkms-535|iF ")).driverPackages,
    ).toEqual([
      { name: "nvidia-dkms-535", held: false },
      { name: "nvidia-driver-535", held: true },
    ]);
  });

  it("takes room and mount options that could not be read for unknown", () => {
    const lines = [
      "installer-folder|/a|/var|1024|rw,noexec",
      "installer-folder|/b|||",
      "installer-folder|/c|/|-|rw",
    ];
    expect(parseInstallation(linesOf(...lines)).installerFolders).toEqual([
      { path: "/a", mount: "/var", freeKib: 1024, options: ["rw", "noexec"] },
      { path: "/b", mount: "", freeKib: null, options: [] },
      { path: "/c", mount: "/", freeKib: null, options: ["rw"] },
    ]);
    expect(parseInstallation(linesOf("driver-folder|/usr|/|1024|ro")).driverFolders).toEqual([
      { path: "/usr", mount: "/", freeKib: 1024, options: ["ro"] },
    ]);
  });

  it("reads a distribution with and without quotes", () => {
    const lines = linesOf(
      'os-release|ID|"ol"',
      'os-release|ID_LIKE|"rhel  Fedora"',
      "os-release|VERSION_ID|9.4",
    );
    expect(parseInstallation(lines).distribution).toEqual({
      id: "ol",
      like: ["rhel", "fedora"],
      version: "9.4",
    });
  });

  it("tells a kernel without options from one whose configuration is not there", () => {
    expect(parseInstallation(linesOf()).kernelConfig).toBeNull();
    const found = parseInstallation(
      linesOf("kernel-config-file|/boot/config-x", "kernel-config|CONFIG_VFIO_MDEV"),
    );
    expect(found.kernelConfig).toEqual({ file: "/boot/config-x", options: new Set(["CONFIG_VFIO_MDEV"]) });
    expect(parseInstallation(linesOf("kernel-config-file|/boot/config-x")).kernelConfig?.options.size).toBe(
      0,
    );
  });
});
