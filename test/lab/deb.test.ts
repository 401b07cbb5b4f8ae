// The vendor's other form of package, on Debian 13: apt and dpkg are real, and so is DKMS.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labDebPackage } from "../../tools/lab/vendor/release-packages.js";
import type { LabMachine } from "../../tools/lab/vm/lab-machine.js";
import { startLabMachine } from "../../tools/lab/vm/start.js";
import { fleetRelease } from "../fleet/fleet.js";
import { mustRun } from "./support/domain.js";
import { differences, type Tree, treeOf } from "./support/tree.js";

const file = "/root/nvidia-vgpu.deb";

describe("the vGPU manager as a .deb", () => {
  let machine: LabMachine;
  let bare: Tree;
  beforeAll(async () => {
    machine = await startLabMachine({ name: "deb", kind: "ada" });
    await machine.writeFile(file, readFileSync((await labDebPackage()).path));
    bare = await treeOf(machine);
  });
  afterAll(() => machine?.stop());

  it("is installed by apt, which builds its modules by DKMS and enables its services", async () => {
    await mustRun(machine, `apt-get -y install ${file}`);
    expect(await mustRun(machine, "modinfo -F version nvidia")).toBe(`${fleetRelease.manager}\n`);
    expect(await mustRun(machine, "dkms status")).toMatch(/^nvidia\/.*: installed/);
    const enabled = await mustRun(machine, "systemctl is-enabled nvidia-vgpud nvidia-vgpu-mgr");
    expect(enabled).toBe("enabled\nenabled\n");
  });

  it("is taken away by apt, file by file", async () => {
    await mustRun(machine, `apt-get -y purge "$(dpkg-deb -f ${file} Package)"`);
    const left = differences(bare, await treeOf(machine));
    expect(left.filter((line) => !/ \/var\/lib\/(dpkg|apt)\//.test(line))).toEqual([]);
  });
});
