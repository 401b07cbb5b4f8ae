// SPDX-License-Identifier: GPL-2.0-only
/* How many more vGPUs of a type fit, and where. All with gpu->lock held. */
#include <linux/module.h>

#include "nvidia/nv.h"

/* A legacy board shows the capability too, and makes no VF. */
bool nv_is_sriov(struct nv_gpu *gpu)
{
	return pci_sriov_get_totalvfs(gpu->pdev) > 0 && !(gpu->card.flags & NV_CARD_LEGACY);
}

/* A board that drives displays offers no vGPU. */
bool nv_offers_types(struct nv_gpu *gpu)
{
	return gpu->type_count && !nv_card_display_enabled(&gpu->card);
}

/* In GiB: ids of placements are multiples of it. */
u32 nv_placement_size(const struct nv_type *type)
{
	return max(type->framebuffer / 1024, 1U);
}

bool nv_placement_free(struct nv_gpu *gpu, struct nv_vgpu *vgpu, u32 start)
{
	u32 size = nv_placement_size(vgpu->type);
	struct nv_vgpu *other;

	if (start % size || (start + size) * 1024 > gpu->card.framebuffer)
		return false;
	list_for_each_entry(other, &gpu->vgpus, list)
		if (other != vgpu && other->instance == vgpu->instance &&
		    start < other->placement + nv_placement_size(other->type) && other->placement < start + size)
			return false;
	return true;
}

static unsigned int free_placements(struct nv_gpu *gpu, const struct nv_type *type)
{
	struct nv_vgpu probe = { .type = type, .instance = NV_NO_INSTANCE };
	u32 size = nv_placement_size(type), start;
	unsigned int count = 0;

	for (start = 0; (start + size) * 1024 <= gpu->card.framebuffer; start += size)
		count += nv_placement_free(gpu, &probe, start);
	return count;
}

bool nv_place(struct nv_gpu *gpu, struct nv_vgpu *vgpu)
{
	u32 size = nv_placement_size(vgpu->type), start;

	for (start = 0; (start + size) * 1024 <= gpu->card.framebuffer; start += size)
		if (nv_placement_free(gpu, vgpu, start)) {
			vgpu->placement = start;
			return true;
		}
	vgpu->placement = 0;
	return false;
}

/* What a GPU instance still takes of a type: one framebuffer size in each. */
static unsigned int instance_room(struct nv_gpu *gpu, struct nv_instance *instance, const struct nv_type *type)
{
	struct nv_vgpu *vgpu;
	unsigned int used = 0;

	if (!instance->compute || instance->profile->id != type->profile)
		return 0;
	list_for_each_entry(vgpu, &gpu->vgpus, list) {
		if (vgpu->instance != instance->id)
			continue;
		if (vgpu->type->framebuffer != type->framebuffer)
			return 0;
		used++;
	}
	return used < type->per_instance ? type->per_instance - used : 0;
}

struct nv_instance *nv_instance_for(struct nv_gpu *gpu, const struct nv_type *type)
{
	struct nv_instance *instance;

	list_for_each_entry(instance, &gpu->instances, list)
		if (instance_room(gpu, instance, type))
			return instance;
	return NULL;
}

static unsigned int sliced_room(struct nv_gpu *gpu, const struct nv_type *type)
{
	unsigned int of_type = 0, all = 0;
	struct nv_vgpu *vgpu;

	list_for_each_entry(vgpu, &gpu->vgpus, list) {
		if (!gpu->mixed_size && vgpu->type->framebuffer != type->framebuffer)
			return 0;
		of_type += vgpu->type == type;
		all++;
	}
	if (gpu->mixed_size)
		return of_type < type->max_instances ?
		       min(free_placements(gpu, type), type->max_instances - of_type) : 0;
	return all < type->max_instances ? type->max_instances - all : 0;
}

/**
 * nv_room() - how many more vGPUs of a type the whole GPU takes
 *
 * With MIG on there are no time-sliced types, and without no MIG-backed ones.
 */
unsigned int nv_room(struct nv_gpu *gpu, const struct nv_type *type)
{
	struct nv_instance *instance;
	unsigned int room = 0;

	if (!nv_offers_types(gpu))
		return 0;
	if (!nv_card_mig_now(gpu->pdev, &gpu->card))
		return type->profile == NV_NO_PROFILE ? sliced_room(gpu, type) : 0;
	list_for_each_entry(instance, &gpu->instances, list)
		room += instance_room(gpu, instance, type);
	return room;
}

/* A VF carries one vGPU. */
unsigned int nv_available(struct nv_function *function, const struct nv_type *type)
{
	struct nv_gpu *gpu = function->gpu;
	struct nv_vgpu *vgpu;
	unsigned int room;

	mutex_lock(&gpu->lock);
	room = nv_room(gpu, type);
	if (function->pdev->is_virtfn) {
		room = min(room, 1U);
		list_for_each_entry(vgpu, &gpu->vgpus, list)
			if (vgpu->function == function)
				room = 0;
	}
	mutex_unlock(&gpu->lock);
	return room;
}
EXPORT_SYMBOL_GPL(nv_available);
