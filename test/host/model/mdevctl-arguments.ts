/** The command line of one call of mdevctl. */
export interface MdevctlArguments {
  readonly command: string;
  readonly words: readonly string[];
  readonly uuid: string | undefined;
  readonly parent: string | undefined;
  readonly type: string | undefined;
  readonly jsonFile: string | undefined;
  readonly addAttribute: string | undefined;
  readonly value: string | undefined;
  readonly index: number | undefined;
  readonly deleteAttribute: boolean;
  readonly auto: boolean;
  readonly manual: boolean;
  readonly defined: boolean;
  readonly dumpJson: boolean;
  readonly verbose: boolean;
  /** What is wrong with the command line. */
  readonly problem: string | undefined;
}

const valued: Record<string, string> = {
  "-u": "uuid",
  "--uuid": "uuid",
  "-p": "parent",
  "--parent": "parent",
  "-t": "type",
  "--type": "type",
  "--jsonfile": "jsonFile",
  "--addattr": "addAttribute",
  "--value": "value",
  "-i": "index",
  "--index": "index",
};

const flags: Record<string, string> = {
  "-a": "auto",
  "--auto": "auto",
  "-m": "manual",
  "--manual": "manual",
  "-d": "defined",
  "--defined": "defined",
  "--delattr": "deleteAttribute",
  "--dumpjson": "dumpJson",
  "-v": "verbose",
  "--verbose": "verbose",
  "-f": "force",
  "--force": "force",
  "-l": "live",
  "--live": "live",
};

/** Returns what the words after `mdevctl` ask for. */
export function parseArguments(argv: readonly string[]): MdevctlArguments {
  const [command = "", ...rest] = argv;
  const values = new Map<string, string>();
  const set = new Set<string>();
  const words: string[] = [];
  let problem: string | undefined;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? "";
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const name = equals > 0 ? word.slice(0, equals) : word;
    const key = valued[name];
    if (key !== undefined) values.set(key, equals > 0 ? word.slice(equals + 1) : (rest[++at] ?? ""));
    else if (flags[name] !== undefined) set.add(flags[name] ?? "");
    else if (word.startsWith("-")) problem = `unexpected argument '${word}' found`;
    else words.push(word);
  }
  const uuid = values.get("uuid");
  if (uuid !== undefined && !/^[0-9a-f-]{36}$/i.test(uuid)) problem = `invalid value '${uuid}' for '--uuid'`;
  const index = values.get("index");
  return {
    command,
    words,
    uuid: uuid?.toLowerCase(),
    parent: values.get("parent"),
    type: values.get("type"),
    jsonFile: values.get("jsonFile"),
    addAttribute: values.get("addAttribute"),
    value: values.get("value"),
    index: index === undefined ? undefined : Number(index),
    deleteAttribute: set.has("deleteAttribute"),
    auto: set.has("auto"),
    manual: set.has("manual"),
    defined: set.has("defined"),
    dumpJson: set.has("dumpJson"),
    verbose: set.has("verbose"),
    problem,
  };
}
