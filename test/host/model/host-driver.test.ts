import { describe, expect, it } from "vitest";
import { installerBlocks } from "./installer-problems.js";
import { adaVendorVfio, ampereMdev, turingLegacy } from "./kinds.js";
import { bareHost, install, managedHost, readyHost, withoutNouveau } from "./scenes.js";
import { namesIn, readText, realPath } from "./sys-nodes.js";

const version = "550.127.06";
const log = "/var/log/nvidia-installer.log";
const smi = "/usr/bin/nvidia-smi";

/** Returns a host whose nouveau is blocked since its last boot. */
async function preparedHost(...args: Parameters<typeof ampereMdev>) {
  const scene = await bareHost(ampereMdev(...args));
  await withoutNouveau(scene.machine);
  return scene;
}

describe("nouveau", () => {
  it("is there after a boot unless both the initramfs and the root block it", async () => {
    const { machine } = await bareHost(ampereMdev());
    machine.writeFile("/etc/modprobe.d/block.conf", "blacklist nouveau\n");
    await machine.restart();
    expect(machine.modules.loaded("nouveau")).toBe(true);
    machine.updateInitramfs();
    expect(machine.modules.loaded("nouveau")).toBe(true);
    await machine.restart();
    expect(machine.modules.loaded("nouveau")).toBe(false);
  });

  it("cannot be removed while it drives the console", async () => {
    const { machine } = await bareHost(ampereMdev({ bootVga: true }));
    await expect(machine.modules.unload("nouveau")).rejects.toMatchObject({ errno: "EBUSY" });
  });
});

