/*
 * Definitions of fields (ACPI 6.5, 19.6.48, 19.6.64, 19.6.7) and of parts of buffers (19.6.19 …).
 * Field, IndexField and BankField share the list of elements (20.2.5.2): names with a width in
 * bits, gaps, and changes of the access type.
 */
#include "drv/acpi/aml_int.h"

enum { ELEMENT_GAP = 0, ELEMENT_ACCESS = 1, ELEMENT_CONNECTION = 2, ELEMENT_EXTENDED = 3 };

/* The code of CreateField, and widths of the others. */
enum { OP_CREATE_FIELD = 0x5b13, OP_CREATE_DWORD = 0x8a, OP_CREATE_WORD = 0x8b,
       OP_CREATE_BYTE = 0x8c, OP_CREATE_BIT = 0x8d, OP_CREATE_QWORD = 0x8f };

static int add_unit(struct aml_machine *m, const struct aml_field *like, u32 bits)
{
	struct aml_node *node;
	struct aml_object *o;

	if (aml_read_new(m, &node))
		return m->err;
	o = aml_new(m, AML_FIELD);
	if (!o)
		return m->err;
	o->field = *like;
	o->field.bits = bits;
	aml_get(like->region);
	aml_get(like->index);
	aml_get(like->data);
	aml_node_set(m, node, o);
	return 0;
}

/* A GPIO or serial connection: no such region can be read, so only its end matters. */
static int skip_connection(struct aml_machine *m)
{
	struct aml_name name;
	const u8 *end;
	u64 op;

	if (m->frame->at < m->frame->end && aml_is_name(*m->frame->at))
		return aml_read_name(m, &name);
	if (aml_read_int(m, 1, &op) || aml_read_package(m, &end))
		return m->err;
	m->frame->at = end;
	return 0;
}

static int read_element(struct aml_machine *m, struct aml_field *f)
{
	u8 lead = *m->frame->at;
	u64 access, rest;
	u32 bits = 0;
	int err;

	if (lead > ELEMENT_EXTENDED) { /* NameSeg PkgLength */
		const u8 *name = m->frame->at, *after;

		if (m->frame->end - name < 5)
			return aml_fail(m, -EINVAL, "a field list ends within a name");
		m->frame->at += 4;
		if (aml_read_length(m, &bits))
			return m->err;
		after = m->frame->at;
		m->frame->at = name;
		err = add_unit(m, f, bits);
		m->frame->at = after;
	} else {
		m->frame->at++;
		if (lead == ELEMENT_GAP) {
			err = aml_read_length(m, &bits);
		} else if (lead == ELEMENT_CONNECTION) {
			err = skip_connection(m);
		} else {
			err = aml_read_int(m, 1, &access) ||
			      aml_read_int(m, lead == ELEMENT_ACCESS ? 1 : 2, &rest) ? m->err : 0;
			f->access = access & 15;
		}
	}
	if (!err && add_overflow(f->bit, bits, &f->bit))
		err = aml_fail(m, -EINVAL, "a field beyond 512 MiB");
	return err;
}

static int read_list(struct aml_machine *m, struct aml_field *f, const u8 *end)
{
	u64 flags;

	if (aml_read_int(m, 1, &flags))
		return m->err;
	f->access = flags & 15;
	f->lock = flags & 16;
	f->update = flags >> 5 & 3;
	while (m->frame->at < end)
		if (read_element(m, f))
			return m->err;
	return m->frame->at == end ? 0 : aml_fail(m, -EINVAL, "a field list is cut short");
}

/* The object of that type which a name in the code has. */
static int read_object(struct aml_machine *m, enum aml_type type, struct aml_object **out)
{
	struct aml_node *node;
	char path[64];

	if (aml_read_node(m, &node))
		return m->err;
	if (aml_node_type(node) == type) {
		*out = node->object;
		return 0;
	}
	aml_path(node, path, sizeof(path));
	return aml_fail(m, -EINVAL, "%s is %s, not %s", path,
			aml_type_name(aml_node_type(node)), aml_type_name(type));
}

static int begin(struct aml_machine *m, const u8 **end)
{
	if (aml_read_package(m, end))
		return m->err;
	m->frame->resume = *end;
	return 0;
}

int aml_do_field(struct aml_machine *m, struct aml_call *c)
{
	struct aml_field f = { .kind = AML_IN_REGION };
	const u8 *end;

	if (begin(m, &end) || read_object(m, AML_REGION, &f.region))
		return m->err;
	return read_list(m, &f, end);
}

int aml_do_index_field(struct aml_machine *m, struct aml_call *c)
{
	struct aml_field f = { .kind = AML_BY_INDEX };
	const u8 *end;

	if (begin(m, &end) || read_object(m, AML_FIELD, &f.index) ||
	    read_object(m, AML_FIELD, &f.data))
		return m->err;
	return read_list(m, &f, end);
}

int aml_do_bank_field(struct aml_machine *m, struct aml_call *c)
{
	struct aml_field f = { .kind = AML_IN_BANK };
	const u8 *end;

	if (begin(m, &end) || read_object(m, AML_REGION, &f.region) ||
	    read_object(m, AML_FIELD, &f.index))
		return m->err;
	/* The objects stay: their names are older than this statement. */
	if (aml_integer(m, &f.bank))
		return m->err;
	return read_list(m, &f, end);
}

static int part_extent(struct aml_machine *m, u16 code, u64 *index, u64 *bits)
{
	if (aml_integer(m, index))
		return m->err;
	switch (code) {
	case OP_CREATE_FIELD:
		return aml_integer(m, bits);
	case OP_CREATE_BIT:
		*bits = 1;
		return 0;
	case OP_CREATE_BYTE: *bits = 8; break;
	case OP_CREATE_WORD: *bits = 16; break;
	case OP_CREATE_DWORD: *bits = 32; break;
	default: *bits = 64; break;
	}
	*index = *index > AML_BYTES_MAX ? ~0ull : *index * 8;
	return 0;
}

int aml_do_create_field(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *buffer = c->value[0], *o;
	struct aml_node *node;
	u64 bit, bits;

	if (buffer->type != AML_BUFFER)
		return aml_fail(m, -EINVAL, "%s cannot have fields", aml_type_name(buffer->type));
	if (part_extent(m, c->code, &bit, &bits))
		return m->err;
	if (!bits || bits > buffer->bytes.length * 8ull || bit > buffer->bytes.length * 8ull - bits)
		return aml_fail(m, -EINVAL, "bits %llu and %llu more of a buffer of %u bytes",
				(unsigned long long)bit, (unsigned long long)bits,
				buffer->bytes.length);
	if (aml_read_new(m, &node))
		return m->err;
	o = aml_new(m, AML_BUFFER_FIELD);
	if (!o)
		return m->err;
	o->part = (struct aml_buffer_field){
		.buffer = aml_get(buffer), .bit = (u32)bit, .bits = (u32)bits,
	};
	aml_node_set(m, node, o);
	return 0;
}
