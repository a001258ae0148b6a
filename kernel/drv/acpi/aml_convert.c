/*
 * Conversions between integers, strings and buffers (ACPI 6.5, 19.3.5.4 implicit, and the operators
 * that convert on request).
 */
#include "drv/acpi/aml_int.h"

#include "lib/format.h"

unsigned aml_integer_bytes(const struct aml_machine *m)
{
	return m->ones >> 32 ? 8 : 4;
}

static int digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* As many digits as there are; a base of 16 stops where an integer is full. */
static u64 digits_value(const u8 *s, unsigned base, unsigned max)
{
	u64 v = 0;

	for (unsigned n = 0; n < max && digit(s[n]) < (int)base; n++)
		v = v * base + (u64)digit(s[n]);
	return v;
}

static u64 low_bytes(const struct aml_object *o, unsigned n)
{
	u64 v = 0;

	for (unsigned i = 0; i < min(n, o->bytes.length); i++)
		v |= (u64)o->bytes.data[i] << (8 * i);
	return v;
}

int aml_to_integer(struct aml_machine *m, const struct aml_object *o, u64 *v)
{
	switch (o->type) {
	case AML_INTEGER:
		*v = o->integer;
		break;
	case AML_STRING: /* hexadecimal, without a prefix */
		*v = digits_value(o->bytes.data, 16, aml_integer_bytes(m) * 2);
		break;
	case AML_BUFFER:
		*v = low_bytes(o, aml_integer_bytes(m));
		break;
	default:
		return aml_fail(m, -EINVAL, "%s where an integer must be",
				aml_type_name(o->type));
	}
	*v &= m->ones;
	return 0;
}

int aml_to_buffer(struct aml_machine *m, struct aml_object *o, struct aml_object **out)
{
	u8 bytes[8];

	switch (o->type) {
	case AML_INTEGER:
		for (unsigned i = 0; i < 8; i++)
			bytes[i] = (u8)(o->integer >> (8 * i));
		return aml_new_bytes(m, AML_BUFFER, bytes, aml_integer_bytes(m), out);
	case AML_STRING: /* its NUL belongs to it, but for an empty one */
		return aml_new_bytes(m, AML_BUFFER, o->bytes.data,
				     o->bytes.length ? o->bytes.length + 1ull : 0, out);
	case AML_BUFFER:
		*out = aml_get(o);
		return 0;
	default:
		return aml_fail(m, -EINVAL, "%s where a buffer must be", aml_type_name(o->type));
	}
}

enum number_style { DECIMAL, HEX, HEX_PREFIXED };

/* A buffer as a list of numbers. */
static int buffer_text(struct aml_machine *m, struct aml_object *o, enum number_style style,
		       char between, struct aml_object **out)
{
	size_t size = o->bytes.length * 5ull + 1, n = 0;
	char *text;

	if (size > AML_BYTES_MAX)
		return aml_fail(m, -ELOOP, "a string of %zu bytes", size);
	text = aml_alloc(m, size);
	if (!text)
		return m->err;
	for (u32 i = 0; i < o->bytes.length; i++) {
		if (i)
			text[n++] = between;
		n += scnprintf(text + n, size - n, style == DECIMAL ? "%u" :
			       style == HEX ? "%02X" : "0x%02X", o->bytes.data[i]);
	}
	(void)aml_new_bytes(m, AML_STRING, text, n, out);
	m->os->free(text);
	return m->err;
}

int aml_to_string(struct aml_machine *m, struct aml_object *o, struct aml_object **out)
{
	char text[20];
	size_t n;

	switch (o->type) {
	case AML_INTEGER:
		n = scnprintf(text, sizeof(text), "%0*llX", (int)aml_integer_bytes(m) * 2,
			      (unsigned long long)o->integer);
		return aml_new_bytes(m, AML_STRING, text, n, out);
	case AML_STRING:
		*out = aml_get(o);
		return 0;
	case AML_BUFFER:
		return buffer_text(m, o, HEX, ' ', out);
	default:
		return aml_fail(m, -EINVAL, "%s where a string must be", aml_type_name(o->type));
	}
}

int aml_do_to_buffer(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o;

	return aml_to_buffer(m, c->value[0], &o) ? m->err : aml_result(m, c, o);
}

static int to_text(struct aml_machine *m, struct aml_call *c, enum number_style style)
{
	struct aml_object *from = c->value[0], *o = NULL;
	char text[24];
	size_t n;

	if (from->type == AML_STRING) {
		o = aml_get(from);
	} else if (from->type == AML_BUFFER) {
		(void)buffer_text(m, from, style, ',', &o);
	} else {
		n = scnprintf(text, sizeof(text), style == DECIMAL ? "%llu" : "0x%llX",
			      (unsigned long long)from->integer);
		(void)aml_new_bytes(m, AML_STRING, text, n, &o);
	}
	return m->err ? m->err : aml_result(m, c, o);
}

int aml_do_to_decimal(struct aml_machine *m, struct aml_call *c)
{
	return to_text(m, c, DECIMAL);
}

int aml_do_to_hex(struct aml_machine *m, struct aml_call *c)
{
	return to_text(m, c, HEX_PREFIXED);
}

int aml_do_to_integer(struct aml_machine *m, struct aml_call *c)
{
	const struct aml_object *o = c->value[0];
	u64 v;

	if (o->type == AML_STRING) { /* decimal, or hexadecimal after 0x */
		const u8 *s = o->bytes.data;

		while (*s == ' ' || *s == '\t')
			s++;
		if (s[0] == '0' && (s[1] | 0x20) == 'x')
			v = digits_value(s + 2, 16, aml_integer_bytes(m) * 2);
		else
			v = digits_value(s, 10, 20);
	} else if (aml_to_integer(m, o, &v)) {
		return m->err;
	}
	return aml_result_integer(m, c, v);
}

/* ToString: a buffer's bytes up to a NUL, or as many as asked for. */
int aml_do_to_string(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *buffer, *o;
	size_t n;

	if (aml_to_buffer(m, c->value[0], &buffer))
		return m->err;
	n = strnlen((const char *)buffer->bytes.data,
		    (size_t)min(c->integer[1], (u64)buffer->bytes.length));
	(void)aml_new_bytes(m, AML_STRING, buffer->bytes.data, n, &o);
	aml_put(m, buffer);
	return m->err ? m->err : aml_result(m, c, o);
}
