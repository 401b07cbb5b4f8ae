// The smallest model the machine's own tests run: a value that can be read and written, a tool, a module.
import type { MachineKind, MachineModel, SysNode, ToolHandler } from "../types.js";
import { type Machine, type MachineOptions, SysError } from "../types.js";

class TinyModel implements MachineModel {
  value = "first";
  boots = 0;
  /** How many callers are blocked. */
  waiting = 0;
  private blocked: (() => void) | undefined;

  readonly sys = {
    lookup: (path: string): SysNode | undefined => this.nodes()[path],
    list: (path: string): string[] => {
      const below = path === "/" ? "/" : `${path}/`;
      const names = Object.keys(this.nodes()).filter((node) => node.startsWith(below) && node !== "/");
      return [...new Set(names.map((node) => node.slice(below.length).split("/")[0] as string))];
    },
  };

  private nodes(): Record<string, SysNode> {
    const read = () => `${this.value}\n`;
    return {
      "/": { kind: "dir" },
      "/tiny": { kind: "dir" },
      "/tiny/value": { kind: "file", mode: 0o644, read, write: (data) => this.write(data.toString().trim()) },
      "/tiny/create": { kind: "file", mode: 0o200, read, write: () => {} },
      "/tiny/slow": { kind: "file", mode: 0o200, read, write: () => this.block() },
      "/tiny/link": { kind: "link", target: "value" },
    };
  }

  private write(text: string): void {
    if (text === "full") throw new SysError("ENOSPC");
    if (text === "bad") throw new SysError("EINVAL");
    this.value = text;
  }

  private block(): Promise<void> {
    this.waiting += 1;
    return new Promise((resolve) => {
      this.blocked = () => {
        this.waiting -= 1;
        resolve();
      };
    });
  }

  unblock(): void {
    this.blocked?.();
  }

  forceValue(value: string): string {
    this.value = value;
    return this.value;
  }

  tools(): Record<string, ToolHandler> {
    return {
      "/usr/bin/tiny-tool": ({ argv, cwd, stdin, root }) => ({
        code: argv.includes("fail") ? 7 : 0,
        stdout: JSON.stringify({ argv, cwd, root, stdin }),
        stderr: argv.includes("fail") ? "as asked\n" : "",
      }),
      "/usr/bin/slow-tool": async () => {
        await this.block();
        return { code: 0, stdout: "unblocked\n" };
      },
    };
  }

  async boot(machine: Machine): Promise<void> {
    this.boots += 1;
    machine.modules.register("tiny", { version: "1.2.3", depends: ["tiny-core"] });
    machine.modules.register("tiny-core", {});
    machine.modules.register("broken", {
      load: () => {
        throw new SysError("ENODEV");
      },
    });
    if (!machine.modprobeConfig("initramfs").blacklisted("tiny")) await machine.modules.load("tiny");
    machine.setUnitHandler("vendor.service", { start: () => machine.journal("vendor", "vendor daemon up") });
  }

  powerOff(): void {
    this.waiting = 0;
    this.value = "first";
  }

  snapshot(): unknown {
    return { value: this.value };
  }
}

/** The kind every test of the machine starts. @public loaded by name */
export function tiny(options: MachineOptions = {}): MachineKind {
  return { model: new TinyModel(), options };
}

/** For the test of functions invoked in the simulator. @public loaded by name */
export function nameAndValue(parts: { machine: Machine; model: TinyModel }[], suffix: string): string[] {
  return parts.map(({ machine, model }) => `${machine.name}=${model.value}${suffix}`);
}
