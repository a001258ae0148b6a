/*
 * Constants, strings, buffers and packages in the code, and the operators that make new ones of
 * them or look into them (ACPI 6.5, 19.6, 20.2.3).
 */
#include "drv/acpi/aml_int.h"

#define END_TAG 0x79 /* of a resource template (6.4.2.9) */

int aml_do_constant(struct aml_machine *m, struct aml_call *c)
{
	u64 v;

	switch (c->code) {
	case 0x0a: (void)aml_read_int(m, 1, &v); break;
	case 0x0b: (void)aml_read_int(m, 2, &v); break;
	case 0x0c: (void)aml_read_int(m, 4, &v); break;
	case 0x0e: (void)aml_read_int(m, 8, &v); break;
	case 0xff: v = m->ones; break;
	default: v = c->code; break; /* Zero, One */
	}
	return m->err ? m->err : aml_new_integer(m, v, &c->result);
}

int aml_do_revision(struct aml_machine *m, struct aml_call *c)
{
	return aml_new_integer(m, 2, &c->result);
}

int aml_do_string(struct aml_machine *m, struct aml_call *c)
{
	struct aml_frame *f = m->frame;
	const u8 *start = f->at, *nul = memchr(start, 0, (size_t)(f->end - start));

	if (!nul)
		return aml_fail(m, -EINVAL, "a string without an end");
	f->at = nul + 1;
	return aml_new_bytes(m, AML_STRING, start, (size_t)(nul - start), &c->result);
}

int aml_do_buffer(struct aml_machine *m, struct aml_call *c)
{
	const u8 *end;
	u64 size;
	size_t n;

	if (aml_read_package(m, &end) || aml_integer(m, &size))
		return m->err;
	if (m->frame->at > end)
		return aml_fail(m, -EINVAL, "a buffer is shorter than its head");
	n = (size_t)(end - m->frame->at);
	if (size > AML_BYTES_MAX)
		return aml_fail(m, -ELOOP, "a buffer of %llu bytes", (unsigned long long)size);
	/* What is written may be more than the size says. */
	if (aml_new_bytes(m, AML_BUFFER, NULL, max((size_t)size, n), &c->result))
		return m->err;
	memcpy(c->result->bytes.data, m->frame->at, n);
	m->frame->at = end;
	return 0;
}

static int read_element(struct aml_machine *m, struct aml_object **out)
{
	struct aml_frame *f = m->frame;
	struct aml_object *value, *path;
	struct aml_name name;

	if (aml_is_name(*f->at)) { /* may be defined later: looked up when it is asked for */
		const u8 *at = f->at;

		if (aml_read_name(m, &name))
			return m->err;
		path = aml_new(m, AML_PATH);
		if (!path)
			return m->err;
		path->path.at = at;
		path->path.end = f->at;
		path->path.scope = aml_node_get(f->scope);
		*out = path;
		return 0;
	}
	if (aml_value(m, &value))
		return m->err;
	if (value->refs == 1) {
		*out = value;
		return 0;
	}
	(void)aml_copy(m, value, out);
	aml_put(m, value);
	return m->err;
}

int aml_do_package(struct aml_machine *m, struct aml_call *c)
{
	const u8 *end;
	u64 n;

	if (aml_read_package(m, &end))
		return m->err;
	if (c->code == 0x12 ? aml_read_int(m, 1, &n) : aml_integer(m, &n))
		return m->err;
	if (n > AML_ELEMENTS_MAX)
		return aml_fail(m, -ELOOP, "a package of %llu elements", (unsigned long long)n);
	if (aml_new_package(m, (size_t)n, &c->result))
		return m->err;
	for (u32 i = 0; i < n && m->frame->at < end; i++)
		if (read_element(m, &c->result->package.elements[i]))
			return m->err;
	if (m->frame->at > end)
		return aml_fail(m, -EINVAL, "a package is shorter than its elements");
	m->frame->at = end;
	return 0;
}

int aml_do_local(struct aml_machine *m, struct aml_call *c)
{
	bool arg = c->code >= 0x68;
	unsigned n = c->code - (arg ? 0x68u : 0x60u);
	struct aml_object *o = arg ? m->frame->args[n] : m->frame->locals[n];

	if (!o)
		return aml_fail(m, -EINVAL, "%s%u has no value", arg ? "Arg" : "Local", n);
	c->result = aml_get(o);
	return 0;
}

