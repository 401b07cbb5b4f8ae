/* SPDX-License-Identifier: GPL-2.0-only */
/* The GPU, as the parts of nvidia.ko know it. */
#ifndef NV_H
#define NV_H

#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>

#include "nv-version.h"
#include "nv-vgpu.h"
#include "nvidia/nv-card.h"

#define NV_MAX_VFS		64
#define NV_PROFILE_NAME		24

/* A row `profile` of the table: a kind of GPU instance. */
struct nv_profile {
	u32 id;
	u16 device;
	u32 slices;
	u32 memory_slices;
	u32 positions;		/* starts are multiples of memory_slices, this many */
	u32 max_instances;
	u32 mib;
	char name[NV_PROFILE_NAME];
};

/* A compute instance spans its whole GPU instance here, so there is at most one. */
struct nv_instance {
	struct list_head list;
	int id;
	const struct nv_profile *profile;
	u32 start;
	bool compute;
};

struct nv_scheduler {
	u32 policy;		/* 1 best effort, 2 equal share, 3 fixed share */
	u32 adaptive;
	u32 average;
	u32 slice_ns;
};

/* Failures that were asked for: how often each is still to happen, and delays in ms. */
struct nv_faults {
	u32 fail_create;
	u32 fail_create_errno;
	u32 fail_open;
	u32 vfs_never;
	u32 leave_unbound;
	u32 lock_busy;
	u32 create_ms;
	u32 vf_ms;
	u32 vfs_late_ms;
};

struct nv_gpu {
	struct list_head list;
	struct pci_dev *pdev;
	struct nv_card card;
	unsigned int index;
	struct proc_dir_entry *proc;

	struct mutex lock;	/* all below */
	const struct nv_type **types;
	unsigned int type_count;
	const struct nv_profile **profiles;
	unsigned int profile_count;
	struct list_head vgpus;
	struct list_head instances;
	bool mixed_size;
	bool unbind_lock;
	bool changing_vfs;
	struct nv_scheduler scheduler;
	struct nv_faults faults;
	bool wedged[NV_MAX_VFS];
	struct delayed_work late_vfs;
	unsigned int late_count;
};

/* nv-main.c */
extern struct workqueue_struct *nv_queue;
extern struct list_head nv_gpus;
extern struct mutex nv_gpus_lock;	/* the list of GPUs, the functions, the table, the front */

/* nv-table.c */
int nv_table_init(void);
void nv_table_exit(void);
void nv_table_pick(struct nv_gpu *gpu);
void nv_table_drop(struct nv_gpu *gpu);

/* nv-row.c */
int nv_parse_type(char *row, struct nv_type *type);
int nv_parse_profile(char *row, struct nv_profile *profile);

/* nv-function.c */
int nv_function_add(struct pci_dev *pdev, struct nv_gpu *gpu);
void nv_function_remove(struct pci_dev *pdev);
void nv_functions_attach(struct nv_gpu *gpu);
void nv_functions_detach(struct nv_gpu *gpu);

/* nv-room.c: gpu->lock is held */
bool nv_is_sriov(struct nv_gpu *gpu);
bool nv_offers_types(struct nv_gpu *gpu);
unsigned int nv_room(struct nv_gpu *gpu, const struct nv_type *type);
bool nv_place(struct nv_gpu *gpu, struct nv_vgpu *vgpu);
bool nv_placement_free(struct nv_gpu *gpu, struct nv_vgpu *vgpu, u32 start);
u32 nv_placement_size(const struct nv_type *type);
struct nv_instance *nv_instance_for(struct nv_gpu *gpu, const struct nv_type *type);

/* nv-mig.c: gpu->lock is held */
int nv_mig_set(struct nv_gpu *gpu, u32 mode);
int nv_instance_create(struct nv_gpu *gpu, u32 profile_id);
int nv_instance_destroy(struct nv_gpu *gpu, u32 id);
int nv_compute_create(struct nv_gpu *gpu, u32 instance_id);
int nv_compute_destroy(struct nv_gpu *gpu, u32 instance_id);
unsigned int nv_profile_free(struct nv_gpu *gpu, const struct nv_profile *profile);
void nv_instances_clear(struct nv_gpu *gpu);

/* nv-scheduler.c: gpu->lock is held */
void nv_scheduler_reset(struct nv_gpu *gpu);
int nv_scheduler_set(struct nv_gpu *gpu, const struct nv_scheduler *wanted);

/* nv-sriov.c */
int nv_sriov_configure(struct pci_dev *pdev, int count);
void nv_sriov_init(struct nv_gpu *gpu);
void nv_sriov_exit(struct nv_gpu *gpu);
bool nv_unbind_lock(struct nv_gpu *gpu);
int nv_gpu_reset(struct nv_gpu *gpu);
void nv_volatile_reset(struct nv_gpu *gpu);
bool nv_vgpu_is_open(struct nv_gpu *gpu);

/* nv-proc.c, nv-command.c, nv-state.c */
int nv_proc_init(void);
void nv_proc_exit(void);
int nv_proc_add(struct nv_gpu *gpu);
void nv_proc_remove(struct nv_gpu *gpu);
int nv_command(struct nv_gpu *gpu, char *text);
int nv_show_state(struct seq_file *m, void *unused);
ssize_t nv_table_write(struct file *file, const char __user *buf, size_t count, loff_t *pos);
int nv_table_open(struct inode *inode, struct file *file);
int nv_table_release(struct inode *inode, struct file *file);

/* nv-vm.c */
void nv_read_vm(struct nv_vgpu *vgpu);

static inline const char *nv_slot(struct nv_gpu *gpu)
{
	return pci_name(gpu->pdev);
}

#endif
