/* Statements that lead elsewhere (ACPI 6.5, 19.6: If, Else, While, Break, Continue, Return, …). */
#include "drv/acpi/aml_int.h"

#define OP_ELSE 0xa1

int aml_do_if(struct aml_machine *m, struct aml_call *c)
{
	struct aml_frame *f = m->frame;
	const u8 *end, *after;
	u64 v;

	if (aml_read_package(m, &end))
		return m->err;
	f->resume = end;
	if (aml_integer(m, &v))
		return m->err;
	if (f->at > end)
		return aml_fail(m, -EINVAL, "If is shorter than its predicate");
	if (v)
		return aml_block_push(m, AML_BLOCK_IF, NULL, end);
	f->at = end;
	if (f->at == f->end || *f->at != OP_ELSE)
		return 0;
	f->at++;
	if (aml_read_package(m, &after))
		return m->err;
	f->resume = after;
	return aml_block_push(m, AML_BLOCK_IF, NULL, after);
}

/* Comes here only after an If that was true. */
int aml_do_else(struct aml_machine *m, struct aml_call *c)
{
	const u8 *end;

	if (aml_read_package(m, &end))
		return m->err;
	m->frame->at = end;
	return 0;
}

int aml_do_while(struct aml_machine *m, struct aml_call *c)
{
	struct aml_frame *f = m->frame;
	const u8 *end, *start;

	if (aml_read_package(m, &end))
		return m->err;
	f->resume = end;
	start = f->at;
	if (aml_block_push(m, AML_BLOCK_WHILE, start, end))
		return m->err;
	f->at = end; /* where the predicate is evaluated first */
	return 0;
}

/* Leaves the blocks within the innermost While, and goes to its end. */
static int to_while_end(struct aml_machine *m)
{
	struct aml_frame *f = m->frame;

	for (; f->n_blocks; f->n_blocks--) {
		struct aml_block *b = &f->blocks[f->n_blocks - 1];

		f->at = f->end;
		if (b->kind == AML_BLOCK_WHILE)
			return 0;
		f->end = b->outer_end;
		f->scope = b->outer_scope;
	}
	f->at = f->end;
	return aml_fail(m, -EINVAL, "there is no While around this");
}

int aml_do_break(struct aml_machine *m, struct aml_call *c)
{
	struct aml_frame *f = m->frame;
	struct aml_block *b;

	if (to_while_end(m))
		return m->err;
	b = &f->blocks[--f->n_blocks];
	f->end = b->outer_end;
	f->scope = b->outer_scope;
	return 0;
}

int aml_do_continue(struct aml_machine *m, struct aml_call *c)
{
	return to_while_end(m);
}

int aml_do_return(struct aml_machine *m, struct aml_call *c)
{
	struct aml_frame *f = m->frame;

	if (!f->method)
		return aml_fail(m, -EINVAL, "Return outside of methods");
	f->result = aml_get(c->value[0]);
	f->returned = true;
	return 0;
}

int aml_do_noop(struct aml_machine *m, struct aml_call *c)
{
	return 0;
}

int aml_do_fatal(struct aml_machine *m, struct aml_call *c)
{
	return aml_fail(m, -EIO, "the firmware reports a fatal error: type %llu, code %#llx, %#llx",
			(unsigned long long)c->integer[0], (unsigned long long)c->integer[1],
			(unsigned long long)c->integer[2]);
}
