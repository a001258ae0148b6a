/*
 * Reading and writing fields (ACPI 6.5, 19.6.48). A field is a run of bits; it is moved in units of
 * its access width. A unit that is written in part keeps its other bits, or has them set or
 * cleared, by the update rule. The value is an integer if it fits one, else a buffer.
 */
#include "drv/acpi/aml_int.h"

enum { ACCESS_ANY, ACCESS_BYTE, ACCESS_WORD, ACCESS_DWORD, ACCESS_QWORD, ACCESS_BUFFER };
enum { UPDATE_PRESERVE, UPDATE_ONES, UPDATE_ZEROS };

u64 aml_bits_load(const u8 *bytes, size_t bit, unsigned n)
{
	u64 v = 0;

	for (unsigned got = 0; got < n;) {
		unsigned shift = (bit + got) % 8, take = min(8 - shift, n - got);
		u64 part = bytes[(bit + got) / 8] >> shift & ((1u << take) - 1);

		v |= part << got;
		got += take;
	}
	return v;
}

void aml_bits_store(u8 *bytes, size_t bit, unsigned n, u64 v)
{
	for (unsigned put = 0; put < n;) {
		unsigned shift = (bit + put) % 8, take = min(8 - shift, n - put);
		u8 mask = (u8)(((1u << take) - 1) << shift);
		u8 *at = &bytes[(bit + put) / 8];

		*at = (u8)((*at & ~mask) | ((v >> put << shift) & mask));
		put += take;
	}
}

static int transfer(struct aml_machine *m, const struct aml_field *f, u8 *bytes, bool write);

/* Whether a unit of that width covers the field without reaching out of its region. */
static unsigned any_width(const struct aml_field *f)
{
	u64 limit = f->region ? f->region->region.length : ~0ull;

	for (unsigned width = 4; width > 1; width /= 2) {
		u32 bits = width * 8;

		if (f->bit % bits == 0 && f->bits % bits == 0 &&
		    ((u64)f->bit + f->bits) / 8 <= limit)
			return width;
	}
	return 1;
}

static int unit_bytes(struct aml_machine *m, const struct aml_field *f, unsigned *width)
{
	switch (f->access) {
	case ACCESS_ANY: *width = any_width(f); return 0;
	case ACCESS_BYTE: *width = 1; return 0;
	case ACCESS_WORD: *width = 2; return 0;
	case ACCESS_DWORD: *width = 4; return 0;
	case ACCESS_QWORD: *width = 8; return 0;
	case ACCESS_BUFFER:
		return aml_fail(m, -EOPNOTSUPP, "fields of access type Buffer are not understood");
	default:
		return aml_fail(m, -EINVAL, "access type %u", f->access);
	}
}

/* A field that selects or carries: written or read as a number. */
static int register_access(struct aml_machine *m, struct aml_object *o, bool write, u64 *v)
{
	u8 bytes[8] = { 0 };

	if (o->field.bits > 64)
		return aml_fail(m, -EINVAL, "an index, bank or data register of %u bits",
				o->field.bits);
	if (write)
		aml_bits_store(bytes, 0, o->field.bits, *v);
	if (transfer(m, &o->field, bytes, write))
		return m->err;
	*v = aml_bits_load(bytes, 0, o->field.bits);
	return 0;
}

static int unit_access(struct aml_machine *m, const struct aml_field *f, u64 offset,
		       unsigned width, bool write, u64 *v)
{
	u64 select = offset;

	if (f->kind == AML_BY_INDEX)
		return register_access(m, f->index, true, &select) ||
		       register_access(m, f->data, write, v) ? m->err : 0;
	return aml_region_access(m, f->region, offset, width, write, v);
}

static u64 low_ones(unsigned n)
{
	return n >= 64 ? ~0ull : (1ull << n) - 1;
}

/* Writes bits lo to hi of the unit that starts at bit `start`. */
static int unit_write(struct aml_machine *m, const struct aml_field *f, u64 start, unsigned width,
		      u64 lo, u64 hi, const u8 *bytes)
{
	unsigned n = (unsigned)(hi - lo), shift = (unsigned)(lo - start);
	u64 mask = low_ones(n) << shift, v = 0;

	if (n < width * 8 && f->update == UPDATE_PRESERVE &&
	    unit_access(m, f, start / 8, width, false, &v))
		return m->err;
	if (f->update == UPDATE_ONES)
		v = low_ones(width * 8);
	v = (v & ~mask) | (aml_bits_load(bytes, lo - f->bit, n) << shift & mask);
	return unit_access(m, f, start / 8, width, true, &v);
}

static int transfer(struct aml_machine *m, const struct aml_field *f, u8 *bytes, bool write)
{
	u64 end = (u64)f->bit + f->bits, bank = f->bank;
	unsigned width = 1;

	/* Fields by index may be built on each other. */
	if (aml_step(m) || unit_bytes(m, f, &width))
		return m->err;
	if (f->kind == AML_IN_BANK && register_access(m, f->index, true, &bank))
		return m->err;
	for (u64 at = f->bit; at < end;) {
		u64 start = at / (width * 8) * (width * 8), next = min(start + width * 8, end), v;

		if (write) {
			if (unit_write(m, f, start, width, at, next, bytes))
				return m->err;
		} else {
			if (unit_access(m, f, start / 8, width, false, &v))
				return m->err;
			aml_bits_store(bytes, at - f->bit, (unsigned)(next - at),
				       v >> (at - start));
		}
		at = next;
	}
	return 0;
}

