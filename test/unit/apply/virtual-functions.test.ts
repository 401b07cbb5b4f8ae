import { mkdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostFunctions } from "../../../provider/apply/boot-unit.js";
import { SmallMachine } from "../small-machine.js";

const gpu = "0000:ff:00.0";
const place = `sys/bus/pci/devices/${gpu}`;

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host");
  machine.write(`${place}/vendor`, "0x10de\n");
  machine.write(`${place}/class`, "0x030200\n");
  machine.hurry();
  manage("true");
});
afterEach(() => machine.remove());

/** What sriov-manage does. */
function manage(text: string): void {
  machine.write(
    "usr/lib/nvidia/sriov-manage",
    `#!/bin/sh\ncd ${machine.root}\necho "sriov-manage $*" >> calls\n${text}\n`,
    0o755,
  );
}
const functions = (count: number) =>
  `for n in $(seq 0 ${count - 1}); do mkdir -p ${place}/virtfn$n/driver; done`;
const managed = () => machine.calls().filter((call) => call.startsWith("sriov-manage"));
function say(call: string): string {
  return machine.shell(`${hostFunctions()}\n${call}; printf '%s|%s' "$?" "$why"`).stdout;
}

describe("enable_vfs", () => {
  it("asks sriov-manage, and waits for every function to have a driver", () => {
    machine.hurry(`[ "$1" != 0.1 ] || { ${functions(4)}; }`);
    manage(functions(3));
    expect(say(`enable_vfs ${gpu} 4`)).toBe("0|");
    expect(managed()).toEqual([`sriov-manage -e ${gpu}`]);
  });

  it("asks nobody where the functions are there, or the GPU carries its vGPUs itself", () => {
    expect(machine.shell(functions(4).replaceAll(place, `/${place}`)).code).toBe(0);
    expect(say(`enable_vfs ${gpu} 4`)).toBe("0|");
    rmSync(machine.at(place), { recursive: true });
    mkdirSync(machine.at(`${place}/mdev_supported_types`), { recursive: true });
    expect(say(`enable_vfs ${gpu} 4`)).toBe("0|");
    expect(managed()).toEqual([]);
  });

  it("asks again while another holds the GPU's lock, five times in all", () => {
    manage("[ -e tries ] || { touch tries; echo cannot take unbindLock; exit; }\n".concat(functions(1)));
    expect(say(`enable_vfs ${gpu} 1`)).toBe("0|");
    expect(managed()).toHaveLength(2);
    rmSync(machine.at(`${place}/virtfn0`), { recursive: true });
    rmSync(machine.at("calls"));
    manage("echo cannot take unbindLock");
    expect(say(`enable_vfs ${gpu} 1`)).toBe("1|cannot take unbindLock");
    expect(managed()).toHaveLength(5);
    expect(machine.calls().filter((call) => call === "sleep 1")).toHaveLength(4);
  });

  it("says how many functions came, and what sriov-manage said", () => {
    manage(`${functions(2)}; echo some did not come`);
    expect(say(`until_true() { tries=$1; shift; "$@"; }; enable_vfs ${gpu} 4`)).toBe(
      "1|2 of 4 virtual functions with a driver after 90 s; sriov-manage said: some did not come",
    );
  });
});

describe("disable_vfs", () => {
  beforeEach(() => {
    mkdirSync(machine.at(`${place}/virtfn0/driver`), { recursive: true });
  });

  it("asks sriov-manage, and waits until no function is there", () => {
    machine.hurry(`[ "$1" != 0.1 ] || rm -r ${place}/virtfn0`);
    expect(say(`disable_vfs ${gpu}`)).toBe("0|");
    expect(managed()).toEqual([`sriov-manage -d ${gpu}`]);
    expect(say(`disable_vfs ${gpu}`)).toBe("0|");
    expect(managed()).toHaveLength(1);
  });

  it("fails where the GPU's lock is never free, and where functions stay", () => {
    manage("echo cannot take unbindLock");
    expect(say(`disable_vfs ${gpu}`)).toBe("1|cannot take unbindLock");
    manage("echo busy");
    expect(say(`until_true() { tries=$1; shift; "$@"; }; disable_vfs ${gpu}`)).toBe(
      "1|virtual functions are still there after 30 s; sriov-manage said: busy",
    );
  });
});

