import type { Distribution } from "../../model/installation-facts.js";

/** Returns what brings the headers of this kernel on this distribution, as a command or a sentence; where that is not known, no guess. */
export function headersAdvice(kernel: string, distribution: Distribution): string {
  const name = headersPackage(kernel, distribution);
  return name === null
    ? `install the package of this distribution that brings /lib/modules/${kernel}/build`
    : `install ${name}`;
}

/** Returns the name of the package with the headers of a kernel; `null` where the distribution is not known. */
export function headersPackage(kernel: string, distribution: Distribution): string | null {
  const names = [distribution.id, ...distribution.like];
  const is = (...wanted: readonly string[]) => wanted.some((name) => names.includes(name));
  if (kernel.endsWith("-pve")) {
    // Proxmox VE is called Debian in os-release; 7 is on Debian 11.
    return distribution.version === "11" ? `pve-headers-${kernel}` : `proxmox-headers-${kernel}`;
  }
  if (is("debian", "ubuntu")) return `linux-headers-${kernel}`;
  if (is("suse", "opensuse", "sles")) return suseHeaders(kernel);
  if (is("rhel", "fedora", "centos")) {
    if (kernel.includes("uek")) return `kernel-uek-devel-${kernel}`;
    return /\.(el|fc)\d+(_\d+)?\.x86_64$/.test(kernel) || /\.el\d/.test(kernel)
      ? `kernel-devel-${kernel}`
      : null;
  }
  return null;
}

/** SUSE names the flavour last, and its package without the kernel's version: `6.4.0-150600.23.7-default`. */
function suseHeaders(kernel: string): string | null {
  const [, version, flavour] = /^(.+)-([a-z]+)$/.exec(kernel) ?? [];
  return version === undefined ? null : `kernel-${flavour}-devel of version ${version}`;
}