/* With the global lock if the field asks for it. */
static int locked_transfer(struct aml_machine *m, struct aml_object *field, u8 *bytes, bool write)
{
	if (field->field.lock && aml_global_lock(m, true))
		return m->err;
	(void)transfer(m, &field->field, bytes, write);
	if (field->field.lock)
		(void)aml_global_lock(m, false);
	return m->err;
}

/* Bits as an integer or a buffer; `bytes` holds them from bit 0 on. */
static int bits_value(struct aml_machine *m, const u8 *bytes, u32 bits, struct aml_object **out)
{
	if (bits <= aml_integer_bytes(m) * 8)
		return aml_new_integer(m, aml_bits_load(bytes, 0, bits), out);
	return aml_new_bytes(m, AML_BUFFER, bytes, (bits + 7ull) / 8, out);
}

/* Room for a field's bits: `small` if that is enough. For room_put(). */
static u8 *room_for(struct aml_machine *m, u32 bits, u8 small[8])
{
	memset(small, 0, 8);
	if (bits <= 64)
		return small;
	if (bits > AML_BYTES_MAX * 8) {
		aml_fail(m, -ELOOP, "a field of %u bits", bits);
		return NULL;
	}
	return aml_alloc(m, (bits + 7ull) / 8);
}

static void room_put(struct aml_machine *m, u8 *bytes, u8 small[8])
{
	if (bytes != small)
		m->os->free(bytes);
}

int aml_field_read(struct aml_machine *m, struct aml_object *field, struct aml_object **out)
{
	u8 small[8], *bytes = room_for(m, field->field.bits, small);

	if (!bytes)
		return m->err;
	aml_get(field);
	if (!locked_transfer(m, field, bytes, false))
		(void)bits_value(m, bytes, field->field.bits, out);
	aml_put(m, field);
	room_put(m, bytes, small);
	return m->err;
}

/* The value's bytes, from the low one on, into a field of `bits`. */
static int value_bytes(struct aml_machine *m, struct aml_object *value, u32 bits, u8 *bytes)
{
	struct aml_object *as = NULL;
	size_t n = (bits + 7ull) / 8;
	u64 v;

	if (value->type == AML_INTEGER || (value->type == AML_STRING && bits <= 64)) {
		if (aml_to_integer(m, value, &v))
			return m->err;
		for (size_t i = 0; i < min(n, (size_t)8); i++)
			bytes[i] = (u8)(v >> (8 * i));
		return 0;
	}
	if (aml_to_buffer(m, value, &as))
		return m->err;
	memcpy(bytes, as->bytes.data, min(n, (size_t)as->bytes.length));
	aml_put(m, as);
	return 0;
}

int aml_field_write(struct aml_machine *m, struct aml_object *field, struct aml_object *value)
{
	u8 small[8], *bytes = room_for(m, field->field.bits, small);

	if (!bytes)
		return m->err;
	aml_get(field);
	if (!value_bytes(m, value, field->field.bits, bytes))
		(void)locked_transfer(m, field, bytes, true);
	aml_put(m, field);
	room_put(m, bytes, small);
	return m->err;
}

/* Room for a part's bits, or NULL: the buffer may have shrunk since the part was made. */
static u8 *part_room(struct aml_machine *m, const struct aml_buffer_field *p, u8 small[8])
{
	if ((u64)p->bit + p->bits <= p->buffer->bytes.length * 8ull)
		return room_for(m, p->bits, small);
	aml_fail(m, -EINVAL, "the buffer is too short for this field");
	return NULL;
}

/* Moves any number of bits between bytes. */
static void bits_move(u8 *to, size_t to_bit, const u8 *from, size_t from_bit, size_t n)
{
	while (n) {
		unsigned some = (unsigned)min(n, (size_t)32);

		aml_bits_store(to, to_bit, some, aml_bits_load(from, from_bit, some));
		to_bit += some;
		from_bit += some;
		n -= some;
	}
}

int aml_part_read(struct aml_machine *m, struct aml_object *part, struct aml_object **out)
{
	struct aml_buffer_field *p = &part->part;
	u8 small[8], *bytes = part_room(m, p, small);

	if (!bytes)
		return m->err;
	bits_move(bytes, 0, p->buffer->bytes.data, p->bit, p->bits);
	(void)bits_value(m, bytes, p->bits, out);
	room_put(m, bytes, small);
	return m->err;
}

int aml_part_write(struct aml_machine *m, struct aml_object *part, struct aml_object *value)
{
	struct aml_buffer_field *p = &part->part;
	u8 small[8], *bytes = part_room(m, p, small);

	if (!bytes)
		return m->err;
	if (!value_bytes(m, value, p->bits, bytes))
		bits_move(p->buffer->bytes.data, p->bit, bytes, 0, p->bits);
	room_put(m, bytes, small);
	return m->err;
}
