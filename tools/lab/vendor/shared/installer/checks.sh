# What must be so before anything is changed. Facts: shared/domain/hosts.md a and b, sample-outputs/installer-failures.txt
ask_for_license() {
  [ "$accept" = no ] || return 0
  [ -t 0 ] && [ "$ui" != none ] || refuse "The license was not accepted, and there is no terminal to ask on (see --accept-license)."
  cat "$here/LICENSE"
  printf "\nType 'accept' to accept this license, anything else to leave: "
  read -r answer || answer=
  [ "$answer" = accept ] || refuse "The license was not accepted."
}

ask_to_uninstall() {
  if [ "$silent" = yes ] || [ "$ui" = none ] || [ "$questions" = no ]; then return 0; fi
  [ -t 0 ] || refuse "There is no terminal to ask on whether to uninstall (see --silent)."
  yes_or_no "Take the NVIDIA driver $version away?" yes || finish "Nothing was changed."
}

check_nothing_loaded() {
  [ "$unload" = yes ] || return 0
  unload_modules && return 0
  warn "An NVIDIA kernel module '$busy' appears to already be loaded in your kernel.  This may be because it is in use (for example, by an X server, a CUDA program, or the NVIDIA Persistence Daemon), but this may also happen if your kernel was configured without support for module unloading."
  if [ "$anyway" = yes ] || yes_or_no "Install all the same, without loading the new modules?" no; then load=no; return 0; fi
  refuse "The module '$busy' is in use; stop what uses it, or reboot, and install again."
}

# A package of the distribution puts its files where ours go.
check_distribution_driver() {
  found=
  if command -v dpkg-query > /dev/null 2>&1; then
    found=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'nvidia-driver*' 'nvidia-dkms*' 'nvidia-kernel*' 'cuda-drivers*' 2>/dev/null |
      sed -n '/^.i/s/.* //p' | grep -v -e -common -e -support)
  elif command -v rpm > /dev/null 2>&1; then
    found=$(rpm -qa --qf '%{NAME}\n' 'nvidia-driver*' 'kmod-nvidia*' 'akmod-nvidia*' 'cuda-drivers*' 2>/dev/null)
  fi
  [ -z "$found" ] ||
    refuse "A driver of the distribution is installed ($(printf '%s' "$found" | tr '\n' ' ' | sed 's/ $//')): its packages must be removed first."
}

check_tools() {
  for tool in cc make ld; do
    command -v "$tool" > /dev/null 2>&1 ||
      refuse "Unable to find the development tool \`$tool\` in your path; please make sure that you have the package that contains it installed."
  done
}

nouveau_in_use() {
  [ -d /sys/module/nouveau ] && return 0
  for driver in /sys/bus/pci/devices/*/driver; do
    case $(readlink "$driver") in */nouveau) return 0 ;; esac
  done
  return 1
}

# NVIDIA's looks at what drives the devices; a module that is loaded and drives none counts here too, since nouveau can
# do nothing with a simulated card.
check_nouveau() {
  [ "$nouveau_check" = yes ] || return 0
  nouveau_in_use || return 0
  block=/etc/modprobe.d/nvidia-installer-disable-nouveau.conf
  if [ "$disable_nouveau" = yes ] || yes_or_no "Nouveau is in use. Write a modprobe file that blocks it?" no; then
    printf '# written by nvidia-installer\nblacklist nouveau\noptions nouveau modeset=0\n' > "$block"
    refuse "The Nouveau kernel driver is in use by this system.  $block now blocks it: rebuild the initramfs, reboot, and install again."
  fi
  refuse "The Nouveau kernel driver is currently in use by your system.  It is incompatible with the NVIDIA driver and must be disabled before this installation can go on; a reboot is needed after that."
}

check_kernel_source() {
  running=$(uname -r)
  kernel=${kernel:-$running}
  kernel_source=${kernel_source:-/lib/modules/$kernel/build}
  [ -f "$kernel_source/Makefile" ] && return 0
  which="kernel $kernel"
  [ "$kernel" != "$running" ] || which="currently running kernel"
  refuse "Unable to find the kernel source tree for the $which.  Please make sure you have installed the kernel source files for your kernel: no headers of $kernel are at $kernel_source."
}

check_dkms() {
  [ "$dkms" = no ] || command -v dkms > /dev/null 2>&1 ||
    refuse "Failed to find dkms on the system: install it, or leave --dkms out."
}
