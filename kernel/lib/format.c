/*
 * lib/format.c - formatted print.
 *
 * A format string is parsed into conversions (struct spec: flags, width, precision, length); the
 * digits of a number are made backwards in a small buffer; emit_field pads and sends it to the
 * sink in few large pieces. snprintf is the same with a sink that fills a buffer.
 */
#include "lib/format.h"

#include "lib/bitops.h"
#include "lib/ctype.h"
#include "lib/string.h"

enum {
	MAX_PAD = 1 << 16,	/* widths and precisions beyond this are cut: nothing needs them */
	DIGITS_MAX = 22,	/* of 2^64-1 in octal */
};

struct spec {
	bool left, zero, alt, plus, space, upper;
	bool has_prec;
	unsigned width, prec;
	char length;		/* 0 for int, 'H' char, 'h' short, 'l' the 64-bit ones */
	char conv;
};

struct out {
	struct format_sink *sink;
	size_t total;
};

static void emit(struct out *o, const char *s, size_t len)
{
	if (!len)
		return;
	o->sink->write(o->sink, s, len);
	o->total += len;
}

static void emit_pad(struct out *o, char c, size_t n)
{
	char chunk[32];

	memset(chunk, c, sizeof(chunk));
	while (n) {
		size_t now = min(n, sizeof(chunk));

		emit(o, chunk, now);
		n -= now;
	}
}

/* prefix, `zeros` zeros and body, padded to the width with spaces on the side that left says. */
static void emit_field(struct out *o, const struct spec *sp, const char *prefix, size_t prefix_len,
		       size_t zeros, const char *body, size_t len)
{
	size_t have = prefix_len + zeros + len;
	size_t pad = sp->width > have ? sp->width - have : 0;

	if (!sp->left)
		emit_pad(o, ' ', pad);
	emit(o, prefix, prefix_len);
	emit_pad(o, '0', zeros);
	emit(o, body, len);
	if (sp->left)
		emit_pad(o, ' ', pad);
}

