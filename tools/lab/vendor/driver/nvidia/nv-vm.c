// SPDX-License-Identifier: GPL-2.0-only
/* Which VM opens a vGPU: -name and -uuid of the QEMU that is doing it. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nvidia/nv.h"

#define COMMAND_LINE	8192

/* The word after the option, NULL if it is not there. */
static const char *option(const char *line, size_t length, const char *name)
{
	const char *at = line, *end = line + length;

	while (at < end) {
		const char *next = at + strnlen(at, end - at) + 1;

		if (!strcmp(at, name) && next < end)
			return next;
		at = next;
	}
	return NULL;
}

static void take_name(struct nv_vgpu *vgpu, const char *name)
{
	if (!strncmp(name, "guest=", strlen("guest=")))
		name += strlen("guest=");
	strscpy(vgpu->vm_name, name, min(sizeof(vgpu->vm_name), strcspn(name, ",") + 1));
}

/* Runs in the process that opens the vGPU. */
void nv_read_vm(struct nv_vgpu *vgpu)
{
	struct mm_struct *mm = current->mm;
	const char *word;
	size_t length;
	char *line;

	if (!mm)
		return;
	length = min_t(size_t, mm->arg_end - mm->arg_start, COMMAND_LINE);
	line = kzalloc(length + 1, GFP_KERNEL);
	if (!line)
		return;
	length -= copy_from_user(line, (const void __user *)mm->arg_start, length);
	word = option(line, length, "-name");
	if (word)
		take_name(vgpu, word);
	word = option(line, length, "-uuid");
	if (word)
		strscpy(vgpu->vm_uuid, word, sizeof(vgpu->vm_uuid));
	kfree(line);
}
