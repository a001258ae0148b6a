/*
 * A linear frame buffer: rows of pixels of 16, 24 or 32 bits, in memory that is written and never
 * read (it is mapped write-combining, and reading it is slow).
 *
 * A glyph's row is eight pixels. For 32 bits per pixel, what counts, it is drawn as four 64-bit
 * words of two pixels, looked up by two bits of the glyph in a table made of the cell's two
 * colours.
 */
#include "drv/fb/fb_int.h"

#include "arch/boot.h"
#include "arch/mmu.h"
#include "core/log.h"
#include "dev/display.h"
#include "mm/kmap.h"

#define SCREEN_MAX (64u << 20) /* bytes */

static const u32 default_colours[16] = {
	0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa,
	0x555555, 0x5555ff, 0x55ff55, 0x55ffff, 0xff5555, 0xff55ff, 0xffff55, 0xffffff,
};

/* Constant after init, but for pixels: display's lock. */
static u8 *screen;
static u32 pitch, bytes_per_pixel;
static u32 pixels[16]; /* the colours in the buffer's format */
static struct display display;

static u32 channel(u32 value, u8 bits, u8 shift)
{
	return bits >= 8 ? value << (bits - 8) << shift : value >> (8 - bits) << shift;
}

static void linear_palette(struct display *d, const u32 colours[16])
{
	const struct boot_framebuffer *fb = &boot_info.fb;

	for (unsigned i = 0; i < 16; i++)
		pixels[i] = channel(colours[i] >> 16 & 0xff, fb->red_bits, fb->red_shift) |
			    channel(colours[i] >> 8 & 0xff, fb->green_bits, fb->green_shift) |
			    channel(colours[i] & 0xff, fb->blue_bits, fb->blue_shift);
}

static void draw_cell_32(u8 *to, const u8 *glyph, u32 fg, u32 bg, bool underline)
{
	u64 pair[4] = { bg | (u64)bg << 32, bg | (u64)fg << 32, fg | (u64)bg << 32,
			fg | (u64)fg << 32 };

	for (unsigned row = 0; row < FONT_HEIGHT; row++, to += pitch) {
		u8 bits = underline && row == FONT_HEIGHT - 2 ? 0xff : glyph[row];
		volatile u64 *out = (volatile u64 *)to;

		out[0] = pair[bits >> 6];
		out[1] = pair[bits >> 4 & 3];
		out[2] = pair[bits >> 2 & 3];
		out[3] = pair[bits & 3];
	}
}

static void draw_cell_any(u8 *to, const u8 *glyph, u32 fg, u32 bg, bool underline)
{
	for (unsigned row = 0; row < FONT_HEIGHT; row++, to += pitch) {
		u8 bits = underline && row == FONT_HEIGHT - 2 ? 0xff : glyph[row];
		volatile u8 *out = to;

		for (unsigned x = 0; x < FONT_WIDTH; x++, bits <<= 1) {
			u32 pixel = bits & 0x80 ? fg : bg;

			for (unsigned i = 0; i < bytes_per_pixel; i++)
				*out++ = (u8)(pixel >> 8 * i);
		}
	}
}

static void linear_draw(struct display *d, unsigned x, unsigned y, const struct display_cell *cells,
			unsigned n)
{
	u8 *to = screen + (size_t)y * FONT_HEIGHT * pitch +
		 (size_t)x * FONT_WIDTH * bytes_per_pixel;

	for (unsigned i = 0; i < n; i++, to += FONT_WIDTH * bytes_per_pixel) {
		const u8 *glyph = font_glyph(cells[i].code);
		u32 fg = pixels[cells[i].fg & 15], bg = pixels[cells[i].bg & 15];
		bool underline = cells[i].flags & DISPLAY_UNDERLINE;

		if (bytes_per_pixel == 4)
			draw_cell_32(to, glyph, fg, bg, underline);
		else
			draw_cell_any(to, glyph, fg, bg, underline);
	}
}

static const struct display_ops linear_ops = {
	.draw = linear_draw,
	.palette = linear_palette,
};

bool fb_linear_init(void)
{
	const struct boot_framebuffer *fb = &boot_info.fb;
	u64 bytes = (u64)fb->pitch * fb->height;

	if (!fb->base || fb->text ||
	    (fb->bpp != 15 && fb->bpp != 16 && fb->bpp != 24 && fb->bpp != 32))
		return false;
	bytes_per_pixel = (fb->bpp + 7u) / 8;
	pitch = fb->pitch;
	if (fb->width < 80 || fb->height < FONT_HEIGHT || bytes > SCREEN_MAX ||
	    (u64)fb->width * bytes_per_pixel > pitch)
		return false;
	if (bytes_per_pixel == 4 && (pitch % 8 || fb->base % 8))
		return false;
	screen = ioremap(fb->base, bytes, MMU_WC);
	if (!screen)
		return false;
	display.name = "framebuffer";
	display.ops = &linear_ops;
	display.columns = fb->width / FONT_WIDTH;
	display.rows = fb->height / FONT_HEIGHT;
	display.pixel_width = fb->width;
	display.pixel_height = fb->height;
	linear_palette(&display, default_colours);
	if (display_add(&display)) {
		iounmap(screen);
		return false;
	}
	log_info("display: %ux%u pixels of %u bits at %#llx, %ux%u characters", fb->width,
		 fb->height, fb->bpp, (unsigned long long)fb->base, display.columns, display.rows);
	return true;
}
