import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostFunctions } from "../../../provider/apply/boot-unit.js";
import { SmallMachine } from "../small-machine.js";

const one = "11111111-0000-4000-8000-000000000001";
const parent = "0000:ff:00.4";
const type = "nvidia-222";
const types = `sys/bus/pci/devices/${parent}/mdev_supported_types`;
const bus = `sys/class/mdev_bus/${parent}`;
const device = `sys/bus/mdev/devices/${one}`;
const definition = `etc/mdevctl.d/${parent}/${one}`;

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host", ["mdevctl"]);
  for (const folder of [`${types}/${type}`, bus, "sys/bus/mdev/devices"])
    mkdirSync(machine.at(folder), { recursive: true });
  machine.write(`${types}/nvidia-221/name`, "GRID T4-2Q\n");
  machine.write(`${types}/${type}/name`, "GRID T4-4Q\n");
  machine.write(`${types}/${type}/create`, "");
  symlinkSync(machine.at(types), machine.at(`${bus}/mdev_supported_types`));
  machine.hurry();
  machine.program("find", "");
  kernel(made());
});
afterEach(() => machine.remove());

/** What the kernel does when a file is written, which is in $file; its text is in $text. */
function kernel(text: string): void {
  machine.program("dd", `file=\${1#of=}; read -r text\n${text}`);
}
/** An mdev of this type, on the bus and below its parent. */
const made = (of = type) =>
  `mkdir -p ${bus}/${one} && ln -s ${machine.root}/${bus}/${one} ${device} && ln -s ${machine.root}/${types}/${of} ${bus}/${one}/mdev_type`;
const removed = `rm ${device}; rm -r ${bus}/${one}`;
function make(of = type): void {
  machine.shell(`cd ${machine.root}\n${made(of)}\necho '' > ${device}/remove`);
}
function say(call: string): string {
  return machine.shell(`${hostFunctions()}\n${call}; printf '%s|%s' "$?" "$why"`).stdout;
}
const writes = () => machine.calls().filter((call) => call.startsWith("dd"));
const mdevctl = () => machine.calls().filter((call) => call.startsWith("mdevctl"));

describe("make_mdev", () => {
  const call = `make_mdev ${one} ${parent} "GRID T4-4Q"`;

  it("writes the UUID to the type of that name, and is done when the mdev has it", () => {
    kernel(`[ "$text" = ${one} ] && case $file in */${type}/create) ${made()} ;; esac`);
    expect(say(call)).toBe("0|");
    expect(say(call)).toBe("0|");
    expect(writes()).toHaveLength(1);
  });

  it("fails where no type has the name, where the kernel refuses, and where another type came", () => {
    expect(say(call.replace("4Q", "8Q"))).toBe(`1|${parent} offers no type named GRID T4-8Q`);
    kernel("echo 'No space left on device' >&2; exit 1");
    expect(say(call)).toBe("1|No space left on device");
    kernel(made("nvidia-221"));
    expect(say(call)).toBe("1|after its creation it is 'GRID T4-2Q'");
  });
});

describe("make_on_parent", () => {
  const call = `make_on_parent ${one} ${parent} ${type}`;

  it("writes the UUID to the type of that folder, and is done when the mdev has it", () => {
    expect(say(call)).toBe("0|");
    expect(say(call)).toBe("0|");
    expect(writes()).toHaveLength(1);
  });

  it("fails where parent or type are not there, where the kernel refuses, and where another type came", () => {
    expect(say(call.replace(parent, "mtty"))).toBe("1|there is no mtty in /sys/class/mdev_bus");
    expect(say(call.replace(type, "mtty-9"))).toBe(`1|${parent} offers no mdev type mtty-9`);
    kernel("echo 'No space left on device' >&2; exit 1");
    expect(say(call)).toBe("1|No space left on device");
    kernel(made("nvidia-221"));
    expect(say(call)).toBe("1|after its creation it is 'nvidia-221'");
    expect(writes()).toHaveLength(2);
  });
});

