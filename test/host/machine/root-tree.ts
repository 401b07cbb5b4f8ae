// The files a machine is born with: everything of its own but /usr, which is an overlay of the real one.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import type { MachineOptions } from "../types.js";

/** Where the pieces of one machine are in the simulator's namespace. */
export interface MachineDirectory {
  readonly dir: string;
  readonly root: string;
  /** Parts that make up the persistent state, as label -> directory. */
  readonly persistent: Record<string, string>;
}

export const KERNEL_RELEASE = release();
export const ADMIN_UID = 1000;

/** Directories of /usr that must be made in the upper layer: an ordinary user cannot copy up root's. */
const WRITABLE_USR = [
  "bin",
  "sbin",
  "lib",
  "lib64",
  "libexec",
  "share",
  "share/nvidia",
  "share/nvidia/vgpu",
  "share/doc",
  "include",
  "lib/nvidia",
  "lib/modules",
  "lib/systemd",
  "lib/systemd/system",
  "lib/modprobe.d",
  "lib/firmware",
  "lib/udev",
  "lib/udev/rules.d",
  "lib/x86_64-linux-gnu",
  "local",
  "src",
];

const DIRECTORIES = [
  "boot/grub dev/pts dev/shm dev/vfio etc/default etc/modprobe.d etc/modules-load.d etc/ssh etc/sudoers.d",
  "etc/mdevctl.d etc/systemd/system/multi-user.target.wants etc/udev/rules.d etc/profile.d home/admin media mnt opt proc root/.ssh run/lock",
  "run/systemd/system srv sys tmp usr var/cache var/lib var/log var/spool var/tmp var/lib/dkms",
].flatMap((line) => line.split(" "));

const DEBIAN = {
  PRETTY_NAME: "Debian GNU/Linux 12 (bookworm)",
  NAME: "Debian GNU/Linux",
  VERSION_ID: "12",
  VERSION: "12 (bookworm)",
  VERSION_CODENAME: "bookworm",
  ID: "debian",
};

const isDirectory = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

