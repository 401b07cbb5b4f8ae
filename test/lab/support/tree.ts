import { mustRun, type Shell } from "./domain.js";

/** Every file of a machine that outlives a reboot: path → what it is. */
export type Tree = ReadonlyMap<string, string>;

/** What changes by itself, or says only when something was done. */
const volatile = [
  "/run",
  "/tmp",
  "/tmp/*",
  "/var/log/*",
  "/var/cache/*",
  "/var/tmp/*",
  "/var/lib/logrotate/*",
  "/var/lib/systemd/*",
  "/var/lib/dbus/*",
  "/var/lib/libvirt/*",
  "/var/lib/labgpu/*",
  // Regenerated whole by the distribution's tools: the same contents have another order or date in them.
  "/boot/initrd.img-*",
  "/etc/libvirt/*",
  // The key that Debian's dkms makes when it first builds a module, and keeps.
  "/var/lib/dkms/mok.*",
  "/root/*",
];

const prune = `\\( ${volatile.map((pattern) => `-path '${pattern}'`).join(" -o ")} \\) -prune`;
const mark = "/run/lab-mark";

/**
 * Returns every file, directory and link of the disk with mode, owner and, for files, a hash where they are small
 * enough to have been written by us or by an installer, else the size.
 */
export async function treeOf(machine: Pick<Shell, "shell">): Promise<Tree> {
  const listing = await mustRun(
    machine,
    `find / -xdev ${prune} -o ! -type d -printf '%p\\t%y %m %U %s %l\\n' -o -type d -printf '%p\\t%y %m %U\\n'`,
  );
  const hashes = await mustRun(
    machine,
    `find /etc /boot/grub /usr/local /usr/lib/modules/*/modules.* /usr/lib/systemd/system -xdev -type f -exec sha256sum {} +`,
  );
  const hashOf = new Map(hashes.split("\n").map((line) => [line.slice(66), line.slice(0, 64)]));
  const tree = new Map<string, string>();
  for (const line of listing.split("\n")) {
    const [path = "", what = ""] = line.split("\t");
    if (path === "") continue;
    tree.set(path, `${what.trim()} ${hashOf.get(path) ?? ""}`.trim());
  }
  return tree;
}

/** Returns a function that tells which of these files were made or changed since, and which folders lost or got one. */
export async function changesFromNow(machine: Pick<Shell, "shell">): Promise<() => Promise<string[]>> {
  await mustRun(machine, `touch ${mark}`);
  return async () => {
    const changed = await mustRun(machine, `find / -xdev ${prune} -o -cnewer ${mark} -print`);
    return changed.split("\n").filter((line) => line !== "");
  };
}

/** Returns what differs, a line each: `+` is only in `after`, `-` only in `before`. */
export function differences(before: Tree, after: Tree): string[] {
  const lines: string[] = [];
  for (const [path, what] of before) {
    const now = after.get(path);
    if (now === undefined) lines.push(`- ${path}`);
    else if (now !== what) lines.push(`~ ${path}: ${what} → ${now}`);
  }
  for (const path of after.keys()) if (!before.has(path)) lines.push(`+ ${path}`);
  return lines.sort();
}
