// SPDX-License-Identifier: GPL-2.0-only
/* /dev/nvidiactl: each open descriptor is an NVML client. */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "nvidia/nv-card.h"

static atomic_t clients = ATOMIC_INIT(0);

static int client_open(struct inode *inode, struct file *file)
{
	atomic_inc(&clients);
	return 0;
}

static int client_release(struct inode *inode, struct file *file)
{
	atomic_dec(&clients);
	return 0;
}

static ssize_t client_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return 0;
}

static const struct file_operations client_fops = {
	.owner = THIS_MODULE,
	.open = client_open,
	.release = client_release,
	.read = client_read,
};

static struct miscdevice client_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nvidiactl",
	.fops = &client_fops,
	.mode = 0666,
};

unsigned int nv_clients(void)
{
	return atomic_read(&clients);
}

int nv_clients_init(void)
{
	return misc_register(&client_device);
}

void nv_clients_exit(void)
{
	misc_deregister(&client_device);
}
