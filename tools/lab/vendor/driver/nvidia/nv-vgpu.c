// SPDX-License-Identifier: GPL-2.0-only
/* vGPUs: made, opened by a VM, closed, gone. */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "nvidia/nv.h"

static u32 next_number = 3251634243U;

static const struct nv_type *find_type(struct nv_gpu *gpu, u32 id)
{
	unsigned int i;

	for (i = 0; i < gpu->type_count; i++)
		if (gpu->types[i]->id == id)
			return gpu->types[i];
	return NULL;
}

static bool function_taken(struct nv_function *function)
{
	struct nv_vgpu *vgpu;

	if (!function->pdev->is_virtfn)
		return false;
	list_for_each_entry(vgpu, &function->gpu->vgpus, list)
		if (vgpu->function == function)
			return true;
	return false;
}

/* What the real driver answers to a request that it refuses. Source: programs.md section 5 */
static u32 refusal_status(struct nv_function *function, const struct nv_type *type)
{
	struct nv_gpu *gpu = function->gpu;
	struct nv_vgpu *vgpu;

	if (!type)
		return 0x57;
	if (function_taken(function) ||
	    (type->profile != NV_NO_PROFILE) != !!nv_card_mig_now(gpu->pdev, &gpu->card))
		return 0x38;
	list_for_each_entry(vgpu, &gpu->vgpus, list)
		if (!gpu->mixed_size && vgpu->type->framebuffer != type->framebuffer)
			return 0x56;
	return 0x1a;
}

/* Why no vGPU of the type can be made now; 0: it can. */
static int refuse(struct nv_function *function, const struct nv_type *type, bool mdev)
{
	struct nv_gpu *gpu = function->gpu;

	if (!type || function_taken(function) || !nv_room(gpu, type)) {
		if (mdev)
			return -ENOSPC;
		pr_err("NVRM: Failed to add vgpu create request: 0x%x\n", refusal_status(function, type));
		return -EIO;
	}
	if (gpu->faults.fail_create) {
		gpu->faults.fail_create--;
		if (gpu->faults.fail_create_errno == EIO)
			pr_err("NVRM: kvgpumgrCreateRequestVgpu: GPU %u is not initialized yet\n"
			       "NVRM: Failed to add vgpu create request: 0x66\n", gpu->index);
		return -(int)gpu->faults.fail_create_errno;
	}
	if (function->wedged) {
		pr_err("NVRM: %s: no answer from this function since it was unbound\n", pci_name(function->pdev));
		return -EIO;
	}
	return 0;
}

struct nv_vgpu *nv_vgpu_create(struct nv_function *function, u32 type_id, const char *mdev_uuid)
{
	struct nv_gpu *gpu = function->gpu;
	struct nv_instance *instance;
	struct nv_vgpu *vgpu = kzalloc(sizeof(*vgpu), GFP_KERNEL);
	int ret;

	if (!vgpu)
		return ERR_PTR(-ENOMEM);
	if (READ_ONCE(gpu->faults.create_ms))
		msleep(gpu->faults.create_ms);
	mutex_lock(&gpu->lock);
	vgpu->function = function;
	vgpu->type = find_type(gpu, type_id);
	vgpu->instance = NV_NO_INSTANCE;
	ret = refuse(function, vgpu->type, mdev_uuid != NULL);
	if (ret) {
		mutex_unlock(&gpu->lock);
		kfree(vgpu);
		return ERR_PTR(ret);
	}
	instance = nv_instance_for(gpu, vgpu->type);
	if (instance)
		vgpu->instance = instance->id;
	else
		nv_place(gpu, vgpu);
	vgpu->number = next_number++;
	if (mdev_uuid)
		strscpy(vgpu->mdev_uuid, mdev_uuid, sizeof(vgpu->mdev_uuid));
	list_add_tail(&vgpu->list, &gpu->vgpus);
	mutex_unlock(&gpu->lock);
	return vgpu;
}
EXPORT_SYMBOL_GPL(nv_vgpu_create);

void nv_vgpu_destroy(struct nv_vgpu *vgpu)
{
	struct nv_gpu *gpu = vgpu->function->gpu;

	mutex_lock(&gpu->lock);
	list_del(&vgpu->list);
	mutex_unlock(&gpu->lock);
	kfree(vgpu);
}
EXPORT_SYMBOL_GPL(nv_vgpu_destroy);

bool nv_vgpu_retire(struct nv_vgpu *vgpu)
{
	struct nv_gpu *gpu = vgpu->function->gpu;
	bool idle;

	mutex_lock(&gpu->lock);
	idle = !vgpu->open;
	vgpu->dying = idle;
	mutex_unlock(&gpu->lock);
	return idle;
}
EXPORT_SYMBOL_GPL(nv_vgpu_retire);

