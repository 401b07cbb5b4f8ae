// SPDX-License-Identifier: GPL-2.0-only
/* As nvidia-unit.c. The vendor's way has an attribute of the same name as the mdev way. */
#include "vgpu-vfio/vfio-main.c"
#include "vgpu-vfio/vfio-device.c"
#include "vgpu-vfio/vfio-manager.c"
#include "vgpu-vfio/vfio-mdev.c"
#define dev_attr_vgpu_params	vendor_attr_vgpu_params
#define vgpu_params_show	vendor_vgpu_params_show
#define vgpu_params_store	vendor_vgpu_params_store
#include "vgpu-vfio/vfio-vendor.c"
