// Stand-ins of what belongs to a boot, a distribution or a kernel: initramfs, packages, EFI, udev, reboot.
import type { Machine, ToolHandler, ToolResult } from "../../types.js";
import { modprobeText } from "./modules.js";

/** Where the modprobe.d text of the initramfs is kept; its presence is the initramfs. */
export const initramfsPath = (machine: Machine, kernel = machine.kernelRelease): string =>
  machine.options.packageFormat === "rpm" ? `/boot/initramfs-${kernel}.img` : `/boot/initrd.img-${kernel}`;

const rootOnly =
  (handler: ToolHandler): ToolHandler =>
  (call, machine) =>
    call.root ? handler(call, machine) : { code: 1, stderr: `${call.tool}: must be run as root\n` };

/** Copies what modprobe.d says now into the initramfs, which decides at the next boot. */
export function rebuildInitramfs(machine: Machine, kernel = machine.kernelRelease): void {
  machine.writeFile(initramfsPath(machine, kernel), modprobeText(machine), 0o644);
}

const updateInitramfs = rootOnly(({ argv }, machine) => {
  if (!argv.some((word) => /^-[uck]/.test(word)))
    return { code: 1, stderr: "update-initramfs: one of -c, -u or -d is needed\n" };
  // It ends with 0 having made nothing. Source: programs.md 7
  const settings = machine.readFile("/etc/initramfs-tools/update-initramfs.conf") ?? "";
  if (/^\s*update_initramfs=no/m.test(settings)) return { code: 0 };
  const at = argv.indexOf("-k");
  const kernels = machine
    .listDir("/usr/lib/modules")
    .filter((kernel) => machine.exists(initramfsPath(machine, kernel)));
  const wanted = at < 0 ? kernels.slice(-1) : argv[at + 1] === "all" ? kernels : [argv[at + 1] ?? ""];
  const made = wanted.map((kernel) => {
    rebuildInitramfs(machine, kernel);
    return `update-initramfs: Generating ${initramfsPath(machine, kernel)}\n`;
  });
  return { code: 0, stdout: made.join("") };
});

const dracut = rootOnly(({ argv }, machine) => {
  if (machine.exists(initramfsPath(machine)) && !argv.some((word) => word === "-f" || word === "--force"))
    return {
      code: 1,
      stderr: `dracut: Will not override existing initramfs (${initramfsPath(machine)}) without --force\n`,
    };
  const all = argv.includes("--regenerate-all");
  for (const kernel of all ? machine.listDir("/usr/lib/modules") : [machine.kernelRelease])
    rebuildInitramfs(machine, kernel);
  return { code: 0 };
});

const updateGrub = rootOnly((_call, machine) => {
  machine.writeFile("/boot/grub/grub.cfg", machine.readFile("/etc/default/grub") ?? "");
  return { code: 0, stderr: "Generating grub configuration file ...\ndone\n" };
});

const mokutil: ToolHandler = ({ argv }, { options }) => {
  if (!argv.includes("--sb-state")) return { code: 1, stderr: "mokutil: only --sb-state is known here\n" };
  if (options.secureBoot === undefined)
    return { code: 255, stderr: "EFI variables are not supported on this system\n" };
  return { code: 0, stdout: `SecureBoot ${options.secureBoot ? "enabled" : "disabled"}\n` };
};

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^$()|[\]{}\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );

/** Returns the paths in a package of the machine. */
function filesOf(machine: Machine, name: string): string[] {
  const known = machine.options.packageFiles?.[name];
  if (known !== undefined) return known;
  const driver = /^(nvidia-driver|nvidia-dkms|nvidia-kernel|kmod-nvidia|akmod-nvidia|cuda-drivers)/.test(
    name,
  );
  const library = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1";
  return [`/usr/share/doc/${name}/copyright`, ...(driver ? [library] : [])];
}

/** Returns the packages that have this path. */
function ownersOf(machine: Machine, path: string): string[] {
  return [...machine.packages.keys()].filter((name) => filesOf(machine, name).includes(path));
}

/** `-L` and `-S` of dpkg-query; `undefined` when neither is asked. */
function dpkgFiles(argv: readonly string[], machine: Machine): ToolResult | undefined {
  const [option, name = ""] = argv;
  if (option === "-L") {
    if (!machine.packages.has(name))
      return { code: 1, stderr: `dpkg-query: package '${name}' is not installed\n` };
    return {
      code: 0,
      stdout: filesOf(machine, name)
        .map((path) => `${path}\n`)
        .join(""),
    };
  }
  if (option !== "-S") return undefined;
  const owners = ownersOf(machine, name);
  if (owners.length === 0) return { code: 1, stderr: `dpkg-query: no path found matching pattern ${name}\n` };
  return { code: 0, stdout: `${owners.join(", ")}: ${name}\n` };
}

/** `-ql` and `-qf` of rpm; `undefined` when neither is asked. */
function rpmFiles(argv: readonly string[], machine: Machine): ToolResult | undefined {
  const name = argv.at(-1) ?? "";
  if (argv[0] === "-ql") {
    if (!machine.packages.has(name)) return { code: 1, stdout: `package ${name} is not installed\n` };
    return {
      code: 0,
      stdout: filesOf(machine, name)
        .map((path) => `${path}\n`)
        .join(""),
    };
  }
  if (argv[0] !== "-qf") return undefined;
  const owners = ownersOf(machine, name);
  if (owners.length === 0) return { code: 1, stdout: `file ${name} is not owned by any package\n` };
  return { code: 0, stdout: owners.map((owner) => `${owner}\n`).join("") };
}

