import type { RunResult } from "../../host/types.js";

/** What a libvirt domain is started on. */
export interface Shell {
  shell(line: string): Promise<RunResult>;
  writeFile(path: string, text: string): Promise<void>;
}

/** Runs a line that has to succeed; gives what it printed. */
export async function mustRun(machine: Pick<Shell, "shell">, line: string): Promise<string> {
  const { code, stdout, stderr } = await machine.shell(line);
  if (code === 0) return stdout;
  throw new Error(`${line}\nexited with ${code}:\n${stdout}${stderr}`);
}

/**
 * Defines a domain that is given a vGPU by libvirt's own element, as the resource puts it out. It has no disk: QEMU and
 * its firmware run, which is all that holding a vGPU takes.
 */
export async function defineDomain(machine: Shell, name: string, hostdev: string): Promise<void> {
  const path = `/root/${name}.xml`;
  await machine.writeFile(
    path,
    `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    ${hostdev}
    <video><model type='none'/></video>
  </devices>
</domain>
`,
  );
  await mustRun(machine, `virsh define ${path} && rm ${path}`);
}

export async function startDomain(machine: Shell, name: string): Promise<void> {
  await mustRun(machine, `virsh start ${name}`);
}

export async function stopDomain(machine: Shell, name: string): Promise<void> {
  await mustRun(machine, `virsh destroy ${name}`);
}

export async function undefineDomain(machine: Shell, name: string): Promise<void> {
  await mustRun(machine, `virsh undefine ${name}`);
}

/** Returns the names of the domains whose QEMU has a VFIO device open, as the processes themselves show it. */
export async function holdingDomains(machine: Shell): Promise<string[]> {
  const lines = await mustRun(
    machine,
    `find /proc/[0-9]*/fd -lname '/dev/vfio/[0-9d]*' -printf '%h\\n' 2>/dev/null | sort -u |
      while read -r fds; do tr '\\000' ' ' < "\${fds%/fd}/cmdline"; echo; done`,
  );
  const names = [...lines.matchAll(/ -name guest=([^, ]+)/g)].map(([, name = ""]) => name);
  return [...new Set(names)].sort();
}
