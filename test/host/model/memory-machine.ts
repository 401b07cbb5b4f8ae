import { Modules, parseModprobe } from "../machine/init/modules.js";
import type {
  HeldFile,
  Machine,
  MachineKind,
  MachineModel,
  MachineOptions,
  ModprobeConfig,
  RunResult,
  ToolHandler,
  ToolResult,
  UnitHandler,
} from "../types.js";

/**
 * A machine without a kernel, processes or a network: files, modules and units in memory. Models can be tried on it in
 * microseconds; what needs a real shell is tried on the simulator.
 */
export class MemoryMachine implements Machine {
  readonly name: string;
  readonly root = "/nowhere";
  kernelRelease = "6.8.0-60-generic";
  readonly options: MachineOptions;
  readonly modules = new Modules();
  readonly packages: Map<string, string>;
  readonly files = new Map<string, string>();
  readonly journalLines: string[] = [];
  readonly held: { path: string; processName: string; args: string[] }[] = [];
  bootId = "";
  poweredOn = false;
  readonly #model: MachineModel;
  readonly #tools = new Map<string, ToolHandler>();
  readonly #handlers = new Map<string, UnitHandler>();
  readonly #enabled = new Set<string>();
  readonly #active = new Set<string>();
  readonly #failed = new Set<string>();
  #initramfs = "";
  #nextKernel: string | undefined;

  constructor({ model, options }: MachineKind, name = "machine") {
    this.name = name;
    this.options = options;
    this.#model = model;
    this.packages = new Map(Object.entries(options.packages ?? {}));
    if (options.kernelHeaders !== false) this.files.set(`${this.moduleFolder}/build/Makefile`, "");
    for (const [path, text] of Object.entries(options.files ?? {})) this.files.set(path, text);
    for (const [path, handler] of Object.entries(model.tools())) this.installTool(path, handler);
  }

  get moduleFolder(): string {
    return `/usr/lib/modules/${this.kernelRelease}`;
  }

  readFile(path: string): string | undefined {
    return this.files.get(path);
  }

  writeFile(path: string, text: string | Uint8Array): void {
    this.files.set(path, text.toString());
  }

  removeFile(path: string): void {
    this.files.delete(path);
  }

  exists(path: string): boolean {
    return this.files.has(path) || this.#tools.has(path) || this.listDir(path).length > 0;
  }

  listDir(path: string): string[] {
    const below = [...this.files.keys(), ...this.#tools.keys()].filter((file) => file.startsWith(`${path}/`));
    return [...new Set(below.map((file) => file.slice(path.length + 1).split("/")[0] ?? ""))];
  }

  installTool(path: string, handler: ToolHandler): void {
    this.#tools.set(path, handler);
  }

  removeTool(path: string): void {
    this.#tools.delete(path);
  }

  /** Runs a stand-in as root would. */
  async call(path: string, ...argv: string[]): Promise<Required<ToolResult>> {
    return this.callAs({ root: true }, path, ...argv);
  }

  async callAs(
    as: { root: boolean; stdin?: string },
    path: string,
    ...argv: string[]
  ): Promise<Required<ToolResult>> {
    const handler = this.#tools.get(path);
    if (handler === undefined) return { code: 127, stdout: "", stderr: `${path}: not found\n` };
    const result = await handler({ tool: path, argv, env: {}, cwd: "/", ...as }, this);
    return { stdout: "", stderr: "", ...result };
  }

  installKernel(release: string, headers: boolean): void {
    this.#nextKernel = release;
    if (headers) this.files.set(`/usr/lib/modules/${release}/build/Makefile`, "");
  }

  setUnitHandler(unit: string, handler: UnitHandler | undefined): void {
    if (handler === undefined) this.#handlers.delete(unit);
    else this.#handlers.set(unit, handler);
  }

  async startUnit(unit: string): Promise<boolean> {
    const handler = this.#handlers.get(unit);
    if (handler === undefined) return false;
    this.#failed.delete(unit);
    try {
      await handler.start();
    } catch (error) {
      this.journal(unit, error instanceof Error ? error.message : String(error));
      this.#failed.add(unit);
      return false;
    }
    if (handler.daemon !== false) this.#active.add(unit);
    return true;
  }

  async stopUnit(unit: string): Promise<void> {
    if (this.#active.delete(unit)) await this.#handlers.get(unit)?.stop?.();
  }

  unitActive(unit: string): boolean {
    return this.#active.has(unit);
  }

  unitFailed(unit: string): boolean {
    return this.#failed.has(unit);
  }

  unitEnabled(unit: string): boolean {
    return this.#enabled.has(unit);
  }

  enableUnit(unit: string): void {
    this.#enabled.add(unit);
  }

  disableUnit(unit: string): void {
    this.#enabled.delete(unit);
  }

  failUnit(unit: string, reason: string): void {
    this.#active.delete(unit);
    this.#failed.add(unit);
    this.journal(unit, reason);
  }

  journal(unit: string, line: string): void {
    this.journalLines.push(`${unit}: ${line}`);
  }

  kernelLog(line: string): void {
    this.journal("kernel", line);
  }

  /** What update-initramfs and dracut do. */
  updateInitramfs(): void {
    this.#initramfs = this.#modprobeText();
  }

  modprobeConfig(of: "initramfs" | "root"): ModprobeConfig {
    return parseModprobe(of === "initramfs" ? this.#initramfs : this.#modprobeText());
  }

  async run(argv: string[]): Promise<RunResult> {
    return { code: 127, stdout: "", stderr: `${argv.join(" ")}: no processes here\n` };
  }

  async holdOpen(path: string, processName: string, args: string[]): Promise<HeldFile> {
    const entry = { path, processName, args };
    this.held.push(entry);
    return {
      pid: 1000 + this.held.length,
      release: async () => {
        const at = this.held.indexOf(entry);
        if (at >= 0) this.held.splice(at, 1);
      },
    };
  }

  /** Boots, or boots again. */
  async restart(): Promise<void> {
    await this.powerOff();
    await this.powerOn();
  }

  reboot(): void {
    void this.restart();
  }

  async powerOff(): Promise<void> {
    if (!this.poweredOn) return;
    this.poweredOn = false;
    this.held.splice(0);
    this.#active.clear();
    this.#failed.clear();
    this.modules.forget();
    this.#model.powerOff();
  }

  async powerOn(): Promise<void> {
    if (this.poweredOn) return;
    this.bootId = globalThis.crypto.randomUUID();
    this.kernelRelease = this.#nextKernel ?? this.kernelRelease;
    this.poweredOn = true;
    await this.#model.boot(this);
    for (const unit of this.#enabled) await this.startUnit(unit);
  }

  #modprobeText(): string {
    const names = this.listDir("/etc/modprobe.d").filter((name) => name.endsWith(".conf"));
    return names.map((name) => this.files.get(`/etc/modprobe.d/${name}`) ?? "").join("\n");
  }
}
