/*
 * Frames: one run of a method, or of a table's own code. Bodies of If, While and Scope are blocks
 * on the frame's stack, so that nesting them costs no recursion; a method called costs one.
 *
 * Names that a method defines live below the method's node and go when it ends (5.5.2.3). While a
 * table is loaded, what fails is told and left out: up to the end of the object or the body in
 * which it stands.
 */
#include "drv/acpi/aml_int.h"

int aml_block_push(struct aml_machine *m, enum aml_block_kind kind, const u8 *start,
		   const u8 *end)
{
	struct aml_frame *f = m->frame;

	if (f->n_blocks == f->size_blocks) {
		u32 size = f->size_blocks ? f->size_blocks * 2 : 8;
		struct aml_block *larger;

		if (size > AML_BLOCKS)
			return aml_fail(m, -ELOOP, "bodies nested more than %u deep", AML_BLOCKS);
		larger = aml_alloc(m, size * sizeof(*larger));
		if (!larger)
			return m->err;
		if (f->blocks) {
			memcpy(larger, f->blocks, f->n_blocks * sizeof(*larger));
			m->os->free(f->blocks);
		}
		f->blocks = larger;
		f->size_blocks = size;
	}
	f->blocks[f->n_blocks++] = (struct aml_block){
		.kind = kind, .start = start, .outer_end = f->end, .outer_scope = f->scope,
	};
	f->end = end;
	return 0;
}

/* At the end of a block: back to the one around it. */
static void block_pop(struct aml_frame *f)
{
	struct aml_block *b = &f->blocks[--f->n_blocks];

	f->at = f->end;
	f->end = b->outer_end;
	f->scope = b->outer_scope;
}

/* A While at its end, or at its beginning: whether once more. */
static int while_again(struct aml_machine *m, struct aml_frame *f, bool *again)
{
	u64 v;

	f->at = f->blocks[f->n_blocks - 1].start;
	if (aml_integer(m, &v))
		return m->err;
	*again = v != 0;
	return 0;
}

/* One statement, or the end of a block. *over: the frame has nothing left. */
static int advance(struct aml_machine *m, struct aml_frame *f, bool *over)
{
	struct aml_object *value;
	bool again = false;

	if (f->at != f->end) {
		f->resume = NULL;
		f->statement = true;
		if (aml_term(m, &value))
			return m->err;
		aml_put(m, value);
		*over = f->returned;
		return 0;
	}
	if (!f->n_blocks) {
		*over = true;
		return 0;
	}
	if (f->blocks[f->n_blocks - 1].kind == AML_BLOCK_WHILE && while_again(m, f, &again))
		return m->err;
	if (!again)
		block_pop(f);
	return 0;
}

static void frame_open(struct aml_machine *m, struct aml_frame *f)
{
	f->up = m->frame;
	f->term = f->at;
	m->frame = f;
	m->n_frames++;
}

static void frame_close(struct aml_machine *m, struct aml_frame *f)
{
	while (f->made) {
		struct aml_node *n = f->made;

		f->made = n->made;
		n->made = NULL;
		aml_node_remove(m, n);
		aml_node_put(m, n);
	}
	for (unsigned i = 0; i < AML_ARGS; i++)
		aml_put(m, f->args[i]);
	for (unsigned i = 0; i < AML_LOCALS; i++)
		aml_put(m, f->locals[i]);
	aml_put(m, f->code);
	if (f->blocks)
		m->os->free(f->blocks);
	m->frame = f->up;
	m->n_frames--;
	m->os->free(f);
}

static int run_code(struct aml_machine *m, struct aml_node *node, struct aml_object **args,
		    unsigned n, struct aml_object **out)
{
	struct aml_object *code = node->object;
	struct aml_frame *f = aml_alloc(m, sizeof(*f));
	bool over = false;

	if (!f)
		return m->err;
	f->table = code->method.table;
	f->at = code->method.code;
	f->end = code->method.end;
	f->scope = f->method = node;
	f->code = aml_get(code);
	for (unsigned i = 0; i < n; i++)
		f->args[i] = aml_get(args[i]);
	frame_open(m, f);
	while (!over && !advance(m, f, &over))
		;
	*out = f->result;
	frame_close(m, f);
	if (m->err) {
		aml_put(m, *out);
		*out = NULL;
	}
	return m->err;
}

int aml_invoke(struct aml_machine *m, struct aml_node *node, struct aml_object **args, unsigned n,
	       struct aml_object **out)
{
	char path[64];

	*out = NULL;
	if (n != node->object->method.n_args) {
		aml_path(node, path, sizeof(path));
		return aml_fail(m, -EINVAL, "%s has %u arguments, not %u", path,
				node->object->method.n_args, n);
	}
	if (m->n_frames >= AML_FRAMES)
		return aml_fail(m, -ELOOP, "methods call each other more than %u deep",
				AML_FRAMES);
	if (aml_stack_check(m))
		return m->err;
	if (node->object->method.native)
		return node->object->method.native(m, args, out);
	return run_code(m, node, args, n, out);
}

/* Leaves out what failed. */
static void skip(struct aml_frame *f)
{
	if (f->resume && f->resume <= f->end && f->resume > f->term)
		f->at = f->resume;
	else
		f->at = f->end;
	/* A While whose predicate fails is not tried again. */
	while (f->at == f->end && f->n_blocks &&
	       f->blocks[f->n_blocks - 1].kind == AML_BLOCK_WHILE)
		block_pop(f);
}

int aml_run_table(struct aml_machine *m, const struct aml_table *table)
{
	struct aml_frame *f = aml_alloc(m, sizeof(*f));
	bool over = false;
	int first = 0;

	if (!f)
		return m->err;
	f->table = table;
	f->at = table->start + 36; /* after the header */
	f->end = table->end;
	f->scope = m->root;
	frame_open(m, f);
	while (!over) {
		int err = advance(m, f, &over);

		if (!err)
			continue;
		first = first ?: err;
		aml_tell(m);
		skip(f);
		over = err == -ABI_ENOMEM || err == -ABI_ELOOP;
	}
	aml_put(m, f->result);
	frame_close(m, f);
	return first;
}
