import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { restoreScript } from "../../../provider/apply/boot-unit.js";
import { SmallMachine } from "../small-machine.js";

const gpu = "0000:ff:00.0";
const uuid = (n: number) => `11111111-0000-4000-8000-00000000000${n}`;
const bus = "sys/class/mdev_bus";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host", ["mdevctl"]);
  machine.write("etc/pulumi-vgpu/host", "owner=shop/dev/gpu-01\n");
  machine.hurry();
  machine.program(
    "dd",
    `file=\${1#of=}; read -r text
at=\${file%/mdev_supported_types/*}/$text
mkdir $at && ln -s \${file%/create} $at/mdev_type && ln -s $at ${machine.root}/sys/bus/mdev/devices/$text`,
  );
  machine.write(
    "usr/lib/nvidia/sriov-manage",
    `#!/bin/sh\necho "sriov-manage $*" >> ${machine.root}/calls\nmkdir -p ${machine.root}/sys/bus/pci/devices/$2/virtfn0/driver\n`,
    0o755,
  );
  machine.write(`sys/bus/pci/devices/${gpu}/vendor`, "0x10de\n");
  machine.write(`sys/bus/pci/devices/${gpu}/class`, "0x030000\n");
  mkdirSync(machine.at("sys/bus/mdev/devices"), { recursive: true });
});
afterEach(() => machine.remove());

function parent(name: string): void {
  machine.write(`${bus}/${name}/mdev_supported_types/mtty-2/create`, "");
}
function note(id: string, more: Readonly<Record<string, string>> = {}): void {
  const fields = { owner: "shop/dev", interface: "mdev-on-parent", parent: "mtty", type: "mtty-2", ...more };
  const lines = Object.entries(fields).map(([key, value]) => `${key}=${value}\n`);
  machine.write(`etc/pulumi-vgpu/vgpu/${id}`, lines.join(""));
}
/** What the boot restores, and says. */
function boot() {
  const { code, stderr } = machine.shell(restoreScript());
  return { code, made: machine.list("sys/bus/mdev/devices"), said: stderr };
}
const quiet = (...made: string[]) => ({ code: 0, made, said: "" });

describe("what restores vGPUs at boot", () => {
  it("makes those of who has the host, under the machine's lock, and signs it", () => {
    parent("mtty");
    for (const n of [1, 2]) note(uuid(n));
    expect(boot()).toEqual(quiet(uuid(1), uuid(2)));
    expect(machine.read("run/pulumi-vgpu/change.holder")).toMatch(
      /^\d+\t\d+\t-\trestore\tpulumi-vgpu\.service\n$/,
    );
    expect(boot()).toEqual(quiet(uuid(1), uuid(2)));
  });

  it("does nothing where what is noted is not root's alone, and says what", () => {
    parent("mtty");
    note(uuid(1));
    chmodSync(machine.at(`etc/pulumi-vgpu/vgpu/${uuid(1)}`), 0o666);
    const said = `what is noted on this machine is not root's alone: /etc/pulumi-vgpu/vgpu/${uuid(1)} (mode 666, owner `;
    expect(boot()).toMatchObject({ code: 1, made: [], said: expect.stringContaining(said) });
    rmSync(machine.at(`etc/pulumi-vgpu/vgpu/${uuid(1)}`));
    symlinkSync("/dev/zero", machine.at("etc/pulumi-vgpu/gpu"));
    expect(boot()).toMatchObject({
      code: 1,
      said: expect.stringContaining("/etc/pulumi-vgpu/gpu (mode 777"),
    });
  });

  it("does nothing where the lock's folder is not root's, or another has the lock for long", () => {
    parent("mtty");
    note(uuid(1));
    machine.write("run/pulumi-vgpu", "");
    expect(boot()).toEqual({ code: 1, made: [], said: "/run/pulumi-vgpu is not a folder of root's\n" });
    rmSync(machine.at("run/pulumi-vgpu"));
    machine.program("flock", '[ "$*" != "-w 300 8" ]');
    expect(boot()).toEqual({
      code: 1,
      made: [],
      said: "pulumi-vgpu: another script has been changing this machine for 300 s\n",
    });
  });

  it("leaves those of others alone, and of nobody, and says so", () => {
    parent("mtty");
    const owners = { 1: "other/stack", 2: "", 3: "shop", 4: "shop/dev old/dev", 5: "shop/dev" };
    for (const [n, owner] of Object.entries(owners)) note(uuid(Number(n)), { owner });
    const left = (n: number, owner: string, has: string) =>
      `pulumi-vgpu: vGPU ${uuid(n)}: left alone, it is noted for '${owner}', and '${has}' has this host\n`;
    expect(boot()).toEqual({
      code: 0,
      made: [uuid(5)],
      said: [1, 2, 3, 4].map((n) => left(n, owners[n as 1], "shop/dev")).join(""),
    });
    machine.write("etc/pulumi-vgpu/host", "owner=shop/dev/gpu-01\nformer=old/dev older/dev\n");
    note(uuid(1), { owner: "older/dev" });
    expect(boot().made).toEqual([uuid(1), uuid(5)]);
    machine.write("etc/pulumi-vgpu/host", "former=old/dev\n");
    rmSync(machine.at(`sys/bus/mdev/devices/${uuid(5)}`));
    note(uuid(2), { owner: "old/dev" });
    const { made, said } = boot();
    expect([made, said]).toEqual([[uuid(1)], expect.stringContaining(left(2, "old/dev", "nobody"))]);
  });

  it("makes nothing of what is no record, and goes on", () => {
    parent("mtty");
    note(`${uuid(1)}.new`);
    mkdirSync(machine.at(`etc/pulumi-vgpu/vgpu/${uuid(2)}`));
    execFileSync("mkfifo", [machine.at(`etc/pulumi-vgpu/vgpu/${uuid(3)}`)]);
    note("no-uuid");
    note(uuid(4), { parent: "../mtty" });
    note(uuid(5), { type: "../mtty-2" });
    note(uuid(6), { interface: "other" });
    note(uuid(7));
    const bent = [uuid(4), uuid(5), uuid(6), "no-uuid"].map(
      (id) => `pulumi-vgpu: vGPU ${id}: its record has not the form of one\n`,
    );
    expect(boot()).toEqual({ code: 1, made: [uuid(7)], said: bent.join("") });
  });

  it("says which vGPU could not be made, and makes the others", () => {
    parent("mtty");
    note(uuid(1), { type: "mtty-9" });
    note(uuid(2));
    expect(boot()).toEqual({
      code: 1,
      made: [uuid(2)],
      said: `pulumi-vgpu: vGPU ${uuid(1)} (mtty-9 on mtty): mtty offers no mdev type mtty-9\n`,
    });
  });

  it("defines none in mdevctl that was there before us", () => {
    parent("mtty");
    machine.program("mdevctl", "");
    note(uuid(1), { adopted: "yes" });
    note(uuid(2));
    expect(boot()).toEqual(quiet(uuid(1), uuid(2)));
    expect(machine.calls().filter((call) => call.startsWith("mdevctl"))).toEqual([
      `mdevctl define -u ${uuid(2)} -p mtty -t mtty-2`,
    ]);
  });
});

