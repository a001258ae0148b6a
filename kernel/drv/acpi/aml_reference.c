/* RefOf, CondRefOf, DerefOf, ObjectType (ACPI 6.5, 19.6). */
#include "drv/acpi/aml_int.h"

static int reference_to(struct aml_machine *m, struct aml_target *t, struct aml_object **out)
{
	switch (t->kind) {
	case AML_TO_NODE:
		return aml_new_reference(m, t->node, NULL, out);
	case AML_TO_REFERENCE:
		*out = aml_get(t->ref);
		return 0;
	case AML_TO_CELL:
		if (!*t->cell)
			return aml_fail(m, -EINVAL, "a local or argument without a value");
		return aml_new_reference(m, NULL, *t->cell, out);
	default:
		return aml_fail(m, -EINVAL, "nothing can refer to this");
	}
}

int aml_do_ref_of(struct aml_machine *m, struct aml_call *c)
{
	return reference_to(m, &c->target[0], &c->result);
}

int aml_do_cond_ref_of(struct aml_machine *m, struct aml_call *c)
{
	struct aml_target *t = &c->target[0];
	struct aml_object *ref;

	if (t->kind == AML_TO_NOTHING || (t->kind == AML_TO_CELL && !*t->cell))
		return aml_new_integer(m, 0, &c->result);
	if (reference_to(m, t, &ref))
		return m->err;
	(void)aml_store(m, ref, &c->target[1]);
	aml_put(m, ref);
	return m->err ? m->err : aml_new_integer(m, m->ones, &c->result);
}

int aml_do_deref_of(struct aml_machine *m, struct aml_call *c)
{
	return aml_deref(m, c->value[0], &c->result);
}

/* The type behind references, at most as far as one name refers to another and back. */
static unsigned type_behind(struct aml_object *o)
{
	for (unsigned i = 0; o && i < AML_NESTED; i++) {
		struct aml_reference *r = &o->ref;

		if (o->type != AML_REFERENCE)
			return o->type == AML_PATH ? AML_NONE : o->type;
		if (r->element && r->object->type != AML_PACKAGE)
			return AML_BUFFER_FIELD;
		if (r->element)
			o = r->at < r->object->package.n ? r->object->package.elements[r->at]
							 : NULL;
		else
			o = r->node ? r->node->object : r->object;
	}
	return AML_NONE;
}

int aml_do_object_type(struct aml_machine *m, struct aml_call *c)
{
	struct aml_target *t = &c->target[0];
	unsigned type = AML_NONE;

	switch (t->kind) {
	case AML_TO_NODE: type = type_behind(t->node->object); break;
	case AML_TO_REFERENCE: type = type_behind(t->ref); break;
	case AML_TO_CELL: type = type_behind(*t->cell); break;
	case AML_TO_DEBUG: type = AML_DEBUG; break;
	default: break;
	}
	return aml_new_integer(m, type, &c->result);
}

struct aml_node *aml_node_of(const struct aml_object *o)
{
	return o->type == AML_REFERENCE && !o->ref.element ? o->ref.node : NULL;
}
