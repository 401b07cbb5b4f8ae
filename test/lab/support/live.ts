import { mustRun, type Shell } from "./domain.js";

/**
 * Returns the short name of the type of every vGPU that a host itself shows, sorted: mdevs by their own name, functions
 * of vendor-specific VFIO by nvidia-smi's list, since a type in use is in no list of creatable ones.
 */
export async function liveTypes(machine: Pick<Shell, "shell">): Promise<string[]> {
  const names = await mustRun(
    machine,
    `for d in /sys/bus/mdev/devices/*/mdev_type/name; do [ -e "$d" ] && cat "$d"; done
     types=$(nvidia-smi vgpu -s -v 2>/dev/null | sed -n 's/^ *vGPU Type ID *: 0x//p; s/^ *Name *: //p')
     for f in /sys/bus/pci/devices/*/nvidia/current_vgpu_type; do
       [ -e "$f" ] || continue
       n=$(cat "$f"); [ "$n" != 0 ] || continue
       printf '%s\\n' "$types" | grep -A 1 -x "$(printf '%x' "$n")" | tail -n 1
     done`,
  );
  return names
    .split("\n")
    .filter((line) => line !== "")
    .map((name) => name.slice(name.lastIndexOf(" ") + 1))
    .sort();
}