describe("a vGPU that came on a function since the look", () => {
  const uuid = "11111111-0000-4000-8000-000000000001";
  const current = `${place}/virtfn1/nvidia/current_vgpu_type`;

  it.each([
    ["an mdev", `${place}/virtfn1/${uuid}/uevent`, "", `virtfn1 carries the vGPU ${uuid} now`],
    ["one of the driver's own", current, "558\n", "virtfn1 carries a vGPU of type number '558' now"],
    ["what cannot be read", current, "", `whether virtfn1 carries a vGPU could not be read: /${current}`],
  ])("keeps its function, and all others: %s", (_what, file, text, why) => {
    mkdirSync(machine.at(`${place}/virtfn0/driver`), { recursive: true });
    machine.write(file, text);
    machine.write(`etc/pulumi-vgpu/gpu/${gpu}`, "vfs=2\n");
    expect(machine.run("disable-vfs", [gpu])).toMatchObject({ code: 1, stderr: `${why}\n` });
    expect([managed(), machine.has(`etc/pulumi-vgpu/gpu/${gpu}`)]).toEqual([[], true]);
    machine.write(current, "0\n");
    rmSync(machine.at(`${place}/virtfn1/${uuid}`), { recursive: true, force: true });
    manage(`rm -r ${place}/virtfn*`);
    expect(machine.run("disable-vfs", [gpu])).toMatchObject({ code: 0 });
  });
});

describe("the steps of virtual functions", () => {
  const record = `etc/pulumi-vgpu/gpu/${gpu}`;

  it("note how many were there to be before they are made", () => {
    manage(`cp ${record} seen; ${functions(4)}`);
    expect(machine.run("enable-vfs", [gpu, "4"])).toMatchObject({ code: 0 });
    expect([machine.read("seen"), machine.read(record)]).toEqual(["vfs=4\n", "vfs=4\n"]);
    manage(`rm -r ${place}/virtfn*`);
    expect(machine.run("disable-vfs", [gpu])).toMatchObject({ code: 0 });
    expect(machine.has(record)).toBe(false);
  });

  it("note, and keep in mind, that some were on before us", () => {
    mkdirSync(machine.at(`${place}/virtfn0/driver`), { recursive: true });
    manage(functions(2));
    for (let run = 0; run < 2; run++) {
      expect(machine.run("enable-vfs", [gpu, "2"])).toMatchObject({ code: 0 });
      expect(machine.read(record)).toBe("vfs=2\nfound=on\n");
    }
    expect(machine.run("release", ["host"])).toMatchObject({ code: 0 });
    expect([machine.has(record), managed()]).toEqual([false, [`sriov-manage -e ${gpu}`]]);
  });

  it("leave in the GPU's record what other settings noted there", () => {
    machine.write(record, "found=on\nvfs=2\nother=a /^x$/ b\nlast=1\n");
    manage(functions(4));
    expect(machine.run("enable-vfs", [gpu, "4"])).toMatchObject({ code: 0 });
    expect(machine.read(record)).toBe("vfs=4\nfound=on\nother=a /^x$/ b\nlast=1\n");
    manage(`rm -r ${place}/virtfn*`);
    expect(machine.run("disable-vfs", [gpu])).toMatchObject({ code: 0 });
    expect(machine.read(record)).toBe("other=a /^x$/ b\nlast=1\n");
  });

  it("note that some were on before us where other settings were noted first", () => {
    machine.write(record, "other=1\n");
    mkdirSync(machine.at(`${place}/virtfn0/driver`), { recursive: true });
    manage(functions(2));
    expect(machine.run("enable-vfs", [gpu, "2"])).toMatchObject({ code: 0 });
    expect(machine.read(record)).toBe("vfs=2\nfound=on\nother=1\n");
  });

  it("touch no device that is no GPU of NVIDIA's, whatever was noted of its address", () => {
    machine.write(`${place}/vendor`, "0x8086\n");
    mkdirSync(machine.at(`${place}/virtfn0`));
    machine.write(record, "vfs=4\n");
    const refused = { code: 1, stderr: `${gpu} is no GPU of NVIDIA's\n` };
    expect(machine.run("enable-vfs", [gpu, "4"])).toMatchObject(refused);
    expect(machine.run("disable-vfs", [gpu])).toMatchObject(refused);
    expect(machine.run("disable-vfs", ["../../etc"])).toMatchObject({ code: 1 });
    expect([machine.read(record), managed()]).toEqual(["vfs=4\n", []]);
  });

  it("note and make none on a GPU that carries its vGPUs itself", () => {
    mkdirSync(machine.at(`${place}/mdev_supported_types`));
    expect(machine.run("enable-vfs", [gpu, "4"])).toMatchObject({ code: 0 });
    expect([machine.has(record), managed()]).toEqual([false, []]);
  });

  it("fail with the reason, and keep the note until the functions are off", () => {
    manage("echo cannot take unbindLock");
    const failed = { code: 1, stderr: "cannot take unbindLock\n" };
    expect(machine.run("enable-vfs", [gpu, "4"])).toMatchObject(failed);
    mkdirSync(machine.at(`${place}/virtfn0`));
    expect(machine.run("disable-vfs", [gpu])).toMatchObject(failed);
    expect(machine.read(record)).toBe("vfs=4\n");
  });
});
