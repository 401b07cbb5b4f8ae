// What a machine offers to models that needs no power: its files, stand-ins, units, journal and modules.
import type {
  HeldFile,
  Machine,
  MachineModel,
  MachineOptions,
  ModprobeConfig,
  RunResult,
  ToolHandler,
  UnitHandler,
} from "../types.js";
import { StandIns, shimText } from "./call-channel.js";
import { MachineFiles } from "./files.js";
import { Journal } from "./init/journal.js";
import { Modules, modprobeText, parseModprobe } from "./init/modules.js";
import { initramfsPath, rebuildInitramfs } from "./init/system-tools.js";
import { UnitManager } from "./init/unit-manager.js";
import type { InsideProcess } from "./processes.js";
import { buildRoot, KERNEL_RELEASE, type MachineDirectory } from "./root-tree.js";

export interface MachineParts {
  readonly name: string;
  readonly base: string;
  readonly model: MachineModel;
  readonly options: MachineOptions;
  readonly portOf: (host: string, port: number) => number;
}

export abstract class MachineSurface implements Machine {
  readonly name: string;
  readonly options: MachineOptions;
  readonly model: MachineModel;
  kernelRelease = KERNEL_RELEASE;
  /** The kernel that the next boot starts. */
  protected nextKernel = KERNEL_RELEASE;
  readonly modules = new Modules();
  readonly packages: Map<string, string>;
  readonly log = new Journal();
  readonly units: UnitManager;
  bootId = "";
  protected readonly directory: MachineDirectory;
  protected readonly files: MachineFiles;
  protected readonly standIns: StandIns;

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
      spawn: (argv, env) => this.spawnAsRoot(argv, env),
    });
  }

  abstract readonly poweredOn: boolean;
  abstract run(argv: string[], options?: { stdin?: string }): Promise<RunResult>;
  abstract holdOpen(path: string, processName: string, args: string[]): Promise<HeldFile>;
  abstract reboot(kind: "reboot" | "power-loss"): void;
  abstract powerOff(): Promise<void>;
  abstract powerOn(): Promise<void>;
  protected abstract spawnAsRoot(argv: string[], env: Record<string, string>): Promise<InsideProcess>;

  get root(): string {
    return this.directory.root;
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

  installKernel(release: string, headers: boolean): void {
    this.nextKernel = release;
    this.files.write(`/boot/vmlinuz-${release}`, "");
    this.files.write(`/usr/lib/modules/${release}/modules.dep`, "");
    if (headers) this.files.write(`/usr/lib/modules/${release}/build/Makefile`, "# kernel headers\n");
    rebuildInitramfs(this, release);
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
}
