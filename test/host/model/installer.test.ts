// In which order the vendor's installer looks and acts, and what it leaves. Source: programs.md 3 and 4
import { describe, expect, it } from "vitest";
import { installerBlocks } from "./installer-problems.js";
import { ampereMdev, turingLegacy } from "./kinds.js";
import { bareHost, createMdev, install, managedHost, readyHost, uuid, withoutNouveau } from "./scenes.js";
import { readText } from "./sys-nodes.js";

const version = "550.127.06";
const log = "/var/log/nvidia-installer.log";
const smi = "/usr/bin/nvidia-smi";

async function preparedHost(...args: Parameters<typeof ampereMdev>) {
  const scene = await bareHost(ampereMdev(...args));
  await withoutNouveau(scene.machine);
  return scene;
}

describe("the vendor's installer", () => {
  it("stops an older driver's services, unloads it and replaces it", async () => {
    const { machine, model } = await managedHost(ampereMdev(), "550.90.05");
    expect((await install(machine, { version })).code).toBe(0);
    expect(await readText(model.sys, "/module/nvidia/version")).toBe(`${version}\n`);
  });

  it.each([
    [version, "appears to be already loaded"],
    ["535.161.05", "appears to already be loaded"],
  ])(
    "refuses while a VM holds the loaded driver, of %s in the words of its branch",
    async (release, words) => {
      const scene = await readyHost(turingLegacy());
      const parent = "0000:3b:00.0";
      await createMdev(scene, { parent, type: 222, uuid: uuid(1) });
      await scene.model.hold(uuid(1), { vmName: "vm-1", vmUuid: uuid(2) });
      const busy = await install(scene.machine, { version: release });
      expect(busy.code).toBe(1);
      expect(busy.stderr).toContain(words);
    },
  );

  it("has stopped and unloaded the installed driver when it refuses for want of a compiler, and takes nothing back", async () => {
    const { machine } = await managedHost(ampereMdev());
    machine.removeTool("/usr/bin/cc");
    expect((await install(machine, { version })).code).toBe(1);
    expect(machine.modules.loaded("nvidia")).toBe(false);
    expect(machine.unitActive("nvidia-vgpu-mgr.service")).toBe(false);
    expect(machine.modules.known("nvidia")).toBe(true);
    expect(machine.exists(smi)).toBe(true);
  });

  it("leaves all but its services when a module does not load, and ends with 1", async () => {
    const { machine, model } = await preparedHost();
    model.setFaults({ installer: "half" });
    expect((await install(machine, { version })).code).toBe(1);
    expect(machine.modules.known("nvidia")).toBe(true);
    expect(machine.exists(smi)).toBe(true);
    expect(machine.exists("/usr/lib/systemd/system/nvidia-vgpu-mgr.service")).toBe(false);
  });

  it("registers with DKMS by itself from branch 520, and takes a failure for a warning", async () => {
    const tree = "/var/lib/dkms/nvidia";
    const { machine, model } = await preparedHost({ dkms: true });
    model.setFaults({ installer: "unregistered", installerTimes: 1 });
    expect((await install(machine, { version })).code).toBe(0);
    expect(machine.exists(tree)).toBe(false);
    expect(machine.readFile(log)).toContain("WARNING: Failed to register");
    expect((await install(machine, { version })).code).toBe(0);
    expect(machine.exists(tree)).toBe(true);
  });

  it("fails late for want of DKMS to branch 515, and ignores it from 520", async () => {
    const { machine } = await preparedHost();
    const flags = ["silent", "dkms"];
    expect((await install(machine, { version: "510.85.03", flags })).stderr).toContain("through DKMS");
    expect(machine.exists(smi)).toBe(true);
    expect((await install(machine, { version, flags })).code).toBe(0);
  });
});

describe("nvidia-uninstall", () => {
  it("ends with 0 and leaves the blocks of nouveau that its installer wrote", async () => {
    const { machine } = await managedHost(ampereMdev());
    for (const path of installerBlocks) machine.writeFile(path, "blacklist nouveau\n");
    const elsewhere = "--log-file-name=/root/gone.log";
    expect((await machine.call("/usr/bin/nvidia-uninstall", "--silent", elsewhere)).code).toBe(0);
    for (const path of installerBlocks) expect(machine.exists(path)).toBe(true);
    expect(machine.readFile("/root/gone.log")).toContain("complete");
  });
});
