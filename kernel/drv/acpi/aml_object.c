/*
 * Objects of the AML machine: counted, all on one list of the machine, so that what hostile byte
 * code ties into a ring of references goes with the machine. What an object holds is freed by a
 * loop and not by recursion: chains of references may be long.
 */
#include "drv/acpi/aml_int.h"

void *aml_alloc(struct aml_machine *m, size_t n)
{
	void *p = m->os->alloc(n);

	if (!p)
		aml_fail(m, -ENOMEM, "no memory");
	else
		memset(p, 0, n);
	return p;
}

struct aml_object *aml_new(struct aml_machine *m, enum aml_type type)
{
	struct aml_object *o;

	if (m->n_objects >= m->limits.objects) {
		aml_fail(m, -ELOOP, "more than %u objects", m->limits.objects);
		return NULL;
	}
	o = aml_alloc(m, sizeof(*o));
	if (!o)
		return NULL;
	m->n_objects++;
	o->refs = 1;
	o->type = (u8)type;
	list_add_tail(&o->link, &m->objects);
	return o;
}

/* Room for n bytes of data, within the limits; NULL after aml_fail(). */
static void *data_alloc(struct aml_machine *m, size_t n)
{
	void *p;

	if (n > m->limits.bytes || m->n_bytes > m->limits.bytes - n) {
		aml_fail(m, -ELOOP, "more than %u bytes of data", m->limits.bytes);
		return NULL;
	}
	p = aml_alloc(m, n);
	if (p)
		m->n_bytes += (u32)n;
	return p;
}

static void data_free(struct aml_machine *m, void *p, size_t n)
{
	if (!p)
		return;
	m->n_bytes -= (u32)n;
	m->os->free(p);
}

int aml_new_integer(struct aml_machine *m, u64 v, struct aml_object **out)
{
	struct aml_object *o = aml_new(m, AML_INTEGER);

	if (!o)
		return m->err;
	o->integer = v & m->ones;
	*out = o;
	return 0;
}

int aml_bytes_set(struct aml_machine *m, struct aml_object *o, const void *data, size_t n)
{
	u8 *old = o->bytes.data, *new;

	if (n > AML_BYTES_MAX)
		return aml_fail(m, -ELOOP, "a string or buffer of %zu bytes", n);
	new = data_alloc(m, n + 1);
	if (!new)
		return m->err;
	if (data)
		memcpy(new, data, n);
	if (old)
		data_free(m, old, (size_t)o->bytes.length + 1);
	o->bytes.data = new;
	o->bytes.length = (u32)n;
	return 0;
}

int aml_new_bytes(struct aml_machine *m, enum aml_type type, const void *data, size_t n,
		  struct aml_object **out)
{
	struct aml_object *o = aml_new(m, type);

	if (!o)
		return m->err;
	if (aml_bytes_set(m, o, data, n)) {
		aml_put(m, o);
		return m->err;
	}
	*out = o;
	return 0;
}

int aml_buffer_make(struct aml_machine *m, const void *bytes, size_t size, struct aml_object **out)
{
	return aml_new_bytes(m, AML_BUFFER, bytes, size, out);
}

int aml_new_package(struct aml_machine *m, size_t n, struct aml_object **out)
{
	struct aml_object *o;

	if (n > AML_ELEMENTS_MAX)
		return aml_fail(m, -ELOOP, "a package of %zu elements", n);
	o = aml_new(m, AML_PACKAGE);
	if (!o)
		return m->err;
	o->package.elements = data_alloc(m, n * sizeof(o) + 1);
	if (!o->package.elements) {
		aml_put(m, o);
		return m->err;
	}
	o->package.n = (u32)n;
	*out = o;
	return 0;
}

int aml_new_reference(struct aml_machine *m, struct aml_node *node, struct aml_object *object,
		      struct aml_object **out)
{
	struct aml_object *o = aml_new(m, AML_REFERENCE);

	if (!o)
		return m->err;
	o->ref.node = aml_node_get(node);
	o->ref.object = aml_get(object);
	*out = o;
	return 0;
}

struct aml_object *aml_get(struct aml_object *o)
{
	if (o)
		o->refs++;
	return o;
}

