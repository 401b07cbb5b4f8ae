// SPDX-License-Identifier: GPL-2.0-only
/* /proc/driver/nvidia/gpus/SLOT/state: the GPU as the vendor's tools read it. README.md has the form. */
#include "nvidia/nv.h"

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void show_card(struct seq_file *m, struct nv_gpu *gpu)
{
	struct nv_card *card = &gpu->card;

	seq_printf(m, "slot %s\nindex %u\nname %s\nuuid %s\n", nv_slot(gpu), gpu->index, card->name, card->uuid);
	seq_printf(m, "device %04x\nsubsystem %04x\n", gpu->pdev->device, gpu->pdev->subsystem_device);
	seq_printf(m, "framebuffer-mib %u\nbar1-mib %u\n", card->framebuffer, nv_card_bar1_mib(card));
	seq_printf(m, "display-tool %s\ndisplay-mode %u\ndisplay-mode-next %u\n", nv_card_tool(card), card->display,
		   nv_card_display_next(gpu->pdev, card));
}

static const char *interface_name(struct nv_gpu *gpu)
{
	if (!nv_is_sriov(gpu))
		return "mdev-on-pf";
	return NV_SRIOV_MDEV ? "mdev-on-vf" : "vendor-vfio";
}

static void show_modes(struct seq_file *m, struct nv_gpu *gpu)
{
	struct nv_scheduler *scheduler = &gpu->scheduler;
	u8 mig = nv_card_mig_now(gpu->pdev, &gpu->card);

	seq_printf(m, "total-vfs %d\nvfs %d\ninterface %s\n", nv_is_sriov(gpu) ? pci_sriov_get_totalvfs(gpu->pdev) : 0,
		   pci_num_vf(gpu->pdev), interface_name(gpu));
	seq_printf(m, "clients %u\nunbind-lock %d\n", nv_clients(), gpu->unbind_lock);
	seq_printf(m, "types %u\n", gpu->type_count);
	if (!nv_is_sriov(gpu) || mig)
		seq_puts(m, "mixed-size N/A\n");
	else
		seq_printf(m, "mixed-size %d\n", gpu->mixed_size);
	seq_printf(m, "mig-capable %d\nmig-now %u\nmig-next %u\n", !!(gpu->card.flags & NV_CARD_MIG), mig,
		   nv_card_mig_next(gpu->pdev, &gpu->card));
	seq_printf(m, "scheduler %u %u %u %u\n", scheduler->policy, scheduler->adaptive, scheduler->average,
		   scheduler->slice_ns);
}

static void show_instances(struct seq_file *m, struct nv_gpu *gpu)
{
	struct nv_instance *instance;
	unsigned int i;

	for (i = 0; i < gpu->profile_count; i++) {
		const struct nv_profile *profile = gpu->profiles[i];

		seq_printf(m, "gi-profile %u %u %u %u %u %u %s\n", profile->id, profile->slices, profile->memory_slices,
			   nv_profile_free(gpu, profile), profile->max_instances, profile->mib, profile->name);
	}
	list_for_each_entry(instance, &gpu->instances, list)
		seq_printf(m, "gpu-instance %d %u %u %u %s\n", instance->id, instance->profile->id, instance->start,
			   instance->profile->memory_slices, instance->profile->name);
	list_for_each_entry(instance, &gpu->instances, list)
		if (instance->compute)
			seq_printf(m, "compute-instance %d 0 0 %u\n", instance->id, instance->profile->slices);
}

static void show_vgpus(struct seq_file *m, struct nv_gpu *gpu)
{
	struct nv_vgpu *vgpu;

	list_for_each_entry(vgpu, &gpu->vgpus, list) {
		seq_printf(m, "vgpu %u %s %u %u %u ", vgpu->number, pci_name(vgpu->function->pdev), vgpu->type->id,
			   vgpu->type->framebuffer, vgpu->placement);
		if (vgpu->instance == NV_NO_INSTANCE)
			seq_puts(m, "N/A");
		else
			seq_printf(m, "%d", vgpu->instance);
		seq_printf(m, " %d %d %s %s %s\n", vgpu->open, vgpu->pid, or_dash(vgpu->mdev_uuid),
			   or_dash(vgpu->vm_uuid), or_dash(vgpu->vm_name));
	}
}

int nv_show_state(struct seq_file *m, void *unused)
{
	struct nv_gpu *gpu = m->private;
	unsigned int i;

	mutex_lock(&gpu->lock);
	show_card(m, gpu);
	show_modes(m, gpu);
	for (i = 0; i < gpu->type_count; i++)
		seq_printf(m, "type %u %u %s\n", gpu->types[i]->id, nv_room(gpu, gpu->types[i]), gpu->types[i]->name);
	show_instances(m, gpu);
	show_vgpus(m, gpu);
	mutex_unlock(&gpu->lock);
	return 0;
}
