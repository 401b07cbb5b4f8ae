import type { Fleet } from "../../test/fleet/fleet.js";

/** Prints a table; the first row is its head. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  for (const [index, row] of rows.entries()) {
    console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
    if (index === 0) console.log(`  ${widths.map((width) => "─".repeat(width)).join("  ")}`);
  }
}

/** One vGPU as a host itself shows it. */
export interface SeenVgpu {
  readonly host: string;
  readonly function: string;
  readonly type: string;
  readonly usedBy: string;
}

/** Reads the vGPUs of every host from its /sys and its processes, past the provider. */
export async function seenVgpus(fleet: Fleet): Promise<SeenVgpu[]> {
  const seen: SeenVgpu[] = [];
  for (const host of Object.keys(fleet.config.hosts)) {
    const result = await fleet.machines[host]?.shell(lookAtVgpus);
    for (const line of (result?.stdout ?? "").trim().split("\n")) {
      const [pciFunction, type, usedBy] = line.split("\t");
      if (pciFunction && type) seen.push({ host, function: pciFunction, type, usedBy: usedBy ?? "" });
    }
  }
  return seen;
}

const lookAtVgpus = `
for d in /sys/bus/mdev/devices/*; do
  [ -d "$d" ] || continue
  t=$(readlink -f "$d"); t=\${t%/*}
  printf '%s\\t%s\\t%s\\n' "\${t##*/}" "$(cat "$d/mdev_type/name")" "$(cat "$d/nvidia/vm_name" 2>/dev/null)"
done
for d in /sys/bus/pci/devices/*/nvidia/current_vgpu_type; do
  [ -e "$d" ] || continue
  n=$(cat "$d"); [ "$n" != 0 ] || continue
  t=\${d%/nvidia/*}; g=$(readlink "$t/iommu_group"); g=\${g##*/}
  u=$(find /proc/[0-9]*/fd -lname "/dev/vfio/$g" 2>/dev/null | head -n 1 | cut -d / -f 3)
  name=
  [ -z "$u" ] || name=$(tr '\\000' '\\n' < "/proc/$u/cmdline" | sed -n 's/^guest=\\([^,]*\\).*/\\1/p')
  printf '%s\\ttype number %s\\t%s\\n' "\${t##*/}" "$n" "$name"
done`;

/** Prints what was made, as the machines themselves show it. */
export async function showMade(fleet: Fleet): Promise<void> {
  const counts = new Map<string, SeenVgpu[]>();
  for (const vgpu of await seenVgpus(fleet)) {
    const key = `${vgpu.host} ${vgpu.type}`;
    counts.set(key, [...(counts.get(key) ?? []), vgpu]);
  }
  const rows = [...counts.values()].map((vgpus) => [
    vgpus[0]?.host ?? "",
    String(vgpus.length),
    vgpus[0]?.type ?? "",
    vgpus
      .map((vgpu) => vgpu.usedBy)
      .filter((name) => name !== "")
      .join(", ") || "-",
  ]);
  printTable([["host", "vGPUs", "type", "used by VM"], ...rows]);
  for (const guest of Object.keys(fleet.config.guests)) {
    const status = await licenseOf(fleet, guest);
    console.log(`  ${guest}: ${status}`);
  }
}

/** Returns the license status that a guest itself shows. */
export async function licenseOf(fleet: Fleet, guest: string): Promise<string> {
  const result = await fleet.machines[guest]?.shell("nvidia-smi -q | grep 'License Status'");
  return (result?.stdout ?? "").trim().replace(/\s+/g, " ");
}
