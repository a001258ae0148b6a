/* Private to drv/fb: the two kinds of screen, and the font. */
#pragma once

#include "lib/types.h"

#define FONT_WIDTH 8
#define FONT_HEIGHT 16

/* Made at build time from GRUB's packaged font by gen-font: ranges of characters in order, their
 * glyphs one after the other. */
struct font_range { u32 first, n, glyph; };
extern const struct font_range font_ranges[];
extern const unsigned font_n_ranges;
extern const u8 font_glyphs[][FONT_HEIGHT];

/* The glyph of a character, or of the replacement character. Each byte is a row, its highest bit
 * the leftmost pixel. */
const u8 *font_glyph(u32 code);

/* Each makes its display if the hardware is there: whether it did. */
bool fb_linear_init(void);
bool fb_text_init(void);