describe("a parent whose driver comes late in the boot", () => {
  const looks = () => machine.calls().filter((call) => call === "sleep 0.1").length;

  it("is waited for", () => {
    note(uuid(1));
    const late = machine.at(`${bus}/mtty/mdev_supported_types/mtty-2`);
    machine.hurry(`[ "$1" != 0.1 ] || mkdir -p ${late}`);
    expect(boot()).toEqual(quiet(uuid(1)));
  });

  it("ends the waiting for all when it does not come, and no parent of NVIDIA's is waited for", () => {
    note(uuid(4), { interface: "mdev-on-vf", parent: "0000:ff:00.4", type: "A2-4Q" });
    boot();
    expect(looks()).toBe(0);
    for (const n of [1, 2, 3]) note(uuid(n), { parent: `mtty${n}` });
    // The time for the first one, in short.
    const { code, stderr } = machine.shell(restoreScript().replace("patience=600", "patience=5"));
    expect([code, stderr.split("\n").length]).toEqual([1, 5]);
    expect(looks()).toBe(4);
  });
});

describe("virtual functions at boot", () => {
  const record = `etc/pulumi-vgpu/gpu/${gpu}`;
  const asked = () => machine.calls().filter((call) => call.startsWith("sriov-manage"));

  it("are turned on as noted", () => {
    machine.write(record, "vfs=1\n");
    mkdirSync(machine.at("etc/pulumi-vgpu/gpu/0000:ff:01.0"));
    expect(boot()).toEqual(quiet());
    expect(asked()).toEqual([`sriov-manage -e ${gpu}`]);
  });

  it("are left off where the record is none, or notes none", () => {
    machine.write("etc/pulumi-vgpu/gpu/card", "vfs=1\n");
    for (const vfs of ["0", "", "many", "$(id)"]) {
      machine.write(record, `vfs=${vfs}\n`);
      expect(boot()).toEqual(quiet());
    }
    rmSync(machine.at(record));
    expect(boot()).toEqual(quiet());
    expect(asked()).toEqual([]);
  });

  it("are no business of ours where another device has the address", () => {
    machine.write(record, "vfs=1\n");
    const place = `sys/bus/pci/devices/${gpu}`;
    const said = `pulumi-vgpu: virtual functions of ${gpu}: ${gpu} is no GPU of NVIDIA's\n`;
    for (const [file, text] of [
      ["vendor", "0x8086"],
      ["class", "0x020000"],
      ["physfn", ""],
    ] as const) {
      const before = machine.read(`${place}/${file}`);
      machine.write(`${place}/${file}`, text);
      expect(boot(), file).toEqual({ code: 1, made: [], said });
      machine.write(`${place}/${file}`, before);
    }
    expect(asked()).toEqual([]);
  });

  it("are not asked for by a folder in the place of a record, nor is it told", () => {
    mkdirSync(machine.at(record), { recursive: true });
    machine.write("etc/pulumi-vgpu/host", "");
    expect(boot()).toEqual(quiet());
  });

  it("that do not come are told, and end the boot unit with a failure", () => {
    machine.write(record, "vfs=2\n");
    machine.write("usr/lib/nvidia/sriov-manage", "#!/bin/sh\necho cannot take unbindLock\n", 0o755);
    expect(boot()).toEqual({
      code: 1,
      made: [],
      said: `pulumi-vgpu: virtual functions of ${gpu}: cannot take unbindLock\n`,
    });
  });
});
