import type { MachineKind } from "../types.js";
import type { GpuModel } from "./gpu-model.js";
import type { GuestModel } from "./guest-model.js";
import { MemoryMachine } from "./memory-machine.js";
import { installerPath } from "./run-package.js";
import { writeText } from "./sys-nodes.js";

/** A host in memory, with its model. */
export interface HostScene {
  readonly machine: MemoryMachine;
  readonly model: GpuModel;
}

export interface GuestScene {
  readonly machine: MemoryMachine;
  readonly model: GuestModel;
}

/** Returns a bare host that has booted: nouveau, no driver. */
export async function bareHost(kind: MachineKind): Promise<HostScene> {
  const machine = new MemoryMachine(kind, "host");
  await machine.powerOn();
  return { machine, model: kind.model as GpuModel };
}

/** Does what the script of a package does. Returns the first refusal, or the last answer. */
export async function install(
  machine: MemoryMachine,
  options: { version: string; kind?: "vgpu-kvm" | "grid"; flags?: readonly string[]; fault?: string },
) {
  const { version, kind = "vgpu-kvm", flags = ["silent", "accept"], fault = "" } = options;
  const words = [`kind=${kind}`, `version=${version}`, `fault=${fault}`, ...flags];
  for (const step of ["prepare", "files", "modules", "services"]) {
    const result = await machine.call(installerPath, step, ...words);
    if (result.code !== 0) return result;
  }
  return machine.call(installerPath, "finish", ...words);
}

/** Blocks nouveau as a host's owner does, and boots. */
export async function withoutNouveau(machine: MemoryMachine): Promise<void> {
  machine.writeFile(
    "/etc/modprobe.d/blacklist-nouveau.conf",
    "blacklist nouveau\noptions nouveau modeset=0\n",
  );
  machine.updateInitramfs();
  if (machine.poweredOn) await machine.restart();
}

/** Returns a host with the vGPU manager installed and booted: types are there, VFs are not. */
export async function managedHost(kind: MachineKind, version = "550.127.06"): Promise<HostScene> {
  const scene = await bareHost(kind);
  await withoutNouveau(scene.machine);
  const { code, stderr } = await install(scene.machine, { version });
  if (code !== 0) throw new Error(stderr);
  await scene.machine.restart();
  return scene;
}

/** Returns a managed host whose VFs are there. */
export async function readyHost(kind: MachineKind, version?: string): Promise<HostScene> {
  const scene = await managedHost(kind, version);
  await scene.machine.call("/usr/lib/nvidia/sriov-manage", "-e", "ALL");
  return scene;
}

/** Makes an mdev by writing to sysfs. */
export function createMdev(
  { model }: HostScene,
  spec: { parent: string; type: number; uuid: string },
): Promise<void> {
  const folder = `/class/mdev_bus/${spec.parent}/mdev_supported_types/nvidia-${spec.type}`;
  return writeText(model.sys, `${folder}/create`, spec.uuid);
}

/** Returns the n-th of a row of UUIDs. */
export function uuid(n: number): string {
  return `aa618089-8b16-4d01-a136-${n.toString(16).padStart(12, "0")}`;
}

/** Waits for a condition. @throws Error after two seconds */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 2000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("the condition did not come true in 2 s");
    await new Promise((wake) => setTimeout(wake, 2));
  }
}
