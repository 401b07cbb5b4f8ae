// SPDX-License-Identifier: GPL-2.0-only
/* vGPUs as vendor-specific VFIO devices: the VF itself becomes one while it has a type. */
#include <linux/module.h>
#include <linux/slab.h>

#include "vgpu-vfio/vfio.h"

struct vendor {
	struct nv_function *function;
	struct mutex lock;
	struct nv_device *device;	/* NULL while the type is 0 */
};

/* sysfs gives the VF's device; its driver data is the function. */
static struct vendor *vendor_of(struct device *dev)
{
	return ((struct nv_function *)dev_get_drvdata(dev))->front;
}

static ssize_t creatable_vgpu_types_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nv_function *function = vendor_of(dev)->function;
	const struct nv_type *type;
	int length = sysfs_emit(buf, "ID    : vGPU Name\n");
	unsigned int i;

	for (i = 0; (type = nv_function_type(function, i)); i++)
		if (nv_available(function, type))
			length += sysfs_emit_at(buf, length, "%-5u : %s\n", type->id, type->name);
	return length;
}
static DEVICE_ATTR_RO(creatable_vgpu_types);

static ssize_t current_vgpu_type_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vendor *vendor = vendor_of(dev);
	ssize_t length;

	mutex_lock(&vendor->lock);
	length = sysfs_emit(buf, "%u\n", vendor->device ? vendor->device->vgpu->type->id : 0);
	mutex_unlock(&vendor->lock);
	return length;
}

static int take_type(struct vendor *vendor)
{
	if (!vendor->device)
		return 0;
	if (!nv_vgpu_retire(vendor->device->vgpu))
		return -EBUSY;
	vfio_unregister_group_dev(&vendor->device->vdev);
	vfio_put_device(&vendor->device->vdev);
	vendor->device = NULL;
	return 0;
}

static int give_type(struct vendor *vendor, u32 id)
{
	struct nv_vgpu *vgpu;
	struct nv_device *device;
	int ret;

	if (vendor->device && vendor->device->vgpu->open)
		return -EBUSY;
	vgpu = nv_vgpu_create(vendor->function, id, NULL);
	if (IS_ERR(vgpu))
		return PTR_ERR(vgpu);
	device = nv_device_alloc(&vendor->function->pdev->dev, vgpu, &nv_vendor_ops);
	if (IS_ERR(device))
		return PTR_ERR(device);
	ret = vfio_register_group_dev(&device->vdev);
	if (ret) {
		pr_err("NVRM: %s: no VFIO device: error %d\n", pci_name(vendor->function->pdev), ret);
		vfio_put_device(&device->vdev);
		return ret;
	}
	vendor->device = device;
	return 0;
}

static ssize_t current_vgpu_type_store(struct device *dev, struct device_attribute *attr, const char *buf,
				       size_t count)
{
	struct vendor *vendor = vendor_of(dev);
	u32 id;
	int ret = kstrtou32(buf, 10, &id);

	if (ret)
		return ret;
	mutex_lock(&vendor->lock);
	ret = id ? give_type(vendor, id) : take_type(vendor);
	mutex_unlock(&vendor->lock);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(current_vgpu_type);

static ssize_t vgpu_params_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vendor *vendor = vendor_of(dev);
	ssize_t length;

	mutex_lock(&vendor->lock);
	length = vendor->device ? nv_vgpu_show_params(vendor->device->vgpu, buf) : sysfs_emit(buf, "\n");
	mutex_unlock(&vendor->lock);
	return length;
}

static ssize_t vgpu_params_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct vendor *vendor = vendor_of(dev);
	ssize_t ret;

	mutex_lock(&vendor->lock);
	ret = vendor->device ? nv_vgpu_store_params(vendor->device->vgpu, buf, count) : -ENXIO;
	mutex_unlock(&vendor->lock);
	return ret;
}
static DEVICE_ATTR_RW(vgpu_params);

static ssize_t placement_id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vendor *vendor = vendor_of(dev);
	ssize_t length = -ENXIO;

	mutex_lock(&vendor->lock);
	if (vendor->device)
		length = sysfs_emit(buf, "%u\n", nv_vgpu_placement(vendor->device->vgpu));
	mutex_unlock(&vendor->lock);
	return length;
}
static DEVICE_ATTR_RO(placement_id);

static ssize_t gpu_instance_id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vendor *vendor = vendor_of(dev);
	ssize_t length = -ENXIO;

	mutex_lock(&vendor->lock);
	if (vendor->device && vendor->device->vgpu->instance == NV_NO_INSTANCE)
		length = sysfs_emit(buf, "N/A\n");
	else if (vendor->device)
		length = sysfs_emit(buf, "%d\n", vendor->device->vgpu->instance);
	mutex_unlock(&vendor->lock);
	return length;
}
static DEVICE_ATTR_RO(gpu_instance_id);

static ssize_t warm_update_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "\n");
}
static DEVICE_ATTR_RO(warm_update);

static struct attribute *vendor_attrs[] = {
	&dev_attr_creatable_vgpu_types.attr,
	&dev_attr_current_vgpu_type.attr,
	&dev_attr_gpu_instance_id.attr,
	&dev_attr_placement_id.attr,
	&dev_attr_vgpu_params.attr,
	&dev_attr_warm_update.attr,
	NULL
};
static const struct attribute_group vendor_group = { .name = "nvidia", .attrs = vendor_attrs };

int nv_vendor_attach(struct nv_function *function)
{
	struct vendor *vendor = kzalloc(sizeof(*vendor), GFP_KERNEL);
	int ret;

	if (!vendor)
		return -ENOMEM;
	vendor->function = function;
	mutex_init(&vendor->lock);
	function->front = vendor;
	ret = sysfs_create_group(&function->pdev->dev.kobj, &vendor_group);
	if (ret)
		kfree(vendor);
	return ret;
}

/* Waits while a VM has the vGPU open. */
void nv_vendor_detach(struct nv_function *function)
{
	struct vendor *vendor = function->front;

	sysfs_remove_group(&function->pdev->dev.kobj, &vendor_group);
	if (vendor->device) {
		vfio_unregister_group_dev(&vendor->device->vdev);
		vfio_put_device(&vendor->device->vdev);
	}
	kfree(vendor);
}
