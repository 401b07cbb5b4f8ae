// The kernel modules of a machine, and the programs that load them.
import {
  type Machine,
  type ModprobeConfig,
  type ModuleRegistry,
  type ModuleSpec,
  SysError,
  type SysNode,
  type ToolHandler,
} from "../../types.js";

const canonical = (name: string): string => name.replaceAll("-", "_").replace(/\.ko$/, "");

export class Modules implements ModuleRegistry {
  private readonly specs = new Map<string, ModuleSpec>();
  private readonly live = new Set<string>();

  register(name: string, spec: ModuleSpec): void {
    this.specs.set(canonical(name), spec);
  }

  unregister(name: string): void {
    this.specs.delete(canonical(name));
  }

  known(name: string): boolean {
    return this.specs.has(canonical(name));
  }

  spec(name: string): ModuleSpec | undefined {
    return this.specs.get(canonical(name));
  }

  loaded(name: string): boolean {
    return this.live.has(canonical(name));
  }

  loadedNames(): string[] {
    return [...this.live];
  }

  users(name: string): string[] {
    const dependents = this.loadedNames().filter((other) =>
      this.spec(other)?.depends?.some((dependency) => canonical(dependency) === canonical(name)),
    );
    return [...dependents, ...(this.spec(name)?.users?.() ?? [])];
  }

  async load(name: string): Promise<void> {
    const spec = this.spec(name);
    if (this.loaded(name)) return;
    if (!spec) throw new SysError("ENOENT");
    for (const dependency of spec.depends ?? []) await this.load(dependency);
    await spec.load?.();
    this.live.add(canonical(name));
  }

  async unload(name: string): Promise<void> {
    if (!this.loaded(name)) throw new SysError("ENOENT");
    if (this.users(name).length > 0) throw new SysError("EBUSY");
    await this.spec(name)?.unload?.();
    this.live.delete(canonical(name));
  }

  /** Power is off: nothing is loaded, and no unload runs. */
  forget(): void {
    this.live.clear();
  }

  /** /sys/module/<name> of a loaded module, for a model that does not serve it. */
  node(path: string): SysNode | undefined {
    const [, , name = "", attribute, ...deeper] = path.split("/");
    if (path === "/" || path === "/module") return { kind: "dir" };
    if (!path.startsWith("/module/") || !this.live.has(name) || deeper.length > 0) return undefined;
    if (attribute === undefined) return { kind: "dir" };
    const read = this.attributes(name)[attribute];
    return read === undefined ? undefined : { kind: "file", mode: 0o444, read: () => `${read}\n` };
  }

  children(path: string): string[] {
    if (path === "/") return ["module"];
    if (path === "/module") return this.loadedNames();
    const name = /^\/module\/([^/]+)$/.exec(path)?.[1];
    return name && this.live.has(name) ? Object.keys(this.attributes(name)) : [];
  }

  private attributes(name: string): Record<string, string> {
    const version = this.spec(name)?.version;
    return {
      initstate: "live",
      refcnt: `${this.users(name).length}`,
      ...(version === undefined ? {} : { version }),
    };
  }
}

/** Reads modprobe.d text. */
export function parseModprobe(text: string): ModprobeConfig {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim().split(/\s+/));
  const of = (keyword: string, name: string) =>
    lines
      .filter(([word, subject]) => word === keyword && canonical(subject ?? "") === canonical(name))
      .map((line) => line.slice(2).join(" "));
  return {
    blacklisted: (name) => of("blacklist", name).length > 0,
    options: (name) => of("options", name).join(" "),
    install: (name) => of("install", name)[0],
  };
}

/** Every modprobe.d file joined, as it is now. */
export function modprobeText(machine: Machine): string {
  return ["/etc/modprobe.d", "/usr/lib/modprobe.d", "/run/modprobe.d"]
    .flatMap((directory) =>
      machine
        .listDir(directory)
        .filter((name) => name.endsWith(".conf"))
        .map((name) => machine.readFile(`${directory}/${name}`) ?? ""),
    )
    .join("\n");
}

const REASONS: Record<string, string> = {
  EBUSY: "Device or resource busy",
  ENODEV: "No such device",
  EPERM: "Operation not permitted",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EEXIST: "File exists",
};

const errnoOf = (error: unknown): string => (error as { errno?: string }).errno ?? "EIO";

async function insert(machine: Machine, name: string): Promise<string | undefined> {
  const { modules } = machine;
  const install = machine.modprobeConfig("root").install(name);
  if (install !== undefined && !modules.loaded(name)) {
    const { code } = await machine.run(["/bin/sh", "-c", install]);
    return code === 0
      ? undefined
      : `modprobe: ERROR: Error running install command '${install}' for module ${name}: retcode ${code}\n`;
  }
  if (!modules.known(name) && !modules.loaded(name))
    return `modprobe: FATAL: Module ${name} not found in directory /lib/modules/${machine.kernelRelease}\n`;
  try {
    await modules.load(name);
    return undefined;
  } catch (error) {
    return `modprobe: ERROR: could not insert '${canonical(name)}': ${REASONS[errnoOf(error)] ?? "Operation not permitted"}\n`;
  }
}

