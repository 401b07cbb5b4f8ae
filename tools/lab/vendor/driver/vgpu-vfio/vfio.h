/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of nvidia-vgpu-vfio.ko. */
#ifndef NV_VFIO_H
#define NV_VFIO_H

#include <linux/mdev.h>
#include <linux/vfio.h>

#include "nv-version.h"
#include "nv-vgpu.h"

/* A vGPU as VFIO shows it to a VM. */
struct nv_device {
	struct vfio_device vdev;
	struct nv_vgpu *vgpu;
	u8 config[256];
};

/* vfio-device.c */
extern const struct vfio_device_ops nv_mdev_ops;
extern const struct vfio_device_ops nv_vendor_ops;
struct nv_device *nv_device_alloc(struct device *dev, struct nv_vgpu *vgpu, const struct vfio_device_ops *ops);

/* vfio-mdev.c */
extern struct mdev_driver nv_mdev_driver;
int nv_mdev_attach(struct nv_function *function);
void nv_mdev_detach(struct nv_function *function);

/* vfio-vendor.c */
int nv_vendor_attach(struct nv_function *function);
void nv_vendor_detach(struct nv_function *function);

/* vfio-manager.c */
int nv_manager_init(void);
void nv_manager_exit(void);
bool nv_manager_runs(void);
void nv_manager_tell(const char *event, struct nv_vgpu *vgpu);

#endif
