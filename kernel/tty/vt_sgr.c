/* SGR: colours and the like. The screen has sixteen colours; others are shown by the nearest. */
#include "tty/vt_int.h"

/* ANSI counts red, green, blue; the PC blue, green, red. */
static const u8 ansi_to_pc[] = { 0, 4, 2, 6, 1, 5, 3, 7 };

static u32 square(int n)
{
	return (u32)(n * n);
}

/* The PC colour nearest to r, g, b: the usual palette, whatever was made of it. */
static u8 nearest(int r, int g, int b)
{
	u32 best = ~0u;
	u8 found = 7;

	for (unsigned i = 0; i < 16; i++) {
		int low = i & 8 ? 0x55 : 0, high = i & 8 ? 0xff : 0xaa;
		u32 distance = square((i & 4 ? high : low) - r) +
			square((i & 2 ? high : low) - g) + square((i & 1 ? high : low) - b);

		if (distance < best) {
			best = distance;
			found = (u8)i;
		}
	}
	return found;
}

/* One of xterm's 256: sixteen, a cube of 6 by 6 by 6, 24 greys. */
static u8 from_256(unsigned n)
{
	static const u8 level[] = { 0, 95, 135, 175, 215, 255 };

	if (n < 16)
		return (u8)((n & 8) | ansi_to_pc[n & 7]);
	if (n >= 232) {
		int grey = (int)(min(n, 255u) - 232) * 10 + 8;

		return nearest(grey, grey, grey);
	}
	n -= 16;
	return nearest(level[n / 36], level[n / 6 % 6], level[n % 6]);
}

/* 38 or 48: 5;n or 2;r;g;b after it. Sets *colour and returns how many parameters that were. */
static unsigned extended(const struct vt *v, unsigned i, u8 *colour)
{
	unsigned left = v->n_params - i;

	if (left >= 3 && v->params[i + 1] == 5) {
		*colour = from_256(v->params[i + 2] & 255);
		return 3;
	}
	if (left >= 5 && v->params[i + 1] == 2) {
		const u16 *rgb = v->params + i + 2;

		*colour = nearest(rgb[0] & 255, rgb[1] & 255, rgb[2] & 255);
		return 5;
	}
	return left;
}

static void attribute(struct vt *v, unsigned n)
{
	struct vt_pen *p = &v->pen;

	switch (n) {
	case 0: *p = (struct vt_pen){ .fg = 7 }; break;
	case 1: p->bold = true; p->dim = false; break;
	case 2: p->dim = true; p->bold = false; break;
	case 4:
	case 21: p->underline = true; break;
	case 5:
	case 6: p->blink = true; break;
	case 7: p->reverse = true; break;
	case 8: p->conceal = true; break;
	case 22: p->bold = p->dim = false; break;
	case 24: p->underline = false; break;
	case 25: p->blink = false; break;
	case 27: p->reverse = false; break;
	case 28: p->conceal = false; break;
	case 39: p->fg = 7; break;
	case 49: p->bg = 0; break;
	default:
		if (n >= 30 && n <= 37)
			p->fg = ansi_to_pc[n - 30];
		else if (n >= 40 && n <= 47)
			p->bg = ansi_to_pc[n - 40];
		else if (n >= 90 && n <= 97)
			p->fg = 8 | ansi_to_pc[n - 90];
		else if (n >= 100 && n <= 107)
			p->bg = 8 | ansi_to_pc[n - 100];
	}
}

void vt_sgr(struct vt *v)
{
	for (unsigned i = 0; i < v->n_params;) {
		unsigned n = v->params[i];

		if (n == 38) {
			i += extended(v, i, &v->pen.fg);
		} else if (n == 48) {
			i += extended(v, i, &v->pen.bg);
		} else {
			attribute(v, n);
			i++;
		}
	}
}
