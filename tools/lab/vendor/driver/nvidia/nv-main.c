// SPDX-License-Identifier: GPL-2.0-only
/* nvidia.ko of the vGPU manager's package: binds cards and their VFs. */
#include <linux/module.h>
#include <linux/slab.h>

#include "nv-ids.h"
#include "nvidia/nv.h"

LIST_HEAD(nv_gpus);
DEFINE_MUTEX(nv_gpus_lock);
struct workqueue_struct *nv_queue;

static void remove_gpu(struct pci_dev *pdev, struct nv_gpu *gpu)
{
	nv_proc_remove(gpu);
	nv_sriov_exit(gpu);
	nv_function_remove(pdev);
	mutex_lock(&nv_gpus_lock);
	list_del(&gpu->list);
	mutex_unlock(&nv_gpus_lock);
	nv_instances_clear(gpu);
	nv_table_drop(gpu);
	kfree(gpu);
}

/* The lowest number that no other GPU has, so that one bound again gets its own back. */
static unsigned int free_index(void)
{
	struct nv_gpu *other;
	unsigned int index = 0;

again:
	list_for_each_entry(other, &nv_gpus, list)
		if (other->index == index) {
			index++;
			goto again;
		}
	return index;
}

static int add_gpu(struct pci_dev *pdev)
{
	struct nv_gpu *gpu = kzalloc(sizeof(*gpu), GFP_KERNEL);
	int ret;

	if (!gpu)
		return -ENOMEM;
	ret = nv_card_read(pdev, &gpu->card);
	if (ret || (gpu->card.flags & NV_CARD_GUEST)) {
		pr_err("NVRM: GPU %s is not supported by the vGPU manager.\n", pci_name(pdev));
		kfree(gpu);
		return -ENODEV;
	}
	gpu->pdev = pdev;
	mutex_init(&gpu->lock);
	INIT_LIST_HEAD(&gpu->vgpus);
	INIT_LIST_HEAD(&gpu->instances);
	nv_sriov_init(gpu);
	mutex_lock(&nv_gpus_lock);
	gpu->index = free_index();
	list_add_tail(&gpu->list, &nv_gpus);
	mutex_lock(&gpu->lock);
	nv_table_pick(gpu);
	nv_scheduler_reset(gpu);
	mutex_unlock(&gpu->lock);
	mutex_unlock(&nv_gpus_lock);
	pci_set_drvdata(pdev, gpu);
	ret = nv_proc_add(gpu);
	if (!ret && !nv_is_sriov(gpu))
		ret = nv_function_add(pdev, gpu);
	if (ret)
		remove_gpu(pdev, gpu);
	return ret;
}

static struct pci_driver nv_driver;

static int nv_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct pci_dev *physical = pci_physfn(pdev);

	if (!pdev->is_virtfn)
		return add_gpu(pdev);
	if (physical->driver != &nv_driver)
		return -ENODEV;
	return nv_function_add(pdev, pci_get_drvdata(physical));
}

static void nv_remove(struct pci_dev *pdev)
{
	if (pdev->is_virtfn)
		nv_function_remove(pdev);
	else
		remove_gpu(pdev, pci_get_drvdata(pdev));
}

static const struct pci_device_id nv_ids[] = { NV_IDS };
MODULE_DEVICE_TABLE(pci, nv_ids);

static struct pci_driver nv_driver = {
	.name = "nvidia",	/* gives mdev types their prefix nvidia- */
	.id_table = nv_ids,
	.probe = nv_probe,
	.remove = nv_remove,
	.sriov_configure = nv_sriov_configure,
	.driver_managed_dma = true,
};

static int __init nv_init(void)
{
	int ret;

	if (driver_find("nouveau", &pci_bus_type)) {
		pr_err("NVRM: no NVIDIA GPU for this driver: nouveau is loaded and owns them.\n");
		return -ENODEV;
	}
	nv_queue = alloc_workqueue("nvidia", WQ_UNBOUND, 0);
	if (!nv_queue)
		return -ENOMEM;
	pr_info("NVRM: loading NVIDIA UNIX x86_64 Kernel Module  " NV_VERSION_STRING "\n");
	ret = nv_table_init();
	if (ret)
		goto no_table;
	ret = nv_proc_init();
	if (ret)
		goto no_proc;
	ret = nv_clients_init();
	if (ret)
		goto no_clients;
	ret = pci_register_driver(&nv_driver);
	if (!ret)
		return 0;
	nv_clients_exit();
no_clients:
	nv_proc_exit();
no_proc:
	nv_table_exit();
no_table:
	destroy_workqueue(nv_queue);
	return ret;
}

static void __exit nv_exit(void)
{
	pci_unregister_driver(&nv_driver);
	nv_clients_exit();
	nv_proc_exit();
	nv_table_exit();
	destroy_workqueue(nv_queue);
}

module_init(nv_init);
module_exit(nv_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION(NV_VERSION_STRING);
MODULE_DESCRIPTION("Stand-in for the NVIDIA driver of vGPU hosts, for a test lab");
