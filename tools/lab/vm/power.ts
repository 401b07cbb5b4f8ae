import type { QemuProcess } from "./qemu-process.js";

/** Why nothing answers where all is well. */
export const switchedOff = "it is off";

/** A machine's power: one QEMU after the other, since a reset ends one. */
export class Power {
  private plugged = true;
  /** A boot that has begun; rejects where QEMU does not start. */
  private booting: Promise<void> | undefined;
  /** Why it did not boot after a reset. */
  private broken: string | undefined;

  constructor(
    private current: QemuProcess,
    private readonly boot: (sshPort: number) => Promise<QemuProcess>,
  ) {
    this.watch();
  }

  /** The one that runs, or ran last. */
  get qemu(): QemuProcess {
    return this.current;
  }

  /** Also between a reset and the boot after it. */
  get on(): boolean {
    return this.broken === undefined && (this.qemu.running || (this.plugged && this.qemu.reset));
  }

  /** Why nothing answers; undefined while it is on. */
  get whyOff(): string | undefined {
    return this.on ? undefined : (this.broken ?? this.qemu.failure ?? switchedOff);
  }

  /** Boots it, at the port it had. */
  async plug(): Promise<void> {
    this.plugged = true;
    this.broken = undefined;
    await this.bootNow();
  }

  /** Ends it as a pulled plug does. */
  async unplug(): Promise<void> {
    this.plugged = false;
    await this.booting?.catch(() => undefined);
    await this.qemu.kill();
  }

  /** Resolves when it is off: powered off from inside, or unplugged. */
  async ended(): Promise<void> {
    while (this.on) {
      await this.qemu.ended;
      await this.booting?.catch(() => undefined);
    }
  }

  private watch(): void {
    const { qemu } = this;
    void qemu.ended.then(async () => {
      if (!this.plugged || !qemu.reset) return;
      await this.bootNow().catch((error: unknown) => {
        this.broken = `it did not boot again: ${String(error)}`;
      });
    });
  }

  private bootNow(): Promise<void> {
    this.booting = this.boot(this.qemu.sshPort)
      .then((next) => {
        this.current = next;
        this.watch();
      })
      .finally(() => {
        this.booting = undefined;
      });
    return this.booting;
  }
}
