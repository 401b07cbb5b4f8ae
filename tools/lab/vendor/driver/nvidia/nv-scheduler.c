// SPDX-License-Identifier: GPL-2.0-only
/* The scheduler of time-sliced vGPUs. All with gpu->lock held. */
#include <linux/minmax.h>
#include <linux/module.h>

#include "nvidia/nv.h"

#define DEFAULT_AVERAGE		33
#define DEFAULT_SLICE_NS	2083333

static char *NVreg_RegistryDwords;
module_param(NVreg_RegistryDwords, charp, 0444);
MODULE_PARM_DESC(NVreg_RegistryDwords, "RmPVMRL=0x00 best effort, 0x01 equal share, 0x11 fixed share");

static const char * const names[] = { "", "BEST_EFFORT", "EQUAL_SHARE", "FIXED_SHARE" };

static void announce(struct nv_gpu *gpu)
{
	u32 policy = gpu->scheduler.policy;

	pr_info("NVRM: GPU at %s has software scheduler %s with policy %s.\n", nv_slot(gpu),
		policy == 1 ? "DISABLED" : "ENABLED", names[policy]);
}

static void fill_in(struct nv_scheduler *scheduler)
{
	if (scheduler->policy == 1) {
		scheduler->adaptive = 0;
		scheduler->average = 0;
		scheduler->slice_ns = 0;
	} else if (scheduler->adaptive) {
		scheduler->average = scheduler->average ? clamp(scheduler->average, 1U, 60U) : DEFAULT_AVERAGE;
		scheduler->slice_ns = DEFAULT_SLICE_NS;
	} else {
		scheduler->average = 0;
		scheduler->slice_ns = scheduler->slice_ns ? clamp(scheduler->slice_ns, 1000000U, 30000000U) :
			DEFAULT_SLICE_NS;
	}
}

/* What the driver comes up with: best effort, or what the registry key RmPVMRL says. */
void nv_scheduler_reset(struct nv_gpu *gpu)
{
	struct nv_scheduler fresh = { .policy = 1, .adaptive = 1 };
	const char *key = NVreg_RegistryDwords ? strstr(NVreg_RegistryDwords, "RmPVMRL=") : NULL;
	unsigned int value;

	if (key && sscanf(key, "RmPVMRL=%i", &value) == 1 && (value & 0xff))
		fresh.policy = (value & 0xff) == 0x11 ? 3 : 2;
	fill_in(&fresh);
	gpu->scheduler = fresh;
	announce(gpu);
}

int nv_scheduler_set(struct nv_gpu *gpu, const struct nv_scheduler *wanted)
{
	if (!list_empty(&gpu->vgpus))
		return -EBUSY;
	if (wanted->policy < 1 || wanted->policy > 3 || wanted->adaptive > 1)
		return -EOPNOTSUPP;
	if (wanted->policy == 3 && gpu->mixed_size)
		return -EOPNOTSUPP;
	gpu->scheduler = *wanted;
	fill_in(&gpu->scheduler);
	announce(gpu);
	return 0;
}
