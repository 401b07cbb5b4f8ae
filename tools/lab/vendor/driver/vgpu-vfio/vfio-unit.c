// SPDX-License-Identifier: GPL-2.0-only
/* As nvidia-unit.c. vfio-vendor.c has attributes of the same names as vfio-mdev.c. */
#include "vgpu-vfio/vfio-main.c"
#include "vgpu-vfio/vfio-device.c"
#include "vgpu-vfio/vfio-manager.c"
#include "vgpu-vfio/vfio-mdev.c"
