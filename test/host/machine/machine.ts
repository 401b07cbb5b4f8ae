// One simulated machine: its files, its processes, its init, its SSH end; powered on, off, rebooted.

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { HeldFile, RunResult, SysTree, ToolHandler } from "../types.js";
import { digestOf, persistentLines } from "./digest.js";
import { type ServedTree, serveSys } from "./fuse-sys.js";
import { HOLDER, HOLDER_SCRIPT, holdOpen } from "./hold-open.js";
import { dmesg, journalctl } from "./init/journal.js";
import { lsmod, modinfo, modprobe, rmmod } from "./init/modules.js";
import { rebuildInitramfs, systemTools, uname } from "./init/system-tools.js";
import { systemctl } from "./init/systemctl.js";
import { type MachineParts, MachineSurface } from "./machine-surface.js";
import { ADMIN, type InsideProcess, PowerOn, ROOT } from "./processes.js";
import { RemoteAccess } from "./remote-access.js";
import { emptyVolatile, isRootless, KERNEL_RELEASE } from "./root-tree.js";
import { installSudo } from "./sudo.js";

/** Longest time units may keep a booting machine from answering: sshd does not wait for all of them. */
const BOOT_UNITS_MS = 5_000;

/** Time between "reboot" being asked for and connections going down, so that the answer gets out: at least and at most. */
const REBOOT_GRACE_MS = { least: 50, most: 500 };

export class SimulatorMachine extends MachineSurface {
  readonly remote: RemoteAccess;
  private sys: ServedTree | undefined;
  private power: PowerOn | undefined;
  /** Power changes happen one after the other. */
  private turn: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(parts: MachineParts) {
    super(parts);
    this.remote = new RemoteAccess(this, parts.portOf);
  }

  get poweredOn(): boolean {
    return this.power !== undefined;
  }

  /** Mounts /sys, installs the stand-ins and boots, unless the machine starts off. */
  async start(): Promise<void> {
    this.sys = await serveSys(join(this.root, "sys"), this.tree(), this.standIns);
    this.installTools();
    for (const [path, text] of Object.entries(this.options.files ?? {}))
      path.endsWith("/") ? this.files.write(`${path}.keep`, "") : this.files.write(path, text);
    rebuildInitramfs(this);
    await this.remote.reservePort();
    if (!this.options.startsOff) await this.powerOn();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.powerOff();
    const mounts = ["usr/src", "usr/local", "usr/lib/systemd/system", "usr/lib/modules", "usr", "sys"];
    await promisify(execFile)("umount", ["-l", ...mounts.map((mount) => join(this.root, mount))]).catch(
      () => {},
    );
    await rm(this.directory.dir, { recursive: true, force: true });
  }

  powerOn(): Promise<void> {
    return this.next(() => this.boot());
  }

  powerOff(): Promise<void> {
    return this.next(() => this.lose());
  }

  /** Resolves when the machine has booted again. */
  restart(kind: "reboot" | "power-loss"): Promise<void> {
    return this.next(async () => {
      if (kind === "reboot" && this.power) {
        await this.remote.quiet(REBOOT_GRACE_MS);
        await this.units.shutdown();
      }
      await this.lose();
      if (!this.stopped) await this.boot();
    });
  }

  reboot(kind: "reboot" | "power-loss"): void {
    void this.restart(kind).catch((error) => this.log.add("kernel", `boot failed: ${error}`));
    // Power is gone now, whatever else was under way.
    if (kind === "power-loss") this.cut();
  }

  private next(work: () => Promise<void>): Promise<void> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  private async boot(): Promise<void> {
    if (this.power) return;
    const readyAt = Date.now() + (this.options.bootMs ?? 0);
    this.bootId = randomUUID();
    this.startKernel();
    emptyVolatile(this.root);
    writeFileSync(join(this.directory.dir, "boot_id"), `${this.bootId}\n`);
    this.log.startBoot(this.bootId);
    this.kernelLog(`Linux version ${this.kernelRelease} (simulated)`);
    this.kernelLog(`Command line: ${this.options.kernelCommandLine ?? ""}`);
    this.power = await PowerOn.start(this.directory, this.name);
    this.remote.counters.boots += 1;
    await this.model.boot(this);
    await this.loadListedModules();
    await Promise.race([this.units.boot(), new Promise((wake) => setTimeout(wake, BOOT_UNITS_MS).unref())]);
    await new Promise((wake) => setTimeout(wake, Math.max(0, readyAt - Date.now())));
    await this.remote.open();
  }

