// SPDX-License-Identifier: GPL-2.0-only
/* The files below /proc/driver/nvidia. */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nvidia/nv.h"

#define COMMAND_LENGTH	128

static struct proc_dir_entry *top, *gpus;

static int show_version(struct seq_file *m, void *unused)
{
	seq_puts(m, "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " NV_VERSION_STRING "\n");
	seq_puts(m, "GCC version:  " CONFIG_CC_VERSION_TEXT "\n");
	return 0;
}

static int show_information(struct seq_file *m, void *unused)
{
	struct nv_gpu *gpu = m->private;

	seq_printf(m, "Model: \t\t %s\n", gpu->card.name);
	seq_printf(m, "GPU UUID: \t %s\n", gpu->card.uuid);
	seq_puts(m, "Bus Type: \t PCIe\n");
	seq_printf(m, "Bus Location: \t %s\n", nv_slot(gpu));
	seq_printf(m, "Device Minor: \t %u\n", gpu->index);
	return 0;
}

static int show_unbind_lock(struct seq_file *m, void *unused)
{
	struct nv_gpu *gpu = m->private;

	seq_printf(m, "%d\n", gpu->unbind_lock);
	return 0;
}

static struct nv_gpu *gpu_of(struct file *file)
{
	return ((struct seq_file *)file->private_data)->private;
}

static char *copy_text(const char __user *buf, size_t count)
{
	return count > COMMAND_LENGTH ? ERR_PTR(-EINVAL) : memdup_user_nul(buf, count);
}

static ssize_t write_unbind_lock(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct nv_gpu *gpu = gpu_of(file);
	char *text = copy_text(buf, count);
	bool wanted;
	int ret;

	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = kstrtobool(text, &wanted);
	kfree(text);
	if (ret)
		return ret;
	if (wanted)
		nv_unbind_lock(gpu);
	else
		gpu->unbind_lock = false;
	return count;
}

static ssize_t write_command(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char *text = copy_text(buf, count);
	int ret;

	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = nv_command(gpu_of(file), strim(text));
	kfree(text);
	return ret ? ret : count;
}

static int show_nothing(struct seq_file *m, void *unused)
{
	return 0;
}

#define NV_OPEN(name, show)						\
static int open_##name(struct inode *inode, struct file *file)		\
{									\
	return single_open(file, show, pde_data(inode));		\
}
NV_OPEN(information, show_information)
NV_OPEN(unbind_lock, show_unbind_lock)
NV_OPEN(state, nv_show_state)
NV_OPEN(command, show_nothing)

#define NV_PROC_OPS(name, write_op)					\
static const struct proc_ops name##_ops = {				\
	.proc_open = open_##name,					\
	.proc_read = seq_read,						\
	.proc_lseek = seq_lseek,					\
	.proc_release = single_release,					\
	.proc_write = write_op,						\
}
NV_PROC_OPS(information, NULL);
NV_PROC_OPS(unbind_lock, write_unbind_lock);
NV_PROC_OPS(state, NULL);
NV_PROC_OPS(command, write_command);

static const struct proc_ops table_ops = {
	.proc_open = nv_table_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = nv_table_release,
	.proc_write = nv_table_write,
};

int nv_proc_add(struct nv_gpu *gpu)
{
	gpu->proc = proc_mkdir(nv_slot(gpu), gpus);
	if (!gpu->proc ||
	    !proc_create_data("information", 0444, gpu->proc, &information_ops, gpu) ||
	    !proc_create_data("unbindLock", 0644, gpu->proc, &unbind_lock_ops, gpu) ||
	    !proc_create_data("state", 0444, gpu->proc, &state_ops, gpu) ||
	    !proc_create_data("command", 0200, gpu->proc, &command_ops, gpu))
		return -ENOMEM;
	return 0;
}

void nv_proc_remove(struct nv_gpu *gpu)
{
	if (gpu->proc)
		proc_remove(gpu->proc);
}

int nv_proc_init(void)
{
	top = proc_mkdir("driver/nvidia", NULL);
	if (!top)
		return -ENOMEM;
	gpus = proc_mkdir("gpus", top);
	if (!gpus || !proc_create_single("version", 0444, top, show_version) ||
	    !proc_create("vgpu-types", 0600, top, &table_ops)) {
		proc_remove(top);
		return -ENOMEM;
	}
	return 0;
}

void nv_proc_exit(void)
{
	proc_remove(top);
}
