// SPDX-License-Identifier: GPL-2.0-only
/* Functions that can carry vGPUs, and whoever makes vGPUs on them: nvidia-vgpu-vfio. */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "nvidia/nv.h"

static LIST_HEAD(functions);
static const struct nv_vgpu_front *front;

bool nv_function_is_mdev(struct nv_function *function)
{
	return !function->pdev->is_virtfn || NV_SRIOV_MDEV;
}
EXPORT_SYMBOL_GPL(nv_function_is_mdev);

const struct nv_type *nv_function_type(struct nv_function *function, unsigned int index)
{
	return index < function->gpu->type_count ? function->gpu->types[index] : NULL;
}
EXPORT_SYMBOL_GPL(nv_function_type);

static void attach(struct nv_function *function)
{
	if (!front || function->attached)
		return;
	/* A VF of vendor-specific VFIO has its files before there is a type; an mdev parent is nothing without. */
	if (nv_function_is_mdev(function) && !nv_offers_types(function->gpu))
		return;
	function->attached = !front->attach(function);
}

static void detach(struct nv_function *function)
{
	if (!function->attached)
		return;
	front->detach(function);
	function->attached = false;
}

void nv_functions_attach(struct nv_gpu *gpu)
{
	struct nv_function *function;

	list_for_each_entry(function, &functions, list)
		if (!gpu || function->gpu == gpu)
			attach(function);
}

void nv_functions_detach(struct nv_gpu *gpu)
{
	struct nv_function *function;

	list_for_each_entry(function, &functions, list)
		if (!gpu || function->gpu == gpu)
			detach(function);
}

int nv_function_add(struct pci_dev *pdev, struct nv_gpu *gpu)
{
	struct nv_function *function;

	if (pdev->is_virtfn && READ_ONCE(gpu->faults.vf_ms))
		msleep(gpu->faults.vf_ms);
	function = kzalloc(sizeof(*function), GFP_KERNEL);
	if (!function)
		return -ENOMEM;
	function->pdev = pdev;
	function->gpu = gpu;
	if (pdev->is_virtfn) {
		function->wedged = gpu->wedged[pci_iov_vf_id(pdev) % NV_MAX_VFS];
		pci_set_drvdata(pdev, function);
	}
	mutex_lock(&nv_gpus_lock);
	list_add_tail(&function->list, &functions);
	attach(function);
	mutex_unlock(&nv_gpus_lock);
	return 0;
}

void nv_function_remove(struct pci_dev *pdev)
{
	struct nv_function *function, *found = NULL;

	mutex_lock(&nv_gpus_lock);
	list_for_each_entry(function, &functions, list)
		if (function->pdev == pdev)
			found = function;
	if (found) {
		detach(found);
		list_del(&found->list);
		if (pdev->is_virtfn && !found->gpu->changing_vfs)
			found->gpu->wedged[pci_iov_vf_id(pdev) % NV_MAX_VFS] = true;
	}
	mutex_unlock(&nv_gpus_lock);
	kfree(found);
}

int nv_register_front(const struct nv_vgpu_front *new_front)
{
	mutex_lock(&nv_gpus_lock);
	front = new_front;
	nv_functions_attach(NULL);
	mutex_unlock(&nv_gpus_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(nv_register_front);

void nv_unregister_front(void)
{
	mutex_lock(&nv_gpus_lock);
	nv_functions_detach(NULL);
	front = NULL;
	mutex_unlock(&nv_gpus_lock);
}
EXPORT_SYMBOL_GPL(nv_unregister_front);
