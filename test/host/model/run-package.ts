import type { InstallerFault } from "./faults.js";

/** What a driver package of a simulated vendor is like. */
export interface RunPackageOptions {
  /** Version of the driver in it, e.g. `"550.127.06"`; not the release of the vGPU software. */
  readonly version: string;
  /** How it misbehaves, each time (`"fail-once"`: the first time on a machine). */
  readonly fault?: InstallerFault;
  /** How long an installation takes. @default 0 */
  readonly seconds?: number;
  /** Bytes of payload after the script, so that an upload takes its time. @default 0 */
  readonly payloadBytes?: number;
  /** Where the machine has the program that does the work. */
  readonly installer?: string;
}

/** Path of the program that a package calls; machines have it from the start. */
export const installerPath = "/usr/lib/standin/nvidia-installer";

/** Exit codes by which the installer tells the package's script to misbehave. */
export const faultExit = { nothing: 90, hang: 91, die: 92 } as const;

/** Returns the name of the vGPU manager's package for KVM. Source: hosts.md b */
export function hostRunName(version: string): string {
  return `NVIDIA-Linux-x86_64-${version}-vgpu-kvm.run`;
}

/** Returns the name of the Linux guest driver's package. Source: guests.md 1 */
export function guestRunName(version: string): string {
  return `NVIDIA-Linux-x86_64-${version}-grid.run`;
}

/** Returns the bytes of a vGPU manager package: a shell script with a payload. */
export function makeHostRun(options: RunPackageOptions): Buffer {
  return runPackage("vgpu-kvm", options);
}

/** Returns the bytes of a Linux guest driver package: a shell script with a payload. */
export function makeGuestRun(options: RunPackageOptions): Buffer {
  return runPackage("grid", options);
}

function runPackage(kind: "vgpu-kvm" | "grid", options: RunPackageOptions): Buffer {
  if (!/^[0-9.]+$/.test(options.version)) throw new Error(`no driver version: ${options.version}`);
  const target = `NVIDIA-Linux-x86_64-${options.version}-${kind}`;
  const head = [
    "#!/bin/sh",
    "# A driver package of the simulated vendor: this script asks the machine's stand-in to do the work.",
    `label="NVIDIA Accelerated Graphics Driver for Linux-x86_64 ${options.version}-${kind}"`,
    `version_string=${options.version}`,
    "script=./nvidia-installer",
    `targetdir=${target}`,
    `version='${options.version}'`,
    `kind='${kind}'`,
    `pause='${((options.seconds ?? 0) / 3).toFixed(3)}'`,
    `fault='${options.fault ?? ""}'`,
    `installer=${options.installer ?? installerPath}`,
  ];
  const script = `${head.join("\n")}\n${body}`;
  const payload = Buffer.alloc(options.payloadBytes ?? 0, `${options.version} ${kind} `);
  return Buffer.concat([Buffer.from(script), payload]);
}

/**
 * Options as nvidia-installer's: short ones may be joined (`-as`). It unpacks to where TMPDIR or `--tmpdir` says, before
 * the installer is there to write a log. Source: hosts.md b, guests.md 1, programs.md 1 and 2
 */
const body = `arguments=$*
self=$0
flags=
add() { flags="$flags $1"; }
short() {
  case $1 in
    a) add accept ;;
    s) add silent ;;
    q) add no-questions ;;
    z) add no-nouveau-check ;;
    *) unknown "-$1" ;;
  esac
}
unknown() {
  printf 'nvidia-installer: unrecognized option: "%s"\\n\\n' "$1" >&2
  printf 'ERROR: Invalid commandline, please run \`nvidia-installer --help\` for usage information.\\n' >&2
  exit 1
}
tmp=\${TMPDIR:-/tmp}
while [ $# -gt 0 ]; do
  case $1 in
    --accept-license) add accept ;;
    --silent) add silent ;;
    --no-questions) add no-questions ;;
    --ui=none) add no-ui ;;
    --dkms|-dkms) add dkms ;;
    --no-dkms) add no-dkms ;;
    --tmpdir) shift; tmp=$1 ;;
    --log-file-name=*) add "log=\${1#*=}" ;;
    --disable-nouveau) add disable-nouveau ;;
    --no-nouveau-check) add no-nouveau-check ;;
    --skip-module-unload) add skip-module-unload ;;
    --uninstall) add uninstall ;;
    -x|--extract-only) add extract ;;
    -k) shift; add "kernel=$1" ;;
    --kernel-name=*) add "kernel=\${1#*=}" ;;
    -m=*|--kernel-module-type=*) add "modules=\${1#*=}" ;;
    --module-signing-secret-key=*) add "secret-key=\${1#*=}" ;;
    --module-signing-public-key=*) add "public-key=\${1#*=}" ;;
    --no-x-check|--no-nvidia-modprobe|--no-drm|--no-opengl-files|--no-backup|--no-distro-scripts|-Z) ;;
    --kernel-source-path=*|--tmpdir=*|--ui=*) ;;
    -h|--help) printf 'usage: %s [-a] [-s] [-q] [--dkms] [-k KERNEL] [-x] [--uninstall]\\n' "$self"; exit 0 ;;
    -v|--version) printf 'nvidia-installer:  version %s\\n' "$version"; exit 0 ;;
    -[!-]*)
      letters=\${1#-}
      while [ -n "$letters" ]; do
        rest=\${letters#?}
        short "\${letters%"$rest"}"
        letters=$rest
      done ;;
    *) unknown "$1" ;;
  esac
  shift
done
if [ -t 0 ]; then add terminal; fi
case " $flags " in
  *' extract '*)
    mkdir "$targetdir" && printf '%s\\n' "$version" > "$targetdir/.manifest" && exit 0
    exit 1 ;;
esac
unpacked=$tmp/selfgz$$
mkdir "$unpacked" && printf '#!/bin/sh\\n' > "$unpacked/nvidia-installer" && chmod 700 "$unpacked/nvidia-installer" || exit 15
if ! "$unpacked/nvidia-installer" 2> /dev/null; then
  printf 'ERROR: Temporary directory %s is not executable - use the  --tmpdir option to specify a different one.\\n' "$tmp" >&2
  rm -rf "$unpacked"
  exit 1
fi
trap 'rm -rf "$unpacked"' EXIT
step() {
  # shellcheck disable=SC2086 # flags are words
  "$installer" "$1" "kind=$kind" "version=$version" "fault=$fault" $flags "arguments=$arguments"
}
case " $flags " in *' uninstall '*) step uninstall; exit $? ;; esac
step prepare
code=$?
case $code in
  0) ;;
  ${faultExit.nothing}) exit 0 ;;
  ${faultExit.hang}) while :; do sleep 3600; done ;;
  ${faultExit.die}) ;;
  *) exit $code ;;
esac
sleep "$pause"
step files || exit $?
if [ $code = ${faultExit.die} ]; then kill -9 $$; fi
sleep "$pause"
step modules || exit $?
sleep "$pause"
step services || exit $?
step finish
exit $?
`;
