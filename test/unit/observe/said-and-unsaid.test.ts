import { describe, expect, it } from "vitest";
import { isVgpuError } from "../../../provider/model/errors.js";
import { parseFactLines } from "../../../provider/observe/fact-lines.js";
import { parseFieldLine } from "../../../provider/observe/field-line.js";
import { parseInstallation } from "../../../provider/observe/parse-installation.js";
import { parseMachine } from "../../../provider/observe/parse-machine.js";
import { parseMdevParents } from "../../../provider/observe/parse-mdev-parents.js";
import { parseUnread, refuseBlindLook } from "../../../provider/observe/parse-unread.js";

const linesOf = (...lines: readonly string[]) =>
  parseFactLines(
    `${lines.map((line) => line.replaceAll("|", "\t")).join("\n")}\nend\thost\n`,
    "host",
    "here",
  );

describe("what a driver is installed with", () => {
  it("is nothing where nothing was said", () => {
    expect(parseInstallation(linesOf())).toEqual({
      distribution: { id: "", like: [], version: "" },
      libcHeaders: false,
      driverPackages: [],
      packagesUnread: null,
      alternateInstall: null,
      xServers: [],
      kernelConfig: null,
      novaLoaded: [],
      novaBlockedBy: [],
      moduleOnDisk: null,
      imagesKept: [],
      installerFolders: [],
      driverFolders: [],
    });
  });

  it("is what each line says", () => {
    const found = parseInstallation(
      linesOf(
        "os-release|ID| 'Debian' ",
        'os-release|ID_LIKE|" Ubuntu   RHEL "',
        "os-release|VERSION_ID|1'2'",
        "os-release",
        "libc-headers|yes",
        "packages-unread|dpkg is locked",
        "alternate-install|/usr/lib/nvidia/alternate-install-present",
        "x-server|/tmp/.X0-lock|812|Xorg",
        "x-server",
        "nova-loaded|nova_core",
        "nova-loaded",
        "nova-blocked|/etc/modprobe.d/a.conf",
        "module-file|/lib/modules/6.1/nvidia.ko",
        "module-package|nvidia-kernel",
        "images-kept|/boot/initrd.img-6.1",
        "installer-folder|/tmp|/|123|rw,,noexec",
        "installer-folder",
        "driver-folder|/usr|/usr|1x|ro",
        "driver-folder|/usr|/usr|x1|ro",
      ),
    );
    expect(found).toEqual({
      distribution: { id: "debian", like: ["ubuntu", "rhel"], version: "1'2'" },
      libcHeaders: true,
      driverPackages: [],
      packagesUnread: "dpkg is locked",
      alternateInstall: "/usr/lib/nvidia/alternate-install-present",
      xServers: [
        { lock: "/tmp/.X0-lock", pid: 812, name: "Xorg" },
        { lock: "", pid: 0, name: "" },
      ],
      kernelConfig: null,
      novaLoaded: ["nova_core", ""],
      novaBlockedBy: ["/etc/modprobe.d/a.conf"],
      moduleOnDisk: { file: "/lib/modules/6.1/nvidia.ko", package: "nvidia-kernel" },
      imagesKept: ["/boot/initrd.img-6.1"],
      installerFolders: [
        { path: "/tmp", mount: "/", freeKib: 123, options: ["rw", "noexec"] },
        { path: "", mount: "", freeKib: null, options: [] },
      ],
      driverFolders: [
        { path: "/usr", mount: "/usr", freeKib: null, options: ["ro"] },
        { path: "/usr", mount: "/usr", freeKib: null, options: ["ro"] },
      ],
    });
  });

  it("has no package of a module that no package brought", () => {
    expect(parseInstallation(linesOf("module-file|/a.ko")).moduleOnDisk).toEqual({
      file: "/a.ko",
      package: null,
    });
  });
});

