/*
 * Definitions: statements that make names (ACPI 6.5, 20.2.5.1 and 20.2.5.2), but for fields
 * (aml_define_field.c).
 */
#include "drv/acpi/aml_int.h"

/* A node with a new object of that type; not needed further by the caller. */
static int define(struct aml_machine *m, struct aml_node *node, enum aml_type type)
{
	struct aml_object *o = aml_new(m, type);

	if (!o)
		return m->err;
	aml_node_set(m, node, o);
	return 0;
}

static int open_body(struct aml_machine *m, struct aml_node *scope, const u8 *end)
{
	if (m->frame->at > end)
		return aml_fail(m, -EINVAL, "a body is shorter than its head");
	if (aml_block_push(m, AML_BLOCK_SCOPE, NULL, end))
		return m->err;
	m->frame->scope = scope;
	return 0;
}

int aml_do_alias(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *target, *node;

	if (aml_read_node(m, &target) || aml_read_new(m, &node))
		return m->err;
	node->alias = aml_node_get(target);
	return 0;
}

int aml_do_name(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *value, *mine;
	struct aml_node *node;

	if (aml_read_new(m, &node))
		return m->err;
	aml_node_get(node);
	if (!aml_value(m, &value)) {
		mine = value;
		if (value->refs == 1 || !aml_copy(m, value, &mine)) {
			if (mine != value)
				aml_put(m, value);
			aml_node_set(m, node, mine);
		} else {
			aml_put(m, value);
		}
	}
	if (m->err)
		aml_node_remove(m, node);
	aml_node_put(m, node);
	return m->err;
}

int aml_do_scope(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node;
	const u8 *end;

	if (aml_read_package(m, &end))
		return m->err;
	m->frame->resume = end;
	if (aml_read_node(m, &node))
		return m->err;
	return open_body(m, node, end);
}

static int with_body(struct aml_machine *m, struct aml_node **node, const u8 **end)
{
	if (aml_read_package(m, end))
		return m->err;
	m->frame->resume = *end;
	return aml_read_new(m, node);
}

int aml_do_device(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node;
	const u8 *end;

	if (with_body(m, &node, &end) || define(m, node, AML_DEVICE))
		return m->err;
	return open_body(m, node, end);
}

int aml_do_thermal(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node;
	const u8 *end;

	if (with_body(m, &node, &end) || define(m, node, AML_THERMAL))
		return m->err;
	return open_body(m, node, end);
}

/* ProcID, PblkAddr, PblkLen are left to the MADT and the C-state methods. */
int aml_do_processor(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node;
	const u8 *end;
	u64 id, address;

	if (with_body(m, &node, &end) || aml_read_int(m, 1, &id) ||
	    aml_read_int(m, 5, &address) || define(m, node, AML_PROCESSOR))
		return m->err;
	return open_body(m, node, end);
}

int aml_do_power(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node;
	const u8 *end;
	u64 level_order;

	if (with_body(m, &node, &end) || aml_read_int(m, 3, &level_order) ||
	    define(m, node, AML_POWER))
		return m->err;
	return open_body(m, node, end);
}

int aml_do_method(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node;
	struct aml_object *o;
	const u8 *end;
	u64 flags;

	if (with_body(m, &node, &end) || aml_read_int(m, 1, &flags))
		return m->err;
	if (m->frame->at > end)
		return aml_fail(m, -EINVAL, "a method is shorter than its head");
	o = aml_new(m, AML_METHOD);
	if (!o)
		return m->err;
	o->method.code = m->frame->at;
	o->method.end = end;
	o->method.table = m->frame->table;
	o->method.n_args = flags & 7; /* serialised they all are: one evaluation at a time */
	aml_node_set(m, node, o);
	m->frame->at = end;
	return 0;
}

/* A declaration for disassemblers: name, type, number of arguments. */
int aml_do_external(struct aml_machine *m, struct aml_call *c)
{
	struct aml_name name;
	u64 rest;

	return aml_read_name(m, &name) || aml_read_int(m, 2, &rest) ? m->err : 0;
}

int aml_do_mutex(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node;
	u64 level;

	if (aml_read_new(m, &node) || aml_read_int(m, 1, &level))
		return m->err;
	return define(m, node, AML_MUTEX);
}

int aml_do_event(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node;

	return aml_read_new(m, &node) ? m->err : define(m, node, AML_EVENT);
}

int aml_do_region(struct aml_machine *m, struct aml_call *c)
{
	u64 space, base, length;
	struct aml_node *node;
	struct aml_object *o;

	if (aml_read_new(m, &node))
		return m->err;
	aml_node_get(node);
	if (aml_read_int(m, 1, &space) || aml_integer(m, &base) || aml_integer(m, &length))
		goto out;
	o = aml_new(m, AML_REGION);
	if (!o)
		goto out;
	o->region.space = (u8)space;
	o->region.base = base;
	o->region.length = length;
	o->region.node = aml_node_get(m->frame->scope);
	aml_node_set(m, node, o);
out:
	aml_node_put(m, node);
	return m->err;
}
