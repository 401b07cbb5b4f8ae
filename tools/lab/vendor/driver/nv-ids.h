/* SPDX-License-Identifier: GPL-2.0-only */
/* The cards all these modules are for: NVIDIA's display adapters, with connectors or without. */
#ifndef NV_IDS_H
#define NV_IDS_H

#include <linux/pci.h>

#define NV_CLASS(code)							\
	.vendor = PCI_VENDOR_ID_NVIDIA, .device = PCI_ANY_ID,		\
	.subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID,		\
	.class = (code) << 8, .class_mask = ~0

#define NV_IDS { NV_CLASS(PCI_CLASS_DISPLAY_VGA) }, { NV_CLASS(PCI_CLASS_DISPLAY_3D) }, { }

#endif
