#!/bin/sh
# hardware.sh: in the tree. The cards in the slots: labgpu for every kernel, and what loads it at boot.
set -eu
# shellcheck source-path=SCRIPTDIR source=kernels.sh
. /mnt/images/rooms/kernels.sh
hardware=/mnt/hardware
build_modules "$hardware" updates
mkdir -p /usr/lib/labgpu /var/lib/labgpu
install -m 755 "$hardware/labgpu-load" "$hardware/inforom" /usr/lib/labgpu/
install -m 644 "$hardware/labgpu.service" /etc/systemd/system/
systemctl -q enable labgpu.service
