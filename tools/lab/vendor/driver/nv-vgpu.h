/* SPDX-License-Identifier: GPL-2.0-only */
/* What nvidia.ko offers nvidia-vgpu-vfio.ko: functions that can carry vGPUs, and vGPUs by the GPU's rules. */
#ifndef NV_VGPU_H
#define NV_VGPU_H

#include <linux/list.h>
#include <linux/pci.h>
#include <linux/types.h>
#include <linux/version.h>

#define NV_UUID_LENGTH		37
#define NV_VM_NAME_LENGTH	64
#define NV_PARAMS_LENGTH	512
#define NV_NO_PROFILE		(-1)
#define NV_NO_INSTANCE		(-1)

/* SR-IOV GPUs carry mdevs on older kernels and vendor-specific VFIO devices on newer ones. */
#define NV_SRIOV_MDEV (LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0))

/* A row `type` of the table that nvidia-vgpud pushes. */
struct nv_type {
	u32 id;
	u16 device;
	u16 subsystem;		/* 0: any */
	u32 framebuffer;	/* MiB, reserved on the GPU */
	u32 guest_framebuffer;	/* MiB, seen in the guest */
	u32 max_instances;	/* on a GPU */
	u32 heads;
	u32 frame_rate;
	u32 multi;		/* several in one VM */
	int profile;		/* GPU instance profile, NV_NO_PROFILE for time-sliced types */
	u32 per_instance;	/* how many fit into one GPU instance */
	char resolution[16];
	char class[16];
	char series[4];
	char license[40];
	char name[64];
};

struct nv_gpu;
struct nv_vgpu;

/* A PCI function that can carry vGPUs: a VF, or the PF of a GPU without SR-IOV. */
struct nv_function {
	struct list_head list;
	struct pci_dev *pdev;
	struct nv_gpu *gpu;
	bool wedged;		/* was unbound and bound again: makes no vGPU any more */
	bool attached;
	void *front;		/* nvidia-vgpu-vfio's */
};

struct nv_vgpu {
	struct list_head list;
	u32 number;		/* nvidia-smi's vGPU ID */
	struct nv_function *function;
	const struct nv_type *type;
	u32 placement;		/* GiB */
	int instance;		/* GPU instance, NV_NO_INSTANCE for time-sliced types */
	bool open;
	bool dying;
	pid_t pid;
	char mdev_uuid[NV_UUID_LENGTH];
	char vm_uuid[NV_UUID_LENGTH];
	char vm_name[NV_VM_NAME_LENGTH];
	char params[NV_PARAMS_LENGTH];
};

/* Called with no GPU's lock held, one at a time. */
struct nv_vgpu_front {
	int (*attach)(struct nv_function *function);
	void (*detach)(struct nv_function *function);
};

int nv_register_front(const struct nv_vgpu_front *front);
void nv_unregister_front(void);

bool nv_function_is_mdev(struct nv_function *function);
const struct nv_type *nv_function_type(struct nv_function *function, unsigned int index);
unsigned int nv_available(struct nv_function *function, const struct nv_type *type);

struct nv_vgpu *nv_vgpu_create(struct nv_function *function, u32 type_id, const char *mdev_uuid);
void nv_vgpu_destroy(struct nv_vgpu *vgpu);
/* Stops new opens; false while a VM has it open. */
bool nv_vgpu_retire(struct nv_vgpu *vgpu);
int nv_vgpu_open(struct nv_vgpu *vgpu);
void nv_vgpu_close(struct nv_vgpu *vgpu);
ssize_t nv_vgpu_show_params(struct nv_vgpu *vgpu, char *buf);
ssize_t nv_vgpu_store_params(struct nv_vgpu *vgpu, const char *buf, size_t count);
ssize_t nv_vgpu_show_vm_name(struct nv_vgpu *vgpu, char *buf);
u32 nv_vgpu_placement(struct nv_vgpu *vgpu);

#endif
