import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { shellQuote } from "../link/quote.js";
import { anyShell } from "./any-shell.js";
import type { RemoteScript } from "./remote-script.js";

/** How a session becomes root on the machine. */
export type BecomeRoot =
  | { readonly by: "login" }
  | { readonly by: "sudo" }
  | { readonly by: "sudo-password"; readonly password: string };

/** The words of one call, which no machine can have printed before it: chance is in each. */
export interface CallMarks {
  /** What all of them hold. */
  readonly token: string;
  /** The line on standard output after which all is the script's. */
  readonly begin: string;
  /** The same of standard error, which follows that one: where the two outputs are one, it is in the answer. */
  readonly errors: string;
  /** What follows the last byte of the script's standard output; the exit code and a line end come after it. */
  readonly end: string;
  /** The line, on both outputs, that says that the login shell has run our command, before sudo is asked. */
  readonly reached: string;
  /** How sudo asks for a password. */
  readonly prompt: string;
  /** The line after which standard input is the script's, where a password went before. */
  readonly input: string;
}

/** What one channel carries. */
export interface CommandLine {
  readonly text: string;
  readonly marks: CallMarks;
}

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** A login may have any umask, and what a script makes must not be for others to write. */
const environment = `export LC_ALL=C PATH=${path}\numask 022\n`;

/** The kernel's limit of one argument (128 KiB) holds for the whole command, since sshd hands it to a shell as one. */
const longest = 128 * 1024 - 1;

/** A command is one packet, and no server must take one of more than 35,000 bytes (RFC 4253, 6.1): comments and indents stay here. */
function withoutComments(text: string): string {
  return text.replace(/^[ \t]*#.*\n/gm, "").replace(/^[ \t]+/gm, "");
}

/** From how many bytes on a script is sent packed: the rest of the packet is for its arguments and what the shell needs quoted. */
const longestPlain = 24_000;

/** A script that is too long for one packet comes to a third of it; without gzip it ends before its first line. */
function packed(text: string): string {
  if (text.length <= longestPlain) return text;
  const base64 = gzipSync(text, { level: 9 }).toString("base64");
  return `vgpu_text=$(echo ${base64} | base64 -d | gzip -dc) || exit\neval "$vgpu_text"\n`;
}

/**
 * Returns the command for one channel. In the end one process runs on the machine, `/bin/sh -c <script> pulumi-vgpu:<name>`, which
 * says where its answer begins and ends.
 */
export function commandLine(script: RemoteScript, args: readonly string[], root: BecomeRoot): CommandLine {
  const token = randomBytes(12).toString("hex");
  const program =
    announced(token, root) + (args.length === 0 ? "" : `set -- ${args.map(shellQuote).join(" ")}\n`);
  const text = anyShell(
    boot(token, root),
    `pulumi-vgpu:${script.name}`,
    program + packed(withoutComments(script.text)),
  );
  if (text.length > longest) {
    throw new Error(
      `the command ${script.name} is longer than ${longest} bytes: pass its values on standard input`,
    );
  }
  return { text, marks: marksOf(token) };
}

/** Returns a script with its arguments as a program of /bin/sh for a file: `/bin/sh -c '<script>' pulumi-vgpu:<name> '<argument>'…`. */
export function shellProgram(script: RemoteScript, args: readonly string[]): string {
  const text = shellQuote(environment + withoutComments(script.text));
  return ["/bin/sh -c", text, `pulumi-vgpu:${script.name}`, ...args.map(shellQuote)].join(" ");
}

function marksOf(token: string): CallMarks {
  const mark = (word: string) => `vgpu-${word}-${token}`;
  return {
    begin: `${mark("begin")}\n`,
    errors: `${mark("errors")}\n`,
    end: `${mark("end")} `,
    reached: `${mark("reached")}\n`,
    token,
    prompt: mark("password"),
    input: `${mark("input")}\n`,
  };
}

/** The marks stand in no command as they are printed: a shell that shows its commands must not be taken for the script. */
function boot(token: string, root: BecomeRoot): string {
  const shell = `/bin/sh -c "$(printf %b "$@")" "$0"`;
  if (root.by === "login") return `exec ${shell}`;
  const say = `echo "vgpu-reached"-${token}`;
  const reached = `export LC_ALL=C; ${say}; ${say} >&2; exec sudo`;
  return root.by === "sudo"
    ? `${reached} -n -- ${shell}`
    : `${reached} -k -S -p vgpu-password-${token} -- ${shell}`;
}

function announced(token: string, root: BecomeRoot): string {
  const say = (word: string) => `printf '%s-%s' vgpu-${word} ${token}`;
  const lines = [
    `export LC_ALL=C PATH=${path}`,
    "umask 022",
    `trap 'vgpu_code=$?; ${say("end").replaceAll("'", '"')}; echo " $vgpu_code"; exit "$vgpu_code"' 0`,
    `${say("begin")}; echo; { ${say("errors")}; echo; } >&2`,
  ];
  // sudo with NOPASSWD leaves the password line unread, and then the script must not see it as input.
  const skip = `while IFS= read -r vgpu_line || { trap - 0; exit 1; }; do [ "$vgpu_line" = "vgpu-input"-${token} ] && break; done`;
  return `${(root.by === "sudo-password" ? [...lines, skip] : lines).join("\n")}\n`;
}
