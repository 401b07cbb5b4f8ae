// SPDX-License-Identifier: GPL-2.0-only
/* nvidia-vgpu-vfio.ko: makes vGPUs on the functions that nvidia.ko knows. */
#include <linux/module.h>

#include "nv-ids.h"
#include "vgpu-vfio/vfio.h"

static int attach(struct nv_function *function)
{
	return nv_function_is_mdev(function) ? nv_mdev_attach(function) : nv_vendor_attach(function);
}

static void detach(struct nv_function *function)
{
	if (nv_function_is_mdev(function))
		nv_mdev_detach(function);
	else
		nv_vendor_detach(function);
}

static const struct nv_vgpu_front front = { .attach = attach, .detach = detach };

/* Only so that udev loads the module where there is a card: it binds none. */
static const struct pci_device_id vfio_ids[] = { NV_IDS };
MODULE_DEVICE_TABLE(pci, vfio_ids);

static int __init vfio_init(void)
{
	int ret = mdev_register_driver(&nv_mdev_driver);

	if (ret)
		return ret;
	ret = nv_manager_init();
	if (!ret) {
		ret = nv_register_front(&front);
		if (!ret)
			return 0;
		nv_manager_exit();
	}
	mdev_unregister_driver(&nv_mdev_driver);
	return ret;
}

static void __exit vfio_exit(void)
{
	nv_unregister_front();
	nv_manager_exit();
	mdev_unregister_driver(&nv_mdev_driver);
}

module_init(vfio_init);
module_exit(vfio_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION(NV_VERSION_STRING);
MODULE_DESCRIPTION("Stand-in for the NVIDIA vGPU VFIO driver, for a test lab");