describe("installation of the vGPU manager", () => {
  it("puts modules, programs and enabled services there, and loads the driver at once", async () => {
    const { machine, model } = await preparedHost();
    expect((await install(machine, { version })).code).toBe(0);
    expect(await readText(model.sys, "/module/nvidia/version")).toBe(`${version}\n`);
    expect(machine.modules.loaded("nvidia_vgpu_vfio")).toBe(true);
    expect(realPath(model.sys, "/bus/pci/devices/0000:41:00.0/driver")).toBe("/bus/pci/drivers/nvidia");
    for (const path of [smi, "/usr/bin/nvidia-uninstall", "/usr/lib/nvidia/sriov-manage"]) {
      expect(machine.exists(path), path).toBe(true);
    }
    expect(machine.unitEnabled("nvidia-vgpud.service")).toBe(true);
    expect(machine.readFile(log)).toContain("complete");
  });

  it("offers types only after its services have run: after a reboot", async () => {
    const { machine, model } = await preparedHost({ gpus: [{ board: "Tesla T4", address: "0000:3b:00.0" }] });
    await install(machine, { version });
    expect(namesIn(model.sys, "/class/mdev_bus")).toEqual([]);
    expect(machine.unitActive("nvidia-vgpu-mgr.service")).toBe(false);
    await machine.restart();
    expect(namesIn(model.sys, "/class/mdev_bus")).toEqual(["0000:3b:00.0"]);
    expect(machine.unitActive("nvidia-vgpu-mgr.service")).toBe(true);
  });

  it("offers only the header of creatable types while nvidia-vgpud fails", async () => {
    const scene = await managedHost(adaVendorVfio({ faults: { failVgpud: 1 } }));
    expect(scene.machine.unitFailed("nvidia-vgpud.service")).toBe(true);
    await scene.machine.call("/usr/lib/nvidia/sriov-manage", "-e", "ALL");
    const path = "/bus/pci/devices/0000:26:00.4/nvidia/creatable_vgpu_types";
    expect(await readText(scene.model.sys, path)).toBe("ID    : vGPU Name\n");
  });

  it.each([
    ["nouveau is loaded", {}, /Nouveau/, false],
    ["kernel headers are missing", { headers: false }, /kernel source tree/, true],
    ["there is no compiler", { compiler: false }, /`cc`/, true],
    ["secure boot is on and nothing signs", { secureBoot: true }, /secure boot/, true],
  ])(
    "refuses when %s, with the reason in its log, and installs nothing",
    async (_name, wrong, reason, blocked) => {
      const { machine } = await bareHost(ampereMdev(wrong));
      if (blocked) await withoutNouveau(machine);
      const result = await install(machine, { version });
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(reason);
      expect(machine.readFile(log)).toMatch(reason);
      expect(machine.modules.known("nvidia")).toBe(false);
      expect(machine.exists(smi)).toBe(false);
    },
  );

  it("asks neither for a license nor dpkg, and refuses to an ordinary user", async () => {
    const { machine } = await preparedHost({ distributionDriver: true });
    expect((await install(machine, { version, flags: [] })).code).toBe(0);
    const step = ["prepare", "kind=vgpu-kvm", `version=${version}`, "silent"];
    const path = "/usr/lib/standin/nvidia-installer";
    expect((await machine.callAs({ root: false }, path, ...step)).stderr).toMatch(/root/);
  });

  it("writes the block of nouveau on request, from branch 545 unasked, and still refuses until the reboot", async () => {
    for (const [release, flags] of [
      ["535.161.05", ["silent", "disable-nouveau"]],
      [version, ["silent"]],
    ] as const) {
      const { machine } = await bareHost(ampereMdev());
      expect((await install(machine, { version: release, flags })).code).toBe(1);
      for (const path of installerBlocks) expect(machine.readFile(path)).toContain("blacklist nouveau\n");
      machine.updateInitramfs();
      await machine.restart();
      expect((await install(machine, { version: release, flags })).code).toBe(0);
    }
    const { machine } = await bareHost(ampereMdev());
    await install(machine, { version: "535.161.05" });
    for (const path of installerBlocks) expect(machine.exists(path)).toBe(false);
  });

  it("loads under secure boot when the modules are signed", async () => {
    const { machine } = await preparedHost({ secureBoot: true });
    const flags = ["silent", "secret-key=/k", "public-key=/c"];
    expect((await install(machine, { version, flags })).code).toBe(0);
    expect(machine.modules.loaded("nvidia")).toBe(true);
  });

  it("keeps the loaded version until a reboot when it may not unload", async () => {
    const { machine, model } = await managedHost(ampereMdev(), "550.90.05");
    await install(machine, { version, flags: ["silent", "skip-module-unload"] });
    expect(await readText(model.sys, "/module/nvidia/version")).toBe("550.90.05\n");
    await machine.restart();
    expect(await readText(model.sys, "/module/nvidia/version")).toBe(`${version}\n`);
  });

  it("asks the script to misbehave: to end with 0, to hang, to die", async () => {
    const { machine } = await preparedHost();
    for (const [fault, code] of [
      ["nothing", 90],
      ["hang", 91],
      ["die", 92],
    ] as const) {
      expect((await install(machine, { version, fault })).code).toBe(code);
    }
    expect(machine.modules.known("nvidia")).toBe(false);
  });

  it("fails once and works the second time", async () => {
    const { machine, model } = await preparedHost();
    model.setFaults({ installer: "fail-once", installerTimes: 1 });
    expect((await install(machine, { version })).code).toBe(1);
    expect((await install(machine, { version })).code).toBe(0);
  });

  it("finishes over the half that a killed run left", async () => {
    const { machine } = await preparedHost();
    const path = "/usr/lib/standin/nvidia-installer";
    await machine.call(path, "files", "kind=vgpu-kvm", `version=${version}`, "silent");
    expect(machine.exists(smi)).toBe(true);
    expect((await machine.call(smi)).code).toBe(9);
    expect((await install(machine, { version })).code).toBe(0);
  });

  it("leaves no module when asked to build none", async () => {
    const { machine } = await preparedHost();
    expect((await install(machine, { version, fault: "no-module" })).code).toBe(0);
    expect(machine.modules.known("nvidia")).toBe(false);
  });
});

describe("removal of the vGPU manager", () => {
  it("leaves nothing of it after a reboot, and lets nouveau come back when it is no longer blocked", async () => {
    const { machine, model } = await readyHost(turingLegacy());
    expect((await machine.call("/usr/bin/nvidia-uninstall", "--silent")).code).toBe(0);
    machine.removeFile("/etc/modprobe.d/blacklist-nouveau.conf");
    machine.updateInitramfs();
    await machine.restart();
    expect(machine.exists(smi)).toBe(false);
    expect(machine.modules.known("nvidia")).toBe(false);
    expect(machine.unitEnabled("nvidia-vgpu-mgr.service")).toBe(false);
    expect(realPath(model.sys, "/bus/pci/devices/0000:3b:00.0/driver")).toBe("/bus/pci/drivers/nouveau");
  });

  it("keeps a module that is in use until the reboot", async () => {
    const { machine } = await managedHost(ampereMdev());
    await machine.call("/usr/bin/nvidia-uninstall", "-s");
    expect(machine.modules.loaded("nvidia")).toBe(true);
    expect(machine.modules.spec("nvidia")?.version).toBeUndefined();
    await machine.restart();
    expect(machine.modules.known("nvidia")).toBe(false);
  });

  it("asks before it removes, and takes silence for no", async () => {
    const { machine } = await managedHost(ampereMdev());
    expect((await machine.call("/usr/bin/nvidia-uninstall")).code).toBe(1);
    expect(machine.modules.known("nvidia")).toBe(true);
  });
});
