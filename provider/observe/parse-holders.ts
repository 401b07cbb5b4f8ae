import type { FactLines } from "../model/fact-lines.js";
import type { Holder } from "../model/facts.js";

/**
 * Returns who holds what: the path of a VFIO group file, or the device (mdev UUID, PCI address) behind a VFIO device file,
 * → the processes that have it open.
 */
export function holdersByFile(lines: FactLines): Map<string, Holder[]> {
  const deviceOf = new Map<string, string>();
  for (const [path = ""] of lines.all("vfio-device")) {
    const parts = path.split("/");
    deviceOf.set(`/dev/vfio/devices/${parts.at(-1)}`, parts.at(-3) ?? "");
  }
  const names = processNames(lines);
  const holders = new Map<string, Holder[]>();
  for (const [pid = "", path = ""] of lines.all("holder")) {
    const file = path.endsWith(deleted) ? path.slice(0, -deleted.length) : path;
    const key = deviceOf.get(file) ?? file;
    const list = holders.get(key) ?? [];
    if (!list.some((holder) => holder.pid === Number(pid))) {
      list.push({ pid: Number(pid), domainName: names(pid) });
    }
    holders.set(key, list);
  }
  return holders;
}

/** What the kernel writes behind the name of an open file that is no longer there. */
const deleted = " (deleted)";

/** Returns the names of the VMs that run, with or without a vGPU, sorted. */
export function parseRunningVms(lines: FactLines): string[] {
  const names = processNames(lines);
  return [...new Set(lines.all("vm").map(([pid = ""]) => names(pid)))].sort();
}

/** The words of a command line that name a VM: its program, and pairs of an option and what follows it. */
interface CommandWords {
  program: string;
  readonly options: (readonly [option: string, value: string])[];
}

/** How the file ends that VMware's program is given. Unsourced: seen in lists of processes. */
const machineFile = ".vmx";

/** Returns what to call the process of a PID. */
function processNames(lines: FactLines): (pid: string) => string {
  const commands = new Map<string, CommandWords>();
  let option = "";
  for (const [pid = "", kind = "", word = ""] of lines.all("word")) {
    const command = commands.get(pid) ?? { program: "", options: [] };
    commands.set(pid, command);
    const at = word.indexOf("=");
    if (kind === "program") command.program = word;
    else if (kind === "-") command.options.push([option, word]);
    else if (word.endsWith(machineFile)) command.options.push([machineFile, word]);
    else if (at >= 0) command.options.push([word.slice(0, at), word.slice(at + 1)]);
    option = kind === ":" && at < 0 && !word.endsWith(machineFile) ? word : "";
  }
  return (pid) => vmNameOf(commands.get(pid) ?? { program: "", options: [] });
}

/** Returns the name of the VM that a command line runs, else the program's name. Source: programs.md section 7, QEMU's documentation. */
function vmNameOf({ program, options }: CommandWords): string {
  const after = (...names: readonly string[]) =>
    options.find(([option, value]) => names.includes(option) && value !== "")?.[1];
  const name = after("-name", "--name");
  if (name !== undefined) return guestNameOf(name) || name;
  const virtualBoxName = after("--comment");
  if (virtualBoxName !== undefined) return virtualBoxName;
  const vmware = after(machineFile);
  if (vmware !== undefined) return vmware.slice(vmware.lastIndexOf("/") + 1, -machineFile.length);
  const proxmoxId = after("-id");
  if (proxmoxId !== undefined) return `VM ${proxmoxId}`;
  const id = after("--id");
  if (id !== undefined) return id;
  const file = program.slice(program.lastIndexOf("/") + 1) || "an unnamed process";
  const socket = after("--api-socket", "--api-sock")?.replace(/^path=/, "");
  return socket === undefined ? file : `${file} (${socket})`;
}

/** Returns the guest's name in QEMU's `-name`, where a comma is written as two. */
function guestNameOf(value: string): string {
  const fields = value
    .replaceAll(",,", "\0")
    .split(",")
    .map((field) => field.replaceAll("\0", ","));
  const guest = fields.find((field) => field.startsWith("guest="));
  return guest?.slice("guest=".length) ?? fields.find((field) => !field.includes("=")) ?? "";
}
