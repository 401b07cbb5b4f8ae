import { mkdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SmallMachine } from "../small-machine.js";

const one = "11111111-0000-4000-8000-000000000001";
const gpu = "0000:ff:00.0";
const vf = "0000:ff:00.4";
const current = `sys/bus/pci/devices/${vf}/nvidia/current_vgpu_type`;
const record = `etc/pulumi-vgpu/vgpu/${one}`;

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host", ["mdevctl"]);
  machine.hurry();
  machine.program("find", 'case "$*" in *iommu*|*lname*) ;; *) exec /usr/bin/find "$@" ;; esac');
});
afterEach(() => machine.remove());

/** Does one operation, and returns what is said of it. */
function operate(verb: string, kind: string, { type = "NVIDIA A2-4Q", number = "-" } = {}): string {
  const fields = [verb, one, kind, gpu, vf, type, number, "shop/dev", "desk 1", "no"];
  return machine.run("vgpus", [], `operations\t1\n${fields.join("\t")}\n`).stdout.replaceAll("\t", " ");
}

describe("an operation on a vGPU of the vendor's interface", () => {
  beforeEach(() => {
    machine.program("dd", "file=${1#of=}; read -r text\necho $text > $file");
    machine.write(current, "0\n");
    machine.write(`sys/bus/pci/devices/${vf}/nvidia/creatable_vgpu_types`, "558 : NVIDIA A2-4Q\n");
    symlinkSync("/sys/kernel/iommu_groups/12", machine.at(`sys/bus/pci/devices/${vf}/iommu_group`));
  });

  it("makes it, also where its number is not known, and retires it with its record", () => {
    expect(operate("make", "vendor-vfio")).toBe(`done make ${one} \n`);
    expect(machine.read(current)).toBe("558\n");
    expect(machine.read(record)).toMatch(/^state=done\n/);
    expect(operate("make", "vendor-vfio", { number: "558" })).toBe(`done make ${one} \n`);
    expect(operate("retire", "vendor-vfio")).toBe(`done retire ${one} \n`);
    expect([machine.read(current), machine.has(record)]).toEqual(["0\n", false]);
  });

  it("clears no function that carries another type by now than was seen there", () => {
    operate("make", "vendor-vfio");
    expect(operate("retire", "vendor-vfio", { number: "557" })).toBe(
      `failed retire ${one} ${vf} holds a vGPU of type number '558' now, not 557\n`,
    );
    expect([machine.read(current), machine.has(record)]).toEqual(["558\n", true]);
    expect(operate("retire", "vendor-vfio", { number: "558" })).toBe(`done retire ${one} \n`);
  });

  it("keeps the record of one that could not be retired, and does not call done what could not be made", () => {
    operate("make", "vendor-vfio");
    machine.program("dd", "echo busy >&2; exit 1");
    machine.program("find", 'case $* in *"/dev/vfio/12"*) echo "open /proc/2222222/fd/5" ;; esac');
    expect(operate("retire", "vendor-vfio")).toBe(`failed retire ${one} process 2222222 has it open\n`);
    expect(machine.read(record)).toMatch(/^state=done\n/);
    expect(operate("make", "vendor-vfio", { type: "NVIDIA A2-2Q", number: "557" })).toBe(
      `changed make ${one} ${vf} holds a vGPU of type number '558', and no earlier note of ours says that we made it\n`,
    );
    expect(machine.read(record)).toMatch(/^state=done\n[\s\S]*type=NVIDIA A2-4Q\n/);
  });
});

describe("an operation on an mdev", () => {
  const device = `sys/bus/mdev/devices/${one}`;

  it("retires it with its record", () => {
    const below = `sys/class/mdev_bus/${vf}/${one}`;
    mkdirSync(machine.at(below), { recursive: true });
    mkdirSync(machine.at("sys/bus/mdev/devices"), { recursive: true });
    symlinkSync(machine.at(below), machine.at(device));
    symlinkSync("/sys/kernel/iommu_groups/12", machine.at(`${below}/iommu_group`));
    machine.write(record, "state=done\n");
    machine.program("dd", `rm ${device}; rm -r ${below}`);
    expect(operate("retire", "mdev-on-vf", { type: "GRID T4-4Q" })).toBe(`done retire ${one} \n`);
    expect([machine.has(device), machine.has(record)]).toEqual([false, false]);
  });

  it("keeps the record of one that somebody has open", () => {
    mkdirSync(machine.at(device), { recursive: true });
    symlinkSync("/sys/kernel/iommu_groups/12", machine.at(`${device}/iommu_group`));
    machine.write(record, "state=done\n");
    machine.program("find", 'case $* in *"/dev/vfio/12"*) echo "open /proc/2222222/fd/5" ;; esac');
    machine.program("dd", "touch written");
    expect(operate("retire", "mdev-on-vf", { type: "GRID T4-4Q" })).toBe(
      `failed retire ${one} process 2222222 has it open\n`,
    );
    expect([machine.has(record), machine.has("written")]).toEqual([true, false]);
  });
});