describe("a machine", () => {
  it("has its name without the quotes around it, and none taken off within", () => {
    expect(parseMachine(linesOf('os|"Debian 12"')).osName).toBe("Debian 12");
    expect(parseMachine(linesOf('os|a "b"')).osName).toBe('a "b"');
    expect(parseMachine(linesOf('os|"b" a')).osName).toBe('"b" a');
  });

  it.each([
    ["nouveau-loaded|yes", "headers|yes", true],
    ["nouveau-loaded|no", "headers|no", false],
  ])("has nouveau and headers where it says so: %s", (nouveau, headers, is) => {
    const found = parseMachine(linesOf(nouveau, headers));
    expect([found.nouveauLoaded, found.kernelHeaders]).toEqual([is, is]);
  });

  it("has what DKMS has of each kind, and drivers of other kernels", () => {
    const found = parseMachine(
      linesOf(
        "dkms-driver|nvidia/550",
        "dkms-built|6.1",
        "dkms|nvidia/550, 6.1: installed",
        "other-kernel-driver|6.2|550",
        "other-kernel-driver",
        "tool",
      ),
    );
    expect(found).toMatchObject({
      dkmsDrivers: ["nvidia/550"],
      dkmsBuilt: ["6.1"],
      dkmsStatus: ["nvidia/550, 6.1: installed"],
      otherKernelDrivers: [
        { kernel: "6.2", version: "550" },
        { kernel: "", version: "" },
      ],
      tools: new Set([""]),
    });
  });

  it("knows nothing of a service of which it said nothing, and all that it said of another", () => {
    const found = parseMachine(
      linesOf(
        "service|a|LoadState|loaded",
        "service|a|ActiveState|active",
        "service|a|Result|success",
        "service|a|UnitFileState|enabled",
        "service",
      ),
    );
    expect({ ...found.services }).toEqual({
      a: { load: "loaded", active: "active", result: "success", enabled: true },
      "": { load: "not-found", active: "unknown", result: "", enabled: false },
    });
  });

  it.each(["is disabled", "disabled by hand"])("does not take %j for secure boot switched off", (said) => {
    expect(parseMachine(linesOf(`secure-boot|${said}`)).secureBoot).toBe("unknown");
  });
});

describe("parents of mdevs", () => {
  it("have what was said of them, and no name, description or room that was not", () => {
    const found = parseMdevParents(
      linesOf(
        "mdev-parent|b",
        "mdev-parent|a",
        "parent-type|a|t-2|Two|vfio-pci|3|two of them",
        "parent-type|a|t-1",
        "parent-type|c|t-9|Nine|vfio-pci|1|",
        "mdev|00000000-0000-0000-0000-000000000001|a|",
        "mdev|00000000-0000-0000-0000-000000000002|a|",
        "mdev-type-of|00000000-0000-0000-0000-000000000002|t-2|Two|",
      ),
    );
    const mdev = { parent: "a", holders: [], vgpuTypeId: null };
    expect(found).toEqual([
      {
        name: "a",
        vgpuInterface: "mdev-on-parent",
        types: [
          { mdevType: "t-1", name: "", description: null, deviceApi: "", availableInstances: 0 },
          {
            mdevType: "t-2",
            name: "Two",
            description: "two of them",
            deviceApi: "vfio-pci",
            availableInstances: 3,
          },
        ],
        vgpus: [
          { ...mdev, mdevUuid: "00000000-0000-0000-0000-000000000001", typeName: null },
          { ...mdev, mdevUuid: "00000000-0000-0000-0000-000000000002", typeName: "t-2" },
        ],
      },
      { name: "b", vgpuInterface: "mdev-on-parent", types: [], vgpus: [] },
    ]);
    expect(parseMdevParents(linesOf("mdev-parent")).map(({ name }) => name)).toEqual([""]);
  });
});

describe("a line of a tool's listing", () => {
  it.each([
    [" FB Memory  :  8192 MiB ", ["FB Memory", "8192 MiB"]],
    ["no colon", null],
    [": value", null],
    ["name :  ", null],
    ["1 name: value", null],
    ["name 1: value", null],
  ])("is a name and a value, or none: %j", (line, field) => {
    expect(parseFieldLine(line)).toEqual(field);
  });
});

describe("a look without which nothing is known", () => {
  const refusal = (...lines: readonly string[]) => {
    try {
      refuseBlindLook(linesOf(...lines), "gpu-01");
      return null;
    } catch (error) {
      return isVgpuError(error) ? error.message : String(error);
    }
  };

  it("is one by which programs are missing: each is named, each package once", () => {
    expect(
      refusal("missing|find|findutils|absent", "missing|xargs|findutils|other", "missing|sed|sed|absent"),
    ).toBe(`VGPU_PREREQUISITE gpu-01: cannot look at the machine: programs are missing
Saw: no find, xargs is of another make, or does not work, no sed (tried before the look)
Expected: findutils, sed
Next: install on the machine: findutils, sed; then run again`);
  });

  it("is one that could not read the manifest", () => {
    expect(
      refusal("unread|types|no answer", "unread|manifest|/etc/pulumi-vgpu/host: Input/output error"),
    ).toBe(`VGPU_PREREQUISITE gpu-01: cannot read what is noted on the machine
Saw: /etc/pulumi-vgpu/host: Input/output error (/etc/pulumi-vgpu)
Expected: small regular files, as they were written
Next: look at that file on the machine: a damaged disk, or something put there by hand; then run again`);
  });

  it("is none that lacks only a part, and that part is told", () => {
    const lines = ["unread|types|nvidia-smi did not answer", "unread|nonsense|x", "unread|license", "unread"];
    expect(refusal(...lines)).toBeNull();
    expect(parseUnread(linesOf(...lines))).toEqual([
      { part: "types", saw: "nvidia-smi did not answer" },
      { part: "license", saw: "" },
    ]);
  });
});
