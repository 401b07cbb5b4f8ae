// SPDX-License-Identifier: GPL-2.0-only
/* The VFIO device of a vGPU: a config space and a BAR 0 that reads as zero. */
#include <linux/module.h>
#include <linux/uaccess.h>

#include "vgpu-vfio/vfio.h"

#define BAR0_SIZE	(16 << 20)	/* QEMU's quirks for NVIDIA take a BAR 0 for granted */
#define INDEX_SHIFT	40

static inline struct nv_device *to_device(struct vfio_device *vdev)
{
	return container_of(vdev, struct nv_device, vdev);
}

static int device_open(struct vfio_device *vdev)
{
	struct nv_device *device = to_device(vdev);
	int ret;

	if (!nv_manager_runs()) {
		pr_err("NVRM: vGPU %u cannot start: the vGPU manager does not run\n", device->vgpu->number);
		return -EIO;
	}
	ret = nv_vgpu_open(device->vgpu);
	if (ret)
		return ret;
	__module_get(THIS_MODULE);
	nv_manager_tell("start", device->vgpu);
	return 0;
}

static void device_close(struct vfio_device *vdev)
{
	struct nv_device *device = to_device(vdev);

	nv_manager_tell("stop", device->vgpu);
	nv_vgpu_close(device->vgpu);
	module_put(THIS_MODULE);
}

static ssize_t access_bar0(char __user *buf, size_t count, u64 offset, bool write)
{
	count = min_t(u64, count, BAR0_SIZE - offset);
	if (!write && clear_user(buf, count))
		return -EFAULT;
	return count;
}

/* The command register and the interrupt line take writes, the rest ignores them. */
static ssize_t access_config(struct nv_device *device, char __user *buf, size_t count, u64 offset, bool write)
{
	count = min_t(u64, count, sizeof(device->config) - offset);
	if (!write)
		return copy_to_user(buf, device->config + offset, count) ? -EFAULT : count;
	if (offset == PCI_COMMAND && count <= 2 && copy_from_user(device->config + offset, buf, count))
		return -EFAULT;
	return count;
}

static ssize_t access_region(struct nv_device *device, char __user *buf, size_t count, loff_t *pos, bool write)
{
	u64 index = *pos >> INDEX_SHIFT, offset = *pos & ((1ULL << INDEX_SHIFT) - 1);
	ssize_t done = -EINVAL;

	if (index == VFIO_PCI_BAR0_REGION_INDEX && offset < BAR0_SIZE)
		done = access_bar0(buf, count, offset, write);
	else if (index == VFIO_PCI_CONFIG_REGION_INDEX && offset < sizeof(device->config))
		done = access_config(device, buf, count, offset, write);
	if (done > 0)
		*pos += done;
	return done;
}

static ssize_t device_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos)
{
	return access_region(to_device(vdev), buf, count, pos, false);
}

static ssize_t device_write(struct vfio_device *vdev, const char __user *buf, size_t count, loff_t *pos)
{
	return access_region(to_device(vdev), (char __user *)buf, count, pos, true);
}

static long get_info(void __user *arg)
{
	struct vfio_device_info info = {
		.argsz = offsetofend(struct vfio_device_info, num_irqs),
		.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};

	return copy_to_user(arg, &info, info.argsz) ? -EFAULT : 0;
}

static long get_region_info(struct nv_device *device, void __user *arg)
{
	size_t size = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info;

	if (copy_from_user(&info, arg, size))
		return -EFAULT;
	if (info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info.size = 0;
	if (info.index == VFIO_PCI_CONFIG_REGION_INDEX)
		info.size = sizeof(device->config);
	if (info.index == VFIO_PCI_BAR0_REGION_INDEX)
		info.size = BAR0_SIZE;
	info.flags = info.size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	info.offset = (u64)info.index << INDEX_SHIFT;
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

static long get_irq_info(void __user *arg)
{
	size_t size = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, size))
		return -EFAULT;
	if (info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	info.count = 0;
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

static long device_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_info((void __user *)arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(to_device(vdev), (void __user *)arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info((void __user *)arg);
	case VFIO_DEVICE_SET_IRQS:
	case VFIO_DEVICE_RESET:
		return 0;
	}
	return -ENOTTY;
}

static void device_release(struct vfio_device *vdev)
{
	nv_vgpu_destroy(to_device(vdev)->vgpu);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	vfio_free_device(vdev);
#endif
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define NV_IOMMUFD(kind)						\
	.bind_iommufd = vfio_iommufd_##kind##_bind,			\
	.unbind_iommufd = vfio_iommufd_##kind##_unbind,			\
	.attach_ioas = vfio_iommufd_##kind##_attach_ioas,		\
	.detach_ioas = vfio_iommufd_##kind##_detach_ioas,
#else
#define NV_IOMMUFD(kind)
#endif

#define NV_VFIO_OPS(kind)						\
	.name = "nvidia-vgpu-vfio",					\
	.release = device_release,					\
	.open_device = device_open,					\
	.close_device = device_close,					\
	.read = device_read,						\
	.write = device_write,						\
	.ioctl = device_ioctl,						\
	NV_IOMMUFD(kind)

const struct vfio_device_ops nv_mdev_ops = { NV_VFIO_OPS(emulated) };
const struct vfio_device_ops nv_vendor_ops = { NV_VFIO_OPS(physical) };

static void fill_config(struct nv_device *device)
{
	struct pci_dev *function = device->vgpu->function->pdev;
	u8 *config = device->config;

	*(__le16 *)(config + PCI_VENDOR_ID) = cpu_to_le16(PCI_VENDOR_ID_NVIDIA);
	*(__le16 *)(config + PCI_DEVICE_ID) = cpu_to_le16(function->device);
	*(__le16 *)(config + PCI_CLASS_DEVICE) = cpu_to_le16(PCI_CLASS_DISPLAY_VGA);
	*(__le16 *)(config + PCI_SUBSYSTEM_VENDOR_ID) = cpu_to_le16(PCI_VENDOR_ID_NVIDIA);
	*(__le16 *)(config + PCI_SUBSYSTEM_ID) = cpu_to_le16(device->vgpu->type->id);
	config[PCI_REVISION_ID] = 0xa1;
}

/* Takes the vGPU over: it goes when the device does, and here on an error. */
struct nv_device *nv_device_alloc(struct device *dev, struct nv_vgpu *vgpu, const struct vfio_device_ops *ops)
{
	struct nv_device *device = vfio_alloc_device(nv_device, vdev, dev, ops);

	if (IS_ERR(device)) {
		nv_vgpu_destroy(vgpu);
		return device;
	}
	device->vgpu = vgpu;
	fill_config(device);
	return device;
}
