/*
 * The machine's life, and evaluation from outside. Evaluations may nest: what an evaluation needs
 * to know of a device (its _ADR) is evaluated in between, within the limits of the outer one.
 */
#include "drv/acpi/aml_int.h"

#define HEADER 36 /* bytes of a table's header (5.2.6) */
#define TABLE_REVISION 8

struct aml_machine *aml_create(const struct aml_os *os, void *arg, const struct aml_limits *limits)
{
	struct aml_machine *m = os->alloc(sizeof(*m));

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->os = os;
	m->arg = arg;
	m->limits = *limits;
	m->ones = ~0ull;
	list_init(&m->nodes);
	list_init(&m->objects);
	list_init(&m->dying);
	m->root = aml_alloc(m, sizeof(*m->root));
	if (m->root) {
		m->root->refs = 1;
		memcpy(m->root->name, "\\___", 4);
		list_add_tail(&m->root->link, &m->nodes);
	}
	if (!m->root || aml_predefine(m)) {
		aml_destroy(m);
		return NULL;
	}
	return m;
}

void aml_destroy(struct aml_machine *m)
{
	struct aml_object *o, *next_object;
	struct aml_node *n, *next_node;

	/* Everything, whoever still refers to it. */
	list_for_each_entry_safe(o, next_object, &m->objects, link) {
		if (o->type == AML_STRING || o->type == AML_BUFFER)
			m->os->free(o->bytes.data);
		if (o->type == AML_PACKAGE)
			m->os->free(o->package.elements);
		m->os->free(o);
	}
	list_for_each_entry_safe(n, next_node, &m->nodes, link)
		m->os->free(n);
	while (m->tables) {
		struct aml_table *t = m->tables;

		m->tables = t->next;
		m->os->free(t);
	}
	m->os->free(m);
}

static void begin(struct aml_machine *m)
{
	if (m->depth++)
		return;
	m->steps = 0;
	m->slept_us = 0;
	m->err = 0;
	m->stack_top = (uintptr_t)__builtin_frame_address(0);
}

static int end(struct aml_machine *m)
{
	int err = m->err;

	if (--m->depth)
		return err;
	aml_release_all(m);
	aml_tell(m);
	return err;
}

int aml_load(struct aml_machine *m, const void *table, size_t size)
{
	const u8 *bytes = table;
	struct aml_table *t;
	int err;

	if (size < HEADER)
		return -EINVAL;
	t = aml_alloc(m, sizeof(*t));
	if (!t)
		return -ENOMEM;
	memcpy(t->name, bytes, 4);
	t->start = bytes;
	t->end = bytes + size;
	t->next = m->tables;
	m->tables = t;
	/* The first one's revision says how wide integers are (20.3). */
	if (!m->dsdt_seen && bytes[TABLE_REVISION] < 2)
		m->ones = 0xffffffff;
	m->dsdt_seen = true;
	begin(m);
	err = aml_run_table(m, t);
	(void)end(m);
	return err;
}

static int evaluate(struct aml_machine *m, struct aml_node *node, struct aml_object **args,
		    unsigned n, struct aml_object **out)
{
	*out = NULL;
	if (aml_node_type(node) == AML_METHOD)
		return aml_invoke(m, node, args, n, out);
	return n ? aml_fail(m, -EINVAL, "arguments for something that is no method")
		 : aml_node_value(m, node, out);
}

int aml_evaluate(struct aml_machine *m, struct aml_node *node, const u64 *args, unsigned n,
		 struct aml_object **out)
{
	struct aml_object *objects[AML_ARGS] = { NULL };
	unsigned made = 0;

	begin(m);
	*out = NULL;
	while (made < min(n, (unsigned)AML_ARGS) && !aml_new_integer(m, args[made], &objects[made]))
		made++;
	if (made == n)
		(void)evaluate(m, node, objects, n, out);
	while (made)
		aml_put(m, objects[--made]);
	return end(m);
}

int aml_evaluate_with(struct aml_machine *m, struct aml_node *node, struct aml_object *argument)
{
	struct aml_object *out;

	begin(m);
	(void)evaluate(m, node, &argument, 1, &out);
	aml_put(m, out);
	return end(m);
}

int aml_integer_at(struct aml_machine *m, struct aml_node *from, const char *path, u64 *value)
{
	struct aml_node *node = aml_find(m, from, path);
	struct aml_object *o;
	int err;

	if (!node)
		return -ENOENT;
	err = aml_evaluate(m, node, NULL, 0, &o);
	if (err)
		return err;
	err = aml_integer_of(o, value);
	aml_put(m, o);
	return err;
}

enum aml_type aml_object_type(const struct aml_object *o)
{
	return o ? o->type : AML_NONE;
}

int aml_integer_of(const struct aml_object *o, u64 *value)
{
	if (!o || o->type != AML_INTEGER)
		return -EINVAL;
	*value = o->integer;
	return 0;
}

u8 *aml_bytes_of(struct aml_object *o, size_t *size)
{
	if (!o || (o->type != AML_STRING && o->type != AML_BUFFER))
		return NULL;
	*size = o->bytes.length;
	return o->bytes.data;
}

unsigned aml_count_of(const struct aml_object *o)
{
	return o && o->type == AML_PACKAGE ? o->package.n : 0;
}

int aml_element_of(struct aml_machine *m, struct aml_object *package, unsigned n,
		   struct aml_object **out)
{
	*out = NULL;
	if (n >= aml_count_of(package) || !package->package.elements[n])
		return -ENOENT;
	begin(m);
	(void)aml_element(m, package, n, out);
	return end(m);
}
