/* SPDX-License-Identifier: GPL-2.0-only */
/* The card's registers; README.md has the table. */
#ifndef NV_CARD_H
#define NV_CARD_H

#include <linux/pci.h>

#define NV_CARD_VSEC_ID		0x4c47
#define NV_CARD_NAME_LENGTH	48

#define NV_CARD_DISPLAYMODESELECTOR	BIT(0)
#define NV_CARD_GPUMODESWITCH		BIT(1)
#define NV_CARD_MIG			BIT(2)
#define NV_CARD_GUEST			BIT(3)
#define NV_CARD_LEGACY			BIT(4)

#define NV_DISPLAY_NONE		0
#define NV_DISPLAY_OFF		4

struct nv_card {
	int registers;		/* offset of the capability */
	u32 framebuffer;	/* MiB */
	u8 flags;
	u8 display;
	u16 guest_type;
	char name[NV_CARD_NAME_LENGTH];
	char uuid[48];
};

int nv_card_read(struct pci_dev *pdev, struct nv_card *card);
u8 nv_card_display_next(struct pci_dev *pdev, const struct nv_card *card);
u8 nv_card_mig_now(struct pci_dev *pdev, const struct nv_card *card);
u8 nv_card_mig_next(struct pci_dev *pdev, const struct nv_card *card);
void nv_card_set_mig_next(struct pci_dev *pdev, const struct nv_card *card, u8 mode);
void nv_card_reset(struct pci_dev *pdev, const struct nv_card *card);
u32 nv_card_bar1_mib(const struct nv_card *card);
const char *nv_card_tool(const struct nv_card *card);
bool nv_card_display_enabled(const struct nv_card *card);

int nv_clients_init(void);
void nv_clients_exit(void);
unsigned int nv_clients(void);

#endif
