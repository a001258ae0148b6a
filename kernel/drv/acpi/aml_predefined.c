/* What is in the namespace before any table (ACPI 6.5, 5.3.1, 5.7). */
#include "drv/acpi/aml_int.h"

/*
 * _OSI: firmware asks which operating system's habits it may count on. It is written for the
 * systems it was tested with, so we answer as they do; unlike them "Linux" is not one of ours.
 */
static int osi(struct aml_machine *m, struct aml_object **args, struct aml_object **out)
{
	static const char *const known[] = {
		"Windows 2000", "Windows 2001", "Windows 2001 SP1", "Windows 2001 SP2",
		"Windows 2001.1", "Windows 2001.1 SP1", "Windows 2006", "Windows 2006.1",
		"Windows 2006 SP1", "Windows 2006 SP2", "Windows 2009", "Windows 2012",
		"Windows 2013", "Windows 2015", "Windows 2016", "Windows 2017", "Windows 2018",
		"Windows 2019", "Extended Address Space Descriptor", "Module Device",
		"Processor Device",
	};
	bool yes = false;

	if (args[0]->type == AML_STRING)
		for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
			yes |= !strcmp((const char *)args[0]->bytes.data, known[i]);
	return aml_new_integer(m, yes ? m->ones : 0, out);
}

static int add(struct aml_machine *m, const char *name, struct aml_object *o)
{
	struct aml_node *node;

	if (!m->err && !aml_make_child(m, m->root, name, &node))
		node->object = o;
	else
		aml_put(m, o);
	return m->err;
}

int aml_predefine(struct aml_machine *m)
{
	static const char *const scopes[] = { "_GPE", "_PR_", "_SB_", "_SI_", "_TZ_" };
	struct aml_object *o;

	for (unsigned i = 0; i < ARRAY_SIZE(scopes); i++)
		if (add(m, scopes[i], NULL))
			return m->err;
	o = aml_new(m, AML_MUTEX);
	if (o)
		o->mutex.global = true;
	if (!o || add(m, "_GL_", o))
		return m->err;
	if (aml_new_bytes(m, AML_STRING, "Microsoft Windows NT", 20, &o) || add(m, "_OS_", o))
		return m->err;
	if (aml_new_integer(m, 2, &o) || add(m, "_REV", o))
		return m->err;
	o = aml_new(m, AML_METHOD);
	if (!o)
		return m->err;
	o->method.native = osi;
	o->method.n_args = 1;
	return add(m, "_OSI", o);
}
