/** Which resources a run of the engine is about, as its command line says it. */
export interface RunTargets {
  /** URNs, or patterns with `*` and `**`; empty: all that are not excluded. */
  readonly targets: readonly string[];
  readonly excludes: readonly string[];
  /** Whether what stands on a target is a target too. */
  readonly dependents: boolean;
}

/** A vGPU as a resource of its stack. */
export interface VgpuResource {
  /** `"project/stack"` */
  readonly owner: string;
  /** Resource name of its host. */
  readonly host: string;
  readonly name: string;
}

/**
 * The environment variables by which `pulumi` takes these flags, read before its command line: the later one says the number,
 * lists add up. Source: pulumi 3.259, cmd/pulumi/pulumi.go, operations/up.go
 */
const flagsByVariable = [
  ["PULUMI_PARALLEL", "--parallel"],
  ["PULUMI_OPTION_PARALLEL", "--parallel"],
  ["PULUMI_OPTION_TARGET", "--target"],
  ["PULUMI_OPTION_TARGET_REPLACE", "--target-replace"],
  ["PULUMI_OPTION_TARGET_DEPENDENTS", "--target-dependents"],
  ["PULUMI_OPTION_EXCLUDE", "--exclude"],
] as const;
const listFlags: ReadonlySet<string> = new Set(["--target", "--target-replace", "--exclude"]);

/** Returns what the environment of `pulumi` says of a run, as words of its command line. */
export function flagsOfEnvironment(environment: Readonly<Record<string, string | undefined>>): string[] {
  return flagsByVariable.flatMap(([name, flag]) => {
    const value = environment[name];
    if (value === undefined || value === "") return [];
    const values = listFlags.has(flag) ? fieldsOf(value) : [value];
    return values.map((one) => `${flag}=${one}`);
  });
}

/** The fields of one line of CSV; a line that is none is one field, as `pulumi` takes it. */
function fieldsOf(line: string): string[] {
  const found = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))(?=,|$)/g)];
  const seen = found.reduce((sum, [all]) => sum + all.length, 0);
  if (seen !== line.length) return [line];
  return found.map(([, quoted, plain = ""]) => quoted?.replaceAll('""', '"') ?? plain);
}

const targetFlags = new Set(["--target", "-t", "--target-replace"]);
const parallelFlags = new Set(["--parallel", "-p"]);
const excludeFlags = new Set(["--exclude", "-x"]);
/** One-letter flags of `pulumi up`, `preview`, `destroy` and `refresh` that take a value: what follows one is no flag. */
const lettersWithValue = "tcxmpsvC";

/** Returns what a command line of `pulumi` says of targets; `null` when the run is about everything. */
export function runTargetsOf(argv: readonly string[]): RunTargets | null {
  const targets = valuesOf(argv, targetFlags);
  const excludes = valuesOf(argv, excludeFlags);
  if (targets.length === 0 && excludes.length === 0) return null;
  const said = argv.findLast((word) => /^--target-dependents(=.*)?$/.test(word)) ?? "";
  const dependents = /^--target-dependents(=(true|1))?$/i.test(said);
  return { targets, excludes, dependents };
}

/** Returns how many resources a command line of `pulumi` lets the engine change at once; `null` when it does not say it. */
export function runParallelOf(argv: readonly string[]): number | null {
  const value = valuesOf(argv, parallelFlags).at(-1) ?? "";
  return /^[1-9]\d{0,8}$/.test(value) ? Number(value) : null;
}

function valuesOf(argv: readonly string[], flags: ReadonlySet<string>): string[] {
  return argv.flatMap((word, index) => {
    const [flag = "", inline] = word.startsWith("--") ? splitOnce(word) : splitLetters(word);
    return flags.has(flag) ? [inline ?? argv[index + 1] ?? ""] : [];
  });
}

function splitOnce(word: string): [string, string?] {
  const at = word.indexOf("=");
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

/** Returns the flag with a value among grouped letters, as in `-yt URN`, `-t=URN` and `-tURN`. */
function splitLetters(word: string): [string, string?] {
  if (!word.startsWith("-")) return [word];
  const at = [...word].findIndex(
    (letter, index) => index > 0 && (letter === "=" || lettersWithValue.includes(letter)),
  );
  if (at < 0 || word[at] === "=") return [word];
  const value = word.slice(at + 1);
  return value === "" ? [`-${word[at]}`] : [`-${word[at]}`, value.replace(/^=/, "")];
}

/** Whether a run is about a vGPU. The components above it are not known here: a pattern has to leave room for them. */
export function isTargetOf({ targets, excludes, dependents }: RunTargets, vgpu: VgpuResource): boolean {
  const self = { ...vgpu, kind: "MdevDevice" };
  const host = { ...vgpu, kind: "VgpuHost", name: vgpu.host };
  if (excludes.some((pattern) => means(pattern, self))) return false;
  if (targets.length === 0) return true;
  return targets.some((pattern) => means(pattern, self) || (dependents && means(pattern, host)));
}

/** A VgpuHost or a GuestDriverInstall as a resource of its stack. */
export interface MachineResource {
  readonly owner: string;
  readonly kind: string;
  readonly name: string;
}

/** Whether a run may be about a machine: what stands on a target is one too where the run says so, and is not known here. */
export function mayBeTarget(
  { targets, excludes, dependents }: RunTargets,
  machine: MachineResource,
): boolean {
  if (excludes.some((pattern) => means(pattern, machine))) return false;
  return targets.length === 0 || dependents || targets.some((pattern) => means(pattern, machine));
}

/** Whether the engine takes a URN or pattern for this resource. */
function means(pattern: string, { owner, kind, name }: MachineResource): boolean {
  const [project = "", stack = ""] = owner.split("/");
  const [start, end] = [`urn:pulumi:${stack}::${project}::`, `pulumi-nodejs:dynamic/vgpu:${kind}::${name}`];
  if (!pattern.includes("*")) return pattern.startsWith(start) && pattern.endsWith(end);
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const segments = pattern.split("**").map((part) => part.split("*").map(literal).join("[^:]*"));
  return new RegExp(`^${segments.join(".*")}$`).test(`${start}${end}`);
}