int aml_do_debug(struct aml_machine *m, struct aml_call *c)
{
	return aml_fail(m, -EINVAL, "Debug has no value");
}

/* Two values of the same type one after the other; the first tells which. */
int aml_do_concat(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *a = NULL, *b = NULL, *o = NULL;
	bool text = c->value[0]->type == AML_STRING;

	if (text) {
		a = aml_get(c->value[0]);
		(void)aml_to_string(m, c->value[1], &b);
	} else if (!aml_to_buffer(m, c->value[0], &a)) {
		u64 v;

		if (c->value[0]->type == AML_INTEGER && c->value[1]->type != AML_INTEGER) {
			struct aml_object *number;

			if (!aml_to_integer(m, c->value[1], &v) &&
			    !aml_new_integer(m, v, &number)) {
				(void)aml_to_buffer(m, number, &b);
				aml_put(m, number);
			}
		} else {
			(void)aml_to_buffer(m, c->value[1], &b);
		}
	}
	if (!m->err && !aml_new_bytes(m, text ? AML_STRING : AML_BUFFER, NULL,
				      (size_t)a->bytes.length + b->bytes.length, &o)) {
		memcpy(o->bytes.data, a->bytes.data, a->bytes.length);
		memcpy(o->bytes.data + a->bytes.length, b->bytes.data, b->bytes.length);
	}
	aml_put(m, a);
	aml_put(m, b);
	return m->err ? m->err : aml_result(m, c, o);
}

/* Bytes of a resource template before its end tag. */
static size_t template_length(const struct aml_object *o)
{
	size_t n = o->bytes.length;

	return n >= 2 && o->bytes.data[n - 2] == END_TAG ? n - 2 : n;
}

int aml_do_concat_res(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *a = c->value[0], *b = c->value[1], *o;
	size_t na, nb;

	if (a->type != AML_BUFFER || b->type != AML_BUFFER)
		return aml_fail(m, -EINVAL, "resource templates must be buffers");
	na = template_length(a);
	nb = template_length(b);
	if (aml_new_bytes(m, AML_BUFFER, NULL, na + nb + 2, &o))
		return m->err;
	memcpy(o->bytes.data, a->bytes.data, na);
	memcpy(o->bytes.data + na, b->bytes.data, nb);
	o->bytes.data[na + nb] = END_TAG; /* checksum 0: none */
	return aml_result(m, c, o);
}

int aml_do_mid(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *from = c->value[0], *o = NULL, *as;
	u64 at, n;

	if (from->type == AML_STRING ? aml_to_string(m, from, &as) : aml_to_buffer(m, from, &as))
		return m->err;
	at = min(c->integer[1], (u64)as->bytes.length);
	n = min(c->integer[2], as->bytes.length - at);
	(void)aml_new_bytes(m, as->type, as->bytes.data + at, (size_t)n, &o);
	aml_put(m, as);
	return m->err ? m->err : aml_result(m, c, o);
}

int aml_do_index(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o = aml_get(c->value[0]), *behind, *ref;
	u64 n;

	if (o->type == AML_REFERENCE && !aml_deref(m, o, &behind)) {
		aml_put(m, o);
		o = behind;
	}
	if (m->err)
		goto out;
	n = o->type == AML_PACKAGE ? o->package.n
	    : o->type == AML_STRING || o->type == AML_BUFFER ? o->bytes.length : 0;
	if (c->integer[1] >= n) {
		(void)aml_fail(m, -EINVAL, "Index %llu of %s of %llu",
			       (unsigned long long)c->integer[1], aml_type_name(o->type),
			       (unsigned long long)n);
	} else if (!aml_new_reference(m, NULL, o, &ref)) {
		ref->ref.element = true;
		ref->ref.at = (u32)c->integer[1];
		(void)aml_result(m, c, ref);
	}
out:
	aml_put(m, o);
	return m->err;
}

int aml_do_size_of(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o;
	u64 n;

	if (aml_target_value(m, &c->target[0], &o))
		return m->err;
	if (o->type == AML_STRING || o->type == AML_BUFFER)
		n = o->bytes.length;
	else if (o->type == AML_PACKAGE)
		n = o->package.n;
	else
		n = (u64)aml_fail(m, -EINVAL, "SizeOf %s", aml_type_name(o->type));
	aml_put(m, o);
	return m->err ? m->err : aml_new_integer(m, n, &c->result);
}
