import { shellQuote } from "../../../provider/transport/link/quote.js";

/** What one QEMU is started with. Paths may be relative to its working directory. */
export interface QemuMachine {
  readonly name: string;
  readonly memoryMiB: number;
  /** A qcow2 file. */
  readonly disk: string;
  /** A file whose text the machine finds as fw_cfg item opt/labgpu/cards. */
  readonly cards: string;
  /** Arguments for the slots the cards sit in. */
  readonly slots: readonly string[];
  readonly consoleLog: string;
  /** Port on 127.0.0.1 that leads to the machine's port 22; 0: one the kernel chooses. */
  readonly sshPort: number;
  /** A unix socket that leads to a guest's qemu-guest-agent; hosts have none. */
  readonly agentSocket?: string;
}

/** The program; no machine counts on hardware virtualization. */
export const qemu = "qemu-system-x86_64";

/** Arguments of QEMU. A frozen state fits only a machine started with the same devices. */
export function qemuArguments(machine: QemuMachine, frozenState?: string): string[] {
  const { memoryMiB, disk, cards, slots, consoleLog, sshPort, agentSocket, name } = machine;
  return [
    // One processor: emulating two takes a fifth more, and machines are more than this one has processors.
    ...["-name", name, "-machine", "q35", "-accel", "tcg", "-smp", "1"],
    // All that Debian 13 asks of a processor: emulating what later ones have made machines slower by a tenth.
    ...["-cpu", "Nehalem-v1"],
    // A reset ends it, and another one is started: it would go on with all that it has translated since the last boot,
    // which made a reboot take half as long again.
    ...["-action", "reboot=shutdown"],
    ...["-m", `${memoryMiB}`, "-nodefaults", "-no-user-config", "-display", "none"],
    ...["-chardev", "stdio,id=qmp,signal=off", "-mon", "chardev=qmp,mode=control"],
    ...["-chardev", `file,id=console,path=${escaped(consoleLog)},append=on`, "-serial", "chardev:console"],
    // Without an IOMMU /sys/class/iommu is empty and no device has an IOMMU group.
    ...["-device", "intel-iommu,intremap=on"],
    ...["-drive", `file=${escaped(disk)},format=qcow2,if=none,id=disk,cache=unsafe,discard=unmap`],
    ...["-device", "virtio-blk-pci,drive=disk,bootindex=1"],
    ...["-netdev", `user,id=net,hostfwd=tcp:127.0.0.1:${sshPort}-:22`],
    ...["-device", "virtio-net-pci,netdev=net,romfile="],
    ...["-device", "virtio-rng-pci"],
    // As a server's management processor has one: without it the first display card would be the boot VGA.
    ...["-device", "VGA,romfile="],
    ...(agentSocket === undefined ? [] : guestAgent(agentSocket)),
    ...slots,
    ...["-fw_cfg", `name=opt/labgpu/cards,file=${escaped(cards)}`],
    ...(frozenState === undefined ? [] : ["-incoming", `exec:zstd -dcq < ${shellQuote(frozenState)}`]),
  ];
}

function guestAgent(socket: string): string[] {
  return [
    ...["-device", "virtio-serial-pci"],
    ...["-chardev", `socket,id=agent,path=${escaped(socket)},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
  ];
}

/** The port in the answer of the monitor's `info usernet`. */
export function forwardedPort(answer: string): number | undefined {
  const port = /HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+22\b/.exec(answer)?.[1];
  return port === undefined ? undefined : Number(port);
}

/** QEMU's options end a value at a comma, and two commas mean one. */
function escaped(value: string): string {
  return value.replaceAll(",", ",,");
}
