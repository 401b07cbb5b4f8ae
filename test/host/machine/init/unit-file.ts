// Unit files: read, found on the machine's search path, enabled by links.
import { lstatSync, mkdirSync, readlinkSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { MachineFiles } from "../files.js";
import { shellWords } from "../shell-words.js";

const SEARCH = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
];
const ETC = "/etc/systemd/system";

/** One line of Exec*=. */
export interface ExecLine {
  readonly argv: string[];
  /** It was prefixed by "-": its failure does not count. */
  readonly mayFail: boolean;
}

/** A unit as loaded from disk. */
export interface Unit {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly masked: boolean;
  /** All values of a key, an empty assignment having reset those before it. */
  all(section: string, key: string): string[];
  last(section: string, key: string): string | undefined;
  /** Space-separated values joined over lines. */
  names(section: string, key: string): string[];
  exec(key: string): ExecLine[];
}

function parseSections(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  let section = "";
  for (const raw of text.replace(/\\\n\s*/g, " ").split("\n")) {
    const line = raw.trim();
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    if (header) section = header;
    const equals = line.indexOf("=");
    if (header || equals < 1 || /^[#;]/.test(line)) continue;
    const key = `${section}.${line.slice(0, equals).trim()}`;
    const value = line.slice(equals + 1).trim();
    values.set(key, value === "" ? [] : [...(values.get(key) ?? []), value]);
  }
  return values;
}

/** Reads the text of a unit file; `%n`, `%i`, `%I` and `%%` are replaced. */
export function parseUnit(name: string, path: string, text: string): Unit {
  const instance = /@(.*)\.[a-z]+$/.exec(name)?.[1] ?? "";
  const specifiers: Record<string, string> = {
    n: name,
    N: name.replace(/\.[a-z]+$/, ""),
    i: instance,
    I: instance.replaceAll("-", "/"),
    "%": "%",
  };
  const values = parseSections(
    text.replace(/%([nNiI%])/g, (_whole, letter: string) => specifiers[letter] ?? ""),
  );
  const all = (section: string, key: string) => values.get(`${section}.${key}`) ?? [];
  return {
    name,
    path,
    text,
    masked: false,
    all,
    last: (section, key) => all(section, key).at(-1),
    names: (section, key) =>
      all(section, key)
        .flatMap((line) => line.split(/\s+/))
        .filter(Boolean),
    exec: (key) =>
      all("Service", key).map((line) => {
        const prefix = /^[-@:+!]*/.exec(line)?.[0] ?? "";
        return { argv: shellWords(line.slice(prefix.length)), mayFail: prefix.includes("-") };
      }),
  };
}

export class UnitFiles {
  private readonly files: MachineFiles;

  constructor(files: MachineFiles) {
    this.files = files;
  }

  /** Where the unit's file is, undefined when there is none. */
  find(name: string): string | undefined {
    const template = name.replace(/@.*\./, "@.");
    for (const directory of SEARCH)
      for (const file of [name, template]) {
        const path = `${directory}/${file}`;
        if (this.linkTarget(path) === "/dev/null" || this.files.exists(path)) return path;
      }
    return undefined;
  }

  load(name: string): Unit | undefined {
    const path = this.find(name);
    if (path === undefined) return undefined;
    const masked = this.linkTarget(path) === "/dev/null";
    const parts = masked ? [] : [this.files.read(path) ?? ""];
    for (const directory of SEARCH)
      for (const file of this.files.list(`${directory}/${name}.d`))
        if (file.endsWith(".conf")) parts.push(this.files.read(`${directory}/${name}.d/${file}`) ?? "");
    return { ...parseUnit(name, path, parts.join("\n")), masked };
  }

  /** Names of all unit files. */
  allNames(): string[] {
    const names = SEARCH.flatMap((directory) => this.files.list(directory));
    return [
      ...new Set(names.filter((name) => /\.(service|target|timer|socket|path|mount)$/.test(name))),
    ].sort();
  }

  /** Units that `target` wants or requires by links. */
  wantedBy(target: string): string[] {
    return SEARCH.flatMap((directory) =>
      ["wants", "requires"].flatMap((kind) => this.files.list(`${directory}/${target}.${kind}`)),
    );
  }

  /** What `systemctl is-enabled` prints. */
  state(name: string): "enabled" | "disabled" | "static" | "masked" | "not-found" {
    const unit = this.load(name);
    if (!unit) return "not-found";
    if (unit.masked) return "masked";
    if (this.links(name).length > 0) return "enabled";
    return this.wantedLinks(unit).length > 0 ? "disabled" : "static";
  }

  /** Makes the links [Install] asks for; returns those made, as `link -> target` pairs. */
  enable(unit: Unit): [string, string][] {
    const made: [string, string][] = [];
    for (const link of this.wantedLinks(unit)) {
      const place = join(this.files.locate(dirname(link)), link.slice(dirname(link).length + 1));
      if (lstatSync(place, { throwIfNoEntry: false })) continue;
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(unit.path, place);
      made.push([link, unit.path]);
    }
    return made;
  }

  /** Removes every link that enables the unit; returns them. */
  disable(name: string): string[] {
    const links = this.links(name);
    for (const link of links) this.files.remove(link);
    return links;
  }

  mask(name: string): void {
    this.files.remove(`${ETC}/${name}`);
    symlinkSync("/dev/null", join(this.files.locate(ETC), name));
  }

  unmask(name: string): void {
    if (this.linkTarget(`${ETC}/${name}`) === "/dev/null") this.files.remove(`${ETC}/${name}`);
  }

  private linkTarget(path: string): string | undefined {
    const place = join(this.files.root, path);
    return lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(place) : undefined;
  }

  private wantedLinks(unit: Unit): string[] {
    return [
      ...unit.names("Install", "WantedBy").map((target) => `${ETC}/${target}.wants/${unit.name}`),
      ...unit.names("Install", "RequiredBy").map((target) => `${ETC}/${target}.requires/${unit.name}`),
      ...unit.names("Install", "Alias").map((alias) => `${ETC}/${alias}`),
    ];
  }

  private links(name: string): string[] {
    return this.files
      .list(ETC)
      .filter((directory) => /\.(wants|requires)$/.test(directory))
      .map((directory) => `${ETC}/${directory}/${name}`)
      .filter((link) => this.linkTarget(link) !== undefined);
  }
}