export function osReleaseText(fields: Record<string, string> = DEBIAN): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${/^[\w.-]+$/.test(value) ? value : JSON.stringify(value)}\n`)
    .join("");
}

function write(root: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

function writeEtc(root: string, name: string, options: MachineOptions): void {
  const id = createHash("md5").update(`machine ${name}`).digest("hex");
  write(
    root,
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/sh\nadmin:x:1000:1000::/home/admin:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
  );
  write(root, "etc/group", "root:x:0:\nadmin:x:1000:\nkvm:x:106:\nnogroup:x:65534:\n");
  write(root, "etc/hostname", `${name}\n`);
  write(root, "etc/hosts", `127.0.0.1 localhost\n127.0.1.1 ${name}\n`);
  write(root, "etc/machine-id", `${id}\n`, 0o444);
  write(root, "etc/os-release", osReleaseText(options.osRelease));
  write(root, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
  write(
    root,
    "etc/default/grub",
    'GRUB_DEFAULT=0\nGRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n',
  );
  write(root, `boot/vmlinuz-${KERNEL_RELEASE}`, "");
  write(
    root,
    `boot/config-${KERNEL_RELEASE}`,
    "CONFIG_KVM_VFIO=y\nCONFIG_VFIO=m\nCONFIG_VFIO_IOMMU_TYPE1=m\nCONFIG_VFIO_MDEV=m\nCONFIG_IOMMU_SUPPORT=y\n",
  );
  // Programs of the real /usr reach each other and their libraries through these.
  for (const shared of ["alternatives", "ld.so.conf", "ld.so.conf.d", "ld.so.cache"])
    if (existsSync(`/etc/${shared}`))
      cpSync(`/etc/${shared}`, join(root, "etc", shared), { recursive: true, verbatimSymlinks: true });
}

function writeDevices(root: string): void {
  for (const node of ["null", "zero", "full", "random", "urandom", "tty"])
    write(root, `dev/${node}`, "", 0o666);
  for (const [link, target] of [
    ["fd", "/proc/self/fd"],
    ["stdin", "/proc/self/fd/0"],
    ["stdout", "/proc/self/fd/1"],
    ["stderr", "/proc/self/fd/2"],
  ] as const)
    symlinkSync(target, join(root, "dev", link));
}

function linkTopLevel(root: string): void {
  if (!lstatSync("/bin").isSymbolicLink())
    throw new Error(
      "The simulated machines need a system whose /bin is a link to /usr/bin; this one keeps them apart.",
    );
  for (const entry of readdirSync("/", { withFileTypes: true }))
    if (entry.isSymbolicLink() && /^\/?usr\//.test(readlinkSync(`/${entry.name}`)))
      symlinkSync(readlinkSync(`/${entry.name}`), join(root, entry.name));
}

function writeKernelTree(directory: MachineDirectory, headers: boolean): void {
  const modules = join(directory.dir, "private/modules", KERNEL_RELEASE);
  mkdirSync(join(modules, "kernel/drivers/video"), { recursive: true });
  writeFileSync(join(modules, "modules.dep"), "");
  if (!headers) return;
  const source = `linux-headers-${KERNEL_RELEASE}`;
  write(join(directory.dir, "private/src"), `${source}/Makefile`, "# kernel headers\n");
  symlinkSync(`/usr/src/${source}`, join(modules, "build"));
}

function prepareUpper(directory: MachineDirectory): void {
  const upper = join(directory.dir, "usr-upper");
  mkdirSync(upper);
  for (const path of WRITABLE_USR)
    if (isDirectory(join("/usr", path)) || !existsSync(join("/usr", path)))
      mkdirSync(join(upper, path), { recursive: true });
  if (existsSync("/usr/bin/dash")) symlinkSync("dash", join(upper, "bin/sh"));
  symlinkSync("../../etc/os-release", join(upper, "lib/os-release"));
  for (const part of [
    "usr-work",
    "private/modules",
    "private/units",
    "private/local/bin",
    "private/local/sbin",
    "private/local/lib",
    "private/src",
  ])
    mkdirSync(join(directory.dir, part), { recursive: true });
}

/** Real programs that would speak for another distribution, or reach for the network. */
const FOREIGN = {
  deb: ["rpm", "dnf", "yum", "dracut", "grubby", "apt-get", "apt"],
  rpm: ["dpkg", "dpkg-query", "apt-get", "apt", "update-initramfs", "update-grub"],
};

function hideVendorPrograms(root: string, options: MachineOptions): void {
  const foreign = FOREIGN[options.packageFormat ?? "deb"].flatMap((name) => [
    `usr/bin/${name}`,
    `usr/sbin/${name}`,
  ]);
  const vendors = ["usr/bin", "usr/sbin"].flatMap((place) =>
    readdirSync(join("/", place))
      .filter((name) => /^(nvidia-|mokutil$|sudo$)/.test(name))
      .map((name) => join(place, name)),
  );
  for (const path of [...vendors, ...foreign, ...(options.absent ?? [])])
    rmSync(join(root, path), { force: true });
}

/** Makes and mounts the tree of a new machine below `base`, but not its /sys. */
export function buildRoot(base: string, name: string, options: MachineOptions): MachineDirectory {
  const dir = join(base, name);
  const root = join(dir, "root");
  const persistent: Record<string, string> = {};
  for (const part of ["etc", "var", "root", "home", "opt", "srv", "boot"])
    persistent[`/${part}`] = join(root, part);
  persistent["/usr"] = join(dir, "usr-upper");
  for (const [path, part] of [
    ["lib/modules", "modules"],
    ["lib/systemd/system", "units"],
    ["local", "local"],
    ["src", "src"],
  ])
    persistent[`/usr/${path}`] = join(dir, "private", part as string);
  const directory = { dir, root, persistent };
  for (const path of DIRECTORIES) mkdirSync(join(root, path), { recursive: true });
  for (const path of ["root", "root/.ssh", "etc/sudoers.d"]) chmodSync(join(root, path), 0o700);
  for (const path of ["tmp", "var/tmp", "dev/shm"]) chmodSync(join(root, path), 0o1777);
  symlinkSync("/run", join(root, "var/run"));
  linkTopLevel(root);
  writeEtc(root, name, options);
  writeDevices(root);
  prepareUpper(directory);
  writeKernelTree(directory, options.kernelHeaders ?? true);
  try {
    chownSync(join(root, "home/admin"), ADMIN_UID, ADMIN_UID);
  } catch {
    // One mapped uid only: an ordinary user's namespace. The user admin is then root by another name.
  }
  writeFileSync(
    join(dir, "cmdline"),
    `${options.kernelCommandLine ?? "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro quiet"}\n`,
  );
  writeFileSync(join(dir, "cpuinfo"), cpuInfo(options.virtual === true));
  const overlay = isRootless() ? ",userxattr" : "";
  execFileSync("/bin/sh", [join(__dirname, "assemble.sh"), dir, overlay]);
  hideVendorPrograms(root, options);
  return directory;
}

/** One processor, as /proc/cpuinfo has it on x86. */
function cpuInfo(virtual: boolean): string {
  const flags = `fpu sse2 ht ${virtual ? "hypervisor " : "vmx "}lahf_lm`;
  return `processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: ${flags}\n\n`;
}

let rootless: boolean | undefined;
/** Whether only one uid is mapped: an ordinary user's namespace. */
export function isRootless(): boolean {
  rootless ??= !/^\s*0\s+0\s+4294967295/.test(readFileSync("/proc/self/uid_map", "utf8"));
  return rootless;
}

/** What a power-off loses. */
export function emptyVolatile(root: string): void {
  for (const path of ["run", "tmp", "dev/shm", "dev/vfio"])
    for (const name of readdirSync(join(root, path)))
      rmSync(join(root, path, name), { recursive: true, force: true });
  for (const path of ["run/lock", "run/systemd/system"]) mkdirSync(join(root, path), { recursive: true });
  chmodSync(join(root, "run/lock"), 0o1777);
}
