/* SPDX-License-Identifier: GPL-2.0-only */
/* The card, as the three parts of labgpu know it. */
#ifndef LABGPU_H
#define LABGPU_H

#include <linux/list.h>
#include <linux/pci.h>
#include <asm/pci.h>

#define LABGPU_MAX_VFS		64
#define LABGPU_VF_OFFSET	4	/* 0000:41:00.0 has its first VF at 0000:41:00.4 */

/* Registers of the vendor-specific capability; ../vendor/driver/README.md has the table. */
#define LABGPU_VSEC		0x100
#define LABGPU_VSEC_ID		0x4c47
#define LABGPU_VSEC_LENGTH	0x80
#define LABGPU_FRAMEBUFFER	0x108
#define LABGPU_FLAGS		0x10c
#define LABGPU_DISPLAY_NOW	0x110
#define LABGPU_DISPLAY_NEXT	0x111
#define LABGPU_MIG_NOW		0x112
#define LABGPU_MIG_NEXT		0x113
#define LABGPU_RESET		0x114
#define LABGPU_GUEST_TYPE	0x118
#define LABGPU_NAME		0x120
#define LABGPU_NAME_LENGTH	48

#define LABGPU_FLAG_DISPLAYMODESELECTOR	BIT(0)
#define LABGPU_FLAG_GPUMODESWITCH	BIT(1)
#define LABGPU_FLAG_MIG			BIT(2)
#define LABGPU_FLAG_GUEST		BIT(3)
#define LABGPU_FLAG_LEGACY		BIT(4)

#define LABGPU_DISPLAY_NONE	0
#define LABGPU_DISPLAY_256MB	1
#define LABGPU_DISPLAY_8GB	2
#define LABGPU_DISPLAY_OFF	4

/* Config space of one function; a bit of wmask lets the bit of val be written. */
struct labgpu_function {
	u8 val[PCI_CFG_SPACE_EXP_SIZE];
	u8 wmask[PCI_CFG_SPACE_EXP_SIZE];
};

struct labgpu_card {
	struct list_head list;
	unsigned int busnr;
	u16 device;
	u16 subsystem;
	u16 class;
	u16 vfs;
	u16 guest_type;
	u32 framebuffer;	/* MiB */
	u8 flags;
	u8 display;		/* the mode it comes up in */
	u8 mig;
	char name[LABGPU_NAME_LENGTH];

	struct pci_bus *bus;
	struct pci_ops *slot_ops;	/* what the empty slot answers with; NULL: the bus is the card's own */
	struct pci_sysdata sysdata;	/* of a bus of its own */
	struct resource busn;
	struct labgpu_function pf;
	struct labgpu_function *vf;
};

int labgpu_parse_card(struct labgpu_card *card, char *text);
void labgpu_fill_config(struct labgpu_card *card);
extern struct pci_ops labgpu_pci_ops;
extern struct labgpu_card *labgpu_by_bus[256];

#endif
