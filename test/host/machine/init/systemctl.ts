// systemctl, over the machine's service manager.
import type { ToolHandler, ToolResult } from "../../types.js";
import type { Journal } from "./journal.js";
import { parseRequest, type Request } from "./systemctl-request.js";
import type { UnitManager } from "./unit-manager.js";
import { unitProperties } from "./unit-properties.js";

interface Context {
  readonly manager: UnitManager;
  readonly journal: Journal;
  readonly reboot: (kind: "reboot" | "power-off") => void;
}

type Verb = (request: Request, context: Context) => Promise<ToolResult> | ToolResult;

const ok = (stdout = "", stderr = ""): ToolResult => ({ code: 0, stdout, stderr });
const refused = (stderr: string, code = 1): ToolResult => ({ code, stderr });
const noUnit = (name: string, what: string): ToolResult =>
  refused(`Failed to ${what} ${name}: Unit ${name} not found.\n`, 5);

async function each(
  units: string[],
  work: (unit: string) => Promise<ToolResult> | ToolResult,
): Promise<ToolResult> {
  const total = { code: 0, stdout: "", stderr: "" };
  for (const unit of units) {
    const { code, stdout = "", stderr = "" } = await work(unit);
    total.code = total.code || code;
    total.stdout += stdout;
    total.stderr += stderr;
  }
  return total;
}

const FAILURES: Record<string, string> = {
  "exit-code": "the control process exited with error code",
  timeout: "a timeout was exceeded",
  resources: "of unavailable resources or another system error",
  signal: "a fatal signal was delivered to the control process",
  "start-limit-hit": "start of the service was attempted too often",
};

async function startOne(unit: string, { flags }: Request, { manager }: Context): Promise<ToolResult> {
  const file = manager.unit(unit);
  if (!file) return noUnit(unit, "start");
  if (file.masked) return refused(`Failed to start ${unit}: Unit ${unit} is masked.\n`);
  const warning = manager.needsReload(unit)
    ? `Warning: The unit file, source configuration file or drop-ins of ${unit} changed on disk. Run 'systemctl daemon-reload' to reload units.\n`
    : "";
  const starting = manager.start(unit);
  if (flags.has("--no-block")) return ok("", warning);
  if (await starting) return ok("", warning);
  const { result } = manager.state(unit);
  const next =
    result === "start-limit-hit"
      ? `To force a start use "systemctl reset-failed ${unit}"\nfollowed by "systemctl start ${unit}" again.\n`
      : "";
  return refused(
    `${warning}Job for ${unit} failed because ${FAILURES[result] ?? FAILURES["exit-code"]}.\nSee "systemctl status ${unit}" and "journalctl -xeu ${unit}" for details.\n${next}`,
  );
}

const start: Verb = (request, context) => each(request.units, (unit) => startOne(unit, request, context));

const stop: Verb = ({ units }, { manager }) =>
  each(units, async (unit) => {
    if (!manager.unit(unit)) return refused(`Failed to stop ${unit}: Unit ${unit} not loaded.\n`, 5);
    await manager.stop(unit);
    return ok();
  });

const restart: Verb = (request, context) =>
  each(request.units, async (unit) => {
    const { manager } = context;
    if (!manager.unit(unit)) return noUnit(unit, "restart");
    if (request.verb.startsWith("try") && manager.state(unit).active !== "active") return ok();
    await manager.stop(unit);
    return startOne(unit, request, context);
  });

const enable: Verb = (request, context) =>
  each(request.units, async (unit) => {
    // enable reads the disk, not what the manager loaded before.
    const file = context.manager.files.load(unit);
    if (!file) return refused(`Failed to enable unit: Unit file ${unit} does not exist.\n`);
    if (file.masked) return refused(`Failed to enable unit: Unit file ${file.path} is masked.\n`);
    const made = context.manager.files.enable(file);
    context.manager.reload();
    const text = made.map(([link, target]) => `Created symlink ${link} → ${target}.\n`).join("");
    if (!request.flags.has("--now")) return ok("", text);
    const result = await startOne(unit, request, context);
    return { ...result, stderr: text + (result.stderr ?? "") };
  });

const disable: Verb = (request, { manager }) =>
  each(request.units, async (unit) => {
    if (!manager.files.load(unit))
      return refused(`Failed to disable unit: Unit file ${unit} does not exist.\n`);
    if (request.flags.has("--now")) await manager.stop(unit);
    return ok(
      "",
      manager.files
        .disable(unit)
        .map((link) => `Removed "${link}".\n`)
        .join(""),
    );
  });

const mask: Verb = ({ units, verb }, { manager }) =>
  each(units, (unit) => {
    if (verb === "mask") manager.files.mask(unit);
    else manager.files.unmask(unit);
    manager.reload();
    return ok();
  });

const isActive: Verb = ({ units, flags, verb }, { manager }) => {
  const states = units.map((unit) => manager.state(unit).active);
  const wanted = verb === "is-failed" ? "failed" : "active";
  const stdout = flags.has("-q") || flags.has("--quiet") ? "" : states.map((state) => `${state}\n`).join("");
  return { code: states.includes(wanted) ? 0 : verb === "is-failed" ? 1 : 3, stdout };
};

