/*
 * Store and CopyObject (ACPI 6.5, 19.3.5.8). Storing to a name, a field or an element of a buffer
 * converts to the type that is there; a local or an argument takes any copy, but an argument that
 * is a reference is stored through. CopyObject replaces what is there.
 */
#include "drv/acpi/aml_int.h"

#include "lib/format.h"

/* Converts to the type of `o`, and changes that. */
static int store_in_place(struct aml_machine *m, struct aml_object *from, struct aml_object *o)
{
	struct aml_object *as = NULL;
	size_t n;
	u64 v;

	switch (o->type) {
	case AML_INTEGER:
		if (!aml_to_integer(m, from, &v))
			o->integer = v;
		return m->err;
	case AML_STRING:
		if (!aml_to_string(m, from, &as))
			(void)aml_become(m, o, as);
		break;
	case AML_BUFFER:
		if (o == from || aml_to_buffer(m, from, &as))
			break;
		if (!o->bytes.length) {
			(void)aml_become(m, o, as);
			break;
		}
		n = min(o->bytes.length, as->bytes.length); /* it keeps its size */
		memcpy(o->bytes.data, as->bytes.data, n);
		memset(o->bytes.data + n, 0, o->bytes.length - n);
		break;
	case AML_PACKAGE:
		if (from->type == AML_PACKAGE)
			return aml_become(m, o, from);
		return aml_fail(m, -EINVAL, "%s is stored to a package",
				aml_type_name(from->type));
	default:
		return aml_fail(m, -EINVAL, "nothing can be stored to %s",
				aml_type_name(o->type));
	}
	aml_put(m, as);
	return m->err;
}

static int replace(struct aml_machine *m, struct aml_object *from, struct aml_object **cell)
{
	struct aml_object *copy, *old = *cell;

	if (aml_copy(m, from, &copy))
		return m->err;
	*cell = copy;
	aml_put(m, old);
	return 0;
}

static int store_to_node(struct aml_machine *m, struct aml_object *from, struct aml_node *node)
{
	switch (aml_node_type(node)) {
	case AML_NONE:
	case AML_REFERENCE:
		return replace(m, from, &node->object);
	case AML_FIELD:
		return aml_field_write(m, node->object, from);
	case AML_BUFFER_FIELD:
		return aml_part_write(m, node->object, from);
	case AML_INTEGER:
		if (from->type == AML_REFERENCE)
			return replace(m, from, &node->object);
		break;
	default:
		break;
	}
	return store_in_place(m, from, node->object);
}

static int store_to_element(struct aml_machine *m, struct aml_object *from,
			    struct aml_reference *r)
{
	u64 v;

	if (r->object->type == AML_PACKAGE) {
		if (r->at >= r->object->package.n)
			return aml_fail(m, -EINVAL, "element %u of %u", r->at,
					r->object->package.n);
		return replace(m, from, &r->object->package.elements[r->at]);
	}
	if (r->at >= r->object->bytes.length)
		return aml_fail(m, -EINVAL, "byte %u of %u", r->at, r->object->bytes.length);
	if (aml_to_integer(m, from, &v))
		return m->err;
	r->object->bytes.data[r->at] = (u8)v;
	return 0;
}

static int store_to_reference(struct aml_machine *m, struct aml_object *from,
			      struct aml_reference *r)
{
	if (r->element)
		return store_to_element(m, from, r);
	if (r->node)
		return store_to_node(m, from, r->node);
	return store_in_place(m, from, r->object);
}

/* Store to Debug. */
static int say_value(struct aml_machine *m, struct aml_object *o)
{
	char text[128];

	if (o->type == AML_INTEGER)
		scnprintf(text, sizeof(text), "debug: %#llx", (unsigned long long)o->integer);
	else if (o->type == AML_STRING)
		scnprintf(text, sizeof(text), "debug: %s", (const char *)o->bytes.data);
	else
		scnprintf(text, sizeof(text), "debug: %s", aml_type_name(o->type));
	m->os->say(m->arg, false, text);
	return 0;
}

int aml_store(struct aml_machine *m, struct aml_object *o, struct aml_target *t)
{
	switch (t->kind) {
	case AML_TO_CELL:
		if (t->is_arg && *t->cell && (*t->cell)->type == AML_REFERENCE)
			return store_to_reference(m, o, &(*t->cell)->ref);
		return replace(m, o, t->cell);
	case AML_TO_NODE:
		return store_to_node(m, o, t->node);
	case AML_TO_REFERENCE:
		return store_to_reference(m, o, &t->ref->ref);
	case AML_TO_DEBUG:
		return say_value(m, o);
	default:
		return 0;
	}
}

int aml_copy_to(struct aml_machine *m, struct aml_object *o, struct aml_target *t)
{
	if (t->kind == AML_TO_CELL)
		return replace(m, o, t->cell);
	if (t->kind != AML_TO_NODE)
		return aml_store(m, o, t);
	switch (aml_node_type(t->node)) {
	case AML_FIELD:
	case AML_BUFFER_FIELD:
		return aml_store(m, o, t);
	case AML_NONE:
	case AML_INTEGER:
	case AML_STRING:
	case AML_BUFFER:
	case AML_PACKAGE:
	case AML_REFERENCE:
		return replace(m, o, &t->node->object);
	default:
		return aml_fail(m, -EINVAL, "nothing can be copied to %s",
				aml_type_name(aml_node_type(t->node)));
	}
}

int aml_do_store(struct aml_machine *m, struct aml_call *c)
{
	c->result = aml_get(c->value[0]);
	return aml_store(m, c->value[0], &c->target[0]);
}

int aml_do_copy(struct aml_machine *m, struct aml_call *c)
{
	c->result = aml_get(c->value[0]);
	return aml_copy_to(m, c->value[0], &c->target[0]);
}
