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

/* Code page 437: 0x80 … 0xff, and the pictures of 0x01 … 0x1f. */
static const u16 cp437_high[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
	0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
	0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
	0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
	0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
	0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
	0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
	0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
	0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
	0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
	0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};
static const u16 cp437_low[32] = {
	0, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022,
	0x25d8, 0x25cb, 0x25d9, 0x2642, 0x2640, 0x266a, 0x266b, 0x263c,
	0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7, 0x25ac, 0x21a8,
	0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};

static volatile u16 *cells_at;
static struct display display;

static u8 to_cp437(u32 code)
{
	if (likely(code >= 0x20 && code < 0x7f))
		return (u8)code;
	for (unsigned i = 0; i < 128; i++)
		if (cp437_high[i] == code)
			return (u8)(0x80 + i);
	for (unsigned i = 1; i < 32; i++)
		if (cp437_low[i] == code)
			return (u8)i;
	return '?';
}

static void text_draw(struct display *d, unsigned x, unsigned y, const struct display_cell *cells,
		      unsigned n)
{
	volatile u16 *to = cells_at + y * COLUMNS + x;

	for (unsigned i = 0; i < n; i++)
		to[i] = (u16)(to_cp437(cells[i].code) | (cells[i].fg & 15) << 8 |
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
