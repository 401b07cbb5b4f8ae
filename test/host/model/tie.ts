import type { Machine } from "../types.js";
import type { Gpu, SimulatedVgpu } from "./gpu.js";
import type { GpuModel } from "./gpu-model.js";
import type { GuestModel } from "./guest-model.js";
import { loadedVersion } from "./kernel-modules.js";
import { smiUuid } from "./smi-form.js";

/** Which vGPU of the host a guest gets: every field that is given must fit. Plain data, so that tests can send it. */
export interface TieOptions {
  /** libvirt's name of the VM; QEMU's `-name`. */
  readonly vmName: string;
  readonly mdevUuid?: string;
  /** e.g. `"0000:26:00.4"` */
  readonly virtualFunction?: string;
  /** Short or full name of the type, e.g. `"L40S-8Q"`. */
  readonly type?: string;
  /** Whether the VM starts by itself whenever its vGPU is there. @default true */
  readonly autostart?: boolean;
}

/** A machine and the model that it runs. */
export interface TiePart<M> {
  readonly machine: Machine;
  readonly model: M;
}

/**
 * The bond between a guest and its vGPU on a host: the guest has power only while it holds the vGPU, and loses it when
 * the vGPU or the host goes.
 */
export class Tie {
  readonly #guest: TiePart<GuestModel>;
  readonly #host: GpuModel;
  readonly #options: TieOptions;
  #wanted: boolean;
  #release: (() => Promise<void>) | undefined;
  #held: SimulatedVgpu | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(guest: TiePart<GuestModel>, host: GpuModel, options: TieOptions) {
    this.#guest = guest;
    this.#host = host;
    this.#options = options;
    this.#wanted = options.autostart !== false;
    host.watchers.add({
      appeared: () => void this.#next(() => this.#startIfPossible()),
      vanished: (vgpu) => {
        if (vgpu === this.#held) void this.#next(() => this.#stop());
      },
    });
    void this.#next(() => this.#startIfPossible());
  }

  /** Starts the VM, now or as soon as its vGPU is there. */
  start(): Promise<void> {
    this.#wanted = true;
    return this.#next(() => this.#startIfPossible());
  }

  /** Shuts the VM down: the vGPU is free afterwards. */
  shutdown(): Promise<void> {
    this.#wanted = false;
    return this.#next(() => this.#stop());
  }

  /** Waits for what is under way. */
  settled(): Promise<void> {
    return this.#turn;
  }

  #next(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work);
    this.#turn = result.catch((error: unknown) => {
      this.#host.machine?.journal("libvirtd", `${this.#options.vmName}: ${String(error)}`);
    });
    return result;
  }

  async #startIfPossible(): Promise<void> {
    const found = this.#find();
    const { machine: hostMachine } = this.#host;
    if (!this.#wanted || this.#held !== undefined || found === undefined || hostMachine === undefined) return;
    const { gpu, vgpu } = found;
    const id = vgpu.mdevUuid ?? vgpu.parent.address;
    const { vmName } = this.#options;
    this.#held = vgpu;
    try {
      this.#release = await this.#host.hold(id, { vmName, vmUuid: smiUuid(vmName) });
    } catch (error) {
      this.#held = undefined;
      throw error;
    }
    hostMachine.journal("nvidia-vgpu-mgr", `notice: vmiop_log: vgpu_type : ${vgpu.type.vgpuClass}`);
    this.#guest.model.vgpu = {
      vgpu,
      deviceId: gpu.board.deviceId,
      subsystemId: vgpu.type.id.toString(16).padStart(4, "0"),
      architecture: gpu.board.architecture,
      managerVersion: loadedVersion(hostMachine, "nvidia") ?? "",
    };
    await this.#guest.machine.powerOn();
  }

  async #stop(): Promise<void> {
    const release = this.#release;
    if (this.#held === undefined) return;
    await this.#guest.machine.powerOff();
    this.#guest.model.vgpu = undefined;
    this.#held = undefined;
    this.#release = undefined;
    await release?.().catch(() => {});
  }

  #find(): { gpu: Gpu; vgpu: SimulatedVgpu } | undefined {
    const { mdevUuid, virtualFunction, type } = this.#options;
    for (const gpu of this.#host.gpus) {
      for (const vgpu of gpu.vgpus) {
        if (vgpu.hold !== undefined) continue;
        if (mdevUuid !== undefined && vgpu.mdevUuid !== mdevUuid.toLowerCase()) continue;
        if (virtualFunction !== undefined && vgpu.parent.address !== virtualFunction) continue;
        if (type !== undefined && vgpu.type.name !== type && !vgpu.type.name.endsWith(` ${type}`)) continue;
        return { gpu, vgpu };
      }
    }
    return undefined;
  }
}

const ties = new Map<string, Tie>();

/**
 * Ties a guest to a host, for a simulator's `invoke`: the parts are the guest's and the host's. A guest that is tied
 * anew follows the new tie.
 */
export async function tieGuest(
  [guest, host]: [TiePart<GuestModel>, TiePart<GpuModel>],
  options: TieOptions,
): Promise<void> {
  await ties.get(guest.machine.name)?.shutdown();
  ties.set(guest.machine.name, new Tie(guest, host.model, options));
}

/** Starts the VM of a tied guest. */
export async function startGuest([guest]: [TiePart<GuestModel>]): Promise<void> {
  await ties.get(guest.machine.name)?.start();
}

/** Shuts the VM of a tied guest down. */
export async function shutdownGuest([guest]: [TiePart<GuestModel>]): Promise<void> {
  await ties.get(guest.machine.name)?.shutdown();
}
