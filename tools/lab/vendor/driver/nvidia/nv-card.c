// SPDX-License-Identifier: GPL-2.0-only
/* Reads and writes of the card's registers in config space. */
#include <linux/hash.h>
#include <linux/jhash.h>

#include "nvidia/nv-card.h"

#define FRAMEBUFFER	0x08
#define FLAGS		0x0c
#define DISPLAY_NOW	0x10
#define DISPLAY_NEXT	0x11
#define MIG_NOW		0x12
#define MIG_NEXT	0x13
#define RESET		0x14
#define GUEST_TYPE	0x18
#define NAME		0x20

static u8 read8(struct pci_dev *pdev, const struct nv_card *card, int at)
{
	u8 value = 0;

	pci_read_config_byte(pdev, card->registers + at, &value);
	return value;
}

/* Made of the slot and the ids, so that a card keeps it over reboots. */
static void make_uuid(struct pci_dev *pdev, struct nv_card *card)
{
	u32 part[4], i;

	for (i = 0; i < ARRAY_SIZE(part); i++)
		part[i] = jhash(pci_name(pdev), strlen(pci_name(pdev)), pdev->device + i * 0x9e37);
	snprintf(card->uuid, sizeof(card->uuid), "GPU-%08x-%04x-%04x-%04x-%04x%08x", part[0], part[1] >> 16,
		 part[1] & 0xffff, part[2] >> 16, part[2] & 0xffff, part[3]);
}

int nv_card_read(struct pci_dev *pdev, struct nv_card *card)
{
	int i;

	card->registers = pci_find_vsec_capability(pdev, PCI_VENDOR_ID_NVIDIA, NV_CARD_VSEC_ID);
	if (!card->registers)
		return -ENODEV;
	pci_read_config_dword(pdev, card->registers + FRAMEBUFFER, &card->framebuffer);
	pci_read_config_word(pdev, card->registers + GUEST_TYPE, &card->guest_type);
	card->flags = read8(pdev, card, FLAGS);
	card->display = read8(pdev, card, DISPLAY_NOW);
	for (i = 0; i < NV_CARD_NAME_LENGTH - 1; i++)
		card->name[i] = read8(pdev, card, NAME + i);
	card->name[i] = 0;
	make_uuid(pdev, card);
	return 0;
}

u8 nv_card_display_next(struct pci_dev *pdev, const struct nv_card *card)
{
	return read8(pdev, card, DISPLAY_NEXT);
}

u8 nv_card_mig_now(struct pci_dev *pdev, const struct nv_card *card)
{
	return read8(pdev, card, MIG_NOW);
}

u8 nv_card_mig_next(struct pci_dev *pdev, const struct nv_card *card)
{
	return read8(pdev, card, MIG_NEXT);
}

void nv_card_set_mig_next(struct pci_dev *pdev, const struct nv_card *card, u8 mode)
{
	pci_write_config_byte(pdev, card->registers + MIG_NEXT, mode);
}

void nv_card_reset(struct pci_dev *pdev, const struct nv_card *card)
{
	pci_write_config_byte(pdev, card->registers + RESET, 1);
}

bool nv_card_display_enabled(const struct nv_card *card)
{
	return card->display != NV_DISPLAY_NONE && card->display != NV_DISPLAY_OFF;
}

/* Display-enabled boards show a small BAR 1, others one as large as the next power of two of their memory. */
u32 nv_card_bar1_mib(const struct nv_card *card)
{
	if (nv_card_display_enabled(card))
		return card->display == 1 ? 256 : 8192;
	return roundup_pow_of_two(card->framebuffer);
}

const char *nv_card_tool(const struct nv_card *card)
{
	if (card->flags & NV_CARD_DISPLAYMODESELECTOR)
		return "displaymodeselector";
	return card->flags & NV_CARD_GPUMODESWITCH ? "gpumodeswitch" : "none";
}