function dpkgFormat(format: string, name: string, installed: { version: string; state: string }): string {
  const { version, state } = installed;
  const fields: Record<string, string> = {
    Package: name,
    "binary:Package": name,
    Version: version,
    Status: "install ok installed",
    "db:Status-Status": "installed",
    "db:Status-Abbrev": state,
    Architecture: "amd64",
  };
  return format
    .replace(/\$\{([^;}]+)[^}]*\}/g, (_whole, key: string) => fields[key] ?? "")
    .replaceAll("\\n", "\n")
    .replaceAll("\\t", "\t");
}

function dpkgQuery(argv: string[], machine: Machine): ToolResult {
  const asked = dpkgFiles(argv, machine);
  if (asked !== undefined) return asked;
  const format = /^(?:-f|--showformat)=?(.*)$/s;
  const at = argv.findIndex((word) => format.test(word));
  const inline = at >= 0 ? (format.exec(argv[at] ?? "")?.[1] ?? "") : "";
  const template = inline || (at >= 0 ? (argv[at + 1] ?? "") : "${binary:Package}\t${Version}\n");
  const patterns = argv.filter(
    (word, i) => !word.startsWith("-") && !(at >= 0 && inline === "" && i === at + 1),
  );
  const installed = [...machine.packages];
  const missing = patterns.filter((pattern) => !installed.some(([name]) => glob(pattern).test(name)));
  const found = installed.filter(
    ([name]) => patterns.length === 0 || patterns.some((pattern) => glob(pattern).test(name)),
  );
  const long = argv.some((word) => word === "-l" || word === "--list");
  const stdout = found.map(([name, version]) =>
    long
      ? `ii  ${name}  ${version}  amd64  ${name}\n`
      : dpkgFormat(template, name, { version, state: machine.options.packageStates?.[name] ?? "ii " }),
  );
  const stderr = missing.map((name) => `dpkg-query: no packages found matching ${name}\n`);
  return { code: missing.length ? 1 : 0, stdout: stdout.join(""), stderr: stderr.join("") };
}

const dpkg: ToolHandler = ({ argv }, machine) => {
  if (argv[0] === "--print-architecture") return { code: 0, stdout: "amd64\n" };
  if (argv[0] === "-s" || argv[0] === "--status") {
    const name = argv[1] ?? "";
    const version = machine.packages.get(name);
    return version === undefined
      ? {
          code: 1,
          stderr: `dpkg-query: package '${name}' is not installed and no information is available\n`,
        }
      : { code: 0, stdout: `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n` };
  }
  return dpkgQuery(argv, machine);
};

const rpm: ToolHandler = ({ argv }, machine) => {
  const asked = rpmFiles(argv, machine);
  if (asked !== undefined) return asked;
  const all = argv.some((word) => /^-qa/.test(word) || word === "-a" || word === "--all");
  const formatAt = argv.findIndex((word) => word === "--qf" || word === "--queryformat");
  const template = argv[formatAt + 1] ?? "";
  const line = (name: string, version: string) =>
    formatAt < 0
      ? `${name}-${version}.x86_64\n`
      : template
          .replace(/%\{(\w+)\}/g, (_whole, key: string) =>
            /name/i.test(key) ? name : /version/i.test(key) ? version : "",
          )
          .replaceAll("\\n", "\n");
  const names = argv.filter((word, i) => !word.startsWith("-") && (formatAt < 0 || i !== formatAt + 1));
  if (all) {
    const found = [...machine.packages].filter(
      ([name]) => names.length === 0 || names.some((pattern) => glob(pattern).test(name)),
    );
    return { code: 0, stdout: found.map(([name, version]) => line(name, version)).join("") };
  }
  const rows = names.map((name) => [name, machine.packages.get(name)] as const);
  const stdout = rows.map(([name, version]) =>
    version === undefined ? `package ${name} is not installed\n` : line(name, version),
  );
  return { code: rows.filter(([, version]) => version === undefined).length, stdout: stdout.join("") };
};

const hostname: ToolHandler = (_call, machine) => ({ code: 0, stdout: `${machine.name}\n` });
const fine: ToolHandler = () => ({ code: 0 });

/** Only on a machine whose kernel is not the real one: -r, -m, -n, -s, alone or in a row. */
export const uname: ToolHandler = ({ argv }, { kernelRelease, name }) => {
  const words: Record<string, string> = { s: "Linux", n: name, r: kernelRelease, m: "x86_64" };
  const wanted = argv.flatMap((word) => [...word.replace(/^-/, "")]).filter((letter) => letter in words);
  return {
    code: 0,
    stdout: `${(wanted.length > 0 ? wanted : ["s"]).map((letter) => words[letter]).join(" ")}\n`,
  };
};

/** Programs every machine has, path -> handler. */
export function systemTools(machine: Machine): Record<string, ToolHandler> {
  const packages =
    machine.options.packageFormat === "rpm"
      ? { "/usr/bin/rpm": rpm, "/usr/bin/dracut": dracut, "/usr/sbin/grub2-mkconfig": updateGrub }
      : {
          "/usr/bin/dpkg": dpkg,
          "/usr/bin/dpkg-query": ((call, on) => dpkgQuery(call.argv, on)) as ToolHandler,
          "/usr/sbin/update-initramfs": updateInitramfs,
          "/usr/sbin/update-grub": updateGrub,
        };
  return {
    ...packages,
    "/usr/bin/mokutil": mokutil,
    "/usr/bin/hostname": hostname,
    "/usr/bin/udevadm": fine,
    "/usr/sbin/depmod": fine,
  };
}
