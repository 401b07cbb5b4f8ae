import { mkdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gpu, pciBus, SmallHost } from "./small-host.js";

const one = "11111111-0000-4000-8000-000000000001";

let machine: SmallHost;
beforeEach(() => {
  machine = new SmallHost();
});
afterEach(() => machine.remove());

/** An mdev on the bus, below this function. */
function active(place: string): void {
  const at = machine.at(`sys/devices/${place}/${one}`);
  mkdirSync(at, { recursive: true });
  machine.link(at, `sys/bus/mdev/devices/${one}`);
}

describe("the types that a GPU offers", () => {
  const types = () =>
    machine.facts("types-at", "mdev-type", "vendor-type", "creatable", "unread", "smi-type");

  beforeEach(() => {
    machine.bind(machine.device(gpu));
  });

  it("are those on the GPU itself", () => {
    machine.offer(`${pciBus}/${gpu}`);
    expect(types()).toEqual([`types-at ${gpu} ${gpu} mdev-on-pf`, `mdev-type ${gpu} nvidia-1 A40-8Q 1 fb=8`]);
  });

  it("are unknown where a file of theirs cannot be read, and have no name or count where there is none", () => {
    machine.offer(`${pciBus}/${gpu}`);
    const folder = machine.at(`${pciBus}/${gpu}/mdev_supported_types/nvidia-1`);
    rmSync(`${folder}/description`);
    expect(types().slice(1)).toEqual([`mdev-type ${gpu} nvidia-1 A40-8Q 1 `]);
    rmSync(`${folder}/name`);
    mkdirSync(`${folder}/name`);
    expect(types().slice(1)).toEqual([
      expect.stringMatching(/^unread devices grep: .*\/nvidia-1\/name: Is a directory/),
      `mdev-type ${gpu} nvidia-1  1 `,
    ]);
  });

  it("are those of its first free function", () => {
    for (const n of [0, 1, 2]) machine.offer(machine.virtualFunction(n), String(n));
    const at = (n: number) => [
      `types-at ${gpu} 0000:3b:00.${n + 4} mdev-on-vf`,
      `mdev-type ${gpu} nvidia-1 A40-8Q ${n} fb=8`,
    ];
    expect(types()).toEqual(at(0));
    active("0000:3b:00.4");
    expect(types()).toEqual(at(1));
  });

  it("are those of its last function where each has a vGPU", () => {
    machine.offer(machine.virtualFunction(0), "0");
    active("0000:3b:00.4");
    expect(types()).toEqual([
      `types-at ${gpu} 0000:3b:00.4 mdev-on-vf`,
      `mdev-type ${gpu} nvidia-1 A40-8Q 0 fb=8`,
    ]);
  });

  const vendor = (n: number, now: string) =>
    machine.put(`${machine.virtualFunction(n)}/nvidia`, {
      current_vgpu_type: now,
      creatable_vgpu_types: "557 : NVIDIA A40-8Q",
    });

  it("are, of the vendor's interface, those of the first function without a vGPU", () => {
    for (const [n, now] of ["0", "0"].entries()) vendor(n, now);
    expect(types()).toEqual([
      `vendor-type ${gpu} 0 0`,
      `types-at ${gpu} 0 vendor-vfio`,
      `creatable ${gpu} 557 : NVIDIA A40-8Q`,
      `vendor-type ${gpu} 1 0`,
    ]);
    expect(machine.calls().filter((call) => call.startsWith("nvidia-smi vgpu"))).toEqual([]);
  });

  it("are unknown where that list cannot be read", () => {
    vendor(0, "0");
    rmSync(machine.at(`${pciBus}/${gpu}/virtfn0/nvidia/creatable_vgpu_types`));
    mkdirSync(machine.at(`${pciBus}/${gpu}/virtfn0/nvidia/creatable_vgpu_types`));
    expect(types()).toContainEqual(expect.stringMatching(/^unread devices head: .*Is a directory$/));
  });

  const smi = [
    "GPU 00000000:3B:00.0",
    "    vGPU Type ID                     : 0x22d",
    "        Name                         : NVIDIA A40-8Q",
    "        FB Memory                    : 8192 MiB",
    "        Max Instances                : 6",
    "        Class                        : Quadro",
  ];
  const asked = () => machine.calls().filter((call) => call.startsWith("nvidia-smi vgpu"));

  it("are named by nvidia-smi where a function has a vGPU", () => {
    vendor(0, "557");
    machine.program("nvidia-smi", `printf '%s\\n' ${smi.map((line) => `'${line}'`).join(" ")}`);
    expect(types().slice(1)).toEqual(smi.slice(1, 5).map((line) => `smi-type ${gpu} ${line}`));
    expect(asked()).toEqual([`nvidia-smi vgpu -s -v -i ${gpu}`]);
  });

  it("are asked for again while nvidia-smi does not find the GPU, and unknown in the end", () => {
    vendor(0, "557");
    machine.program("nvidia-smi", "echo No devices were found");
    expect(types().slice(1)).toEqual(["unread types nvidia-smi vgpu -s: No devices were found"]);
    const times = asked().length;
    expect(times).toBeGreaterThan(1);
    expect(times).toBeLessThan(100);
    machine.program("timeout", '[ "$1" = 20 ] && exit 124; shift; exec "$@"');
    rmSync(machine.at("calls"));
    expect(types().slice(1)).toEqual(["unread types nvidia-smi vgpu -s: ended with 124"]);
    expect(machine.calls().filter((call) => call.startsWith("timeout 20 nvidia-smi vgpu"))).toHaveLength(1);
  });
});