  private startKernel(): void {
    this.kernelRelease = this.nextKernel;
    if (this.kernelRelease !== KERNEL_RELEASE) this.installTool("/usr/bin/uname", uname);
  }

  private async lose(): Promise<void> {
    const { power } = this;
    if (!power) return;
    this.cut();
    await this.remote.shut();
    // Callers blocked in /sys cannot die before they are answered, and may call again until they do.
    const aborting = setInterval(() => this.sys?.abortWaiting(), 10);
    await power.kill();
    clearInterval(aborting);
    this.power = undefined;
    this.modules.forget();
    this.units.forget();
    this.model.powerOff();
  }

  private cut(): void {
    this.remote.cut();
    this.power?.signal();
    this.sys?.abortWaiting();
  }

  private async loadListedModules(): Promise<void> {
    for (const directory of ["/usr/lib/modules-load.d", "/etc/modules-load.d"])
      for (const file of this.listDir(directory))
        for (const line of (this.readFile(`${directory}/${file}`) ?? "").split("\n")) {
          const name = line.replace(/[#;].*/, "").trim();
          if (name)
            await this.modules
              .load(name)
              .catch(() => this.journal("systemd-modules-load.service", `Failed to find module '${name}'`));
        }
  }

  private installTools(): void {
    const reboot = (kind: "reboot" | "power-off") =>
      kind === "reboot" ? this.reboot("reboot") : void this.powerOff();
    const rebooting: ToolHandler = ({ argv, root }) => {
      if (!root)
        return { code: 1, stderr: "Failed to set wall message: Interactive authentication required.\n" };
      reboot(argv.some((word) => /^(-h|-P|--halt|--poweroff)$/.test(word)) ? "power-off" : "reboot");
      return { code: 0 };
    };
    const tools: Record<string, ToolHandler> = {
      ...systemTools(this),
      "/usr/bin/systemctl": systemctl({ manager: this.units, journal: this.log, reboot }),
      "/usr/bin/journalctl": journalctl(this.log),
      "/usr/bin/dmesg": dmesg(this.log),
      "/usr/sbin/modprobe": modprobe,
      "/usr/sbin/rmmod": rmmod,
      "/usr/sbin/lsmod": lsmod,
      "/usr/bin/lsmod": lsmod,
      "/usr/sbin/modinfo": modinfo,
      "/usr/sbin/reboot": rebooting,
      "/usr/sbin/shutdown": rebooting,
      ...this.model.tools(),
    };
    for (const [path, handler] of Object.entries(tools)) this.installTool(path, handler);
    installSudo(this);
  }

  private tree(): SysTree {
    const { sys } = this.model;
    return {
      lookup: (path) => sys.lookup(path) ?? this.modules.node(path),
      list: (path) => [
        ...new Set([...(sys.lookup(path) ? sys.list(path) : []), ...this.modules.children(path)]),
      ],
    };
  }

  private powered(): PowerOn {
    if (!this.power) throw new Error(`${this.name} is powered off`);
    return this.power;
  }

  protected spawnAsRoot(argv: string[], env: Record<string, string>): Promise<InsideProcess> {
    return this.powered().spawn(argv, ROOT, env);
  }

  /** A command as sshd starts it. */
  spawnShell(command: string, user: string): Promise<InsideProcess> {
    const rootlessName: Record<string, string> =
      isRootless() && user !== "root" ? { SUDO_STANDIN_USER: user } : {};
    return this.powered().spawn(["/bin/sh", "-c", command], user === "root" ? ROOT : ADMIN, rootlessName);
  }

  run(argv: string[], options: { stdin?: string; user?: string } = {}): Promise<RunResult> {
    const { user, ...rest } = options;
    return this.powered().run(argv, { ...rest, user: user === "admin" ? ADMIN : ROOT });
  }

  holdOpen(path: string, processName: string, args: string[]): Promise<HeldFile> {
    if (!this.files.exists(path)) this.files.write(path, "");
    this.files.write(HOLDER, HOLDER_SCRIPT);
    return holdOpen(this.powered(), { path, processName, args });
  }

  persistentLines(): string[] {
    return persistentLines(this.directory.persistent);
  }

  digest(): string {
    return digestOf(this.persistentLines(), this.model.snapshot?.());
  }
}
