/*
 * The screen: the linear frame buffer that the boot loader set up, else VGA text.
 */
#include "drv/fb/fb_int.h"

#include "core/log.h"
#include "dev/drivers.h"
#include "lib/sort.h"

#define REPLACEMENT 0xfffd

static int range_compare(const void *key, const void *element)
{
	u32 code = *(const u32 *)key;
	const struct font_range *r = element;

	return code < r->first ? -1 : code >= r->first + r->n;
}

const u8 *font_glyph(u32 code)
{
	const struct font_range *r;

	if (likely(code - font_ranges[0].first < font_ranges[0].n)) /* ASCII is in the first */
		return font_glyphs[code - font_ranges[0].first];
	r = bsearch(&code, font_ranges, font_n_ranges, sizeof(*r), range_compare);
	if (!r)
		return code == REPLACEMENT ? font_glyphs[0] : font_glyph(REPLACEMENT);
	return font_glyphs[r->glyph + code - r->first];
}

void display_register(void)
{
	if (!fb_linear_init() && !fb_text_init())
		log_info("display: none");
}
