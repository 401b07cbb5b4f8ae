// SPDX-License-Identifier: GPL-2.0-only
/* One row of the table of vGPU types. */
#include <linux/string.h>

#include "nvidia/nv.h"

static char *next_word(char **row)
{
	char *word;

	do
		word = strsep(row, " \t");
	while (word && !*word);
	return word;
}

static int take_text(char **row, char *to, size_t size)
{
	char *word = next_word(row);

	return word && strscpy(to, word, size) > 0 ? 0 : -EINVAL;
}

static int take_number(char **row, u32 *to)
{
	char *word = next_word(row);

	return word ? kstrtou32(word, 10, to) : -EINVAL;
}

/* A dash leaves what is there. */
static int take_optional(char **row, u32 *to)
{
	char *word = next_word(row);

	if (word && !strcmp(word, "-"))
		return 0;
	return word ? kstrtou32(word, 10, to) : -EINVAL;
}

static int take_id(char **row, u16 *to)
{
	char *word = next_word(row);

	if (word && !strcmp(word, "-"))
		return 0;
	return word ? kstrtou16(word, 16, to) : -EINVAL;
}

static int take_rest(char **row, char *to, size_t size)
{
	char *rest = *row ? strim(*row) : "";

	return *rest && strscpy(to, rest, size) > 0 ? 0 : -EINVAL;
}

int nv_parse_type(char *row, struct nv_type *type)
{
	type->profile = NV_NO_PROFILE;
	if (take_number(&row, &type->id) || take_id(&row, &type->device) || take_id(&row, &type->subsystem) ||
	    take_number(&row, &type->framebuffer) || take_number(&row, &type->guest_framebuffer) ||
	    take_number(&row, &type->max_instances) || take_number(&row, &type->heads) ||
	    take_text(&row, type->resolution, sizeof(type->resolution)) || take_number(&row, &type->frame_rate) ||
	    take_text(&row, type->class, sizeof(type->class)) || take_text(&row, type->series, sizeof(type->series)) ||
	    take_number(&row, &type->multi) || take_optional(&row, (u32 *)&type->profile) ||
	    take_optional(&row, &type->per_instance) || take_text(&row, type->license, sizeof(type->license)) ||
	    take_rest(&row, type->name, sizeof(type->name)))
		return -EINVAL;
	return type->framebuffer ? 0 : -EINVAL;
}

int nv_parse_profile(char *row, struct nv_profile *profile)
{
	if (take_number(&row, &profile->id) || take_id(&row, &profile->device) || take_number(&row, &profile->slices) ||
	    take_number(&row, &profile->memory_slices) || take_number(&row, &profile->positions) ||
	    take_number(&row, &profile->max_instances) || take_number(&row, &profile->mib) ||
	    take_rest(&row, profile->name, sizeof(profile->name)))
		return -EINVAL;
	return profile->memory_slices ? 0 : -EINVAL;
}
