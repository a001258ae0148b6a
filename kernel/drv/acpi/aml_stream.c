/*
 * Reading byte code (ACPI 6.5, 20.2): every byte is looked at only within the block that runs. Also
 * the limits that are checked before each term, and how a failure is noted: the first one counts,
 * with the place where it happened.
 */
#include "drv/acpi/aml_int.h"

#include "lib/format.h"

int aml_fail(struct aml_machine *m, int err, const char *fmt, ...)
{
	const struct aml_frame *f = m->frame;
	char where[96] = "";
	va_list ap;
	size_t n;

	if (m->err)
		return m->err;
	m->err = err;
	if (f && f->method)
		aml_path(f->method, where, sizeof(where));
	else if (f)
		aml_path(f->scope, where, sizeof(where));
	n = !f ? 0 : scnprintf(m->error, sizeof(m->error), "%s+%#zx in %s: ", f->table->name,
			       (size_t)(f->term - f->table->start), where);
	va_start(ap, fmt);
	vscnprintf(m->error + n, sizeof(m->error) - n, fmt, ap);
	va_end(ap);
	return err;
}

void aml_tell(struct aml_machine *m)
{
	if (m->err)
		m->os->say(m->arg, true, m->error);
	m->err = 0;
}

int aml_stack_check(struct aml_machine *m)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	if (m->stack_top - here > m->limits.stack)
		return aml_fail(m, -ELOOP, "nested too deep");
	return 0;
}

int aml_step(struct aml_machine *m)
{
	if (++m->steps > m->limits.steps)
		return aml_fail(m, -ELOOP, "more than %u steps", m->limits.steps);
	if (m->steps % 256 == 0 && m->os->relax)
		m->os->relax(m->arg);
	return aml_stack_check(m);
}

int aml_read_int(struct aml_machine *m, unsigned bytes, u64 *v)
{
	struct aml_frame *f = m->frame;

	if ((size_t)(f->end - f->at) < bytes)
		return aml_fail(m, -EINVAL, "the code ends in the middle of something");
	*v = 0;
	for (unsigned i = 0; i < bytes; i++)
		*v |= (u64)*f->at++ << (8 * i);
	return 0;
}

int aml_read_length(struct aml_machine *m, u32 *v)
{
	u64 lead = 0, more = 0;

	if (aml_read_int(m, 1, &lead))
		return m->err;
	if (aml_read_int(m, (unsigned)(lead >> 6), &more))
		return m->err;
	*v = lead >> 6 ? (u32)((lead & 15) | more << 4) : (u32)(lead & 63);
	return 0;
}

int aml_read_package(struct aml_machine *m, const u8 **end)
{
	const u8 *start = m->frame->at;
	u32 length;

	if (aml_read_length(m, &length))
		return m->err;
	if (length > (size_t)(m->frame->end - start) ||
	    length < (size_t)(m->frame->at - start))
		return aml_fail(m, -EINVAL, "a package of %u bytes where %zu are left", length,
				(size_t)(m->frame->end - start));
	*end = start + length;
	return 0;
}

int aml_read_name(struct aml_machine *m, struct aml_name *name)
{
	if (aml_name_parse(&m->frame->at, m->frame->end, name))
		return aml_fail(m, -EINVAL, "no name where one must be");
	return 0;
}

int aml_read_new(struct aml_machine *m, struct aml_node **node)
{
	struct aml_name name;

	if (aml_read_name(m, &name))
		return m->err;
	return aml_make_node(m, &name, node);
}

int aml_read_node(struct aml_machine *m, struct aml_node **node)
{
	struct aml_name name;
	char text[64];

	if (aml_read_name(m, &name))
		return m->err;
	*node = aml_lookup(m, m->frame->scope, &name);
	if (*node)
		return 0;
	aml_name_text(&name, text, sizeof(text));
	return aml_fail(m, -ENOENT, "there is no %s", text);
}
