import { mkdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyVgpuSteps, type SingleVgpuStep } from "../../../provider/apply/apply-vgpus.js";
import { changingScript, type Machine } from "../../../provider/apply/machine.js";
import { SmallMachine } from "../small-machine.js";

const one = "11111111-0000-4000-8000-000000000001";
const gpu = "0000:ff:00.0";
const vf = "0000:ff:00.4";
const record = `etc/pulumi-vgpu/vgpu/${one}`;
const unnoted = "and no earlier note of ours says that we made it";

let machine: SmallMachine;
beforeEach(() => {
  machine = new SmallMachine("host", ["mdevctl"]);
  machine.hurry();
  kernel("echo $text > $file");
});
afterEach(() => machine.remove());

/** What the kernel does when a file is written, which is in $file; its text is in $text. */
function kernel(text: string): void {
  machine.program("dd", `file=\${1#of=}; read -r text\n${text}`);
}
const refuses = "echo 'Input/output error' >&2; exit 1";
const writes = () => machine.calls().filter((call) => call.startsWith("dd"));

/** What the list says that makes this vGPU. */
function operation(kind: string, type: string): string {
  const fields = ["make", one, kind, kind === "mdev-on-parent" ? "-" : gpu, vf, type, "558"];
  return `operations\t1\n${[...fields, "shop/dev", "desk 1", "no"].join("\t")}\n`;
}
function note(fields: Readonly<Record<string, string>>): string {
  const whole = { state: "intent", owner: "shop/dev", name: "desk 1", ...fields };
  const text = Object.entries(whole).map(([key, value]) => `${key}=${value}\n`);
  machine.write(record, text.join(""));
  return text.join("");
}
/** What the next write of a record finds done by somebody else: the last moment before the kernel is asked. */
function meanwhile(text: string): void {
  machine.program("sync", text);
}