size_t format_u64_dec(char *buf, u64 v)
{
	char tmp[20];
	size_t n = 0;

	do {
		tmp[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	for (size_t i = 0; i < n; i++)
		buf[i] = tmp[n - 1 - i];
	return n;
}

size_t format_u64_hex(char *buf, u64 v)
{
	size_t n = (fls64(v | 1) + 3) / 4;

	for (size_t i = n; i-- > 0; v >>= 4)
		buf[i] = "0123456789abcdef"[v & 15];
	return n;
}

/* Digits of v in base 8 or 16 to buf; returns how many. */
static size_t digits_pow2(char *buf, u64 v, unsigned shift, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t n = (fls64(v | 1) + shift - 1) / shift;

	for (size_t i = n; i-- > 0; v >>= shift)
		buf[i] = set[v & (BIT(shift) - 1)];
	return n;
}

/* C17 7.21.6.1: precision is the least number of digits; 0 with precision 0 prints nothing. */
static void emit_number(struct out *o, const struct spec *sp, u64 v, bool negative)
{
	char digits[DIGITS_MAX];
	const char *prefix = "";
	size_t len, prefix_len, zeros = 0;

	switch (sp->conv) {
	case 'x':
	case 'X':
		len = digits_pow2(digits, v, 4, sp->upper);
		if (sp->alt && v)
			prefix = sp->upper ? "0X" : "0x";
		break;
	case 'o':
		len = digits_pow2(digits, v, 3, false);
		break;
	default:
		len = format_u64_dec(digits, v);
		break;
	}
	if (sp->conv == 'd')
		prefix = negative ? "-" : sp->plus ? "+" : sp->space ? " " : "";
	prefix_len = strlen(prefix);

	if (sp->has_prec && sp->prec == 0 && v == 0)
		len = 0;
	if (sp->has_prec && sp->prec > len)
		zeros = min(sp->prec, (unsigned)MAX_PAD) - len;
	else if (sp->conv == 'o' && sp->alt && (v || !len))
		zeros = 1;
	if (!sp->has_prec && sp->zero && !sp->left && sp->width > prefix_len + zeros + len)
		zeros = sp->width - prefix_len - len;
	emit_field(o, sp, prefix, prefix_len, zeros, digits, len);
}

static void emit_pointer(struct out *o, const struct spec *sp, u64 v)
{
	char digits[16];
	size_t len = format_u64_hex(digits, v);

	emit_field(o, sp, "0x", 2, sizeof(digits) - len, digits, len);
}

static void emit_string(struct out *o, const struct spec *sp, const char *s)
{
	if (!s)
		s = "(null)";
	emit_field(o, sp, "", 0, 0, s, sp->has_prec ? strnlen(s, sp->prec) : strlen(s));
}

static unsigned parse_count(const char **fmt)
{
	unsigned n = 0;

	while (char_is_digit(**fmt)) {
		if (n < MAX_PAD)
			n = n * 10 + (unsigned)(**fmt - '0');
		(*fmt)++;
	}
	return n;
}

static void parse_flags(const char **fmt, struct spec *sp)
{
	for (;; (*fmt)++) {
		switch (**fmt) {
		case '-': sp->left = true; break;
		case '0': sp->zero = true; break;
		case '#': sp->alt = true; break;
		case '+': sp->plus = true; break;
		case ' ': sp->space = true; break;
		default: return;
		}
	}
}

static void parse_length(const char **fmt, struct spec *sp)
{
	for (;; (*fmt)++) {
		switch (**fmt) {
		case 'h':
			sp->length = sp->length == 'h' ? 'H' : 'h';
			break;
		case 'l':
		case 'z':
		case 'j':
		case 't':
			sp->length = 'l';
			break;
		default:
			return;
		}
	}
}

/* Flags, width, precision and length; *fmt is left at the conversion character. */
static void parse_spec(const char **fmt, struct spec *sp, va_list *ap)
{
	parse_flags(fmt, sp);
	if (**fmt == '*') {
		int width = va_arg(*ap, int);

		sp->left |= width < 0;
		sp->width = width < 0 ? -(unsigned)width : (unsigned)width;
		(*fmt)++;
	} else {
		sp->width = parse_count(fmt);
	}
	if (**fmt == '.') {
		(*fmt)++;
		sp->has_prec = true;
		if (**fmt == '*') {
			int prec = va_arg(*ap, int);

			sp->has_prec = prec >= 0;
			sp->prec = prec >= 0 ? (unsigned)prec : 0;
			(*fmt)++;
		} else {
			sp->prec = parse_count(fmt);
		}
	}
	parse_length(fmt, sp);
	sp->width = min(sp->width, (unsigned)MAX_PAD);
}

static s64 arg_signed(const struct spec *sp, va_list *ap)
{
	switch (sp->length) {
	case 'l': return va_arg(*ap, s64);
	case 'h': return (s16)va_arg(*ap, int);
	case 'H': return (s8)va_arg(*ap, int);
	default: return va_arg(*ap, int);
	}
}

static u64 arg_unsigned(const struct spec *sp, va_list *ap)
{
	switch (sp->length) {
	case 'l': return va_arg(*ap, u64);
	case 'h': return (u16)va_arg(*ap, unsigned);
	case 'H': return (u8)va_arg(*ap, unsigned);
	default: return va_arg(*ap, unsigned);
	}
}

/* One conversion, whose character is *fmt. Returns false if it is unknown. */
static bool emit_conversion(struct out *o, struct spec *sp, char conv, va_list *ap)
{
	char c;
	s64 v;

	sp->conv = conv;
	switch (conv) {
	case 'd':
	case 'i':
		v = arg_signed(sp, ap);
		sp->conv = 'd';
		emit_number(o, sp, v < 0 ? -(u64)v : (u64)v, v < 0);
		return true;
	case 'X':
		sp->upper = true;
		emit_number(o, sp, arg_unsigned(sp, ap), false);
		return true;
	case 'u':
	case 'x':
	case 'o':
		emit_number(o, sp, arg_unsigned(sp, ap), false);
		return true;
	case 'p':
		emit_pointer(o, sp, (uintptr_t)va_arg(*ap, void *));
		return true;
	case 's':
		emit_string(o, sp, va_arg(*ap, const char *));
		return true;
	case 'c':
		c = (char)va_arg(*ap, int);
		emit_field(o, sp, "", 0, 0, &c, 1);
		return true;
	case '%':
		emit(o, "%", 1);
		return true;
	default:
		return false;
	}
}

size_t vformat_to(struct format_sink *sink, const char *fmt, va_list ap)
{
	struct out o = { .sink = sink };
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		const char *start = fmt;
		struct spec sp = { 0 };

		fmt = strchrnul(fmt, '%');
		emit(&o, start, (size_t)(fmt - start));
		if (!*fmt)
			break;
		start = fmt++;
		parse_spec(&fmt, &sp, &args);
		if (*fmt && emit_conversion(&o, &sp, *fmt, &args)) {
			fmt++;
			continue;
		}
		if (*fmt)
			fmt++;
		emit(&o, start, (size_t)(fmt - start));
	}
	va_end(args);
	return o.total;
}

size_t format_to(struct format_sink *sink, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = vformat_to(sink, fmt, ap);
	va_end(ap);
	return n;
}

struct buffer_sink {
	struct format_sink sink;
	char *buf;
	size_t size, used;	/* used never reaches size: room for the terminator */
};

static void buffer_write(struct format_sink *sink, const char *s, size_t len)
{
	struct buffer_sink *b = container_of(sink, struct buffer_sink, sink);
	size_t room = b->size ? b->size - 1 - b->used : 0;

	len = min(len, room);
	if (len == 0)
		return;
	memcpy(b->buf + b->used, s, len);
	b->used += len;
}

/* Prints and terminates; the length of the whole text, and in *stored what fitted. */
static size_t buffer_print(char *buf, size_t size, const char *fmt, va_list ap, size_t *stored)
{
	struct buffer_sink b = { .sink = { .write = buffer_write }, .buf = buf, .size = size };
	size_t n = vformat_to(&b.sink, fmt, ap);

	if (size)
		buf[b.used] = '\0';
	*stored = b.used;
	return n;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	size_t stored;

	return (int)buffer_print(buf, size, fmt, ap, &stored);
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

size_t vscnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	size_t stored;

	buffer_print(buf, size, fmt, ap, &stored);
	return stored;
}

size_t scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = vscnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
