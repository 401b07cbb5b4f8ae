import { shellQuote } from "./quote.js";
import type { RemoteScript } from "./remote-script.js";

/** How a session becomes root on the machine. */
export type BecomeRoot =
  | { readonly by: "login" }
  | { readonly by: "sudo" }
  | { readonly by: "sudo-password"; readonly password: string };

/** What one channel carries: the command and what comes on standard input before the request's own. */
export interface CommandLine {
  readonly text: string;
  readonly stdinPrefix: string;
}

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** A login may have any umask, and what a script makes must not be for others to write. */
const environment = `export LC_ALL=C PATH=${path}\numask 022\n`;

/** The line that ends what sudo reads from standard input. */
const stdinMarker = "pulumi-vgpu: standard input begins";

/** The line on standard error that proves that sudo started the script: sudo's own texts vary, and come before it. */
export const startedMarker = "pulumi-vgpu: started as root";

const announce = `printf '%s\\n' '${startedMarker}' >&2\n`;
const skipPassword = `while IFS= read -r vgpu_line; do [ "$vgpu_line" = '${stdinMarker}' ] && break; done\n`;

/** The kernel's limit of one argument (128 KiB) holds for the whole command, since sshd hands it to a shell as one. */
const longest = 128 * 1024 - 1;

/** A command is one packet, and no server must take one of more than 35,000 bytes (RFC 4253, 6.1): comments stay here. */
function withoutComments(text: string): string {
  return text.replace(/^[ \t]*#.*\n/gm, "");
}

/** Returns the command for one channel: `[sudo … --] /bin/sh -c '<script>' pulumi-vgpu:<name> '<argument>'…`. */
export function commandLine(script: RemoteScript, args: readonly string[], root: BecomeRoot): CommandLine {
  const shell = (preamble: string) =>
    [
      "/bin/sh -c",
      shellQuote(preamble + withoutComments(script.text)),
      `pulumi-vgpu:${script.name}`,
      ...args.map(shellQuote),
    ].join(" ");
  const line = assemble(root, shell);
  if (Buffer.byteLength(line.text) > longest) {
    throw new Error(
      `the command ${script.name} is longer than ${longest} bytes: pass its values on standard input`,
    );
  }
  return line;
}

function assemble(root: BecomeRoot, shell: (preamble: string) => string): CommandLine {
  if (root.by === "login") return { text: shell(environment), stdinPrefix: "" };
  if (root.by === "sudo") return { text: `sudo -n -- ${shell(environment + announce)}`, stdinPrefix: "" };
  return {
    // sudo with NOPASSWD leaves the password line unread, and then the script must not see it as input.
    text: `sudo -k -S -p '' -- ${shell(environment + announce + skipPassword)}`,
    stdinPrefix: `${root.password}\n${stdinMarker}\n`,
  };
}

/** Returns the script's own standard error, `undefined` if sudo never started the script. */
export function stderrOfScript(stderr: string, root: BecomeRoot): string | undefined {
  if (root.by === "login") return stderr;
  const at = stderr.indexOf(`${startedMarker}\n`);
  return at === -1 ? undefined : stderr.slice(at + startedMarker.length + 1);
}
