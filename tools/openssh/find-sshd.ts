import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { toolCache } from "../paths.js";

/** An OpenSSH server to test against, and the folder of the libraries that came with it. */
export interface Sshd {
  readonly program: string;
  readonly libraries: string | undefined;
}

/** What sshd takes beyond a plain Debian. */
const packages = ["openssh-server", "libwrap0"];

/**
 * Returns this machine's OpenSSH server; where none is installed, Debian's in the tools' cache, got by apt without root.
 * @throws why there is none
 */
export function findSshd(): Sshd {
  const installed = process.env.VGPU_TEST_SSHD ?? "/usr/sbin/sshd";
  if (existsSync(installed)) return { program: installed, libraries: undefined };
  const folder = path.join(toolCache, "openssh");
  const program = path.join(folder, "usr/sbin/sshd");
  if (!existsSync(program)) unpack(folder);
  return { program, libraries: path.join(folder, "usr/lib", multiarch(folder)) };
}

function unpack(folder: string): void {
  mkdirSync(toolCache, { recursive: true });
  const place = mkdtempSync(`${folder}-`);
  try {
    const cwd = path.join(place, "packages");
    mkdirSync(cwd);
    download(place, cwd);
    const tree = path.join(place, "tree");
    for (const file of readdirSync(cwd)) execFileSync("dpkg-deb", ["-x", path.join(cwd, file), tree]);
    renameSync(tree, folder);
  } catch (error) {
    // Another process was quicker.
    if (existsSync(path.join(folder, "usr/sbin/sshd"))) return;
    throw new Error(
      `There is no OpenSSH server here (/usr/sbin/sshd), and apt does not bring one: ${(error as Error).message.split("\n")[0]}\nNext: install openssh-server.`,
    );
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** With lists of packages of its own: those of the machine may never have been brought. */
function download(place: string, cwd: string): void {
  const state = path.join(place, "state");
  const cache = path.join(place, "cache");
  mkdirSync(path.join(state, "lists/partial"), { recursive: true });
  mkdirSync(path.join(cache, "archives/partial"), { recursive: true });
  const own = [`Dir::State=${state}`, `Dir::Cache=${cache}`, "APT::Sandbox::User=root"];
  const options = ["-q", ...own.flatMap((option) => ["-o", option])];
  for (const words of [["update"], ["download", ...packages]])
    execFileSync("apt-get", [...options, ...words], { cwd, stdio: ["ignore", "ignore", "pipe"] });
}

function multiarch(folder: string): string {
  return readdirSync(path.join(folder, "usr/lib")).find((name) => name.includes("-linux-")) ?? "";
}
