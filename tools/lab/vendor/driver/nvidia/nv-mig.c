// SPDX-License-Identifier: GPL-2.0-only
/* MIG mode, GPU instances and compute instances. All with gpu->lock held. */
#include <linux/slab.h>

#include "nvidia/nv.h"

static const struct nv_profile *find_profile(struct nv_gpu *gpu, u32 id)
{
	unsigned int i;

	for (i = 0; i < gpu->profile_count; i++)
		if (gpu->profiles[i]->id == id)
			return gpu->profiles[i];
	return NULL;
}

static struct nv_instance *find_instance(struct nv_gpu *gpu, u32 id)
{
	struct nv_instance *instance;

	list_for_each_entry(instance, &gpu->instances, list)
		if (instance->id == id)
			return instance;
	return NULL;
}

static bool holds_vgpu(struct nv_gpu *gpu, struct nv_instance *instance)
{
	struct nv_vgpu *vgpu;

	list_for_each_entry(vgpu, &gpu->vgpus, list)
		if (vgpu->instance == instance->id)
			return true;
	return false;
}

static bool start_free(struct nv_gpu *gpu, const struct nv_profile *profile, u32 start)
{
	struct nv_instance *other;

	list_for_each_entry(other, &gpu->instances, list)
		if (start < other->start + other->profile->memory_slices &&
		    other->start < start + profile->memory_slices)
			return false;
	return true;
}

unsigned int nv_profile_free(struct nv_gpu *gpu, const struct nv_profile *profile)
{
	struct nv_instance *instance;
	unsigned int room = 0, used = 0, i;

	if (!nv_card_mig_now(gpu->pdev, &gpu->card))
		return 0;
	list_for_each_entry(instance, &gpu->instances, list)
		used += instance->profile == profile;
	for (i = 0; i < profile->positions; i++)
		room += start_free(gpu, profile, i * profile->memory_slices);
	return used < profile->max_instances ? min(room, profile->max_instances - used) : 0;
}

int nv_instance_create(struct nv_gpu *gpu, u32 profile_id)
{
	const struct nv_profile *profile = find_profile(gpu, profile_id);
	struct nv_instance *instance;
	unsigned int i;

	if (!nv_card_mig_now(gpu->pdev, &gpu->card))
		return -EOPNOTSUPP;
	if (!profile)
		return -ENOENT;
	if (nv_vgpu_is_open(gpu))
		return -EBUSY;
	if (!nv_profile_free(gpu, profile))
		return -ENOSPC;
	instance = kzalloc(sizeof(*instance), GFP_KERNEL);
	if (!instance)
		return -ENOMEM;
	instance->profile = profile;
	for (i = 0; !start_free(gpu, profile, i * profile->memory_slices); i++)
		;
	instance->start = i * profile->memory_slices;
	for (instance->id = 1; find_instance(gpu, instance->id); instance->id++)
		;
	list_add_tail(&instance->list, &gpu->instances);
	return 0;
}

int nv_instance_destroy(struct nv_gpu *gpu, u32 id)
{
	struct nv_instance *instance = find_instance(gpu, id);

	if (!instance)
		return -ENOENT;
	if (instance->compute || holds_vgpu(gpu, instance))
		return -EBUSY;
	list_del(&instance->list);
	kfree(instance);
	return 0;
}

int nv_compute_create(struct nv_gpu *gpu, u32 instance_id)
{
	struct nv_instance *instance = find_instance(gpu, instance_id);

	if (!instance)
		return -ENOENT;
	if (instance->compute)
		return -EEXIST;
	instance->compute = true;
	return 0;
}

int nv_compute_destroy(struct nv_gpu *gpu, u32 instance_id)
{
	struct nv_instance *instance = find_instance(gpu, instance_id);

	if (!instance || !instance->compute)
		return -ENOENT;
	if (holds_vgpu(gpu, instance))
		return -EBUSY;
	instance->compute = false;
	return 0;
}

void nv_instances_clear(struct nv_gpu *gpu)
{
	struct nv_instance *instance, *next;

	list_for_each_entry_safe(instance, next, &gpu->instances, list) {
		list_del(&instance->list);
		kfree(instance);
	}
}

/* The mode follows at once where the card can be reset: no VFs, nobody but the asking tool. */
int nv_mig_set(struct nv_gpu *gpu, u32 mode)
{
	if (!(gpu->card.flags & NV_CARD_MIG))
		return -EOPNOTSUPP;
	if (mode > 1)
		return -EINVAL;
	if (!list_empty(&gpu->vgpus) || (!mode && pci_num_vf(gpu->pdev)))
		return -EBUSY;
	nv_card_set_mig_next(gpu->pdev, &gpu->card, mode);
	if (nv_clients() <= 1 && !pci_num_vf(gpu->pdev))
		return nv_gpu_reset(gpu);
	return 0;
}
