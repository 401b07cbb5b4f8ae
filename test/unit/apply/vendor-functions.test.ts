import { rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostFunctions } from "../../../provider/apply/boot-unit.js";
import { SmallMachine } from "../small-machine.js";

const vf = "0000:ff:00.4";
const device = `sys/bus/pci/devices/${vf}`;
const current = `${device}/nvidia/current_vgpu_type`;
const offered = `${device}/nvidia/creatable_vgpu_types`;

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  machine.write(current, "0\n");
  machine.write(offered, "ID    : vGPU Name\n557   : NVIDIA A2-2Q\n558   : NVIDIA A2-4Q\n");
  symlinkSync("/sys/kernel/iommu_groups/12", machine.at(`${device}/iommu_group`));
  machine.hurry();
  machine.program("find", "");
  kernel("echo $text > $file");
});
afterEach(() => machine.remove());

/** What the kernel does when a file is written, which is in $file; its text is in $text. */
function kernel(text: string): void {
  machine.program("dd", `file=\${1#of=}; read -r text\n${text}`);
}
function say(call: string): string {
  return machine.shell(`${hostFunctions()}\n${call}; printf '%s|%s' "$?" "$why"`).stdout;
}
const writes = () => machine.calls().filter((call) => call.startsWith("dd"));

describe("remove_vendor", () => {
  it("writes 0 to a function that carries a vGPU, and to no other", () => {
    expect(say(`remove_vendor ${vf}`)).toBe("0|");
    expect(say("remove_vendor 0000:ff:00.5")).toBe("0|");
    expect(writes()).toEqual([]);
    machine.write(current, "558\n");
    expect(say(`remove_vendor ${vf}`)).toBe("0|");
    expect(writes()).toHaveLength(1);
    expect(machine.read(current)).toBe("0\n");
  });

  it("writes nothing to a function that carries another type than was seen there", () => {
    machine.write(current, "558\n");
    expect(say(`remove_vendor ${vf} 557`)).toBe(`1|${vf} holds a vGPU of type number '558' now, not 557`);
    expect(writes()).toEqual([]);
    expect(say(`remove_vendor ${vf} 558`)).toBe("0|");
    expect(machine.read(current)).toBe("0\n");
    expect(say(`remove_vendor ${vf} 558`)).toBe("0|");
  });

  it("writes nothing while somebody has the function open", () => {
    machine.write(current, "558\n");
    machine.program("find", `case $* in *"/dev/vfio/12"*) printf 'open /proc/2222222/fd/5\\n' ;; esac`);
    expect(say(`remove_vendor ${vf}`)).toBe("1|process 2222222 has it open");
    expect(writes()).toEqual([]);
  });

  it("writes again while the kernel refuses, and fails with its reason in the end", () => {
    machine.write(current, "558\n");
    kernel('[ -e refused ] && { echo "$text" > $file; exit; }; touch refused; echo busy >&2; exit 1');
    expect(say(`remove_vendor ${vf}`)).toBe("0|");
    expect(writes()).toHaveLength(2);
    machine.write(current, "558\n");
    kernel("echo 'Device or resource busy' >&2; exit 1");
    expect(say(`until_true() { shift; "$@"; }; remove_vendor ${vf}`)).toBe("1|Device or resource busy");
  });

  it("writes once where the kernel has not answered, and waits for that", () => {
    machine.write(current, "558\n");
    machine.hurry(`[ "$1" != 0.1 ] || echo 0 > ${current}`);
    const held = 'write_attribute() { echo "written "; waits=$1; return 1; }';
    expect(say(`${held}; remove_vendor ${vf}`)).toBe("written \n0|");
  });
});

describe("make_vendor", () => {
  const call = (number = '""') => `make_vendor ${vf} "NVIDIA A2-4Q" ${number}`;

  it.each([
    ["558   : NVIDIA A2-4Q", "ID    : vGPU Name"],
    ["NVIDIA A2-4Q 558", "vGPU Name ID"],
  ])("writes the number of the type of that name, as the function lists it: %s", (line, title) => {
    machine.write(offered, `${title}\n${line}\n`);
    expect(say(call())).toBe("0|");
    expect(machine.read(current)).toBe("558\n");
    expect(say(call("558"))).toBe("0|");
    expect(say(call())).toBe("0|");
    expect(writes()).toHaveLength(1);
  });

  it("fails where the type is not offered, where the kernel refuses, and where it keeps another", () => {
    expect(say(call().replace("4Q", "8Q"))).toBe(`1|${vf} offers no creatable type named NVIDIA A2-8Q now`);
    kernel("echo 'No space left on device' >&2; exit 1");
    expect(say(call())).toBe("1|No space left on device");
    kernel("true");
    expect(say(call())).toBe("1|current_vgpu_type reads '0' after writing 558");
  });

  it("does not take a function for free, or for one that carries its vGPU, where its type cannot be read", () => {
    const unread = `1|whether ${vf} carries a vGPU could not be read: /${current}`;
    for (const text of ["", "x\n"]) {
      machine.write(current, text);
      for (const number of ['""', "558"]) expect(say(call(number)), text).toBe(unread);
    }
    rmSync(machine.at(current));
    expect(say(call())).toBe(unread);
    expect(writes()).toEqual([]);
  });

  it("leaves a function that holds a vGPU of another number", () => {
    machine.write(current, "557\n");
    expect(say(call("558"))).toBe(`1|${vf} holds a vGPU of type number '557', not 558`);
    expect(writes()).toEqual([]);
  });

  it("leaves, at boot, a function that holds a vGPU of another name, as far as another function says it", () => {
    machine.write(current, "557\n");
    expect(say(call())).toBe("0|");
    for (const list of ["557   : NVIDIA A2-2Q\n", "NVIDIA A2-2Q 557\n"]) {
      machine.write(`${device}/physfn/virtfn1/nvidia/creatable_vgpu_types`, list);
      expect(say(call())).toBe(`1|${vf} holds a vGPU of type 'NVIDIA A2-2Q', not NVIDIA A2-4Q`);
    }
    expect(say(call().replace("4Q", "2Q"))).toBe("0|");
    expect(writes()).toEqual([]);
  });
});

describe("make_vgpu", () => {
  it("makes each kind of vGPU in its own way", () => {
    const ways = ["make_vendor", "make_on_parent", "make_mdev"];
    const told = ways.map((way) => `${way}() { echo ${way} "$@"; }`).join("\n");
    const asked = ["vendor-vfio", "mdev-on-parent", "mdev-on-vf", "mdev-on-pf"].map(
      (kind) => `make_vgpu ${kind} uuid place type 7`,
    );
    expect(machine.shell(`${hostFunctions()}\n${told}\n${asked.join("\n")}`).stdout).toBe(
      "make_vendor place type 7\nmake_on_parent uuid place type\nmake_mdev uuid place type\nmake_mdev uuid place type\n",
    );
  });
});
