import type { Distribution } from "../../model/installation-facts.js";

/** Returns what brings the headers of this kernel on this distribution, as a command or a sentence; where that is not known, no guess. */
export function headersAdvice(kernel: string, distribution: Distribution): string {
  const name = headersPackage(kernel, distribution);
  return name === null
    ? `install the package of this distribution that brings /lib/modules/${kernel}/build`
    : `install ${name}`;
}

/** Release names of the kernels that a distribution itself builds; the packages of any other are called as their maker likes. */
const ownKernels = {
  debian: /^\d+\.\d+\.\d+[-+.a-z0-9]*-amd64$/,
  ubuntu: /^\d+\.\d+\.\d+-\d{1,4}-[a-z]+(-[a-z0-9]+)*$/,
  redHat: /^\d+\.\d+\.\d+-[\d.]+\.(el|fc)\d+(_\d+)?\.x86_64$/,
  oracle: /^\d+\.\d+\.\d+-[\d.]+\.el\d+uek\.x86_64$/,
  suse: /^(\d+\.\d+\.\d+-\d[\d.]*)-(default|azure|rt|longterm)$/,
  proxmox: /^(\d+)\.(\d+)\.\d+-\d+-pve$/,
};

/** Returns the name of the package with the headers of a kernel; `null` where distribution or kernel are not known. */
export function headersPackage(kernel: string, distribution: Distribution): string | null {
  const names = [distribution.id, ...distribution.like];
  const is = (...wanted: readonly string[]) => wanted.some((name) => names.includes(name));
  if (is("debian", "ubuntu")) {
    if (kernel.endsWith("-pve")) return proxmoxHeaders(kernel, distribution.version);
    const own = ownKernels.debian.test(kernel) || ownKernels.ubuntu.test(kernel);
    return own ? `linux-headers-${kernel}` : null;
  }
  if (is("suse", "opensuse", "sles")) return suseHeaders(kernel);
  if (is("rhel", "fedora", "centos")) {
    if (ownKernels.oracle.test(kernel)) return `kernel-uek-devel-${kernel}`;
    return ownKernels.redHat.test(kernel) ? `kernel-devel-${kernel}` : null;
  }
  return null;
}

/** Proxmox VE is called Debian in os-release; up to 7 (Debian 11) its packages begin with pve, in 8 that changed within 6.2. */
function proxmoxHeaders(kernel: string, version: string): string | null {
  const [, major, minor] = ownKernels.proxmox.exec(kernel) ?? [];
  if (major === undefined) return null;
  const release = Number(major) * 1000 + Number(minor);
  if (release < 6002 || ["9", "10", "11"].includes(version)) return `pve-headers-${kernel}`;
  return release === 6002 ? null : `proxmox-headers-${kernel}`;
}

/** SUSE names the flavour last, and its package without the kernel's version: `6.4.0-150600.23.7-default`. */
function suseHeaders(kernel: string): string | null {
  const [, version, flavour] = ownKernels.suse.exec(kernel) ?? [];
  return version === undefined ? null : `kernel-${flavour}-devel of version ${version}`;
}
