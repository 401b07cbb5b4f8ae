# Options, in the names and letters of NVIDIA's installer. They set the variables below; an unknown one is refused.
silent=no
questions=yes
ui=terminal
dkms=default
nouveau_check=yes
disable_nouveau=no
unload=yes
load=yes
uninstall=no
anyway=no
x_check=yes
alternate_check=yes
kernel=
kernel_source=
secret_key=
public_key=
log=/var/log/nvidia-installer.log

parse_options() {
  while [ $# -gt 0 ]; do
    words=1
    case $1 in
      --?*=*) long_option "${1%%=*}" "${1#*=}" ;;
      --?*) long_option "$1" "${2-}" ;;
      -dkms) dkms=yes ;;
      -?*) short_options "${1#-}" "${2-}" ;;
      *) unknown_option "$1" ;;
    esac
    case $1 in --?*=*) words=1 ;; esac
    [ $words -le $# ] || { echo "ERROR: the option '$1' needs a value" >&2; exit 1; }
    shift $words
  done
}

unknown_option() {
  printf 'nvidia-installer: unrecognized option: "%s"\n\n' "$1" >&2
  echo 'ERROR: Invalid commandline, please run `nvidia-installer --help` for usage information.' >&2
  exit 1
}

long_option() { # name, value; leaves in $words how many words of the command line it took
  case $1 in
    --accept-license) ;;
    --silent) silent=yes; questions=no; ui=none ;;
    --no-questions) questions=no ;;
    --ui) ui=$2; words=2 ;;
    --dkms) dkms=yes ;;
    --no-dkms) dkms=no ;;
    --no-nouveau-check) nouveau_check=no ;;
    --disable-nouveau) disable_nouveau=yes ;;
    --no-disable-nouveau) disable_nouveau=never ;;
    --no-x-check) x_check=no ;;
    --no-check-for-alternate-installs) alternate_check=no ;;
    --skip-module-unload) unload=no ;;
    --skip-module-load) load=no ;;
    --allow-installation-with-running-driver) anyway=yes ;;
    --uninstall) uninstall=yes; log=/var/log/nvidia-uninstall.log ;;
    --kernel-name) kernel=$2; words=2 ;;
    --kernel-source-path) kernel_source=$2; words=2 ;;
    --module-signing-secret-key) secret_key=$2; words=2 ;;
    --module-signing-public-key) public_key=$2; words=2 ;;
    --log-file-name) log=$2; words=2 ;;
    --version) show_version ;;
    --help|--advanced-options) show_help ;;
    *) long_option_without_effect "$1" ;;
  esac
}

# What these are about (X, OpenGL, 32 bits, SELinux) is not in this package.
long_option_without_effect() {
  case $1 in
    --no-nvidia-modprobe|--no-opengl-files|--no-wine-files|--no-drm|--no-peermem|--no-unified-memory) ;;
    --no-backup|--no-distro-scripts|--no-precompiled-interface|--no-abi-note|--no-rpms|--no-ncurses-color|--expert) ;;
    --no-install-compat32-libs|--no-runlevel-check|--no-cc-version-check) ;;
    --no-rebuild-initramfs|--rebuild-initramfs|--systemd|--skip-depmod|--driver-info) ;;
    --tmpdir|--x-prefix|--utility-prefix|--documentation-prefix|--kernel-output-path|--kernel-include-path) words=2 ;;
    --kernel-module-type|--kernel-module-build-directory|--concurrency-level|--module-signing-hash) words=2 ;;
    *) unknown_option "$1" ;;
  esac
}

short_options() { # letters, following word
  letters=$1
  while [ -n "$letters" ]; do
    rest=${letters#?}
    case ${letters%"$rest"} in
      a) ;;
      s) long_option --silent '' ;;
      q) questions=no ;;
      z) nouveau_check=no ;;
      Z) disable_nouveau=yes ;;
      v) show_version ;;
      h|A) show_help ;;
      b|c|e|n|r|X) ;;
      k) if [ -n "$rest" ]; then kernel=${rest#=}; else kernel=$2; words=2; fi; return ;;
      m|M|j) [ -n "$rest" ] || words=2; return ;;
      *) unknown_option "-$1" ;;
    esac
    letters=$rest
  done
}

show_version() {
  echo "nvidia-installer:  version $version"
  exit 0
}

show_help() {
  sed 's/^/  /' "$parts/help.txt"
  exit 0
}
