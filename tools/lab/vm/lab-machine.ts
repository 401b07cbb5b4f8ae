import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { shellQuote } from "../../../provider/transport/link/quote.js";
import type { MachineAddress } from "../../../test/host/machine/protocol.js";
import type { RunResult } from "../../../test/host/types.js";
import { cardsText } from "../cards.js";
import type { LabImage } from "../images/image-store.js";
import type { LabKind } from "../kinds.js";
import { type LabMachineSpec, neededImage, qemuMachine } from "./machine-spec.js";
import { Power } from "./power.js";
import { makeOverlay, QemuProcess } from "./qemu-process.js";
import { makeRunFolder } from "./run-folder.js";
import { type CommandOptions, SshShell } from "./ssh-shell.js";

/** Where a machine starts from when not from its image. */
export interface FrozenFiles extends FrozenDisk {
  readonly memory: string;
}

/** A disk to boot from. */
export interface FrozenDisk {
  readonly disk: string;
}

export interface RunOptions extends CommandOptions {
  /** @default "root" */
  readonly user?: "root" | "admin";
}

/** A first boot may wait for another machine's: two share two cores. */
const bootDeadlineMs = 300_000;

/** A virtual machine of the lab. It dies with the process that started it. */
export class LabMachine {
  readonly name: string;
  readonly kind: LabKind;
  private readonly shells: Record<"root" | "admin", SshShell>;

  private constructor(
    readonly spec: LabMachineSpec,
    readonly image: LabImage,
    private readonly folder: string,
    private readonly power: Power,
  ) {
    this.name = spec.name;
    this.kind = spec.kind;
    const shell = (user: "root" | "admin") =>
      new SshShell(
        () => this.address,
        user,
        () => (power.on ? undefined : `${this.name}: ${power.whyOff}`),
      );
    this.shells = { root: shell("root"), admin: shell("admin") };
  }

