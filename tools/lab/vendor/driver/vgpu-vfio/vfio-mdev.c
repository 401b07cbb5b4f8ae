// SPDX-License-Identifier: GPL-2.0-only
/* vGPUs as mediated devices, on a PF without SR-IOV or on VFs. */
#include <linux/slab.h>

#include "vgpu-vfio/vfio.h"

/* One type of one parent. */
struct offered {
	struct mdev_type type;
	const struct nv_type *nv;
	struct nv_function *function;
	char id[12];
};

struct parent {
	struct mdev_parent parent;
	struct mdev_type **types;
	unsigned int count;
	struct offered offered[];
};

static struct offered *to_offered(struct mdev_type *type)
{
	return container_of(type, struct offered, type);
}

static unsigned int get_available(struct mdev_type *type)
{
	return nv_available(to_offered(type)->function, to_offered(type)->nv);
}

static ssize_t show_description(struct mdev_type *type, char *buf)
{
	const struct nv_type *nv = to_offered(type)->nv;

	return sysfs_emit(buf, "num_heads=%u, frl_config=%u, framebuffer=%uM, max_resolution=%s, max_instance=%u\n",
			  nv->heads, nv->frame_rate, nv->framebuffer, nv->resolution, nv->max_instances);
}

static int mdev_probe(struct mdev_device *mdev)
{
	struct offered *offered = to_offered(mdev->type);
	struct nv_vgpu *vgpu = nv_vgpu_create(offered->function, offered->nv->id, dev_name(&mdev->dev));
	struct nv_device *device;
	int ret;

	if (IS_ERR(vgpu))
		return PTR_ERR(vgpu);
	device = nv_device_alloc(&mdev->dev, vgpu, &nv_mdev_ops);
	if (IS_ERR(device))
		return PTR_ERR(device);
	dev_set_drvdata(&mdev->dev, device);
	ret = vfio_register_emulated_iommu_dev(&device->vdev);
	if (ret)
		vfio_put_device(&device->vdev);
	return ret;
}

/* Waits while a VM has it open. */
static void mdev_remove(struct mdev_device *mdev)
{
	struct nv_device *device = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&device->vdev);
	vfio_put_device(&device->vdev);
}

static ssize_t vgpu_params_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nv_device *device = dev_get_drvdata(dev);

	return nv_vgpu_show_params(device->vgpu, buf);
}

static ssize_t vgpu_params_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct nv_device *device = dev_get_drvdata(dev);

	return nv_vgpu_store_params(device->vgpu, buf, count);
}
static DEVICE_ATTR_RW(vgpu_params);

static ssize_t vm_name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nv_device *device = dev_get_drvdata(dev);

	return nv_vgpu_show_vm_name(device->vgpu, buf);
}
static DEVICE_ATTR_RO(vm_name);

static struct attribute *mdev_attrs[] = { &dev_attr_vgpu_params.attr, &dev_attr_vm_name.attr, NULL };
static const struct attribute_group mdev_group = { .name = "nvidia", .attrs = mdev_attrs };
static const struct attribute_group *mdev_groups[] = { &mdev_group, NULL };

struct mdev_driver nv_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.probe = mdev_probe,
	.remove = mdev_remove,
	.get_available = get_available,
	.show_description = show_description,
	.driver = {
		.name = "nvidia-vgpu-vfio",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = mdev_groups,
	},
};

static void fill_offered(struct parent *parent, struct nv_function *function)
{
	unsigned int i;

	for (i = 0; i < parent->count; i++) {
		struct offered *offered = &parent->offered[i];

		offered->nv = nv_function_type(function, i);
		offered->function = function;
		snprintf(offered->id, sizeof(offered->id), "%u", offered->nv->id);
		offered->type.sysfs_name = offered->id;
		offered->type.pretty_name = offered->nv->name;
		parent->types[i] = &offered->type;
	}
}

int nv_mdev_attach(struct nv_function *function)
{
	struct parent *parent;
	unsigned int count = 0;
	int ret;

	while (nv_function_type(function, count))
		count++;
	parent = kvzalloc(struct_size(parent, offered, count), GFP_KERNEL);
	if (!parent)
		return -ENOMEM;
	parent->count = count;
	parent->types = kvcalloc(count, sizeof(*parent->types), GFP_KERNEL);
	if (!parent->types) {
		kvfree(parent);
		return -ENOMEM;
	}
	fill_offered(parent, function);
	function->front = parent;
	ret = mdev_register_parent(&parent->parent, &function->pdev->dev, &nv_mdev_driver, parent->types, count);
	if (ret) {
		kvfree(parent->types);
		kvfree(parent);
	}
	return ret;
}

void nv_mdev_detach(struct nv_function *function)
{
	struct parent *parent = function->front;

	mdev_unregister_parent(&parent->parent);
	kvfree(parent->types);
	kvfree(parent);
}
