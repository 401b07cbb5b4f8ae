import type { Holder } from "../model/facts.js";
import type { FactLines } from "./fact-lines.js";

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
  const holders = new Map<string, Holder[]>();
  for (const [pid = "", file = "", commandLine = ""] of lines.all("holder")) {
    const key = deviceOf.get(file) ?? file;
    const list = holders.get(key) ?? [];
    if (!list.some((holder) => holder.pid === Number(pid))) {
      list.push({ pid: Number(pid), domainName: domainNameOf(commandLine) });
    }
    holders.set(key, list);
  }
  return holders;
}

/** Returns the names of the VMs that run, with or without a vGPU, sorted. */
export function parseRunningVms(lines: FactLines): string[] {
  const names = lines.all("vm").map((fields) => domainNameOf(fields[1] ?? ""));
  return [...new Set(names)].sort();
}

/** Returns the name of the VM that a QEMU command line runs, else the program's name. */
export function domainNameOf(commandLine: string): string {
  const named = /(?:^|\s)-name\s+(?:guest=)?([^,\s]+)/.exec(commandLine)?.[1];
  if (named !== undefined) return named;
  const program = commandLine.trim().split(" ")[0] ?? "";
  return program.slice(program.lastIndexOf("/") + 1) || "an unnamed process";
}
