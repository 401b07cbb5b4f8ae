// Run in the simulator's process, by invoke: VMs that use vGPUs without a guest of their own.
import type { GpuModel } from "../model/gpu-model.js";
import type { Machine } from "../types.js";

const running = new Map<string, () => Promise<void>>();

interface Part {
  readonly machine: Machine;
  readonly model: GpuModel;
}

/** A VM starts to use the vGPU of this UUID, or on this virtual function. Returns its process. */
export async function startVm([host]: [Part], vm: string, vgpu: string): Promise<number> {
  const user = { vmName: vm, vmUuid: "4d0c3a52-5f5f-4f4e-9d5c-4a2f0c9d1b11" };
  const release = await host.model.hold(vgpu, user);
  running.set(`${host.machine.name} ${vm}`, release);
  return release.pid;
}

/** The same by iommufd: the VM has the device's own file open and not its group's. */
export async function startIommufdVm([host]: [Part], vm: string, vgpu: string): Promise<number> {
  const group = host.model.findVgpu(vgpu)?.vgpu.iommuGroup;
  if (group === undefined) throw new Error(`no vGPU ${vgpu} on ${host.machine.name}`);
  const path = `/dev/vfio/devices/vfio${group}`;
  host.machine.writeFile(path, "", 0o600);
  const held = await host.machine.holdOpen(path, "qemu-system-x86_64", ["-name", `guest=${vm}`]);
  running.set(`${host.machine.name} ${vm}`, () => held.release());
  return held.pid;
}

/** The same in a container that has the group's file under another name: only its device number is the same. */
export async function startContainedVm([host]: [Part], vm: string, vgpu: string): Promise<number> {
  const group = host.model.findVgpu(vgpu)?.vgpu.iommuGroup;
  if (group === undefined) throw new Error(`no vGPU ${vgpu} on ${host.machine.name}`);
  host.model.setFaults({ groupNumbers: { [group]: numberOfFull } });
  const held = await host.machine.holdOpen("/dev/full", "qemu-system-x86_64", ["-name", `guest=${vm}`]);
  running.set(`${host.machine.name} ${vm}`, () => held.release());
  return held.pid;
}

/** The same in a process whose first thread has ended: only its other threads show what it has open. */
export async function startHeadlessVm([host]: [Part], vm: string, vgpu: string): Promise<number> {
  const group = host.model.findVgpu(vgpu)?.vgpu.iommuGroup;
  if (group === undefined) throw new Error(`no vGPU ${vgpu} on ${host.machine.name}`);
  const path = `/dev/vfio/${group}`;
  if (!host.machine.exists(path)) host.machine.writeFile(path, "", 0o600);
  return startHeadless([host], vm, path);
}

/** A VM whose first thread has ended, and which keeps this file open. */
export async function startHeadless([host]: [Part], vm: string, path: string): Promise<number> {
  const begin = await host.machine.run(["/bin/sh", "-c", headless, "headless", path, vm]);
  if (begin.code !== 0)
    throw new Error(`no process without a first thread, which needs perl: ${begin.stderr}`);
  const pid = Number(begin.stdout);
  const end = 'kill -9 "$0"; while [ -e "/proc/$0" ]; do sleep 0.01; done';
  running.set(`${host.machine.name} ${vm}`, async () => {
    await host.machine.run(["/bin/sh", "-c", end, `${pid}`]);
  });
  return pid;
}

/** Linux's own number of exit on x86-64, which ends one thread: 60. */
const headless = `perl -Mthreads -e '
    open(my $held, "+<", $ARGV[0]) or die;
    threads->create(sub { sleep 3000 })->detach;
    syscall(60, 0);
  ' -- "$1" -name "guest=$2" > /dev/null 2>&1 < /dev/null &
  until grep -q "[)] Z " /proc/$!/stat; do kill -0 $! || exit 1; sleep 0.01; done
  echo $!`;

/** Linux's own number of /dev/full, which every machine has. */
const numberOfFull = "1:7";

/** The VM is shut down. */
export async function stopVm([host]: [Part], vm: string): Promise<void> {
  const release = running.get(`${host.machine.name} ${vm}`);
  if (release === undefined) throw new Error(`no VM ${vm} runs on ${host.machine.name}`);
  await release();
}

/** A process of this name, with these arguments, that keeps a file of the host's open. */
export async function startProcess(
  [host]: [Part],
  vm: string,
  { path, words }: { readonly path: string; readonly words: readonly [string, ...string[]] },
): Promise<void> {
  const [name, ...args] = words;
  const held = await host.machine.holdOpen(path, name, args);
  running.set(`${host.machine.name} ${vm}`, held.release);
}
