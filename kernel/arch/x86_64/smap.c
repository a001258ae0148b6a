/*
 * CLAC and STAC are three bytes long, and so is the no-operation that stands for them in the image; a CPU without SMAP
 * would refuse them. On one that has it the sites are rewritten once, while text is still writable.
 */
#include "arch/x86_64/cpu_int.h"
#include "lib/string.h"

struct smap_site {
	s32 where; /* offset from this field */
	u32 open;  /* 1: STAC, 0: CLAC */
};

extern struct smap_site smap_sites_start[], smap_sites_end[];

void smap_patch(void)
{
	static const u8 stac[3] = { 0x0f, 0x01, 0xcb }, clac[3] = { 0x0f, 0x01, 0xca };

	if (!cpu_features.smap)
		return;
	for (struct smap_site *s = smap_sites_start; s < smap_sites_end; s++)
		memcpy((char *)&s->where + s->where, s->open ? stac : clac, 3);
}
