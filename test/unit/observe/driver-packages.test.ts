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
  "/usr/src/nvidia-peer-memory-1.3/nv_peer_mem.c",
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

  it("is no driver that is only called like one", () => {
    const calledLikeOne = {
      "nvidia-container-toolkit": "/usr/bin/nvidia-ctk",
      "libnvidia-container1": "/usr/lib/x86_64-linux-gnu/libnvidia-container.so.1",
      "nvidia-firmware-570": "/usr/lib/firmware/nvidia/570.133/gsp_ga10x.bin",
      "nvidia-fabricmanager-535": "/usr/bin/nv-fabricmanager",
      "nvidia-settings": "/usr/lib/x86_64-linux-gnu/libnvidia-gtk3.so.550",
      "nvidia-cuda-toolkit": "/usr/lib/x86_64-linux-gnu/stubs/libcuda.so",
      "nvidia-driver-local-repo-rhel9-550.54": "/var/nvidia-driver-local-repo-rhel9/nvidia-kernel-550.rpm",
      "nvidia-driver-pinning-580": "/etc/apt/preferences.d/nvidia-pin",
      "nvidia-driver-assistant": "/usr/bin/nvidia-driver-assistant",
      "nvidia-support": "/usr/lib/nvidia/alternate-install-present",
    };
    const listed = Object.keys(calledLikeOne).join(" ");
    const files = Object.entries(calledLikeOne)
      .map(([name, file]) => `${name}) echo ${file} ;;`)
      .join(" ");
    const asked = `case "$2" in ${files} esac`;
    const byDpkg = `case "$1" in -W) printf 'ii \\t%s\\n' ${listed} ;; -L) ${asked} ;; *) exit 1 ;; esac`;
    const byRpm = `case "$1" in -qa) printf '%s\\n' ${listed} ;; -ql) ${asked} ;; *) exit 1 ;; esac`;
    expect(namesWith({ "dpkg-query": byDpkg, rpm: null })).toEqual([]);
    expect(namesWith({ "dpkg-query": null, rpm: byRpm })).toEqual([]);
  });

  it("counts in each state in which its files are on disk, held or not, and not in that of what a removed one left", () => {
    const onDisk = ["hi ", "ii ", "iU ", "iF ", "iH ", "iHR", "iW ", "it ", "ri ", "pi "];
    const gone = ["rc ", "un ", "pn ", "hc "];
    const lines = [...onDisk, ...gone].map((state, index) => `'${state}' nvidia-dkms-${index}`).join(" ");
    const program = `case "$1" in
  -W) printf '%s\\t%s\\n' ${lines} ;;
  -L) echo /usr/src/nvidia-535.1/dkms.conf ;;
  *) exit 1 ;;
esac`;
    const found = installationWith({ "dpkg-query": program, rpm: null }).driverPackages;
    expect(found.map(({ name }) => name)).toEqual(onDisk.map((_, index) => `nvidia-dkms-${index}`));
    expect(found.filter(({ held }) => held).map(({ name }) => name)).toEqual(["nvidia-dkms-0"]);
  });

  it("is one by the objects that Ubuntu links its module from", () => {
    const file = `${kernel}/kernel/nvidia-535srv/bits/nvidia/nv-interface.o`;
    expect(namesWith({ "dpkg-query": dpkg("linux-objects-nvidia-535", file), rpm: null })).toEqual([
      "linux-objects-nvidia-535",
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