describe("a vGPU that somebody put on the function that was chosen, since the look", () => {
  const current = `sys/bus/pci/devices/${vf}/nvidia/current_vgpu_type`;
  const holds = `${vf} holds a vGPU of type number '558'`;
  const make = () =>
    machine
      .run("vgpus", [], operation("vendor-vfio", "NVIDIA A2-4Q"))
      .stdout.replaceAll("\t", " ")
      .replace(` make ${one}`, "");
  const ours = { interface: "vendor-vfio", parent: vf, type: "NVIDIA A2-4Q" };

  beforeEach(() => {
    machine.write(current, "558\n");
    machine.write(`sys/bus/pci/devices/${vf}/nvidia/creatable_vgpu_types`, "558 : NVIDIA A2-4Q\n");
  });

  it("is not ours, though it is of our very type, where we have noted nothing: no note is made that would make it ours", () => {
    expect(make()).toBe(`changed ${holds}, ${unnoted}\n`);
    expect([writes(), machine.has(record)]).toEqual([[], false]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ["another function", { ...ours, parent: "0000:ff:00.5" }],
    ["another type", { ...ours, type: "NVIDIA A2-2Q" }],
    ["no type", { interface: "vendor-vfio", parent: vf }],
    ["one that was there before us", { ...ours, adopted: "yes" }],
  ])("is not ours by a note of %s, which stays as it is", (_what, fields) => {
    const before = note(fields);
    expect(make()).toBe(`changed ${holds}, ${unnoted}\n`);
    expect([writes(), machine.read(record)]).toEqual([[], before]);
  });

  it.each(["NVIDIA A2-4Q", "GRID A2-4Q"])(
    "is ours where a run that was cut off had noted it there, as %s: nothing is written, the note is completed",
    (type) => {
      note({ ...ours, type });
      expect(make()).toBe("done \n");
      expect([writes(), machine.read(current)]).toEqual([[], "558\n"]);
      expect(machine.read(record)).toMatch(/^state=done\n/);
    },
  );

  it("is not ours where it comes after our note, before our write", () => {
    machine.write(current, "0\n");
    meanwhile(`echo 558 > ${current}`);
    expect(make()).toBe(`changed ${holds} since a moment ago (it was free just now)\n`);
    expect([writes(), machine.has(record)]).toEqual([[], false]);
  });

  it("is not ours where the kernel refuses our write because of it", () => {
    machine.write(current, "0\n");
    kernel(`echo 558 > $file; ${refuses}`);
    expect(make()).toBe(`changed ${holds} since a moment ago (Input/output error)\n`);
    expect(machine.has(record)).toBe(false);
  });
});

describe("a vGPU whose write was cut off, by a kill or a lack of memory", () => {
  it("keeps its note, since nobody knows what the kernel did, and the next run finishes it", () => {
    const current = `sys/bus/pci/devices/${vf}/nvidia/current_vgpu_type`;
    machine.write(current, "0\n");
    machine.write(`sys/bus/pci/devices/${vf}/nvidia/creatable_vgpu_types`, "558 : NVIDIA A2-4Q\n");
    kernel("echo $text > $file; kill -9 $$");
    const make = () => machine.run("vgpus", [], operation("vendor-vfio", "NVIDIA A2-4Q")).stdout;
    expect(make()).toBe(`failed\tmake\t${one}\tthe write to /${current} was cut off: it ended with 137\n`);
    expect(machine.read(record)).toMatch(/^state=intent\n/);
    expect(make()).toBe(`done\tmake\t${one}\t\n`);
    expect(machine.read(record)).toMatch(/^state=done\n/);
  });
});

describe("a vGPU that could not be made", () => {
  const current = `sys/bus/pci/devices/${vf}/nvidia/current_vgpu_type`;
  const run = (patience = 300) =>
    machine
      .shell(
        changingScript("vgpus", "host").replace("${3:-300}", String(patience)),
        [],
        operation("vendor-vfio", "NVIDIA A2-4Q"),
      )
      .stdout.split("\t")
      .at(0);

  beforeEach(() => {
    machine.write(current, "0\n");
    machine.write(`sys/bus/pci/devices/${vf}/nvidia/creatable_vgpu_types`, "558 : NVIDIA A2-4Q\n");
    kernel(refuses);
  });

  it("leaves no note, by which one that somebody else makes there would be ours", () => {
    expect(run()).toBe("failed");
    expect(machine.list("etc/pulumi-vgpu")).toEqual([]);
  });

  it("leaves the note that was there before, as it was", () => {
    const before = note({
      state: "done",
      interface: "vendor-vfio",
      parent: "0000:ff:00.5",
      type: "NVIDIA A2-2Q",
    });
    expect(run()).toBe("failed");
    expect(machine.read(record)).toBe(before);
  });

  it("keeps the note where the kernel took the write, or has not answered it", () => {
    kernel("true");
    expect(run()).toBe("failed");
    expect(machine.read(record)).toMatch(/^state=intent\n/);
    machine.write(record, "");
    kernel("until [ -e answered ]; do /bin/sleep 0.01; done");
    expect(run(1)).toBe("failed");
    machine.write("answered", "");
    expect(machine.read(record)).toMatch(/^state=intent\n/);
  });
});

describe.each([
  ["mdev-on-vf", "NVIDIA A2-4Q", `sys/bus/pci/devices/${vf}/mdev_supported_types`],
  ["mdev-on-parent", "nvidia-558", `sys/class/mdev_bus/${vf}/mdev_supported_types`],
])("an mdev of our UUID that somebody made since the look (%s)", (kind, typeName, types) => {
  const device = `sys/bus/mdev/devices/${one}`;
  const below = `sys/devices/${vf}/${one}`;
  const there = `an mdev with this UUID is on ${vf}`;
  const comes = `mkdir -p ${below} && { [ -e ${device} ] || ln -s $PWD/${below} ${device}; }; ln -sfn $PWD/${types}/nvidia-558 ${below}/mdev_type`;
  const make = () =>
    machine
      .run("vgpus", [], operation(kind, typeName))
      .stdout.replaceAll("\t", " ")
      .replace(` make ${one}`, "");

  beforeEach(() => {
    machine.write(`${types}/nvidia-558/name`, "NVIDIA A2-4Q\n");
    machine.write(`${types}/nvidia-558/create`, "");
    mkdirSync(machine.at("sys/bus/mdev/devices"), { recursive: true });
  });
  const byHand = () => {
    mkdirSync(machine.at(below), { recursive: true });
    symlinkSync(machine.at(below), machine.at(device));
    symlinkSync(machine.at(`${types}/nvidia-558`), machine.at(`${below}/mdev_type`));
  };

  it("is not ours where no record of ours names the UUID, or names it as one that was there before us", () => {
    byHand();
    expect(make()).toBe(`changed ${there}, ${unnoted}\n`);
    expect([writes(), machine.has(record)]).toEqual([[], false]);
    const before = note({ state: "done", interface: kind, adopted: "yes" });
    expect(make()).toBe(`changed ${there}, ${unnoted}\n`);
    expect([writes(), machine.read(record)]).toEqual([[], before]);
  });

  it("is ours where a record names it: a run was cut off after it had made it", () => {
    byHand();
    note({ interface: kind });
    expect(make()).toBe("done \n");
    expect([writes(), machine.read(record).split("\n")[0]]).toEqual([[], "state=done"]);
  });

  it("is not ours where it comes after our note, and the kernel refuses the UUID", () => {
    meanwhile(comes);
    kernel("echo 'File exists' >&2; exit 1");
    expect(make()).toBe(`changed ${there} since a moment ago (File exists)\n`);
    expect([writes().length, machine.has(record)]).toEqual([1, false]);
  });
});

describe("what is told of it", () => {
  const step: SingleVgpuStep = {
    kind: "make-vgpu",
    vgpu: {
      ...{ uuid: one, vgpuInterface: "vendor-vfio", carrier: gpu, parent: vf, typeName: "NVIDIA A2-4Q" },
      ...{ vgpuTypeId: 558, owner: "shop/dev", name: "desk-1", keep: false },
    },
    target: "gpu-01 desk-1",
    cause: "c",
    disruption: "none",
  };

  it("is what is there, that it stays, and that the next run judges it", async () => {
    const said = `changed\tmake\t${one}\t${vf} holds a vGPU of type number '558', ${unnoted}\n`;
    const session = {
      change: async () => ({ code: 1, stdout: said, stderr: "" }),
      exec: async () => ({ code: 0, stdout: "", stderr: "" }),
    } as unknown as Machine["session"];
    const told = applyVgpuSteps([step], {
      ...{ session, side: "host", label: "gpu-01 desk-1", journals: [], progress: () => {} },
    });
    await expect(told).rejects.toThrow(
      `VGPU_FOREIGN gpu-01 ${gpu} desk-1: make-vgpu of NVIDIA A2-4Q on ${vf} failed
Saw: ${vf} holds a vGPU of type number '558', ${unnoted} (looked at just before it would have been made)
Expected: nothing there, as when the host was looked at, or what an earlier run had noted before it made it
Next: run again: what is there now is judged then; it is left as it is
Now: 0 of 1 operations of this change are done; the next run goes on from there`,
    );
  });
});
