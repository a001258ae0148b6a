/*
 * VGA text mode 3: 80 by 25 cells of two bytes at 0xb8000, character and attribute, with the CRT
 * controller's cursor. The hardware's font is code page 437; Unicode characters that it has are
 * found in a table, others become a question mark.
 */
#include "drv/fb/fb_int.h"

#include "arch/boot.h"
#include "arch/io.h"
#include "arch/mmu.h"
#include "core/log.h"
#include "core/resource.h"
#include "dev/display.h"
#include "dev/pci.h"
#include "lib/codepage.h"
#include "mm/kmap.h"

#define TEXT_BASE 0xb8000
#define COLUMNS 80
#define ROWS 25
#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_START 0x0a /* bit 5: off */
#define CRTC_CURSOR_END 0x0b
#define CRTC_START_HIGH 0x0c
#define CRTC_START_LOW 0x0d
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f
#define MISC_READ 0x3cc
#define GRAPHICS_INDEX 0x3ce
#define GRAPHICS_DATA 0x3cf
#define GRAPHICS_MISC 6 /* bit 0: graphics, not text */
#define ATTRIBUTE_RESET 0x3da
#define ATTRIBUTE_INDEX 0x3c0
#define ATTRIBUTE_READ 0x3c1
#define ATTRIBUTE_MODE 0x10
#define ATTRIBUTE_BLINK (1 << 3) /* attribute bit 7 blinks, else it is a bright background */
#define ATTRIBUTE_SHOW (1 << 5)
#define CLASS_DISPLAY 0x03

/* The font's pictures of 0x01 … 0x1f. */
static const u16 pictures[32] = {
	0, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022,
	0x25d8, 0x25cb, 0x25d9, 0x2642, 0x2640, 0x266a, 0x266b, 0x263c,
	0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7, 0x25ac, 0x21a8,
	0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};

static volatile u16 *cells_at;
static struct display display;

static u8 glyph_find(u32 code)
{
	u8 glyph = code >= 0x20 && code != 0x7f ? codepage_encode(&codepage_437, code) : 0;

	for (unsigned i = 1; i < ARRAY_SIZE(pictures) && !glyph; i++)
		if (pictures[i] == code)
			glyph = (u8)i;
	return glyph ? glyph : '?';
}

static void text_draw(struct display *d, unsigned x, unsigned y, const struct display_cell *cells,
		      unsigned n)
{
	volatile u16 *to = cells_at + y * COLUMNS + x;

	for (unsigned i = 0; i < n; i++)
		to[i] = (u16)(glyph_find(cells[i].code) | (cells[i].fg & 15) << 8 |
			      (cells[i].bg & 15) << 12);
}

static void crtc_write(u8 reg, u8 v)
{
	io_out8(CRTC_INDEX, reg);
	io_out8(CRTC_DATA, v);
}

static void text_cursor(struct display *d, unsigned x, unsigned y, enum display_cursor shape)
{
	unsigned at = y * COLUMNS + x;

	if (shape == DISPLAY_CURSOR_NONE) {
		crtc_write(CRTC_CURSOR_START, 1 << 5);
		return;
	}
	crtc_write(CRTC_CURSOR_START, shape == DISPLAY_CURSOR_BLOCK ? 0 : 14);
	crtc_write(CRTC_CURSOR_END, 15);
	crtc_write(CRTC_CURSOR_HIGH, (u8)(at >> 8));
	crtc_write(CRTC_CURSOR_LOW, (u8)at);
}

static const struct display_ops text_ops = {
	.draw = text_draw,
	.cursor = text_cursor,
};

static void find_vga(struct pci_device *d, void *arg)
{
	if (d->class >> 16 == CLASS_DISPLAY)
		*(bool *)arg = true;
}

/* Whether a VGA is there and shows colour text. */
static bool vga_in_text_mode(void)
{
	bool found = false;

	pci_each(find_vga, &found);
	if (!found || !(io_in8(MISC_READ) & 1))
		return false;
	io_out8(GRAPHICS_INDEX, GRAPHICS_MISC);
	return !(io_in8(GRAPHICS_DATA) & 1);
}

/* Bright backgrounds instead of blinking; the picture begins at the start of memory. */
static void text_mode_set(void)
{
	u8 mode;

	io_in8(ATTRIBUTE_RESET);
	io_out8(ATTRIBUTE_INDEX, ATTRIBUTE_MODE | ATTRIBUTE_SHOW);
	mode = io_in8(ATTRIBUTE_READ);
	io_in8(ATTRIBUTE_RESET);
	io_out8(ATTRIBUTE_INDEX, ATTRIBUTE_MODE | ATTRIBUTE_SHOW);
	io_out8(ATTRIBUTE_INDEX, mode & ~ATTRIBUTE_BLINK);
	crtc_write(CRTC_START_HIGH, 0);
	crtc_write(CRTC_START_LOW, 0);
}

bool fb_text_init(void)
{
	if (!(boot_info.fb.text && boot_info.fb.base == TEXT_BASE) && !vga_in_text_mode())
		return false;
	cells_at = ioremap(TEXT_BASE, COLUMNS * ROWS * 2, MMU_NOCACHE);
	if (!cells_at)
		return false;
	text_mode_set();
	resource_add(RESOURCE_PORTS, 0x3c0, 0x20, "vga+");
	resource_add(RESOURCE_MEMORY, TEXT_BASE, COLUMNS * ROWS * 2, "vga+");
	display.name = "vga";
	display.ops = &text_ops;
	display.columns = COLUMNS;
	display.rows = ROWS;
	if (display_add(&display)) {
		iounmap((void *)cells_at);
		return false;
	}
	log_info("display: VGA text, %ux%u characters", COLUMNS, ROWS);
	return true;
}