  /** Boots a machine from its kind's image or from a disk, or lets a frozen one go on, and waits until SSH answers. */
  static async start(spec: LabMachineSpec, frozen?: FrozenDisk | FrozenFiles): Promise<LabMachine> {
    const image = neededImage(spec.kind);
    const folder = makeRunFolder(spec.name);
    let power: Power | undefined;
    try {
      writeFileSync(path.join(folder, "cards"), spec.cards ?? cardsText(spec.kind));
      const backing =
        frozen === undefined ? { file: image.disk, format: "raw" } : { file: frozen.disk, format: "qcow2" };
      await makeOverlay(path.join(folder, "disk.qcow2"), backing);
      const memory = frozen !== undefined && "memory" in frozen ? frozen.memory : undefined;
      const first = await QemuProcess.start(folder, qemuMachine(spec, 0), memory);
      power = new Power(first, (port) => QemuProcess.start(folder, qemuMachine(spec, port)));
      const machine = new LabMachine(spec, image, folder, power);
      await machine.waitForSsh(bootDeadlineMs);
      if (memory !== undefined) await machine.setClock();
      return machine;
    } catch (error) {
      await power?.unplug();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Where it is reached; the same over reboots. */
  get address(): MachineAddress {
    const { hostKey, privateKey } = this.image;
    return { name: this.name, host: "127.0.0.1", port: this.power.qemu.sshPort, hostKey, privateKey };
  }

  /** Path of the unix socket of a guest's qemu-guest-agent. */
  get agentSocket(): string {
    return path.join(this.folder, "agent.sock");
  }

  /** Runs a program. Waits for SSH where the machine is just booting. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.command(argv.map(shellQuote).join(" "), options);
  }

  /** Runs a line of /bin/sh as root (or `user`). */
  shell(line: string, options: RunOptions = {}): Promise<RunResult> {
    return this.run(["/bin/sh", "-c", line], options);
  }

  /** As shell(), but an exit code other than 0 throws with all that was said. */
  async expect(line: string, options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.shell(line, options);
    if (code !== 0) throw new Error(`${this.name}: exit ${code} of: ${line}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Undefined where there is no such file. */
  async readFile(file: string): Promise<string | undefined> {
    const { code, stdout, stderr } = await this.shell(
      `[ -e ${shellQuote(file)} ] || exit 44; cat ${shellQuote(file)}`,
    );
    if (code === 44) return undefined;
    if (code !== 0) throw new Error(`${this.name}: ${file} cannot be read: ${stderr}`);
    return stdout;
  }

  async writeFile(file: string, text: string | Uint8Array, mode?: number): Promise<void> {
    const quoted = shellQuote(file);
    const chmod = mode === undefined ? "" : ` && chmod ${mode.toString(8)} ${quoted}`;
    await this.expect(`mkdir -p ${shellQuote(path.posix.dirname(file))} && cat > ${quoted}${chmod}`, {
      stdin: text,
    });
  }

  async removeFile(file: string): Promise<void> {
    await this.expect(`rm -rf ${shellQuote(file)}`);
  }

  async exists(file: string): Promise<boolean> {
    return (await this.run(["test", "-e", file])).code === 0;
  }

  async bootId(): Promise<string> {
    return (await this.expect("cat /proc/sys/kernel/random/boot_id")).trim();
  }

  /** A clean reboot, as `systemctl reboot` does it; resolves when SSH answers in the new boot. */
  async reboot(): Promise<void> {
    const before = await this.bootId();
    // systemd ends this session with the machine: what becomes of the command's answer says nothing.
    await this.command("systemctl reboot", { deadlineMs: 60_000 }).catch(() => undefined);
    await this.waitForBoot(before);
  }

  /** Waits until SSH answers in another boot than the one named: whoever caused it. */
  async waitForBoot(before: string, deadlineMs = bootDeadlineMs): Promise<void> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      await this.waitForSsh(Math.max(end - Date.now(), 1));
      const now = await this.bootId().catch(() => undefined);
      if (now !== undefined && now !== before) return;
      if (Date.now() > end) throw this.failure(`No other boot than ${before} after ${deadlineMs / 1000} s`);
      // Still the old one, going down: a new connection tells when it is gone.
      if (now === undefined) await this.dropConnections();
      await pause(500);
    }
  }

  /** Pulls the reset line: nothing is synced, no service stopped. Resolves when SSH answers in the new boot. */
  async powerLoss(): Promise<void> {
    const before = await this.bootId();
    // It may end before it answers.
    await this.power.qemu.qmp.execute("system_reset").catch(() => undefined);
    await this.dropConnections();
    await this.waitForBoot(before);
  }

  /** Cuts the power; nothing answers until powerOn(). */
  async powerOff(): Promise<void> {
    await this.power.unplug();
    await this.dropConnections();
  }

  /** Boots it again from its own disk, at the same port. */
  async powerOn(): Promise<void> {
    await this.power.plug();
    await this.waitForSsh(bootDeadlineMs);
  }

  /** Resolves when it is off, with the reason: powered off from inside, stopped, or its QEMU ended. */
  async waitUntilOff(): Promise<string> {
    await this.power.ended();
    return this.power.whyOff ?? "it is on again";
  }

  /** Also between a reset and the boot after it. */
  get poweredOn(): boolean {
    return this.power.on;
  }

  /** The last lines of the serial console. */
  console(lines?: number): string {
    return this.power.qemu.console(lines);
  }

  /** Ends the machine and removes its disk. */
  async stop(): Promise<void> {
    await this.power.unplug();
    await this.dropConnections();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends the machine and leaves its disk, and its memory compressed, in `files`. */
  async freeze(files: FrozenFiles): Promise<void> {
    // Pages read from the disk can be read again: without them the state is small.
    await this.expect("sync; echo 3 > /proc/sys/vm/drop_caches");
    await Promise.all(Object.values(this.shells).map((shell) => shell.close()));
    await this.power.qemu.freeze(files);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async command(line: string, { user = "root", ...options }: RunOptions): Promise<RunResult> {
    try {
      return await this.shells[user].run(line, options);
    } catch (error) {
      throw this.failure(error instanceof Error ? error.message : String(error));
    }
  }

  private async waitForSsh(deadlineMs: number): Promise<void> {
    try {
      await this.shells.root.waitUntilUp(deadlineMs);
    } catch (error) {
      throw this.failure(error instanceof Error ? error.message : String(error));
    }
  }

  /** Frozen, its clock stood still. */
  private async setClock(): Promise<void> {
    await this.expect(`date -u -s @${Math.floor(Date.now() / 1000)} > /dev/null`);
  }

  private async dropConnections(): Promise<void> {
    await Promise.all(Object.values(this.shells).map((shell) => shell.drop()));
  }

  private failure(reason: string): Error {
    return new Error(`${this.name} (${this.kind}): ${reason}\nIts console:\n${this.console()}`);
  }
}
