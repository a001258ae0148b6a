/*
 * Instructions that the boot CPU's features decide. The image holds what every processor can run;
 * each place is listed in the section __patch_sites by the macros of asm_int.h, and is rewritten
 * once, while text is still writable:
 *   CLAC and STAC, three bytes, in place of a no-operation, on a CPU that has SMAP;
 *   a jump to another version of a routine, five bytes, in place of a no-operation, under a
 *   translator such as QEMU's TCG, where a REP prefix is a loop like any other and an unrolled one
 *   is faster.
 */
#include "arch/x86_64/asm_int.h"
#include "arch/x86_64/cpu_int.h"
#include "lib/string.h"

struct patch_site {
	s32 where;  /* offset from this field */
	u32 kind;   /* PATCH_* */
	s32 target; /* PATCH_TRANSLATED: offset from this field */
};

extern const struct patch_site patch_sites_start[], patch_sites_end[];

static void patch(const struct patch_site *s)
{
	static const u8 clac[3] = { 0x0f, 0x01, 0xca }, stac[3] = { 0x0f, 0x01, 0xcb };
	u8 *where = (u8 *)&s->where + s->where;
	s32 distance;

	switch (s->kind) {
	case PATCH_CLAC:
		if (cpu_features.smap)
			memcpy(where, clac, sizeof(clac));
		break;
	case PATCH_STAC:
		if (cpu_features.smap)
			memcpy(where, stac, sizeof(stac));
		break;
	case PATCH_TRANSLATED:
		if (!cpu_features.translated)
			break;
		distance = (s32)((u8 *)&s->target + s->target - (where + 5));
		where[0] = 0xe9;
		for (unsigned i = 0; i < sizeof(distance); i++)
			where[1 + i] = (u8)((u32)distance >> 8 * i);
		break;
	}
}

void patch_text(void)
{
	for (const struct patch_site *s = patch_sites_start; s < patch_sites_end; s++)
		patch(s);
}