/* A placement that vgpu_params asks for is judged when a VM opens the vGPU. */
static int take_wanted_placement(struct nv_gpu *gpu, struct nv_vgpu *vgpu)
{
	const char *at = strstr(vgpu->params, "vgpu-placement-id=");
	unsigned int wanted;

	if (!at || !gpu->mixed_size)
		return 0;
	if (sscanf(at, "vgpu-placement-id=%u", &wanted) != 1 || !nv_placement_free(gpu, vgpu, wanted)) {
		pr_err("NVRM: %s: placement of vGPU type %u is not to be had\n", nv_slot(gpu), vgpu->type->id);
		return -EIO;
	}
	vgpu->placement = wanted;
	return 0;
}

/* Types without "multi" stand alone on their GPU in a VM. */
static int refuse_second(struct nv_gpu *gpu, struct nv_vgpu *vgpu)
{
	struct nv_vgpu *other;

	list_for_each_entry(other, &gpu->vgpus, list)
		if (other != vgpu && other->open && other->pid == vgpu->pid &&
		    (!other->type->multi || !vgpu->type->multi))
			return -EIO;
	return 0;
}

int nv_vgpu_open(struct nv_vgpu *vgpu)
{
	struct nv_gpu *gpu = vgpu->function->gpu;
	int ret = 0;

	mutex_lock(&gpu->lock);
	if (vgpu->dying)
		ret = -ENODEV;
	else if (gpu->faults.fail_open) {
		gpu->faults.fail_open--;
		ret = -EIO;
	}
	if (!ret) {
		vgpu->pid = task_tgid_nr(current);
		nv_read_vm(vgpu);
		ret = refuse_second(gpu, vgpu);
	}
	if (!ret)
		ret = take_wanted_placement(gpu, vgpu);
	vgpu->open = !ret;
	if (ret) {
		vgpu->pid = 0;
		vgpu->vm_name[0] = 0;
		vgpu->vm_uuid[0] = 0;
	}
	mutex_unlock(&gpu->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(nv_vgpu_open);

void nv_vgpu_close(struct nv_vgpu *vgpu)
{
	struct nv_gpu *gpu = vgpu->function->gpu;

	mutex_lock(&gpu->lock);
	vgpu->open = false;
	vgpu->pid = 0;
	vgpu->vm_name[0] = 0;
	vgpu->vm_uuid[0] = 0;
	mutex_unlock(&gpu->lock);
}
EXPORT_SYMBOL_GPL(nv_vgpu_close);

ssize_t nv_vgpu_show_params(struct nv_vgpu *vgpu, char *buf)
{
	struct nv_gpu *gpu = vgpu->function->gpu;
	ssize_t length;

	mutex_lock(&gpu->lock);
	length = sysfs_emit(buf, "%s\n", vgpu->params);
	mutex_unlock(&gpu->lock);
	return length;
}
EXPORT_SYMBOL_GPL(nv_vgpu_show_params);

/* Comma-separated name=value; one blank clears them. */
ssize_t nv_vgpu_store_params(struct nv_vgpu *vgpu, const char *buf, size_t count)
{
	struct nv_gpu *gpu = vgpu->function->gpu;
	char *copy, *text;
	ssize_t ret = count;

	if (count >= NV_PARAMS_LENGTH)
		return -EINVAL;
	copy = kstrndup(buf, count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	text = strim(copy);
	if (*text && (!strchr(text, '=') || strpbrk(text, " \t\n")))
		ret = -EINVAL;
	mutex_lock(&gpu->lock);
	if (ret > 0)
		strscpy(vgpu->params, text, sizeof(vgpu->params));
	mutex_unlock(&gpu->lock);
	kfree(copy);
	return ret;
}
EXPORT_SYMBOL_GPL(nv_vgpu_store_params);

ssize_t nv_vgpu_show_vm_name(struct nv_vgpu *vgpu, char *buf)
{
	struct nv_gpu *gpu = vgpu->function->gpu;
	ssize_t length;

	mutex_lock(&gpu->lock);
	length = sysfs_emit(buf, "%s\n", vgpu->vm_name);
	mutex_unlock(&gpu->lock);
	return length;
}
EXPORT_SYMBOL_GPL(nv_vgpu_show_vm_name);

u32 nv_vgpu_placement(struct nv_vgpu *vgpu)
{
	return READ_ONCE(vgpu->placement);
}
EXPORT_SYMBOL_GPL(nv_vgpu_placement);