const isEnabled: Verb = ({ units, flags }, { manager }) => {
  const states = units.map((unit) => [unit, manager.files.state(unit)] as const);
  const missing = states.filter(([, state]) => state === "not-found").map(([unit]) => unit);
  const quiet = flags.has("-q") || flags.has("--quiet");
  return {
    code: states.some(([, state]) => state === "enabled" || state === "static") ? 0 : 1,
    stdout: quiet
      ? ""
      : states
          .filter(([, state]) => state !== "not-found")
          .map(([, state]) => `${state}\n`)
          .join(""),
    stderr: missing
      .map((unit) => `Failed to get unit file state for ${unit}: No such file or directory\n`)
      .join(""),
  };
};

const show: Verb = ({ units, flags, properties }, { manager }) => {
  const blocks = units.map((unit) => {
    const all = unitProperties(manager, unit);
    const keys = properties.length ? properties.filter((key) => key in all) : Object.keys(all);
    return keys.map((key) => (flags.has("--value") ? `${all[key]}\n` : `${key}=${all[key]}\n`)).join("");
  });
  return ok(blocks.join("\n"));
};

const status: Verb = ({ units }, { manager, journal }) =>
  each(units, (unit) => {
    const all = unitProperties(manager, unit);
    if (all.LoadState === "not-found") return refused(`Unit ${unit} could not be found.\n`, 4);
    const tail = journal
      .ofBoot()
      .filter((line) => line.unit === unit)
      .slice(-10);
    const stdout = [
      `* ${unit} - ${all.Description}`,
      `     Loaded: ${all.LoadState} (${all.FragmentPath}; ${all.UnitFileState})`,
      `     Active: ${all.ActiveState} (${all.SubState})${all.Result === "success" ? "" : ` (Result: ${all.Result})`}`,
      "",
      ...tail.map((line) => line.line),
    ];
    return { code: all.ActiveState === "active" ? 0 : 3, stdout: `${stdout.join("\n")}\n` };
  });

const cat: Verb = ({ units }, { manager }) =>
  each(units, (unit) => {
    const file = manager.files.load(unit);
    return file ? ok(`# ${file.path}\n${file.text}\n`) : refused(`No files found for ${unit}.\n`);
  });

const list: Verb = ({ verb, units }, { manager }) => {
  const pattern = units[0]
    ?.replace(/\.service$/, "")
    .replace(/[.+^$()|[\]{}\\]/g, "\\$&")
    .replaceAll("*", ".*");
  const matches = (name: string) =>
    pattern === undefined || new RegExp(`^${pattern}(\\.service)?$`).test(name);
  const rows =
    verb === "list-unit-files"
      ? manager.files.allNames().map((name) => [name, manager.files.state(name), "enabled"])
      : manager.names().map((name) => [name, "loaded", manager.state(name).active, manager.state(name).sub]);
  const shown = rows.filter(([name]) => matches(name as string));
  return {
    code: verb === "list-unit-files" && shown.length === 0 ? 1 : 0,
    stdout: shown.map((row) => `${row.join(" ")}\n`).join(""),
  };
};

const VERBS: Record<string, Verb> = {
  start,
  stop,
  restart,
  "try-restart": restart,
  "reload-or-restart": restart,
  reload: () => ok(),
  enable,
  disable,
  mask,
  unmask: mask,
  "is-active": isActive,
  "is-failed": isActive,
  "is-enabled": isEnabled,
  show,
  status,
  cat,
  "list-units": list,
  "list-unit-files": list,
  "is-system-running": () => ok("running\n"),
  "daemon-reload": (_request, { manager }) => {
    manager.reload();
    return ok();
  },
  "reset-failed": ({ units }, { manager }) =>
    each(units.length ? units : manager.names(), (unit) => {
      if (!manager.unit(unit))
        return refused(`Failed to reset failed state of unit ${unit}: Unit ${unit} not loaded.\n`);
      manager.resetFailed(unit);
      return ok();
    }),
  reboot: (_request, { reboot }) => {
    reboot("reboot");
    return ok();
  },
  poweroff: (_request, { reboot }) => {
    reboot("power-off");
    return ok();
  },
};

const READ_ONLY = /^(is-|show$|status$|cat$|list-)/;

/** The systemctl program of a machine. */
export const systemctl =
  (context: Context): ToolHandler =>
  (call) => {
    const request = parseRequest(call);
    if (request.flags.has("--version")) return ok("systemd 252 (252.39-1~deb12u1)\n");
    const verb = VERBS[request.verb];
    if (!verb) return refused(`Unknown command verb '${request.verb}'.\n`);
    if (!request.root && !READ_ONLY.test(request.verb))
      return refused(
        `Failed to ${request.verb} ${request.units.join(" ")}: Interactive authentication required.\n`,
      );
    return verb(request, context);
  };