/* Gives back what the object holds. */
static void contents_free(struct aml_machine *m, struct aml_object *o)
{
	switch (o->type) {
	case AML_STRING:
	case AML_BUFFER:
		data_free(m, o->bytes.data, (size_t)o->bytes.length + 1);
		break;
	case AML_PACKAGE:
		for (u32 i = 0; i < o->package.n; i++)
			aml_put(m, o->package.elements[i]);
		data_free(m, o->package.elements, o->package.n * sizeof(o) + 1);
		break;
	case AML_REGION:
		aml_node_put(m, o->region.node);
		break;
	case AML_FIELD:
		aml_put(m, o->field.region);
		aml_put(m, o->field.index);
		aml_put(m, o->field.data);
		break;
	case AML_BUFFER_FIELD:
		aml_put(m, o->part.buffer);
		break;
	case AML_REFERENCE:
		aml_node_put(m, o->ref.node);
		aml_put(m, o->ref.object);
		break;
	case AML_PATH:
		aml_node_put(m, o->path.scope);
		break;
	default:
		break;
	}
}

void aml_put(struct aml_machine *m, struct aml_object *o)
{
	if (!o || --o->refs)
		return;
	list_move_tail(&o->link, &m->dying);
	if (m->draining)
		return;
	m->draining = true;
	while (!list_empty(&m->dying)) {
		o = list_first_entry(&m->dying, struct aml_object, link);
		list_unlink(&o->link);
		contents_free(m, o);
		m->n_objects--;
		m->os->free(o);
	}
	m->draining = false;
}

static int copy_at(struct aml_machine *m, struct aml_object *o, unsigned depth,
		   struct aml_object **out)
{
	struct aml_object *copy;

	switch (o->type) {
	case AML_INTEGER:
		return aml_new_integer(m, o->integer, out);
	case AML_STRING:
	case AML_BUFFER:
		return aml_new_bytes(m, o->type, o->bytes.data, o->bytes.length, out);
	case AML_PACKAGE:
		break;
	default:
		*out = aml_get(o);
		return 0;
	}
	if (depth == AML_NESTED)
		return aml_fail(m, -ELOOP, "packages nested more than %u deep", AML_NESTED);
	if (aml_new_package(m, o->package.n, &copy))
		return m->err;
	for (u32 i = 0; i < o->package.n; i++) {
		struct aml_object *from = o->package.elements[i];

		if (from && copy_at(m, from, depth + 1, &copy->package.elements[i])) {
			aml_put(m, copy);
			return m->err;
		}
	}
	*out = copy;
	return 0;
}

int aml_copy(struct aml_machine *m, struct aml_object *o, struct aml_object **out)
{
	return copy_at(m, o, 0, out);
}

int aml_become(struct aml_machine *m, struct aml_object *o, struct aml_object *from)
{
	struct aml_object *copy;

	if (o == from)
		return 0;
	if (o->type == AML_INTEGER) {
		o->integer = from->integer;
		return 0;
	}
	if (o->type == AML_STRING || o->type == AML_BUFFER)
		return aml_bytes_set(m, o, from->bytes.data, from->bytes.length);
	if (aml_copy(m, from, &copy))
		return m->err;
	swap(o->package, copy->package);
	aml_put(m, copy);
	return 0;
}

const char *aml_type_name(unsigned type)
{
	static const char *const names[] = {
		[AML_NONE] = "nothing", [AML_INTEGER] = "an integer", [AML_STRING] = "a string",
		[AML_BUFFER] = "a buffer", [AML_PACKAGE] = "a package", [AML_FIELD] = "a field",
		[AML_DEVICE] = "a device", [AML_EVENT] = "an event", [AML_METHOD] = "a method",
		[AML_MUTEX] = "a mutex", [AML_REGION] = "a region",
		[AML_POWER] = "a power resource", [AML_PROCESSOR] = "a processor",
		[AML_THERMAL] = "a thermal zone", [AML_BUFFER_FIELD] = "a buffer field",
		[AML_TABLE] = "a table", [AML_DEBUG] = "the debug object",
		[AML_REFERENCE] = "a reference", [AML_PATH] = "a name",
	};

	return type < ARRAY_SIZE(names) ? names[type] : "?";
}
