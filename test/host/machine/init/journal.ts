// What the machine's units and kernel logged, over boots; journalctl and dmesg read it.
import type { ToolHandler } from "../../types.js";

export interface JournalLine {
  readonly boot: string;
  readonly atMs: number;
  /** Seconds since the boot. */
  readonly uptime: number;
  /** Unit name, or "kernel". */
  readonly unit: string;
  readonly line: string;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export class Journal {
  readonly lines: JournalLine[] = [];
  private boot = "";
  private bootedAt = 0;

  startBoot(bootId: string): void {
    this.boot = bootId;
    this.bootedAt = Date.now();
  }

  add(unit: string, line: string): void {
    const atMs = Date.now();
    this.lines.push({ boot: this.boot, atMs, uptime: (atMs - this.bootedAt) / 1000, unit, line });
    // Enough for any test; a journal is bounded on real machines too.
    if (this.lines.length > 20_000) this.lines.splice(0, 5_000);
  }

  /** Distinct boot ids, oldest first. */
  boots(): string[] {
    return [...new Set(this.lines.map((line) => line.boot))];
  }

  ofBoot(bootId = this.boot): JournalLine[] {
    return this.lines.filter((line) => line.boot === bootId);
  }
}

function stamp(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => `${value}`.padStart(2, "0");
  return `${MONTHS[at.getMonth()]} ${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Text of a line as journalctl's short form has it. */
function shortForm(entry: JournalLine, host: string): string {
  const who = entry.unit === "kernel" ? "kernel" : `${entry.unit.replace(/\.service$/, "")}[1]`;
  return `${stamp(entry.atMs)} ${host} ${who}: ${entry.line}`;
}

interface JournalQuery {
  units: string[];
  kernel: boolean;
  boot: string | undefined;
  count: number | undefined;
  bare: boolean;
}

/** Value of `-x VALUE`, `-xVALUE`, `--long VALUE`, `--long=VALUE` at `index`; `step` more words are used. */
function optionValue(
  argv: string[],
  index: number,
  names: string[],
): { value: string; step: number } | undefined {
  const word = argv[index] ?? "";
  for (const name of names) {
    if (word === name) return { value: argv[index + 1] ?? "", step: 1 };
    if (name.startsWith("--") && word.startsWith(`${name}=`))
      return { value: word.slice(name.length + 1), step: 0 };
    if (!name.startsWith("--") && word.startsWith(name) && word.length > 2)
      return { value: word.slice(2), step: 0 };
  }
  return undefined;
}

function parseQuery(argv: string[], journal: Journal): JournalQuery | { bad: string } {
  const query: JournalQuery = { units: [], kernel: false, boot: undefined, count: undefined, bare: false };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    const unit = optionValue(argv, i, ["-u", "--unit"]);
    const count = optionValue(argv, i, ["-n", "--lines"]);
    const output = optionValue(argv, i, ["-o", "--output"]);
    const taken = unit ?? count ?? output;
    if (unit) query.units.push(unit.value.includes(".") ? unit.value : `${unit.value}.service`);
    else if (count) query.count = Number(count.value);
    else if (output) query.bare = output.value === "cat";
    else if (word === "-k" || word === "--dmesg") query.kernel = true;
    else if (/^(-b|--boot)/.test(word)) {
      const back = Number(/-?\d+$/.exec(word)?.[0] ?? (/^-?\d+$/.test(argv[i + 1] ?? "") ? argv[++i] : 0));
      query.boot = journal.boots().at(back - 1) ?? "";
    } else if (!["--no-pager", "-q", "--quiet", "--no-hostname", "-x", "-e"].includes(word))
      return { bad: word };
    i += taken?.step ?? 0;
  }
  return query;
}

/** journalctl: -u, -n, -b [N], -k, -o cat, --no-pager. */
export const journalctl =
  (journal: Journal): ToolHandler =>
  ({ argv }, machine) => {
    const query = parseQuery(argv, journal);
    if ("bad" in query) return { code: 1, stderr: `journalctl: unrecognized option '${query.bad}'\n` };
    if (query.kernel) query.boot ??= machine.bootId;
    let lines = query.boot === undefined ? journal.lines : journal.ofBoot(query.boot);
    if (query.kernel) lines = lines.filter((line) => line.unit === "kernel");
    if (query.units.length) lines = lines.filter((line) => query.units.includes(line.unit));
    if (query.count !== undefined) lines = query.count > 0 ? lines.slice(-query.count) : [];
    if (lines.length === 0) return { code: 0, stdout: query.bare ? "" : "-- No entries --\n" };
    return {
      code: 0,
      stdout: lines.map((line) => `${query.bare ? line.line : shortForm(line, machine.name)}\n`).join(""),
    };
  };

/** dmesg of the running boot. */
export const dmesg =
  (journal: Journal): ToolHandler =>
  () => ({
    code: 0,
    stdout: journal
      .ofBoot()
      .filter((line) => line.unit === "kernel")
      .map((line) => `[${line.uptime.toFixed(6).padStart(12)}] ${line.line}\n`)
      .join(""),
  });
