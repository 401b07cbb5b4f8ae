# What tells a host from a guest, asked of both. Reads only.
for other in /lib/modules/*; do
  if [ -n "$(modinfo -k "${other##*/}" -F filename nvidia-vgpu-vfio 2>/dev/null)" ]; then fact vgpu-manager "module nvidia-vgpu-vfio for kernel ${other##*/} (modinfo)"; fi
done
if [ -d /sys/module/nvidia_vgpu_vfio ]; then fact vgpu-manager "module nvidia_vgpu_vfio is loaded (/sys/module)"; fi
for value in /usr/src/nvidia-*/nvidia-vgpu-vfio /usr/bin/nvidia-vgpu-mgr /usr/lib/systemd/system/nvidia-vgpu-mgr.service /etc/systemd/system/nvidia-vgpu-mgr.service /proc/driver/nvidia/gpus/*/unbindLock; do
  if [ -e "$value" ]; then fact vgpu-manager "$value"; fi
done
for value in /usr/bin/nvidia-gridd /usr/lib/systemd/system/nvidia-gridd.service /etc/systemd/system/nvidia-gridd.service; do
  if [ -e "$value" ]; then fact guest-driver "$value"; fi
done

# Whether this is a VM: the processor's flag; QEMU's own devices, where the flag is hidden; else the firmware's maker.
virtual=
if grep -m 1 '^flags[[:space:]]*:' /proc/cpuinfo 2>/dev/null | grep -qw hypervisor; then virtual='flag hypervisor (/proc/cpuinfo)'; fi
if [ -z "$virtual" ]; then
  for device in /sys/bus/pci/devices/0000:00:*; do
    line_of "$device/subsystem_vendor"
    if [ "$value" = 0x1af4 ]; then virtual="a device of QEMU's ($device)"; break; fi
  done
fi
line_of /sys/class/dmi/id/sys_vendor; vendor=$value
line_of /sys/class/dmi/id/product_name
case "$vendor $value" in
  QEMU\ *|VMware*|Xen\ *|innotek*|Bochs*|Parallels*|'Red Hat KVM'*|*'Virtual Machine'*|*KVM*|*VirtualBox*|*'Compute Engine'*) if [ -z "$virtual" ]; then virtual="$vendor $value (/sys/class/dmi/id)"; fi ;;
esac
if [ -n "$virtual" ]; then fact virtual yes "$virtual"
elif [ -n "$vendor" ]; then fact virtual no "$vendor $value (/sys/class/dmi/id), no flag hypervisor (/proc/cpuinfo)"; fi
for value in libvirtd virtqemud qemu-kvm kvm cloud-hypervisor qm qemu-system-x86_64 /usr/libexec/qemu-kvm; do
  if command -v "$value" > /dev/null 2>&1; then fact vm-program "$(command -v "$value")"; fi
done