describe.each(["make_mdev", "make_on_parent"])("the definition in mdevctl, by %s", (name) => {
  const call = `${name} ${one} ${parent} ${name === "make_mdev" ? '"GRID T4-4Q"' : type}`;

  it("is made with the mdev's type, and where it is there already it is left", () => {
    machine.program(
      "mdevctl",
      `mkdir -p ${definition.replace(/\/[^/]*$/, "")}; echo '{ "start": "manual" }' > ${definition}`,
    );
    expect(say(call)).toBe("0|");
    expect(say(call)).toBe("0|");
    expect(mdevctl()).toEqual([`mdevctl define -u ${one} -p ${parent} -t ${type}`]);
  });

  it("leaves the start to our boot unit", () => {
    machine.write(definition, '{ "start": "auto" }\n');
    machine.program("mdevctl", "");
    expect(say(call)).toBe("0|");
    expect(mdevctl()).toEqual([`mdevctl modify -u ${one} -p ${parent} -m`]);
    machine.program("mdevctl", "echo no such mdev >&2; exit 1");
    expect(say(call)).toBe("1|no such mdev");
  });

  it("fails where mdevctl does, and is none of ours where the vGPU was there before us", () => {
    machine.program("mdevctl", "echo no such mdev >&2; exit 1");
    expect(say(call)).toBe("1|no such mdev");
    rmSync(machine.at("calls"));
    expect(say(`adopted=yes; ${call}`)).toBe("0|");
    expect(mdevctl()).toEqual([]);
  });
});

describe("remove_mdev", () => {
  const call = `remove_mdev ${one}`;
  const holds = (of: string) =>
    machine.program("find", `case $* in *"${of}"*) printf 'open /proc/2222222/fd/5\\n' ;; esac`);

  it("writes to the mdev, and takes its definition and an empty folder of them away", () => {
    make();
    machine.write(definition, "{}\n");
    machine.program("mdevctl", `rm ${definition}`);
    kernel(removed);
    expect(say(call)).toMatch(/^0\|/);
    expect(mdevctl()).toEqual([`mdevctl undefine -u ${one}`]);
    expect(machine.list("etc/mdevctl.d")).toEqual([]);
    expect(say(call)).toMatch(/^0\|/);
    expect([writes().length, mdevctl().length]).toEqual([1, 1]);
  });

  it("writes nothing while somebody has it open", () => {
    make();
    symlinkSync("/sys/kernel/iommu_groups/12", machine.at(`${device}/iommu_group`));
    holds("/dev/vfio/12");
    expect(say(call)).toBe("1|process 2222222 has it open");
    expect(writes()).toEqual([]);
  });

  it("fails where the kernel refuses, and not where the mdev is gone all the same", () => {
    make();
    kernel("echo 'Device or resource busy' >&2; exit 1");
    expect(say(call)).toBe("1|Device or resource busy");
    kernel(`${removed}; exit 1`);
    expect(say(call)).toMatch(/^0\|/);
  });

  it("waits until the mdev's folder is gone, too", () => {
    make();
    kernel(`rm ${device}`);
    machine.hurry(`[ "$1" != 0.1 ] || rm -rf ${bus}/${one}`);
    expect(say(call)).toMatch(/^0\|/);
    expect(machine.calls()).toContain("sleep 0.1");
  });

  it("fails where the mdev stays, and says who keeps it", () => {
    make();
    kernel("true");
    expect(say(call)).toBe("1|it is still there 10 s after its removal");
    kernel(`rm ${device}; ln -s /sys/kernel/iommu_groups/12 ${bus}/${one}/iommu_group`);
    holds("/dev/vfio/12");
    machine.hurry();
    symlinkSync("/sys/kernel/iommu_groups/13", machine.at(`${device}/iommu_group`));
    rmSync(machine.at(`${bus}/${one}/iommu_group`));
    expect(say(call)).toBe(
      "1|process 2222222 has it open; the removal waits in the kernel, and ends by itself when that process does",
    );
  });

  it("does not wait long for a kernel that has not answered, and says who keeps the mdev", () => {
    make();
    expect(
      say(
        `write_attribute() { waits=$1; why=x; return 1; }; until_true() { echo "$1 "; return 1; }; ${call}`,
      ),
    ).toBe("1 \n1|it is still there 10 s after its removal");
  });

  it("fails where mdevctl keeps the definition, and leaves other definitions' folder", () => {
    machine.write(definition, "{}\n");
    machine.write(definition.replace(one, "other"), "{}\n");
    machine.program("mdevctl", "echo no right >&2; exit 1");
    expect(say(call)).toBe("1|no right");
    machine.program("mdevctl", `rm ${definition}`);
    expect(say(call)).toMatch(/^0\|/);
    expect(machine.list(`etc/mdevctl.d/${parent}`)).toEqual(["other"]);
  });
});
