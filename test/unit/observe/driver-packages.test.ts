import { describe, expect, it } from "vitest";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { parseInstallation } from "../../../provider/observe/parse-installation.js";
import { machineScript } from "../../../provider/observe/read-script.js";
import { runShell } from "../shell.js";
import { pathWith, type StandIns } from "./stand-in-programs.js";

/** A package manager that has this package, with these files. */
const dpkg = (name: string, ...files: readonly string[]) => `case "$1" in
  -W) printf 'ii \\t${name}\\n'; exit 1 ;;
  -L) printf '%s\\n' ${files.join(" ")} ;;
  *) exit 1 ;;
esac`;
const rpm = (name: string, ...files: readonly string[]) => `case "$1" in
  -qa) echo ${name} ;;
  -ql) printf '%s\\n' ${files.join(" ")} ;;
  -qf) echo ${name} ;;
esac`;
const none = "exit 1";
const noModule = 'echo "modinfo: ERROR: Module nvidia not found." >&2; exit 1';

function installationWith(standIns: StandIns) {
  const programs = { modinfo: noModule, "nvidia-uninstall": null, mdevctl: null, ...standIns };
  const { stdout } = runShell(`${pathWith(programs)}services=\n${machineScript()}fact end host\n`);
  const facts = stdout.split("\n").filter((line) => !line.startsWith("missing\t"));
  return parseInstallation(parseFactLines(facts.join("\n"), "host", "here"));
}

const namesWith = (standIns: StandIns) => installationWith(standIns).driverPackages.map(({ name }) => name);

const kernel = "/lib/modules/6.8.0-45-generic";
const noDrivers = [
  `${kernel}/kernel/drivers/platform/x86/nvidia-wmi-ec-backlight.ko.zst`,
  `${kernel}/kernel/drivers/video/fbdev/nvidia/nvidiafb.ko.zst`,
  `${kernel}/kernel/drivers/usb/typec/altmodes/typec_nvidia.ko`,
  "/usr/src/nvidia-fs-2.20.6/nvfs-core.c",
];

describe("a package of the distribution", () => {
  it.each(noDrivers)("is no driver because of a kernel's own module: %s", (file) => {
    expect(namesWith({ "dpkg-query": dpkg("linux-modules-extra-nvidia", file), rpm: null })).toEqual([]);
  });

  it.each([
    "nvidia.ko",
    "nvidia-drm.ko.xz",
    "nvidia_modeset.ko",
    "nvidia-uvm.ko.zst",
    "nvidia-peermem.ko",
    "nvidia-current.ko",
    "nvidia-tesla-470-drm.ko",
  ])("is one by %s", (file) => {
    const path = `${kernel}/kernel/nvidia-535/${file}`;
    expect(namesWith({ "dpkg-query": dpkg("linux-modules-nvidia", path), rpm: null })).toEqual([
      "linux-modules-nvidia",
    ]);
  });

  it("is seen by rpm where dpkg-query is there, too", () => {
    const programs = { "dpkg-query": none, rpm: rpm("kmod-nvidia", `${kernel}/extra/nvidia.ko`) };
    expect(namesWith(programs)).toEqual(["kmod-nvidia"]);
    const module = `echo ${kernel}/extra/nvidia.ko`;
    expect(installationWith({ ...programs, modinfo: module }).moduleOnDisk?.package).toBe("kmod-nvidia");
  });

  it("is unknown where one of both does not answer, and not where rpm has no packages of its own", () => {
    const broken = "exit 9";
    expect(installationWith({ "dpkg-query": broken, rpm: rpm("x") }).packagesUnread).toBe(
      "dpkg-query exit code 9",
    );
    expect(installationWith({ "dpkg-query": null, rpm: broken }).packagesUnread).toBe("rpm exit code 9");
    expect(installationWith({ "dpkg-query": none, rpm: broken }).packagesUnread).toBeNull();
  });
});
