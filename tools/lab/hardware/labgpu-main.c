// SPDX-License-Identifier: GPL-2.0-only
/*
 * labgpu - GPUs made of config space, for a test lab.
 *
 * Each card is function 0 behind a root port of the machine, with VFs where it can SR-IOV. It has no BARs and no interrupts
 * and is bound to no driver. What PCI, IOMMU, SR-IOV and sysfs make of it is the running kernel's own doing.
 *
 * A line of the cards text written to the parameter `card` puts a card into its slot.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "labgpu.h"

static LIST_HEAD(cards);
static DEFINE_MUTEX(cards_lock);

static void free_card(struct labgpu_card *card)
{
	kvfree(card->vf);
	kvfree(card);
}

/* Behind a root port of the machine the card has an IOMMU; without one it gets a root bus of its own, and has none. */
static int put_in_slot(struct labgpu_card *card, struct pci_bus *slot)
{
	if (!slot->self || !list_empty(&slot->devices) || !list_empty(&slot->children))
		return -EBUSY;
	card->bus = slot;
	card->slot_ops = pci_bus_set_ops(slot, &labgpu_pci_ops);
	pci_scan_slot(slot, 0);
	pci_bus_add_devices(slot);
	return 0;
}

static int put_on_own_bus(struct labgpu_card *card)
{
	LIST_HEAD(resources);

	card->sysdata.node = NUMA_NO_NODE;
	card->busn = (struct resource) {
		.name = "labgpu", .start = card->busnr, .end = card->busnr, .flags = IORESOURCE_BUS,
	};
	pci_add_resource(&resources, &card->busn);
	card->bus = pci_create_root_bus(NULL, card->busnr, &labgpu_pci_ops, &card->sysdata, &resources);
	if (!card->bus) {
		pci_free_resource_list(&resources);
		return -ENODEV;
	}
	pci_scan_child_bus(card->bus);
	pci_bus_add_devices(card->bus);
	return 0;
}

static int put_in(struct labgpu_card *card)
{
	struct pci_bus *slot;
	int ret;

	if (labgpu_by_bus[card->busnr])
		return -EEXIST;
	WRITE_ONCE(labgpu_by_bus[card->busnr], card);
	pci_lock_rescan_remove();
	slot = pci_find_bus(0, card->busnr);
	ret = slot ? put_in_slot(card, slot) : put_on_own_bus(card);
	pci_unlock_rescan_remove();
	if (ret)
		WRITE_ONCE(labgpu_by_bus[card->busnr], NULL);
	return ret;
}

static void take_out(struct labgpu_card *card)
{
	struct pci_dev *pdev, *next;

	pci_lock_rescan_remove();
	if (card->slot_ops) {
		list_for_each_entry_safe_reverse(pdev, next, &card->bus->devices, bus_list)
			pci_stop_and_remove_bus_device(pdev);
		pci_bus_set_ops(card->bus, card->slot_ops);
	} else {
		pci_stop_root_bus(card->bus);
		pci_remove_root_bus(card->bus);
	}
	pci_unlock_rescan_remove();
	WRITE_ONCE(labgpu_by_bus[card->busnr], NULL);
	free_card(card);
}

static int add_card(const char *text, const struct kernel_param *param)
{
	struct labgpu_card *card = kvzalloc(sizeof(*card), GFP_KERNEL);
	char *line = kstrdup(text, GFP_KERNEL);
	int ret = -ENOMEM;

	if (!card || !line)
		goto fail;
	ret = labgpu_parse_card(card, line);
	if (ret)
		goto fail;
	ret = -ENOMEM;
	if (card->vfs) {
		card->vf = kvcalloc(card->vfs, sizeof(*card->vf), GFP_KERNEL);
		if (!card->vf)
			goto fail;
	}
	labgpu_fill_config(card);
	mutex_lock(&cards_lock);
	ret = put_in(card);
	if (!ret)
		list_add_tail(&card->list, &cards);
	mutex_unlock(&cards_lock);
	if (ret)
		goto fail;
	kfree(line);
	return 0;
fail:
	pr_err("labgpu: no card from \"%s\": error %d\n", text, ret);
	kfree(line);
	if (card)
		free_card(card);
	return ret;
}

static const struct kernel_param_ops card_ops = { .set = add_card };
module_param_cb(card, &card_ops, NULL, 0200);
MODULE_PARM_DESC(card, "a line of the cards text");

static int __init labgpu_init(void)
{
	return 0;
}

static void __exit labgpu_exit(void)
{
	struct labgpu_card *card, *next;

	list_for_each_entry_safe(card, next, &cards, list)
		take_out(card);
}

module_init(labgpu_init);
module_exit(labgpu_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("GPUs made of config space, for a test lab");