async function removeModule(machine: Machine, name: string, tool: string): Promise<string | undefined> {
  const { modules } = machine;
  if (!modules.loaded(name))
    return tool === "rmmod" ? `rmmod: ERROR: Module ${name} is not currently loaded\n` : undefined;
  const users = modules.users(name);
  const by = users.length ? ` by: ${users.join(" ")}` : "";
  try {
    await modules.unload(name);
    return undefined;
  } catch (error) {
    if (errnoOf(error) !== "EBUSY")
      return `${tool}: ERROR: could not remove '${name}': ${REASONS[errnoOf(error)]}\n`;
    return tool === "rmmod"
      ? `rmmod: ERROR: Module ${name} is in use${by}\n`
      : `modprobe: FATAL: Module ${name} is in use.\n`;
  }
}

async function each(
  names: string[],
  work: (name: string) => Promise<string | undefined>,
): Promise<{ code: number; stderr: string }> {
  const failures: string[] = [];
  for (const name of names) failures.push(...[await work(name)].filter((text) => text !== undefined));
  return { code: failures.length ? 1 : 0, stderr: failures.join("") };
}

const words = (argv: string[]): string[] =>
  argv.filter((word) => !word.startsWith("-") && !word.includes("="));

export const modprobe: ToolHandler = async ({ argv, root }, machine) => {
  const names = words(argv);
  const flag = (...any: string[]) => argv.some((word) => any.includes(word));
  if (flag("-n", "--dry-run") || flag("-c", "--showconfig")) return { code: 0 };
  if (!root)
    return { code: 1, stderr: `modprobe: ERROR: could not insert '${names[0]}': Operation not permitted\n` };
  const quiet = flag("-q", "--quiet");
  const result = flag("-r", "--remove")
    ? await each(names, (name) => removeModule(machine, name, "modprobe"))
    : await each(flag("-a", "--all") ? names : names.slice(0, 1), (name) => insert(machine, name));
  return quiet ? { code: result.code } : result;
};

export const rmmod: ToolHandler = async ({ argv, root }, machine) => {
  if (!root) return { code: 1, stderr: "rmmod: ERROR: could not remove module: Operation not permitted\n" };
  return each(words(argv), (name) => removeModule(machine, name, "rmmod"));
};

export const lsmod: ToolHandler = (_call, machine) => {
  const registry = machine.modules as Modules;
  const rows = registry.loadedNames().map((name) => {
    const users = registry.users(name);
    return `${name.padEnd(24)}${`${registry.spec(name)?.size ?? 16384}`.padStart(8)}  ${users.length} ${users.join(",")}`.trimEnd();
  });
  return { code: 0, stdout: `${["Module                  Size  Used by", ...rows.reverse()].join("\n")}\n` };
};

/** A module of a kernel that does not run: what its file says. */
function specOnDisk(machine: Machine, name: string, kernel: string): ModuleSpec | undefined {
  const text = machine.readFile(`/usr/lib/modules/${kernel}/kernel/drivers/video/${name}.ko`);
  return text === undefined ? undefined : { version: /^version=(.*)$/m.exec(text)?.[1] ?? "" };
}

export const modinfo: ToolHandler = ({ argv }, machine) => {
  const registry = machine.modules as Modules;
  const fieldAt = argv.findIndex((word) => word === "-F" || word === "--field");
  const kernelAt = argv.indexOf("-k");
  const values = [fieldAt, kernelAt].filter((at) => at >= 0).map((at) => at + 1);
  const names = argv.filter((word, i) => !word.startsWith("-") && !values.includes(i));
  const name = names[0] ?? "";
  const kernel = kernelAt < 0 ? machine.kernelRelease : (argv[kernelAt + 1] ?? "");
  const spec = kernel === machine.kernelRelease ? registry.spec(name) : specOnDisk(machine, name, kernel);
  if (!spec || spec.fileGone) return { code: 1, stderr: `modinfo: ERROR: Module ${name} not found.\n` };
  const info: Record<string, string> = {
    filename: `/lib/modules/${machine.kernelRelease}/updates/${name}.ko`,
    ...(spec.version === undefined ? {} : { version: spec.version }),
    ...spec.info,
    depends: (spec.depends ?? []).join(","),
    vermagic: `${machine.kernelRelease} SMP preempt mod_unload`,
  };
  if (fieldAt >= 0)
    return {
      code: 0,
      stdout: info[argv[fieldAt + 1] ?? ""] === undefined ? "" : `${info[argv[fieldAt + 1] ?? ""]}\n`,
    };
  return {
    code: 0,
    stdout: Object.entries(info)
      .map(([key, value]) => `${`${key}:`.padEnd(16)}${value}\n`)
      .join(""),
  };
};
