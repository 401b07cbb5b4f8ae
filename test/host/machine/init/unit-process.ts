// The processes behind a unit's Exec lines.
import type { Machine } from "../../types.js";
import type { MachineFiles } from "../files.js";
import type { InsideProcess } from "../processes.js";
import type { Journal } from "./journal.js";
import type { ExecLine, Unit } from "./unit-file.js";

/** What the manager needs of its machine. */
export interface UnitHost {
  readonly machine: Machine;
  readonly files: MachineFiles;
  readonly journal: Journal;
  spawn(argv: string[], env: Record<string, string>): Promise<InsideProcess>;
}

export class UnitProcesses {
  private readonly host: UnitHost;

  constructor(host: UnitHost) {
    this.host = host;
  }

  /** Exit code of the line's program, killed at the deadline. */
  async execute(unit: Unit, line: ExecLine, deadlineMs: number | undefined): Promise<number | "timeout"> {
    const child = await this.spawn(unit, line);
    const exited = child.exited.then(({ code }) => code);
    if (deadlineMs === undefined) return exited;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<"timeout">((resolve) => {
      timer = setTimeout(() => {
        child.signal("SIGKILL");
        resolve("timeout");
      }, deadlineMs);
    });
    return Promise.race([exited, timeout]).finally(() => clearTimeout(timer));
  }

  async spawn(unit: Unit, line: ExecLine): Promise<InsideProcess> {
    const env: Record<string, string> = {};
    for (const file of unit.all("Service", "EnvironmentFile"))
      for (const assignment of (this.host.files.read(file.replace(/^-/, "")) ?? "").split("\n"))
        assign(env, assignment);
    for (const assignment of unit.names("Service", "Environment"))
      assign(env, assignment.replace(/^"|"$/g, ""));
    const argv = line.argv.map((word) =>
      word.replace(/\$\{(\w+)\}/g, (_whole, key: string) => env[key] ?? ""),
    );
    const child = await this.host.spawn(argv, env);
    child.stdin.end();
    for (const stream of [child.stdout, child.stderr]) this.journalStream(unit.name, stream);
    return child;
  }

  private journalStream(name: string, stream: NodeJS.ReadableStream | null): void {
    let rest = "";
    stream?.on("data", (data) => {
      const lines = (rest + data).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.host.journal.add(name, line);
    });
    stream?.on("end", () => rest && this.host.journal.add(name, rest));
  }
}

function assign(env: Record<string, string>, assignment: string): void {
  const [, key, value] = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(assignment) ?? [];
  if (key) env[key] = (value ?? "").replace(/^(["'])(.*)\1$/, "$2");
}

export const isYes = (value: string | undefined): boolean => /^(yes|true|on|1)$/i.test(value ?? "");

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, sec: 1000, min: 60_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of "90", "5min", "1h 30min"; undefined for infinity, 0 and nothing. */
export function timeMs(text: string | undefined): number | undefined {
  if (!text || text === "infinity") return undefined;
  const parts = [...text.matchAll(/([\d.]+)\s*([a-z]*)/g)];
  return (
    parts.reduce((sum, [, value, unit]) => sum + Number(value) * (UNIT_MS[unit || "s"] ?? 1000), 0) ||
    undefined
  );
}

/** Ends a process and all it started, as a stop job does. */
export async function killGroup(child: InsideProcess): Promise<void> {
  child.signal("SIGTERM");
  const timer = setTimeout(() => child.signal("SIGKILL"), 2000);
  await child.exited;
  clearTimeout(timer);
}
