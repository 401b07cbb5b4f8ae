// SPDX-License-Identifier: GPL-2.0-only
/* VFs come and go under the unbindLock only, and take what is volatile with them. */
#include <linux/slab.h>

#include "nvidia/nv.h"

bool nv_vgpu_is_open(struct nv_gpu *gpu)
{
	struct nv_vgpu *vgpu;

	list_for_each_entry(vgpu, &gpu->vgpus, list)
		if (vgpu->open)
			return true;
	return false;
}

/* Takes the unbindLock; false while anybody uses the GPU. */
bool nv_unbind_lock(struct nv_gpu *gpu)
{
	mutex_lock(&gpu->lock);
	if (gpu->faults.lock_busy)
		gpu->faults.lock_busy--;
	else if (!nv_clients() && !nv_vgpu_is_open(gpu))
		gpu->unbind_lock = true;
	mutex_unlock(&gpu->lock);
	return gpu->unbind_lock;
}

void nv_volatile_reset(struct nv_gpu *gpu)
{
	nv_instances_clear(gpu);
	gpu->mixed_size = false;
	nv_scheduler_reset(gpu);
}

int nv_gpu_reset(struct nv_gpu *gpu)
{
	if (!list_empty(&gpu->vgpus) || pci_num_vf(gpu->pdev) || nv_clients() > 1)
		return -EBUSY;
	nv_volatile_reset(gpu);
	nv_card_reset(gpu->pdev, &gpu->card);
	return 0;
}

struct unbinding {
	struct work_struct work;
	struct pci_dev *pdev;
};

static void unbind(struct work_struct *work)
{
	struct unbinding *unbinding = container_of(work, struct unbinding, work);

	device_release_driver(&unbinding->pdev->dev);
	pci_dev_put(unbinding->pdev);
	kfree(unbinding);
}

static int leave_unbound(struct pci_dev *pdev)
{
	struct unbinding *unbinding = kzalloc(sizeof(*unbinding), GFP_KERNEL);

	if (!unbinding)
		return -ENOMEM;
	INIT_WORK(&unbinding->work, unbind);
	unbinding->pdev = pci_dev_get(pdev);
	queue_work(nv_queue, &unbinding->work);
	return -ENODEV;
}

static int change_vfs(struct nv_gpu *gpu, int count)
{
	int ret = 0;

	gpu->changing_vfs = true;
	memset(gpu->wedged, 0, sizeof(gpu->wedged));
	if (count)
		ret = pci_enable_sriov(gpu->pdev, count);
	else
		pci_disable_sriov(gpu->pdev);
	gpu->changing_vfs = false;
	return ret;
}

/* Never waits for the device's lock: remove() holds it and waits for this work. */
static void enable_late(struct work_struct *work)
{
	struct nv_gpu *gpu = container_of(to_delayed_work(work), struct nv_gpu, late_vfs);

	if (!device_trylock(&gpu->pdev->dev)) {
		queue_delayed_work(nv_queue, &gpu->late_vfs, msecs_to_jiffies(10));
		return;
	}
	change_vfs(gpu, gpu->late_count);
	device_unlock(&gpu->pdev->dev);
}

static int begin_change(struct nv_gpu *gpu)
{
	/* The real driver has no sriov_configure: without sriov-manage the kernel's answer is this one. */
	if (!gpu->unbind_lock || !nv_is_sriov(gpu))
		return -ENOENT;
	if (gpu->faults.leave_unbound) {
		gpu->faults.leave_unbound--;
		return leave_unbound(gpu->pdev);
	}
	nv_volatile_reset(gpu);
	return 0;
}

int nv_sriov_configure(struct pci_dev *pdev, int count)
{
	struct nv_gpu *gpu = pci_get_drvdata(pdev);
	u32 late_ms;
	bool never;
	int ret;

	mutex_lock(&gpu->lock);
	ret = begin_change(gpu);
	late_ms = count ? gpu->faults.vfs_late_ms : 0;
	never = !ret && gpu->faults.vfs_never;
	if (never)
		gpu->faults.vfs_never--;
	mutex_unlock(&gpu->lock);
	if (ret)
		return ret;
	if (never) {
		pr_err("NVRM: Timeout occurred in event processing by vgpu_mgr daemon\n");
		return count;
	}
	if (late_ms) {
		gpu->late_count = count;
		queue_delayed_work(nv_queue, &gpu->late_vfs, msecs_to_jiffies(late_ms));
		return count;
	}
	ret = change_vfs(gpu, count);
	return ret ? ret : count;
}

void nv_sriov_init(struct nv_gpu *gpu)
{
	INIT_DELAYED_WORK(&gpu->late_vfs, enable_late);
}

void nv_sriov_exit(struct nv_gpu *gpu)
{
	cancel_delayed_work_sync(&gpu->late_vfs);
	change_vfs(gpu, 0);
}
