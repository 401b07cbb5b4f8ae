// SPDX-License-Identifier: GPL-2.0-only
/* Config space of the cards: the PCI core's reads and writes end here. */
#include <linux/pci.h>

#include "labgpu.h"

#define EXPRESS		0x78
#define ARI		0x1c0
#define SRIOV		0x200
#define REVISION	0xa1

static void put16(struct labgpu_function *f, int at, u16 value)
{
	f->val[at] = value;
	f->val[at + 1] = value >> 8;
}

static void put32(struct labgpu_function *f, int at, u32 value)
{
	put16(f, at, value);
	put16(f, at + 2, value >> 16);
}

static void fill_common(struct labgpu_function *f, struct labgpu_card *card, u16 class)
{
	put16(f, PCI_VENDOR_ID, PCI_VENDOR_ID_NVIDIA);
	put16(f, PCI_DEVICE_ID, card->device);
	put16(f, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put32(f, PCI_CLASS_REVISION, class << 16 | REVISION);
	put16(f, PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_NVIDIA);
	put16(f, PCI_CAPABILITY_LIST, EXPRESS);
	f->wmask[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	f->wmask[PCI_INTERRUPT_LINE] = 0xff;
	f->val[EXPRESS] = PCI_CAP_ID_EXP;
	put16(f, EXPRESS + PCI_EXP_FLAGS, 2);		/* version 2, an endpoint */
	put32(f, EXPRESS + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	put32(f, EXPRESS + PCI_EXP_LNKCAP, 0x104);	/* x16, 16 GT/s */
	put16(f, EXPRESS + PCI_EXP_LNKSTA, 0x104);
}

static void fill_registers(struct labgpu_function *f, struct labgpu_card *card)
{
	u32 next = card->vfs ? ARI : 0;

	put32(f, LABGPU_VSEC, PCI_EXT_CAP_ID_VNDR | 1 << 16 | next << 20);
	put32(f, LABGPU_VSEC + PCI_VNDR_HEADER, LABGPU_VSEC_ID | 1 << 16 | LABGPU_VSEC_LENGTH << 20);
	put32(f, LABGPU_FRAMEBUFFER, card->framebuffer);
	f->val[LABGPU_FLAGS] = card->flags;
	f->val[LABGPU_DISPLAY_NOW] = card->display;
	f->val[LABGPU_DISPLAY_NEXT] = card->display;
	f->val[LABGPU_MIG_NOW] = card->mig;
	f->val[LABGPU_MIG_NEXT] = card->mig;
	put16(f, LABGPU_GUEST_TYPE, card->guest_type);
	memcpy(f->val + LABGPU_NAME, card->name, sizeof(card->name));
	if (card->display)
		f->wmask[LABGPU_DISPLAY_NEXT] = 0xff;
	if (card->flags & LABGPU_FLAG_MIG)
		f->wmask[LABGPU_MIG_NEXT] = 0x01;
}

static void fill_sriov(struct labgpu_function *f, struct labgpu_card *card)
{
	put32(f, ARI, PCI_EXT_CAP_ID_ARI | 1 << 16 | SRIOV << 20);
	put32(f, SRIOV, PCI_EXT_CAP_ID_SRIOV | 1 << 16);
	put16(f, SRIOV + PCI_SRIOV_INITIAL_VF, card->vfs);
	put16(f, SRIOV + PCI_SRIOV_TOTAL_VF, card->vfs);
	put16(f, SRIOV + PCI_SRIOV_VF_OFFSET, LABGPU_VF_OFFSET);
	put16(f, SRIOV + PCI_SRIOV_VF_STRIDE, 1);
	put16(f, SRIOV + PCI_SRIOV_VF_DID, card->flags & LABGPU_FLAG_LEGACY ? 0 : card->device);
	put32(f, SRIOV + PCI_SRIOV_SUP_PGSIZE, 0x553);
	put32(f, SRIOV + PCI_SRIOV_SYS_PGSIZE, 1);
	f->wmask[SRIOV + PCI_SRIOV_CTRL] = PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI;
	f->wmask[SRIOV + PCI_SRIOV_NUM_VF] = 0xff;
}

/* VFs show subsystem device 0000 and class 0302, as an A2's were captured to do. */
void labgpu_fill_config(struct labgpu_card *card)
{
	int i;

	fill_common(&card->pf, card, card->class);
	put16(&card->pf, PCI_SUBSYSTEM_ID, card->subsystem);
	fill_registers(&card->pf, card);
	if (card->vfs)
		fill_sriov(&card->pf, card);
	for (i = 0; i < card->vfs; i++)
		fill_common(&card->vf[i], card, PCI_CLASS_DISPLAY_3D);
}

struct labgpu_card *labgpu_by_bus[256];

static struct labgpu_function *find_function(struct pci_bus *bus, unsigned int devfn)
{
	struct labgpu_card *card = READ_ONCE(labgpu_by_bus[bus->number]);
	unsigned int index = devfn - LABGPU_VF_OFFSET;
	const u8 *sriov;

	if (!card)
		return NULL;
	if (!devfn)
		return &card->pf;
	sriov = card->pf.val + SRIOV;
	if (card->vfs && !(card->flags & LABGPU_FLAG_LEGACY) && devfn >= LABGPU_VF_OFFSET && index < sriov[PCI_SRIOV_NUM_VF] &&
	    index < card->vfs && (sriov[PCI_SRIOV_CTRL] & PCI_SRIOV_CTRL_VFE))
		return &card->vf[index];
	return NULL;
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *value)
{
	struct labgpu_function *f = find_function(bus, devfn);
	int i;

	*value = ~0;
	if (!f || where + size > sizeof(f->val))
		return PCIBIOS_DEVICE_NOT_FOUND;
	*value = 0;
	for (i = 0; i < size; i++)
		*value |= (u32)f->val[where + i] << (8 * i);
	return PCIBIOS_SUCCESSFUL;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 value)
{
	struct labgpu_function *f = find_function(bus, devfn);
	int i;

	if (!f || where + size > sizeof(f->val))
		return PCIBIOS_DEVICE_NOT_FOUND;
	for (i = 0; i < size; i++, value >>= 8) {
		u8 mask = f->wmask[where + i];

		f->val[where + i] = (f->val[where + i] & ~mask) | (value & mask);
		if (!devfn && where + i == LABGPU_RESET && (value & 1))
			f->val[LABGPU_MIG_NOW] = f->val[LABGPU_MIG_NEXT];
	}
	return PCIBIOS_SUCCESSFUL;
}

struct pci_ops labgpu_pci_ops = {
	.read = config_read,
	.write = config_write,
};
