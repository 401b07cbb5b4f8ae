import type { SimulatedMachine } from "../machine/simulated-machine.js";

/** What a run left on a machine, as far as it is the same after each run to the same end. */
export interface EndState {
  /** `path mode hash` of every persistent file, less those that name the machine or a boot. */
  readonly files: readonly string[];
  /** Our records, less the boot in which they were written. */
  readonly manifest: readonly string[];
  /** GPUs with their functions and vGPUs, as the model has them. */
  readonly model: unknown;
  readonly services: readonly string[];
  /** Unfinished files, intents and jobs. */
  readonly leftovers: readonly string[];
}

/** Files that name the machine, our records (compared less their boots), and mdevctl's own folder. */
const own = /^\/etc\/(machine-id|hostname|hosts|ssh\/ssh_host_.*|pulumi-vgpu.*|mdevctl\.d) /;
/** Logs say when they were written. */
const logs = /^\/var\/lib\/pulumi-vgpu\/(un)?installer\.log /;
const services = ["nvidia-vgpud", "nvidia-vgpu-mgr", "nvidia-gridd"];

/** Returns what is on a machine after a run. */
export async function endStateOf(machine: SimulatedMachine): Promise<EndState> {
  const [files, model, manifest, states, leftovers] = await Promise.all([
    machine.persistentLines(),
    machine.model("snapshot"),
    linesOf(machine, "grep -rs '' /etc/pulumi-vgpu | sed 's/:boot=.*/:boot=/' | sort"),
    linesOf(
      machine,
      `for unit in ${services.join(" ")}; do systemctl is-active $unit; systemctl is-enabled $unit; done 2> /dev/null
      systemctl is-enabled pulumi-vgpu 2> /dev/null`,
    ),
    leftoversOn(machine),
  ]);
  return {
    files: files.filter((line) => !own.test(line) && !logs.test(line)),
    manifest,
    model: inOrder(model as readonly GpuSnapshot[]),
    services: states,
    leftovers,
  };
}

interface GpuSnapshot {
  readonly vgpus?: readonly { readonly parent: string; readonly mdevUuid: string | null }[];
}

/** vGPUs by their place: which of them was made first is nobody's concern. */
function inOrder(model: readonly GpuSnapshot[] | GpuSnapshot): unknown {
  if (!Array.isArray(model)) return model;
  const key = (vgpu: { parent: string; mdevUuid: string | null }) => `${vgpu.parent} ${vgpu.mdevUuid}`;
  return model.map((gpu: GpuSnapshot) => ({
    ...gpu,
    vgpus: [...(gpu.vgpus ?? [])].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  }));
}

/** Returns what an unfinished change left on a machine. */
export function leftoversOn(machine: SimulatedMachine): Promise<string[]> {
  return linesOf(
    machine,
    `find /etc /var/lib/pulumi-vgpu /usr/local -name '*.new' -o -name '*.part' 2>/dev/null
    grep -rl '^state=intent' /etc/pulumi-vgpu 2>/dev/null
    for job in /run/pulumi-vgpu/jobs/*; do if [ -d "$job" ] && [ ! -e "$job/code" ]; then echo "$job"; fi; done`,
  );
}

/** Runs a line of shell on a machine and returns the lines that it prints. */
export async function linesOf(machine: SimulatedMachine, shell: string): Promise<string[]> {
  const { stdout } = await machine.shell(shell);
  return stdout.split("\n").filter((line) => line !== "");
}
