/*
 * SuperNames and Targets (ACPI 6.5, 20.2.2): places that results go to. A local or an argument is
 * a cell, a name is a node, Index and RefOf give references.
 */
#include "drv/acpi/aml_int.h"

enum { OP_NULL = 0x00, OP_LOCAL0 = 0x60, OP_ARG0 = 0x68, OP_ARG6 = 0x6e, OP_DEREF = 0x83,
       OP_EXTENDED = 0x5b, OP_DEBUG = 0x31 };

static int read_named(struct aml_machine *m, bool need, struct aml_target *t)
{
	struct aml_name name;
	struct aml_node *node;

	if (need) {
		if (aml_read_node(m, &node))
			return m->err;
	} else {
		if (aml_read_name(m, &name))
			return m->err;
		node = aml_lookup(m, m->frame->scope, &name);
	}
	t->kind = node ? AML_TO_NODE : AML_TO_NOTHING;
	t->node = aml_node_get(node);
	return 0;
}

static int read_reference(struct aml_machine *m, struct aml_target *t)
{
	struct aml_object *o;

	if (*m->frame->at == OP_DEREF)
		m->frame->at++; /* what is behind the reference */
	if (aml_value(m, &o))
		return m->err;
	if (o->type != AML_REFERENCE) {
		(void)aml_fail(m, -EINVAL, "%s where a place must be", aml_type_name(o->type));
		aml_put(m, o);
		return m->err;
	}
	t->kind = AML_TO_REFERENCE;
	t->ref = o;
	return 0;
}

int aml_read_target(struct aml_machine *m, bool need, struct aml_target *t)
{
	struct aml_frame *f = m->frame;
	u8 lead;

	*t = (struct aml_target){ 0 };
	if (f->at == f->end)
		return aml_fail(m, -EINVAL, "the code ends where a place must be");
	lead = *f->at;
	if (lead == OP_NULL && !need) {
		f->at++;
		return 0;
	}
	if (lead >= OP_LOCAL0 && lead <= OP_ARG6) {
		f->at++;
		t->kind = AML_TO_CELL;
		t->is_arg = lead >= OP_ARG0;
		t->cell = t->is_arg ? &f->args[lead - OP_ARG0] : &f->locals[lead - OP_LOCAL0];
		return 0;
	}
	if (lead == OP_EXTENDED && f->end - f->at >= 2 && f->at[1] == OP_DEBUG) {
		f->at += 2;
		t->kind = AML_TO_DEBUG;
		return 0;
	}
	return aml_is_name(lead) ? read_named(m, need, t) : read_reference(m, t);
}

void aml_target_put(struct aml_machine *m, struct aml_target *t)
{
	if (t->kind == AML_TO_NODE)
		aml_node_put(m, t->node);
	if (t->kind == AML_TO_REFERENCE)
		aml_put(m, t->ref);
}

int aml_target_value(struct aml_machine *m, struct aml_target *t, struct aml_object **out)
{
	struct aml_object *o, *behind;

	switch (t->kind) {
	case AML_TO_NODE:
		(void)aml_node_value(m, t->node, &o);
		break;
	case AML_TO_REFERENCE:
		(void)aml_deref(m, t->ref, &o);
		break;
	case AML_TO_CELL:
		if (!*t->cell)
			return aml_fail(m, -EINVAL, "a local or argument without a value");
		o = aml_get(*t->cell);
		break;
	default:
		return aml_fail(m, -EINVAL, "this has no value");
	}
	if (m->err)
		return m->err;
	if (o->type == AML_REFERENCE && t->kind == AML_TO_CELL) {
		(void)aml_deref(m, o, &behind);
		aml_put(m, o);
		if (m->err)
			return m->err;
		o = behind;
	}
	*out = o;
	return 0;
}

struct aml_node *aml_target_node(const struct aml_target *t)
{
	switch (t->kind) {
	case AML_TO_NODE: return t->node;
	case AML_TO_REFERENCE: return aml_node_of(t->ref);
	case AML_TO_CELL: return *t->cell ? aml_node_of(*t->cell) : NULL;
	default: return NULL;
	}
}

int aml_target_object(struct aml_machine *m, struct aml_target *t, enum aml_type type,
		      struct aml_object **out)
{
	struct aml_node *node = aml_target_node(t);

	if (!node || aml_node_type(node) != type)
		return aml_fail(m, -EINVAL, "this is not %s", aml_type_name(type));
	*out = node->object;
	return 0;
}
