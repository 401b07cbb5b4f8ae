// SPDX-License-Identifier: GPL-2.0-only
/* /proc/driver/nvidia/vgpu-types: the table of vGPU types, pushed by nvidia-vgpud. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nvidia/nv.h"

#define MAX_TEXT	(512 * 1024)

struct table {
	char *text;		/* as it was written */
	struct nv_type *types;
	unsigned int type_count;
	struct nv_profile *profiles;
	unsigned int profile_count;
};

/* What one open file has written so far. */
struct writing {
	char *text;
	size_t length;
};

static struct table *current_table;

static void free_table(struct table *table)
{
	if (!table)
		return;
	kvfree(table->text);
	kvfree(table->types);
	kvfree(table->profiles);
	kfree(table);
}

static unsigned int count_rows(const char *text)
{
	unsigned int rows = 1;

	for (; *text; text++)
		rows += *text == '\n';
	return rows;
}

static int parse_row(struct table *table, char *row)
{
	if (!*row || *row == '#')
		return 0;
	if (!strncmp(row, "type ", 5))
		return nv_parse_type(row + 5, &table->types[table->type_count++]);
	if (!strncmp(row, "profile ", 8))
		return nv_parse_profile(row + 8, &table->profiles[table->profile_count++]);
	return -EINVAL;
}

static int parse_rows(struct table *table, char *text)
{
	char *row;

	while ((row = strsep(&text, "\n"))) {
		char *copy = kstrdup(row, GFP_KERNEL);
		int ret = copy ? parse_row(table, row) : -ENOMEM;

		if (ret)
			pr_err("NVRM: vGPU types: this row is not understood: %s\n", copy ?: "");
		kfree(copy);
		if (ret)
			return ret;
	}
	return 0;
}

static struct table *parse_table(const char *text)
{
	struct table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	unsigned int rows = count_rows(text);
	char *copy = kvmalloc(strlen(text) + 1, GFP_KERNEL);
	int ret = -ENOMEM;

	if (!table || !copy)
		goto fail;
	strcpy(copy, text);
	table->text = kvmalloc(strlen(text) + 1, GFP_KERNEL);
	table->types = kvcalloc(rows, sizeof(*table->types), GFP_KERNEL);
	table->profiles = kvcalloc(rows, sizeof(*table->profiles), GFP_KERNEL);
	if (!table->text || !table->types || !table->profiles)
		goto fail;
	strcpy(table->text, text);
	ret = parse_rows(table, copy);
	if (ret)
		goto fail;
	kvfree(copy);
	return table;
fail:
	kvfree(copy);
	free_table(table);
	return ERR_PTR(ret);
}

/* Finds the GPU's own rows; gpu->lock is held. */
void nv_table_pick(struct nv_gpu *gpu)
{
	struct table *table = current_table;
	u16 device = gpu->pdev->device, subsystem = gpu->pdev->subsystem_device;
	unsigned int i;

	nv_table_drop(gpu);
	if (!table)
		return;
	gpu->types = kvcalloc(table->type_count + 1, sizeof(*gpu->types), GFP_KERNEL);
	gpu->profiles = kvcalloc(table->profile_count + 1, sizeof(*gpu->profiles), GFP_KERNEL);
	if (!gpu->types || !gpu->profiles)
		return;
	for (i = 0; i < table->type_count; i++) {
		const struct nv_type *type = &table->types[i];

		if (type->device == device && (!type->subsystem || type->subsystem == subsystem))
			gpu->types[gpu->type_count++] = type;
	}
	for (i = 0; i < table->profile_count; i++)
		if (table->profiles[i].device == device)
			gpu->profiles[gpu->profile_count++] = &table->profiles[i];
}

void nv_table_drop(struct nv_gpu *gpu)
{
	kvfree(gpu->types);
	kvfree(gpu->profiles);
	gpu->types = NULL;
	gpu->profiles = NULL;
	gpu->type_count = 0;
	gpu->profile_count = 0;
}

static bool any_vgpu(void)
{
	struct nv_gpu *gpu;

	list_for_each_entry(gpu, &nv_gpus, list)
		if (!list_empty(&gpu->vgpus) || !list_empty(&gpu->instances))
			return true;
	return false;
}

static int take_table(const char *text)
{
	struct table *table = parse_table(text), *old;
	struct nv_gpu *gpu;

	if (IS_ERR(table))
		return PTR_ERR(table);
	mutex_lock(&nv_gpus_lock);
	old = current_table;
	if (old && !strcmp(old->text, text)) {
		mutex_unlock(&nv_gpus_lock);
		free_table(table);
		return 0;
	}
	if (any_vgpu()) {
		mutex_unlock(&nv_gpus_lock);
		free_table(table);
		return -EBUSY;
	}
	nv_functions_detach(NULL);
	current_table = table;
	list_for_each_entry(gpu, &nv_gpus, list) {
		mutex_lock(&gpu->lock);
		nv_table_pick(gpu);
		mutex_unlock(&gpu->lock);
	}
	nv_functions_attach(NULL);
	mutex_unlock(&nv_gpus_lock);
	free_table(old);
	return 0;
}

/* Cuts the text at the line "end"; false while it has none. */
static bool cut_at_end(char *text)
{
	char *at = strstr(text, "\nend\n");

	if (at)
		at[1] = 0;
	return at != NULL;
}

ssize_t nv_table_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct writing *writing = ((struct seq_file *)file->private_data)->private;
	char *text;
	int ret;

	if (writing->length + count > MAX_TEXT)
		return -EFBIG;
	text = kvmalloc(writing->length + count + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (writing->length)
		memcpy(text, writing->text, writing->length);
	if (copy_from_user(text + writing->length, buf, count)) {
		kvfree(text);
		return -EFAULT;
	}
	kvfree(writing->text);
	writing->text = text;
	writing->length += count;
	text[writing->length] = 0;
	if (!cut_at_end(text))
		return count;
	ret = take_table(text);
	writing->length = 0;
	return ret ? ret : count;
}

static int show_table(struct seq_file *m, void *unused)
{
	mutex_lock(&nv_gpus_lock);
	if (current_table)
		seq_printf(m, "%send\n", current_table->text);
	mutex_unlock(&nv_gpus_lock);
	return 0;
}

int nv_table_open(struct inode *inode, struct file *file)
{
	struct writing *writing = kzalloc(sizeof(*writing), GFP_KERNEL);
	int ret;

	if (!writing)
		return -ENOMEM;
	ret = single_open(file, show_table, writing);
	if (ret)
		kfree(writing);
	return ret;
}

int nv_table_release(struct inode *inode, struct file *file)
{
	struct writing *writing = ((struct seq_file *)file->private_data)->private;

	kvfree(writing->text);
	kfree(writing);
	return single_release(inode, file);
}

int nv_table_init(void)
{
	current_table = NULL;
	return 0;
}

void nv_table_exit(void)
{
	free_table(current_table);
}
