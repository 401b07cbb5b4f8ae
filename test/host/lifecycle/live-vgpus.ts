import type { SimulatedMachine } from "../machine/simulated-machine.js";
import { linesOf } from "./end-state.js";

interface GpuSnapshot {
  readonly driver: string | null;
  readonly virtualFunctions: number;
  readonly vgpus: readonly {
    readonly type: string;
    readonly mdevUuid: string | null;
    readonly parent: string;
  }[];
}

/** Returns the GPU of a host as its model has it: what is there, whatever any provider says. */
export async function gpuOf(machine: SimulatedMachine): Promise<GpuSnapshot> {
  const [gpu] = await machine.model<GpuSnapshot[]>("snapshot");
  if (gpu === undefined) throw new Error(`${machine.name} has no GPU`);
  return gpu;
}

/** Returns the short type of each vGPU, sorted. */
export async function liveTypes(machine: SimulatedMachine): Promise<string[]> {
  const { vgpus } = await gpuOf(machine);
  return vgpus.map(({ type }) => type.split(" ").at(-1) ?? type).sort();
}

/** Returns what our records name: `name type`, sorted. */
export async function recordedVgpus(machine: SimulatedMachine): Promise<string[]> {
  const lines = await linesOf(
    machine,
    `for file in /etc/pulumi-vgpu/vgpu/*; do
      [ -f "$file" ] && printf '%s %s\\n' "$(sed -n 's/^name=//p' "$file")" "$(sed -n 's/^type=\\(.* \\)\\{0,1\\}//p' "$file")"
    done`,
  );
  return lines.sort();
}

/** Returns what `recordedVgpus` answers when exactly these are there. */
export function asRecorded(vgpus: Readonly<Record<string, string>>): string[] {
  return Object.entries(vgpus)
    .map(([name, type]) => `${name} ${type}`)
    .sort();
}
