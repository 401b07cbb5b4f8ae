// SPDX-License-Identifier: GPL-2.0-only
/* /proc/driver/nvidia/gpus/SLOT/command: what the vendor's tools ask of a GPU. */
#include <linux/string.h>

#include "nvidia/nv.h"

static int set_mixed_size(struct nv_gpu *gpu, const u32 *words)
{
	if (words[0] > 1)
		return -EINVAL;
	if (!nv_is_sriov(gpu) || nv_card_mig_now(gpu->pdev, &gpu->card))
		return -EOPNOTSUPP;
	if (!list_empty(&gpu->vgpus) || nv_clients() > 1)
		return -EBUSY;
	gpu->mixed_size = words[0];
	return 0;
}

static int set_mig(struct nv_gpu *gpu, const u32 *words)
{
	return nv_mig_set(gpu, words[0]);
}

static int create_instance(struct nv_gpu *gpu, const u32 *words)
{
	return nv_instance_create(gpu, words[0]);
}

static int destroy_instance(struct nv_gpu *gpu, const u32 *words)
{
	return nv_instance_destroy(gpu, words[0]);
}

static int create_compute(struct nv_gpu *gpu, const u32 *words)
{
	return nv_compute_create(gpu, words[0]);
}

static int destroy_compute(struct nv_gpu *gpu, const u32 *words)
{
	return nv_compute_destroy(gpu, words[0]);
}

static int set_scheduler(struct nv_gpu *gpu, const u32 *words)
{
	struct nv_scheduler wanted = {
		.policy = words[0], .adaptive = words[1], .average = words[2], .slice_ns = words[3],
	};

	return nv_scheduler_set(gpu, &wanted);
}

static int reset(struct nv_gpu *gpu, const u32 *words)
{
	return nv_gpu_reset(gpu);
}

static int set_fail_create(struct nv_gpu *gpu, const u32 *words)
{
	if (!words[1] || words[1] > 200)
		return -EINVAL;
	gpu->faults.fail_create = words[0];
	gpu->faults.fail_create_errno = words[1];
	return 0;
}

#define FAULT(field)							\
static int set_##field(struct nv_gpu *gpu, const u32 *words)		\
{									\
	WRITE_ONCE(gpu->faults.field, words[0]);			\
	return 0;							\
}
FAULT(fail_open)
FAULT(vfs_never)
FAULT(leave_unbound)
FAULT(lock_busy)
FAULT(create_ms)
FAULT(vf_ms)
FAULT(vfs_late_ms)

static const struct {
	const char *name;
	int words;
	int (*run)(struct nv_gpu *gpu, const u32 *words);
} commands[] = {
	{ "mixed-size", 1, set_mixed_size },
	{ "mig", 1, set_mig },
	{ "gi-create", 1, create_instance },
	{ "gi-destroy", 1, destroy_instance },
	{ "ci-create", 1, create_compute },
	{ "ci-destroy", 1, destroy_compute },
	{ "scheduler", 4, set_scheduler },
	{ "reset", 0, reset },
	{ "fail-create", 2, set_fail_create },
	{ "fail-open", 1, set_fail_open },
	{ "vfs-never", 1, set_vfs_never },
	{ "leave-unbound", 1, set_leave_unbound },
	{ "lock-busy", 1, set_lock_busy },
	{ "create-ms", 1, set_create_ms },
	{ "vf-ms", 1, set_vf_ms },
	{ "vfs-late-ms", 1, set_vfs_late_ms },
};

/* Runs one command; cuts the text into words. */
int nv_command(struct nv_gpu *gpu, char *text)
{
	char name[24], rest;
	u32 words[4];
	int i, got, ret = -EINVAL;

	got = sscanf(text, "%23s %u %u %u %u %c", name, &words[0], &words[1], &words[2], &words[3], &rest);
	if (got < 1)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) || got != commands[i].words + 1)
			continue;
		mutex_lock(&gpu->lock);
		ret = commands[i].run(gpu, words);
		mutex_unlock(&gpu->lock);
	}
	return ret;
}
