// SPDX-License-Identifier: GPL-2.0-only
/* nvidia.ko of the guest's package: binds a vGPU as a guest sees it. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "nv-ids.h"
#include "nv-version.h"
#include "nvidia/nv-card.h"

struct guest_gpu {
	struct pci_dev *pdev;
	struct nv_card card;
	unsigned int index;
	struct proc_dir_entry *proc;
};

static struct proc_dir_entry *top, *gpus;
static atomic_t next_index = ATOMIC_INIT(0);

static int show_version(struct seq_file *m, void *unused)
{
	seq_puts(m, "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " NV_VERSION_STRING "\n");
	seq_puts(m, "GCC version:  " CONFIG_CC_VERSION_TEXT "\n");
	return 0;
}

static int show_information(struct seq_file *m, void *unused)
{
	struct guest_gpu *gpu = m->private;

	seq_printf(m, "Model: \t\t %s\n", gpu->card.name);
	seq_printf(m, "GPU UUID: \t %s\n", gpu->card.uuid);
	seq_puts(m, "Bus Type: \t PCIe\n");
	seq_printf(m, "Bus Location: \t %s\n", pci_name(gpu->pdev));
	seq_printf(m, "Device Minor: \t %u\n", gpu->index);
	return 0;
}

static int show_state(struct seq_file *m, void *unused)
{
	struct guest_gpu *gpu = m->private;

	seq_printf(m, "slot %s\nindex %u\nname %s\nuuid %s\n", pci_name(gpu->pdev), gpu->index, gpu->card.name,
		   gpu->card.uuid);
	seq_printf(m, "device %04x\nsubsystem %04x\n", gpu->pdev->device, gpu->pdev->subsystem_device);
	seq_printf(m, "framebuffer-mib %u\nguest-type %u\n", gpu->card.framebuffer, gpu->card.guest_type);
	return 0;
}

static int guest_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct guest_gpu *gpu = kzalloc(sizeof(*gpu), GFP_KERNEL);

	if (!gpu)
		return -ENOMEM;
	if (nv_card_read(pdev, &gpu->card) || !(gpu->card.flags & NV_CARD_GUEST)) {
		pr_err("NVRM: GPU %s is no vGPU; this driver is for guests.\n", pci_name(pdev));
		kfree(gpu);
		return -ENODEV;
	}
	gpu->pdev = pdev;
	gpu->index = atomic_inc_return(&next_index) - 1;
	gpu->proc = proc_mkdir(pci_name(pdev), gpus);
	if (!gpu->proc || !proc_create_single_data("information", 0444, gpu->proc, show_information, gpu) ||
	    !proc_create_single_data("state", 0444, gpu->proc, show_state, gpu)) {
		if (gpu->proc)
			proc_remove(gpu->proc);
		kfree(gpu);
		return -ENOMEM;
	}
	pci_set_drvdata(pdev, gpu);
	return 0;
}

static void guest_remove(struct pci_dev *pdev)
{
	struct guest_gpu *gpu = pci_get_drvdata(pdev);

	proc_remove(gpu->proc);
	kfree(gpu);
}

static const struct pci_device_id guest_ids[] = { NV_IDS };
MODULE_DEVICE_TABLE(pci, guest_ids);

static struct pci_driver guest_driver = {
	.name = "nvidia",
	.id_table = guest_ids,
	.probe = guest_probe,
	.remove = guest_remove,
};

static int make_files(void)
{
	top = proc_mkdir("driver/nvidia", NULL);
	if (!top)
		return -ENOMEM;
	gpus = proc_mkdir("gpus", top);
	if (gpus && proc_create_single("version", 0444, top, show_version))
		return 0;
	proc_remove(top);
	return -ENOMEM;
}

static int __init guest_init(void)
{
	int ret;

	if (driver_find("nouveau", &pci_bus_type)) {
		pr_err("NVRM: no NVIDIA GPU for this driver: nouveau is loaded and owns them.\n");
		return -ENODEV;
	}
	pr_info("NVRM: loading NVIDIA UNIX x86_64 Kernel Module  " NV_VERSION_STRING "\n");
	ret = make_files();
	if (ret)
		return ret;
	ret = nv_clients_init();
	if (ret)
		goto no_clients;
	ret = pci_register_driver(&guest_driver);
	if (!ret)
		return 0;
	nv_clients_exit();
no_clients:
	proc_remove(top);
	return ret;
}

static void __exit guest_exit(void)
{
	pci_unregister_driver(&guest_driver);
	nv_clients_exit();
	proc_remove(top);
}

module_init(guest_init);
module_exit(guest_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION(NV_VERSION_STRING);
MODULE_DESCRIPTION("Stand-in for the NVIDIA driver of guests, for a test lab");
