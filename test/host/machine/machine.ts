// One simulated machine: its files, its processes, its init, its SSH end; powered on, off, rebooted.

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type {
  HeldFile,
  Machine,
  MachineModel,
  MachineOptions,
  ModprobeConfig,
  RunResult,
  SysTree,
  ToolHandler,
  UnitHandler,
} from "../types.js";
import { StandIns, shimText } from "./call-channel.js";
import { digestOf, persistentLines } from "./digest.js";
import { MachineFiles } from "./files.js";
import { type ServedTree, serveSys } from "./fuse-sys.js";
import { HOLDER, HOLDER_SCRIPT, holdOpen } from "./hold-open.js";
import { dmesg, Journal, journalctl } from "./init/journal.js";
import { lsmod, Modules, modinfo, modprobe, modprobeText, parseModprobe, rmmod } from "./init/modules.js";
import { initramfsPath, rebuildInitramfs, systemTools } from "./init/system-tools.js";
import { systemctl } from "./init/systemctl.js";
import { UnitManager } from "./init/unit-manager.js";
import { ADMIN, PowerOn, ROOT } from "./processes.js";
import { RemoteAccess } from "./remote-access.js";
import { buildRoot, emptyVolatile, isRootless, KERNEL_RELEASE, type MachineDirectory } from "./root-tree.js";
import { installSudo } from "./sudo.js";

/** Longest time units may keep a booting machine from answering: sshd does not wait for all of them. */
const BOOT_UNITS_MS = 5_000;

/** Time between "reboot" being asked for and connections going down, so that the answer gets out. */
const REBOOT_GRACE_MS = 50;

export interface MachineParts {
  readonly name: string;
  readonly base: string;
  readonly model: MachineModel;
  readonly options: MachineOptions;
  readonly portOf: (host: string, port: number) => number;
}

export class SimulatorMachine implements Machine {
  readonly name: string;
  readonly options: MachineOptions;
  readonly model: MachineModel;
  readonly kernelRelease = KERNEL_RELEASE;
  readonly modules = new Modules();
  readonly packages: Map<string, string>;
  readonly log = new Journal();
  readonly units: UnitManager;
  readonly remote: RemoteAccess;
  bootId = "";
  private readonly directory: MachineDirectory;
  private readonly files: MachineFiles;
  private readonly standIns: StandIns;
  private sys: ServedTree | undefined;
  private power: PowerOn | undefined;
  /** Power changes happen one after the other. */
  private turn: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(parts: MachineParts) {
    this.name = parts.name;
    this.model = parts.model;
    this.options = parts.options;
    this.packages = new Map(Object.entries(parts.options.packages ?? {}));
    this.directory = buildRoot(parts.base, parts.name, parts.options);
    this.files = new MachineFiles(this.directory.root);
    this.standIns = new StandIns(async (handler, call) => handler(call, this));
    this.units = new UnitManager({
      machine: this,
      files: this.files,
      journal: this.log,
      spawn: (argv, env) => this.powered().spawn(argv, ROOT, env),
    });
    this.remote = new RemoteAccess(this, parts.portOf);
  }

  get root(): string {
    return this.directory.root;
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
        await new Promise((wake) => setTimeout(wake, REBOOT_GRACE_MS));
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
    emptyVolatile(this.root);
    writeFileSync(join(this.directory.dir, "boot_id"), `${this.bootId}\n`);
    this.log.startBoot(this.bootId);
    this.kernelLog(`Linux version ${KERNEL_RELEASE} (simulated)`);
    this.kernelLog(`Command line: ${this.options.kernelCommandLine ?? ""}`);
    this.power = await PowerOn.start(this.directory, this.name);
    this.remote.counters.boots += 1;
    await this.model.boot(this);
    await this.loadListedModules();
    await Promise.race([this.units.boot(), new Promise((wake) => setTimeout(wake, BOOT_UNITS_MS).unref())]);
    await new Promise((wake) => setTimeout(wake, Math.max(0, readyAt - Date.now())));
    await this.remote.open();
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

  /** A command as sshd starts it. */
  spawnShell(command: string, user: string) {
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

  readFile(path: string): string | undefined {
    return this.files.read(path);
  }

  writeFile(path: string, text: string | Uint8Array, mode?: number): void {
    this.files.write(path, text, mode);
  }

  removeFile(path: string): void {
    this.files.remove(path);
  }

  exists(path: string): boolean {
    return this.files.exists(path);
  }

  listDir(path: string): string[] {
    return this.files.list(path);
  }

  installTool(path: string, handler: ToolHandler): void {
    this.standIns.set(path, handler);
    // A link of the real /usr must not be followed to the program it names.
    this.files.remove(path);
    this.files.write(path, shimText(path), 0o755);
  }

  removeTool(path: string): void {
    this.standIns.delete(path);
    this.files.remove(path);
  }

  setUnitHandler(unit: string, handler: UnitHandler | undefined): void {
    this.units.setHandler(unit, handler);
  }

  startUnit(unit: string): Promise<boolean> {
    return this.units.start(unit);
  }

  stopUnit(unit: string): Promise<void> {
    return this.units.stop(unit);
  }

  unitActive(unit: string): boolean {
    return this.units.state(unit).active === "active";
  }

  enableUnit(unit: string): void {
    const file = this.units.files.load(unit);
    if (!file) throw new Error(`${this.name} has no unit ${unit} to enable`);
    this.units.files.enable(file);
  }

  disableUnit(unit: string): void {
    this.units.files.disable(unit);
  }

  failUnit(unit: string, reason: string): void {
    this.units.fail(unit, reason);
  }

  journal(unit: string, line: string): void {
    this.log.add(unit.includes(".") || unit === "kernel" ? unit : `${unit}.service`, line);
  }

  kernelLog(line: string): void {
    this.log.add("kernel", line);
  }

  modprobeConfig(of: "initramfs" | "root"): ModprobeConfig {
    return parseModprobe(of === "root" ? modprobeText(this) : (this.readFile(initramfsPath(this)) ?? ""));
  }

  persistentLines(): string[] {
    return persistentLines(this.directory.persistent);
  }

  digest(): string {
    return digestOf(this.persistentLines(), this.model.snapshot?.());
  }
}
