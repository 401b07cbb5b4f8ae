// How a process gets into namespaces of its own, as root or as an ordinary user, and why not where it cannot.
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"];
const ROOTLESS = ["--user", "--map-root-user"];

const repository = resolve(__dirname, "../../..");

/** Command line and environment that start the simulator's process. */
export interface Launch {
  readonly command: string;
  readonly args: string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Flags of unshare that work here, or the sentence that says why none does. */
export function namespaceFlags(): { flags: string[] } | { missing: string } {
  if (process.platform !== "linux" || process.arch !== "x64")
    return {
      missing:
        "The simulated machines need Linux on x86-64: namespaces, and the libfuse that fuse-native brings.",
    };
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch {
    return {
      missing:
        "The simulated machines need /dev/fuse readable and writable by this user (chmod 666 /dev/fuse, or modprobe fuse).",
    };
  }
  const works = (flags: string[]) =>
    spawnSync("unshare", [...flags, "true"], { stdio: "ignore" }).status === 0;
  if (process.getuid?.() === 0 && works(NAMESPACES)) return { flags: NAMESPACES };
  if (works([...ROOTLESS, ...NAMESPACES])) return { flags: [...ROOTLESS, ...NAMESPACES] };
  return {
    missing:
      "The simulated machines need mount namespaces: run as root with CAP_SYS_ADMIN, or allow user namespaces " +
      "(sysctl kernel.unprivileged_userns_clone=1; on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0) " +
      "and have util-linux (unshare, nsenter) installed.",
  };
}

/** Name by which fuse-native asks for the libfuse that it ships under another name. */
function libfuseDirectory(): string {
  const directory = join(repository, ".cache/fuse");
  const library = join(
    dirname(require.resolve("fuse-shared-library-linux/package.json")),
    "libfuse/lib/libfuse.so",
  );
  mkdirSync(directory, { recursive: true });
  try {
    // Relative, so that a moved checkout keeps working.
    symlinkSync(relative(directory, library), join(directory, "libfuse.so.2"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return directory;
}

/** @throws Error with the one sentence that says what is missing on this machine. */
export function simulatorLaunch(): Launch {
  const found = namespaceFlags();
  if ("missing" in found) throw new Error(found.missing);
  const node = [
    "--require",
    join(repository, "tools/run-typescript.cjs"),
    join(__dirname, "simulator-main.ts"),
  ];
  return {
    command: "unshare",
    // A shell is pid 1, because it reaps: Node leaves orphans as zombies, and a machine's namespace ends only when
    // all that was in it is reaped. The last word keeps the shell from becoming Node.
    args: [...found.flags, "/bin/sh", "-c", '"$@"; exit $?', "simulator", process.execPath, ...node],
    env: { ...process.env, LD_LIBRARY_PATH: libfuseDirectory() },
  };
}
