// The machine's service manager: what runs, started from real unit files with real processes.
import type { UnitHandler } from "../../types.js";
import { StartLimit } from "./start-limit.js";
import { unmetCondition } from "./unit-conditions.js";
import { type Unit, UnitFiles } from "./unit-file.js";
import { bootTargets, ordered, pulledBy, startInOrder } from "./unit-order.js";
import { isYes, killGroup, timeMs, type UnitHost, UnitProcesses } from "./unit-process.js";
import { inactive, type UnitState } from "./unit-state.js";

const DEFAULT_START_MS = 90_000;

export class UnitManager {
  readonly files: UnitFiles;
  private readonly host: UnitHost;
  private readonly processes: UnitProcesses;
  private readonly states = new Map<string, UnitState>();
  private readonly loaded = new Map<string, Unit>();
  private readonly handlers = new Map<string, UnitHandler>();
  private readonly limit = new StartLimit();

  constructor(host: UnitHost) {
    this.host = host;
    this.processes = new UnitProcesses(host);
    this.files = new UnitFiles(host.files);
  }

  setHandler(unit: string, handler: UnitHandler | undefined): void {
    if (handler) this.handlers.set(unit, handler);
    else this.handlers.delete(unit);
  }

  /** The unit as the manager last read it: a file changed since is not seen before reload(). */
  unit(name: string): Unit | undefined {
    const known = this.loaded.get(name) ?? this.files.load(name);
    if (known) this.loaded.set(name, known);
    return known;
  }

  needsReload(name: string): boolean {
    const known = this.loaded.get(name);
    return known !== undefined && this.files.load(name)?.text !== known.text;
  }

  /** systemd 252 forgets how often units were started; later ones, 257 at least, do not. */
  reload(): void {
    this.loaded.clear();
    this.limit.forget();
  }

  state(name: string): UnitState {
    return this.states.get(name) ?? inactive();
  }

  names(): string[] {
    return [...this.states.keys()];
  }

  /** Power is off: everything stopped without a word, and files are read anew. */
  forget(): void {
    this.states.clear();
    this.loaded.clear();
    this.limit.forget();
  }

  resetFailed(name: string): void {
    this.limit.reset(name);
    if (this.state(name).active === "failed") this.states.delete(name);
  }

  fail(name: string, reason: string): void {
    this.set(name, { active: "failed", sub: "failed", result: "exit-code", status: 1 });
    this.log(name, reason);
    this.log(name, `${name}: Failed with result 'exit-code'.`);
  }

  /** Starts what the boot targets want. */
  async boot(): Promise<void> {
    await this.transaction(bootTargets.flatMap((target) => this.files.wantedBy(target)));
  }

  /** True when the unit is up, or ran well, or a condition kept it from starting. */
  async start(name: string): Promise<boolean> {
    const { active, starting } = this.state(name);
    if (active === "active") return true;
    if (starting !== undefined) return starting;
    return (await this.transaction([name])).get(name) ?? false;
  }

  private transaction(roots: string[]): Promise<Map<string, boolean>> {
    const wanted = new Set<string>();
    const pull = (name: string): void => {
      const unit = this.unit(name);
      if (wanted.has(name) || !unit) return;
      wanted.add(name);
      for (const next of [...pulledBy(unit), ...this.files.wantedBy(name)]) pull(next);
    };
    for (const name of roots) pull(name);
    return startInOrder([...wanted], {
      before: (first, second) => this.ordered(first, second),
      start: (name) => this.startOne(name),
    });
  }

  private startOne(name: string): Promise<boolean> {
    const { active, starting } = this.state(name);
    if (active === "active") return Promise.resolve(true);
    if (starting !== undefined) return starting;
    const begun = this.startNow(name);
    this.set(name, { active: "activating", sub: "start", starting: begun });
    return begun;
  }

  private async startNow(name: string): Promise<boolean> {
    // Let startOne() record that this runs before it ends.
    await Promise.resolve();
    const unit = this.unit(name);
    if (!unit || unit.masked) return this.done(name, "inactive", "dead");
    const broken = ["Requires", "BindsTo"]
      .flatMap((key) => unit.names("Unit", key))
      .find((other) => this.ordered(other, name) && this.state(other).active === "failed");
    if (broken) {
      this.log(name, `Dependency failed for ${name}: ${broken}.`);
      return this.failed(name, "resources", 1);
    }
    const unmet = await unmetCondition(unit, this.host.machine, async (flag, path) => {
      return (await this.host.machine.run(["/usr/bin/test", flag, path])).code === 0;
    });
    if (unmet) {
      this.log(name, `${name}: skipped because of an unmet condition check (${unmet}).`);
      this.set(name, { conditionMet: false });
      this.done(name, "inactive", "dead");
      return true;
    }
    if (!this.limit.admits(unit)) {
      this.log(name, `${name}: Start request repeated too quickly.`);
      const { result } = this.state(name);
      return this.failed(name, result === "success" ? "start-limit-hit" : result, 0);
    }
    this.set(name, { result: "success" });
    return name.endsWith(".service") ? this.startService(unit) : this.done(name, "active", "active");
  }

