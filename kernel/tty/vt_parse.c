/*
 * Sequences, byte by byte. Control characters act also in the middle of them, but in strings; CAN
 * and SUB break them off, ESC begins a new one. What is not known is read to its end and ignored.
 */
#include "lib/ctype.h"
#include "tty/vt_int.h"

#define PALETTE_DIGITS 7 /* of OSC P: colour, red, green, blue */
#define STRING_MAX     4096

static void begin_csi(struct vt *v)
{
	v->state = VT_CSI;
	v->n_params = 0;
	v->params[0] = 0;
	v->prefix = v->intermediate = 0;
}

static void begin_string(struct vt *v, enum vt_state state)
{
	v->state = state;
	v->string_length = 0;
	v->string_value = 0;
}

static void set_tab(struct vt *v)
{
	v->tabs[v->x / 64] |= 1ull << (v->x % 64);
}

static void identify(struct vt *v)
{
	v->host->reply(v, "\033[?6c", 5); /* a VT102, as console_codes(4) */
}

/* ESC and a letter. */
static void escape(struct vt *v, u8 c)
{
	v->state = VT_GROUND;
	switch (c) {
	case '[': begin_csi(v); break;
	case ']': begin_string(v, VT_OSC); break;
	case 'P': case 'X': case '^': case '_': begin_string(v, VT_STRING); break;
	case '(': v->state = VT_G0; break;
	case ')': v->state = VT_G1; break;
	case '#': v->state = VT_HASH; break;
	case '%': v->state = VT_PERCENT; break;
	case 'D': vt_line_feed(v); break;
	case 'E': v->x = 0; vt_line_feed(v); break;
	case 'H': set_tab(v); break;
	case 'M': vt_reverse_line_feed(v); break;
	case 'Z': identify(v); break;
	case '7': vt_save_cursor(v, &v->screen->saved); break;
	case '8': vt_restore_cursor(v, &v->screen->saved); break;
	case '=': v->app_keypad = true; break;
	case '>': v->app_keypad = false; break;
	case 'c': vt_reset(v); break;
	}
}

static void csi_byte(struct vt *v, u8 c)
{
	if (char_is_digit(c)) {
		u32 value = v->params[min(v->n_params, VT_PARAMS - 1u)] * 10u + (c - '0');

		v->params[min(v->n_params, VT_PARAMS - 1u)] = (u16)min(value, 0xffffu);
	} else if (c == ';' || c == ':') {
		if (v->n_params < VT_PARAMS - 1)
			v->params[++v->n_params] = 0;
	} else if (c >= '<' && c <= '?') {
		v->prefix = c;
	} else if (c >= ' ' && c <= '/') {
		v->intermediate = c;
	} else if (c == '[' && !v->n_params && !v->params[0] && !v->prefix) {
		v->state = VT_CSI_FUNCTION_KEY;
	} else {
		v->state = VT_GROUND;
		v->n_params++;
		if (c >= '@' && c <= '~')
			vt_csi(v, c);
	}
}

static void charset(struct vt *v, unsigned n, u8 c)
{
	v->state = VT_GROUND;
	v->charset[n] = c == '0' ? VT_GRAPHICS : VT_ASCII;
}

static void osc_byte(struct vt *v, u8 c)
{
	if (v->string_length == 0 && c == 'P') {
		begin_string(v, VT_OSC_PALETTE);
	} else if (v->string_length == 0 && c == 'R') {
		v->state = VT_GROUND;
		vt_default_palette(v);
		v->host->palette(v, v->palette);
	} else {
		v->state = VT_STRING;
		vt_parse(v, c);
	}
}

/* OSC P nrrggbb: the colour's number in ANSI order. */
static void palette_byte(struct vt *v, u8 c)
{
	static const u8 ansi_to_pc[] = { 0, 4, 2, 6, 1, 5, 3, 7 };
	int digit = char_hex_value(c);
	u32 n;

	if (digit < 0) {
		v->state = VT_GROUND;
		return;
	}
	v->string_value = v->string_value << 4 | (u32)digit;
	if (++v->string_length < PALETTE_DIGITS)
		return;
	v->state = VT_GROUND;
	n = v->string_value >> 24;
	v->palette[(n & 8) | ansi_to_pc[n & 7]] = v->string_value & 0xffffff;
	v->host->palette(v, v->palette);
}

/* Titles, device control and the like: BEL or ESC \ ends them. */
static void string_byte(struct vt *v, u8 c)
{
	if (v->state == VT_STRING_ESCAPE) {
		v->state = VT_GROUND;
		if (c != '\\')
			escape(v, c);
	} else if (c == 033) {
		v->state = VT_STRING_ESCAPE;
	} else if (c == '\a' || c == 030 || c == 032 || ++v->string_length > STRING_MAX) {
		v->state = VT_GROUND;
	}
}

static bool in_string(const struct vt *v)
{
	return v->state == VT_STRING || v->state == VT_STRING_ESCAPE;
}

void vt_parse(struct vt *v, u8 c)
{
	if (in_string(v)) {
		string_byte(v, c);
		return;
	}
	if (c < 0x20) {
		if (v->state == VT_OSC || v->state == VT_OSC_PALETTE)
			v->state = VT_GROUND;
		if (c != '\a' && c != 0)
			vt_control(v, c);
		return;
	}
	switch (v->state) {
	case VT_ESCAPE: escape(v, c); break;
	case VT_CSI: csi_byte(v, c); break;
	case VT_OSC: osc_byte(v, c); break;
	case VT_OSC_PALETTE: palette_byte(v, c); break;
	case VT_G0: charset(v, 0, c); break;
	case VT_G1: charset(v, 1, c); break;
	case VT_HASH:
		v->state = VT_GROUND;
		if (c == '8')
			vt_alignment_pattern(v);
		break;
	case VT_PERCENT:
		v->state = VT_GROUND;
		v->utf8 = c == 'G' || c == '8' || (c != '@' && v->utf8);
		v->decoder = (struct utf8_state){ 0 };
		break;
	default: /* CSI [ and one letter: what a function key sends, echoed */
		v->state = VT_GROUND;
		break;
	}
}
