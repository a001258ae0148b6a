/*
 * Operands. Each operation says with one letter per operand what it takes, in the order of the byte
 * code; they are evaluated here, and given back after it has run:
 *
 *	i  a term, as an integer		t  where to put a result, or nothing
 *	o  a term, any value			s  something to store to, or to look at
 *	d  a term: integer, string, buffer	S  the same, which may be missing
 *	b  a byte   w  a word   D  a double word, in the code itself
 *
 * The nth operand of the left column is value[n] or integer[n], of the right one target[n].
 */
#include "drv/acpi/aml_int.h"

static int read_data(struct aml_machine *m, struct aml_object **out)
{
	struct aml_object *o, *value;

	if (aml_value(m, &o))
		return m->err;
	if (o->type == AML_REFERENCE) {
		(void)aml_deref(m, o, &value);
		aml_put(m, o);
		if (m->err)
			return m->err;
		o = value;
	}
	if (o->type < AML_INTEGER || o->type > AML_BUFFER) {
		(void)aml_fail(m, -EINVAL, "%s where a number, string or buffer must be",
			       aml_type_name(o->type));
		aml_put(m, o);
		return m->err;
	}
	*out = o;
	return 0;
}

static int read_object(struct aml_machine *m, struct aml_call *c, char letter)
{
	unsigned n = c->n_values++;

	if (letter == 'd' ? read_data(m, &c->value[n]) : aml_value(m, &c->value[n]))
		return m->err;
	c->objects |= (u8)(1 << n);
	return 0;
}

static int read_operand(struct aml_machine *m, struct aml_call *c, char letter)
{
	switch (letter) {
	case 'i': return aml_integer(m, &c->integer[c->n_values++]);
	case 'o':
	case 'd': return read_object(m, c, letter);
	case 'b': return aml_read_int(m, 1, &c->integer[c->n_values++]);
	case 'w': return aml_read_int(m, 2, &c->integer[c->n_values++]);
	case 'D': return aml_read_int(m, 4, &c->integer[c->n_values++]);
	default: return aml_read_target(m, letter == 's', &c->target[c->n_targets++]);
	}
}

int aml_op_run(struct aml_machine *m, struct aml_call *c, struct aml_object **out)
{
	const u8 *term = m->frame->term;
	int err = 0;

	for (const char *letter = c->op->operands; *letter && !err; letter++)
		err = read_operand(m, c, *letter);
	m->frame->term = term;
	if (!err)
		err = c->op->run(m, c);
	for (unsigned i = 0; i < c->n_values; i++)
		if (c->objects >> i & 1)
			aml_put(m, c->value[i]);
	for (unsigned i = 0; i < c->n_targets; i++)
		aml_target_put(m, &c->target[i]);
	if (err) {
		aml_put(m, c->result);
		c->result = NULL;
	}
	*out = c->result;
	return err;
}

int aml_result(struct aml_machine *m, struct aml_call *c, struct aml_object *o)
{
	c->result = o;
	return c->n_targets ? aml_store(m, o, &c->target[0]) : 0;
}

int aml_result_integer(struct aml_machine *m, struct aml_call *c, u64 v)
{
	struct aml_object *o;

	if (aml_new_integer(m, v, &o))
		return m->err;
	return aml_result(m, c, o);
}
