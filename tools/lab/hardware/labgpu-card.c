// SPDX-License-Identifier: GPL-2.0-only
/* A line of the cards text: what sits in one slot. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "labgpu.h"

static int parse_slot(struct labgpu_card *card, const char *value)
{
	unsigned int domain, bus;
	int end = 0;

	if (sscanf(value, "%4x:%2x:00.0%n", &domain, &bus, &end) != 2 || value[end])
		return -EINVAL;
	if (domain || !bus)
		return -EINVAL;
	card->busnr = bus;
	return 0;
}

static int parse_display(struct labgpu_card *card, const char *value)
{
	if (!strcmp(value, "off"))
		card->display = LABGPU_DISPLAY_OFF;
	else if (!strcmp(value, "enabled"))
		card->display = LABGPU_DISPLAY_256MB;
	else if (!strcmp(value, "enabled-8g"))
		card->display = LABGPU_DISPLAY_8GB;
	else
		return -EINVAL;
	return 0;
}

static int parse_tool(struct labgpu_card *card, const char *value)
{
	if (!strcmp(value, "displaymodeselector"))
		card->flags |= LABGPU_FLAG_DISPLAYMODESELECTOR;
	else if (!strcmp(value, "gpumodeswitch"))
		card->flags |= LABGPU_FLAG_GPUMODESWITCH;
	else
		return -EINVAL;
	return 0;
}

/* What the InfoROM remembers comes after the card's own words and wins over them. */
static int parse_inforom(struct labgpu_card *card, const char *key, const char *value)
{
	u8 number;
	int ret = kstrtou8(value, 0, &number);

	if (ret)
		return ret;
	if (!strcmp(key, "display-mode")) {
		if (!card->display || (number != LABGPU_DISPLAY_256MB &&
				       number != LABGPU_DISPLAY_8GB && number != LABGPU_DISPLAY_OFF))
			return -EINVAL;
		card->display = number;
	} else {
		if (number > 1)
			return -EINVAL;
		card->mig = number;
	}
	return 0;
}

static int parse_word(struct labgpu_card *card, const char *key, const char *value)
{
	u8 yes;
	int ret;

	if (!strcmp(key, "slot"))
		return parse_slot(card, value);
	if (!strcmp(key, "device"))
		return kstrtou16(value, 16, &card->device);
	if (!strcmp(key, "subsystem"))
		return kstrtou16(value, 16, &card->subsystem);
	if (!strcmp(key, "class"))
		return kstrtou16(value, 16, &card->class);
	if (!strcmp(key, "framebuffer"))
		return kstrtou32(value, 10, &card->framebuffer);
	if (!strcmp(key, "vfs"))
		return kstrtou16(value, 10, &card->vfs);
	if (!strcmp(key, "display"))
		return parse_display(card, value);
	if (!strcmp(key, "tool"))
		return parse_tool(card, value);
	if (!strcmp(key, "guest")) {
		card->flags |= LABGPU_FLAG_GUEST;
		return kstrtou16(value, 10, &card->guest_type);
	}
	if (!strcmp(key, "mig") || !strcmp(key, "legacy")) {
		ret = kstrtou8(value, 10, &yes);
		if (!ret && yes)
			card->flags |= *key == 'm' ? LABGPU_FLAG_MIG : LABGPU_FLAG_LEGACY;
		return ret;
	}
	if (!strcmp(key, "display-mode") || !strcmp(key, "mig-mode"))
		return parse_inforom(card, key, value);
	return -EINVAL;
}

/**
 * labgpu_parse_card() - read one line of the cards text
 * @card: a zeroed card
 * @text: the line; is cut into words
 *
 * Returns 0, or a negative error number for a line that describes no card.
 */
int labgpu_parse_card(struct labgpu_card *card, char *text)
{
	char *name = strstr(text, " name="), *word;
	int ret;

	card->class = PCI_CLASS_DISPLAY_3D;
	if (name) {
		*name = 0;
		strscpy(card->name, strim(name + strlen(" name=")), sizeof(card->name));
	}
	while ((word = strsep(&text, " \t\n"))) {
		char *value = strchr(word, '=');

		if (!*word)
			continue;
		if (!value)
			return -EINVAL;
		*value++ = 0;
		ret = parse_word(card, word, value);
		if (ret) {
			pr_err("labgpu: %s=%s is not understood\n", word, value);
			return ret;
		}
	}
	if (!card->busnr || !card->device || !card->framebuffer || card->vfs > LABGPU_MAX_VFS ||
	    (card->class != PCI_CLASS_DISPLAY_3D && card->class != PCI_CLASS_DISPLAY_VGA))
		return -EINVAL;
	if (card->display)
		card->class = card->display == LABGPU_DISPLAY_OFF ? PCI_CLASS_DISPLAY_3D : PCI_CLASS_DISPLAY_VGA;
	return 0;
}
