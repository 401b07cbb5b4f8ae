import type { ToolCall } from "../../types.js";

/** One call of systemctl. */
export interface Request {
  readonly verb: string;
  readonly units: string[];
  readonly flags: Set<string>;
  readonly properties: string[];
  readonly root: boolean;
}

const withSuffix = (name: string): string =>
  /\.(service|target|timer|socket|path|mount|slice)$/.test(name) ? name : `${name}.service`;

/** Reads systemctl's arguments; unit names get their suffix. */
export function parseRequest({ argv, root }: ToolCall): Request {
  const flags = new Set<string>();
  const properties: string[] = [];
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    const [, inline] = /^(?:-p|-P|--property=)(.+)$/.exec(word) ?? [];
    if (inline) properties.push(...inline.split(","));
    else if (["-p", "-P", "--property"].includes(word)) properties.push(...(argv[++i] ?? "").split(","));
    else if (["-n", "-t", "-o", "--lines", "--type", "--output"].includes(word)) i++;
    else if (word.startsWith("-")) flags.add(word);
    else words.push(word);
    if (word.startsWith("-P")) flags.add("--value");
  }
  return { verb: words[0] ?? "list-units", units: words.slice(1).map(withSuffix), flags, properties, root };
}
