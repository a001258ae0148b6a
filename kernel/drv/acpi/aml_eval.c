/*
 * Terms: an opcode with its operands, or a name that stands for its value or is a method to call.
 * Operands are evaluated by recursion, which aml_step() bounds; bodies are not (aml_frame.c).
 */
#include "drv/acpi/aml_int.h"

#define EXTENDED 0x5b

static int call_by_name(struct aml_machine *m, struct aml_node *node, struct aml_object **out)
{
	unsigned n = node->object->method.n_args, got = 0;
	struct aml_object *args[AML_ARGS];

	aml_node_get(node);
	for (; got < n; got++) {
		struct aml_object *value, *arg;

		if (aml_value(m, &value))
			break;
		/* Integers go by value; what is larger is shared with the caller. */
		arg = value;
		if (value->type == AML_INTEGER && aml_copy(m, value, &arg)) {
			aml_put(m, value);
			break;
		}
		if (arg != value)
			aml_put(m, value);
		args[got] = arg;
	}
	if (got == n)
		(void)aml_invoke(m, node, args, n, out);
	while (got)
		aml_put(m, args[--got]);
	aml_node_put(m, node);
	return m->err;
}

static int name_term(struct aml_machine *m, struct aml_object **out)
{
	struct aml_node *node;

	if (aml_read_node(m, &node))
		return m->err;
	if (aml_node_type(node) == AML_METHOD)
		return call_by_name(m, node, out);
	return aml_node_value(m, node, out);
}

static int op_term(struct aml_machine *m, bool statement, struct aml_object **out)
{
	struct aml_call c = { 0 };
	u64 code, low;

	if (aml_read_int(m, 1, &code))
		return m->err;
	if (code == EXTENDED) {
		if (aml_read_int(m, 1, &low))
			return m->err;
		code = code << 8 | low;
	}
	c.code = (u16)code;
	c.op = aml_op_find(c.code);
	if (!c.op)
		return aml_fail(m, -EOPNOTSUPP, "opcode %#llx is not understood",
				(unsigned long long)code);
	if (!c.op->run)
		return aml_fail(m, -EOPNOTSUPP, "opcode %#llx (%s) is not understood",
				(unsigned long long)code, c.op->name);
	if (c.op->statement && !statement)
		return aml_fail(m, -EINVAL, "%s within an expression", c.op->name);
	return aml_op_run(m, &c, out);
}

int aml_term(struct aml_machine *m, struct aml_object **out)
{
	struct aml_frame *f = m->frame;
	bool statement = f->statement;

	*out = NULL;
	f->statement = false;
	f->term = f->at;
	if (aml_step(m))
		return m->err;
	if (f->at == f->end)
		return aml_fail(m, -EINVAL, "the code ends where a term must be");
	return aml_is_name(*f->at) ? name_term(m, out) : op_term(m, statement, out);
}

int aml_value(struct aml_machine *m, struct aml_object **out)
{
	const u8 *at = m->frame->at;

	if (aml_term(m, out))
		return m->err;
	if (!*out) {
		m->frame->term = at;
		return aml_fail(m, -EINVAL, "no value where one must be");
	}
	return 0;
}

int aml_integer(struct aml_machine *m, u64 *v)
{
	struct aml_object *o, *value;

	if (aml_value(m, &o))
		return m->err;
	if (o->type == AML_REFERENCE) {
		if (!aml_deref(m, o, &value)) {
			(void)aml_to_integer(m, value, v);
			aml_put(m, value);
		}
	} else {
		(void)aml_to_integer(m, o, v);
	}
	aml_put(m, o);
	return m->err;
}

int aml_node_value(struct aml_machine *m, struct aml_node *node, struct aml_object **out)
{
	switch (aml_node_type(node)) {
	case AML_INTEGER:
	case AML_STRING:
	case AML_BUFFER:
	case AML_PACKAGE:
	case AML_REFERENCE:
		*out = aml_get(node->object);
		return 0;
	case AML_FIELD:
		return aml_field_read(m, node->object, out);
	case AML_BUFFER_FIELD:
		return aml_part_read(m, node->object, out);
	default:
		return aml_new_reference(m, node, NULL, out);
	}
}

int aml_element(struct aml_machine *m, struct aml_object *package, u32 n, struct aml_object **out)
{
	struct aml_object *o = n < package->package.n ? package->package.elements[n] : NULL;
	struct aml_name name;
	struct aml_node *node;
	const u8 *at;
	char text[64];

	if (!o)
		return aml_fail(m, -ENOENT, "element %u of the package is not there", n);
	if (o->type != AML_PATH) {
		*out = aml_get(o);
		return 0;
	}
	at = o->path.at;
	if (aml_name_parse(&at, o->path.end, &name))
		return aml_fail(m, -EINVAL, "a broken name in a package");
	node = aml_lookup(m, o->path.scope, &name);
	if (node)
		return aml_node_value(m, node, out);
	aml_name_text(&name, text, sizeof(text));
	return aml_fail(m, -ENOENT, "there is no %s", text);
}

static int deref_element(struct aml_machine *m, struct aml_reference *r, struct aml_object **out)
{
	if (r->object->type == AML_PACKAGE)
		return aml_element(m, r->object, r->at, out);
	if (r->at >= r->object->bytes.length)
		return aml_fail(m, -EINVAL, "byte %u of %u", r->at, r->object->bytes.length);
	return aml_new_integer(m, r->object->bytes.data[r->at], out);
}

int aml_deref(struct aml_machine *m, struct aml_object *ref, struct aml_object **out)
{
	struct aml_node *node = NULL;

	if (ref->type == AML_STRING && m->frame) { /* the name of something */
		const u8 *at = ref->bytes.data;
		struct aml_name name;

		if (!aml_name_parse(&at, at + ref->bytes.length, &name))
			node = aml_lookup(m, m->frame->scope, &name);
		if (!node)
			return aml_fail(m, -ENOENT, "nothing has the name \"%s\"",
					(const char *)ref->bytes.data);
		return aml_node_value(m, node, out);
	}
	if (ref->type != AML_REFERENCE)
		return aml_fail(m, -EINVAL, "%s is no reference", aml_type_name(ref->type));
	if (ref->ref.element)
		return deref_element(m, &ref->ref, out);
	if (ref->ref.node)
		return aml_node_value(m, ref->ref.node, out);
	*out = aml_get(ref->ref.object);
	return 0;
}
