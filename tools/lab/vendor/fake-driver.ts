import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a tool printed and ended with. */
export interface ToolRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Files in the form of the lab's driver, for the tools to read: `NVIDIA_LAB_ROOT` puts theirs below this folder. */
export class FakeDriver {
  readonly root = mkdtempSync(join(tmpdir(), "fake-driver-"));

  constructor(part: "host" | "guest") {
    for (const name of ["shared", part])
      cpSync(join(__dirname, name, "files"), this.root, { recursive: true });
    this.write("dev/nvidiactl", "");
    this.write(
      "proc/driver/nvidia/version",
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.127.06\ngcc\n",
    );
    this.write(
      "usr/lib/labgpu/inforom",
      '#!/bin/sh\nroot=${0%/usr/*}\n[ "$1" = list ] && exec cat "$root/boards"\necho "$@" >> "$root/written"\n',
    );
    chmodSync(join(this.root, "usr/lib/labgpu/inforom"), 0o755);
  }

  /** Puts a GPU there; `state` as driver/README.md says. */
  gpu(slot: string, state: string): void {
    this.write(`proc/driver/nvidia/gpus/${slot}/state`, state);
    this.write(`proc/driver/nvidia/gpus/${slot}/command`, "");
  }

  /** Returns what was last written to the GPU's command file. */
  command(slot: string): string {
    return this.read(`proc/driver/nvidia/gpus/${slot}/command`).trim();
  }

  write(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
  }

  read(path: string): string {
    const file = join(this.root, path);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Runs a tool of this root, or one by its absolute path; `input` is what a person would type. */
  run(tool: string, args: readonly string[], input = ""): ToolRun {
    const program = existsSync(tool) ? tool : join(this.root, tool);
    const env = { ...process.env, NVIDIA_LAB_ROOT: this.root };
    const { status, stdout, stderr } = spawnSync("sh", [program, ...args], { encoding: "utf8", env, input });
    return { code: status, stdout, stderr };
  }

  smi(...args: string[]): ToolRun {
    return this.run("usr/bin/nvidia-smi", args);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
