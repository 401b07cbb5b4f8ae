// SPDX-License-Identifier: GPL-2.0-only
/* /dev/nvidia-vgpuctl: the vGPU manager keeps it open and reads what happens to vGPUs. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "vgpu-vfio/vfio.h"

#define MAX_WAITING	256

struct event {
	struct list_head list;
	char text[192];
};

static LIST_HEAD(events);
static unsigned int waiting;
static DEFINE_MUTEX(events_lock);
static DECLARE_WAIT_QUEUE_HEAD(events_wait);
static bool running;

bool nv_manager_runs(void)
{
	return READ_ONCE(running);
}

static void drop_events(void)
{
	struct event *event, *next;

	list_for_each_entry_safe(event, next, &events, list)
		kfree(event);
	INIT_LIST_HEAD(&events);
	waiting = 0;
}

void nv_manager_tell(const char *name, struct nv_vgpu *vgpu)
{
	struct event *event = kzalloc(sizeof(*event), GFP_KERNEL);

	if (!event)
		return;
	snprintf(event->text, sizeof(event->text), "%s %u %s %u %s %s\n", name, vgpu->number,
		 pci_name(vgpu->function->pdev), vgpu->type->id, *vgpu->vm_uuid ? vgpu->vm_uuid : "-",
		 *vgpu->vm_name ? vgpu->vm_name : "-");
	mutex_lock(&events_lock);
	if (running && waiting < MAX_WAITING) {
		list_add_tail(&event->list, &events);
		waiting++;
		event = NULL;
	}
	mutex_unlock(&events_lock);
	kfree(event);
	wake_up_interruptible(&events_wait);
}

static int manager_open(struct inode *inode, struct file *file)
{
	int ret = 0;

	mutex_lock(&events_lock);
	if (running)
		ret = -EBUSY;
	running = true;
	mutex_unlock(&events_lock);
	return ret;
}

static int manager_release(struct inode *inode, struct file *file)
{
	mutex_lock(&events_lock);
	running = false;
	drop_events();
	mutex_unlock(&events_lock);
	return 0;
}

static struct event *next_event(void)
{
	struct event *event;

	mutex_lock(&events_lock);
	event = list_first_entry_or_null(&events, struct event, list);
	if (event) {
		list_del(&event->list);
		waiting--;
	}
	mutex_unlock(&events_lock);
	return event;
}

/* A shell reads byte by byte: what is left of a line stays with the file. */
static ssize_t manager_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	static char line[192];
	static size_t at;
	struct event *event;
	int ret;

	if (at >= strlen(line)) {
		ret = wait_event_interruptible(events_wait, (event = next_event()) != NULL);
		if (ret)
			return ret;
		strscpy(line, event->text, sizeof(line));
		at = 0;
		kfree(event);
	}
	count = min(count, strlen(line) - at);
	if (copy_to_user(buf, line + at, count))
		return -EFAULT;
	at += count;
	return count;
}

static const struct file_operations manager_fops = {
	.owner = THIS_MODULE,
	.open = manager_open,
	.release = manager_release,
	.read = manager_read,
};

static struct miscdevice manager_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nvidia-vgpuctl",
	.fops = &manager_fops,
	.mode = 0600,
};

int nv_manager_init(void)
{
	return misc_register(&manager_device);
}

void nv_manager_exit(void)
{
	misc_deregister(&manager_device);
	drop_events();
}
