// SPDX-License-Identifier: GPL-2.0-only
/* As nvidia-unit.c. */
#include "guest/guest-main.c"
#include "nvidia/nv-clients.c"
#include "nvidia/nv-card.c"