  private async startService(unit: Unit): Promise<boolean> {
    const { name } = unit;
    const description = unit.last("Unit", "Description") ?? name;
    const type = unit.last("Service", "Type") ?? "simple";
    const daemon = !["oneshot", "forking"].includes(type);
    this.log(name, `Starting ${name} - ${description}...`);
    const handler = this.handlers.get(name);
    if (handler) return this.startHandler(unit, handler);
    const deadline =
      timeMs(unit.last("Service", "TimeoutStartSec")) ?? (type === "oneshot" ? undefined : DEFAULT_START_MS);
    const lines = [
      ...unit.exec("ExecStartPre"),
      ...(daemon ? [] : [...unit.exec("ExecStart"), ...unit.exec("ExecStartPost")]),
    ];
    for (const line of lines) {
      const code = await this.processes.execute(unit, line, deadline);
      if (code === "timeout") return this.failed(name, "timeout", 15);
      if (code !== 0 && !line.mayFail) return this.failed(name, "exit-code", code);
    }
    this.log(
      name,
      type === "oneshot" ? `Finished ${name} - ${description}.` : `Started ${name} - ${description}.`,
    );
    if (daemon) return this.startMain(unit);
    const stays = type === "forking" || isYes(unit.last("Service", "RemainAfterExit"));
    return this.done(name, stays ? "active" : "inactive", stays ? "exited" : "dead");
  }

  private async startHandler({ name }: Unit, handler: UnitHandler): Promise<boolean> {
    try {
      await handler.start();
    } catch (error) {
      this.log(name, error instanceof Error ? error.message : String(error));
      return this.failed(name, "exit-code", 1);
    }
    const stays = handler.daemon ?? true;
    return this.done(name, stays ? "active" : "inactive", stays ? "running" : "dead");
  }

  private async startMain(unit: Unit): Promise<boolean> {
    const line = unit.exec("ExecStart")[0];
    if (!line) return this.failed(unit.name, "resources", 1);
    const main = await this.processes.spawn(unit, line);
    this.set(unit.name, { main });
    void main.exited.then(({ code, signal }) => {
      if (this.state(unit.name).main !== main) return;
      if (this.state(unit.name).active === "deactivating" || code === 0)
        this.done(unit.name, "inactive", "dead");
      else this.failed(unit.name, signal ? "signal" : "exit-code", code);
    });
    return this.done(unit.name, "active", "running");
  }

  async stop(name: string): Promise<void> {
    const state = this.state(name);
    await state.starting?.catch(() => {});
    if (!["active", "activating"].includes(this.state(name).active)) return;
    this.set(name, { active: "deactivating", sub: "stop" });
    const unit = this.unit(name);
    this.log(name, `Stopping ${name}...`);
    await this.handlers.get(name)?.stop?.();
    if (unit && !this.handlers.has(name))
      for (const line of unit.exec("ExecStop")) await this.processes.execute(unit, line, DEFAULT_START_MS);
    const main = this.state(name).main;
    if (main?.running) await killGroup(main);
    if (unit && !this.handlers.has(name))
      for (const line of unit.exec("ExecStopPost"))
        await this.processes.execute(unit, line, DEFAULT_START_MS);
    this.done(name, "inactive", "dead");
    this.log(name, `Stopped ${name}.`);
  }

  /** Stops what runs, latest first, as a clean shutdown does. */
  async shutdown(): Promise<void> {
    for (const name of this.names().reverse()) await this.stop(name);
  }

  private ordered(first: string, second: string): boolean {
    const [one, other] = [this.unit(first), this.unit(second)];
    return one !== undefined && other !== undefined && ordered(one, other);
  }

  private log(unit: string, line: string): void {
    this.host.journal.add(unit, line);
  }

  private set(name: string, change: Partial<UnitState>): void {
    this.states.set(name, { ...this.state(name), ...change, since: Date.now() });
  }

  private done(name: string, active: UnitState["active"], sub: string): boolean {
    const { starting: _starting, ...rest } = this.state(name);
    this.states.set(name, { ...rest, active, sub, result: "success", status: 0, since: Date.now() });
    return active === "active" || this.unit(name)?.masked === false;
  }

  private failed(name: string, result: UnitState["result"], status: number): boolean {
    const { starting: _starting, ...rest } = this.state(name);
    this.states.set(name, { ...rest, active: "failed", sub: "failed", result, status, since: Date.now() });
    this.log(name, `${name}: Failed with result '${result}'.`);
    return false;
  }
}
