/*
 * The namespace (ACPI 6.5, 5.3): a tree of names of four characters. A node is counted: by the
 * namespace, and by references and regions that point to it; so one that a method made can go with
 * the method while somebody still holds it. It then has no parent and no children.
 */
#include "drv/acpi/aml_int.h"

#include "lib/format.h"

#define DEPTH_MAX 64 /* of the tree: more is refused */

static bool is_lead(u8 c)
{
	return (c >= 'A' && c <= 'Z') || c == '_';
}

bool aml_is_name(u8 byte)
{
	return is_lead(byte) || byte == '\\' || byte == '^' || byte == 0x2e || byte == 0x2f;
}

int aml_name_parse(const u8 **at, const u8 *end, struct aml_name *name)
{
	const u8 *p = *at;

	*name = (struct aml_name){ 0 };
	if (p < end && *p == '\\') {
		name->root = true;
		p++;
	}
	for (; p < end && *p == '^' && !name->root; p++)
		name->up++;
	if (p == end)
		return -EINVAL;
	if (*p == 0) { /* NullName */
		*at = p + 1;
		return 0;
	}
	name->n = 1;
	if (*p == 0x2e) { /* DualNamePrefix */
		name->n = 2;
		p++;
	} else if (*p == 0x2f) { /* MultiNamePrefix SegCount */
		if (end - p < 2)
			return -EINVAL;
		name->n = p[1];
		p += 2;
	}
	if (end - p < name->n * 4 || !name->n)
		return -EINVAL;
	for (unsigned i = 0; i < name->n * 4u; i++)
		if (!is_lead(p[i]) && !(i % 4 && p[i] >= '0' && p[i] <= '9'))
			return -EINVAL;
	name->segments = p;
	*at = p + name->n * 4u;
	return 0;
}

void aml_name_text(const struct aml_name *name, char *text, size_t size)
{
	size_t n = scnprintf(text, size, "%s", name->root ? "\\" : "");

	for (u32 i = 0; i < min(name->up, 8u); i++)
		n += scnprintf(text + n, size - n, "^");
	for (unsigned i = 0; i < name->n; i++)
		n += scnprintf(text + n, size - n, "%s%.4s", i ? "." : "",
			       (const char *)name->segments + 4 * i);
}

static struct aml_node *child_find(struct aml_node *parent, const void *name)
{
	for (struct aml_node *n = parent->child; n; n = n->sibling)
		if (!memcmp(n->name, name, 4))
			return n->alias ? n->alias : n;
	return NULL;
}

/* Follows the first n segments; with none of them, where the prefixes lead. */
static struct aml_node *walk(struct aml_machine *m, struct aml_node *scope,
			     const struct aml_name *name, unsigned n)
{
	struct aml_node *at = name->root ? m->root : scope;

	for (u32 i = 0; at && i < name->up; i++)
		at = at->parent;
	for (unsigned i = 0; at && i < n; i++)
		at = child_find(at, name->segments + 4 * i);
	return at;
}

struct aml_node *aml_lookup(struct aml_machine *m, struct aml_node *scope,
			    const struct aml_name *name)
{
	struct aml_node *found = NULL;

	if (name->n != 1 || name->root || name->up)
		return walk(m, scope, name, name->n);
	for (; scope && !found; scope = scope->parent)
		found = child_find(scope, name->segments);
	return found;
}

int aml_make_child(struct aml_machine *m, struct aml_node *parent, const char *name,
		   struct aml_node **out)
{
	struct aml_node **at = &parent->child, *n;
	unsigned depth = 0;

	for (n = parent; n; n = n->parent)
		depth++;
	if (depth > DEPTH_MAX)
		return aml_fail(m, -ELOOP, "names more than %u deep", DEPTH_MAX);
	if (m->n_objects >= m->limits.objects)
		return aml_fail(m, -ELOOP, "more than %u objects", m->limits.objects);
	for (; *at; at = &(*at)->sibling)
		if (!memcmp((*at)->name, name, 4))
			return aml_fail(m, -EEXIST, "%.4s is there already", name);
	n = aml_alloc(m, sizeof(*n));
	if (!n)
		return m->err;
	m->n_objects++;
	n->refs = 1;
	memcpy(n->name, name, 4);
	n->parent = parent;
	*at = n;
	list_add_tail(&n->link, &m->nodes);
	if (m->frame && m->frame->method) {
		n->made = m->frame->made;
		m->frame->made = aml_node_get(n);
	}
	*out = n;
	return 0;
}

int aml_make_node(struct aml_machine *m, const struct aml_name *name, struct aml_node **out)
{
	struct aml_node *parent;
	char text[64];

	aml_name_text(name, text, sizeof(text));
	if (!name->n)
		return aml_fail(m, -EINVAL, "%s cannot be defined", text);
	parent = walk(m, m->frame->scope, name, name->n - 1u);
	if (!parent)
		return aml_fail(m, -ENOENT, "nothing is above %s", text);
	return aml_make_child(m, parent, (const char *)name->segments + 4 * (name->n - 1), out);
}

struct aml_node *aml_node_get(struct aml_node *node)
{
	if (node)
		node->refs++;
	return node;
}

void aml_node_put(struct aml_machine *m, struct aml_node *node)
{
	while (node && --node->refs == 0) {
		struct aml_node *alias = node->alias;

		aml_put(m, node->object);
		list_del(&node->link);
		m->n_objects--;
		m->os->free(node);
		node = alias;
	}
}

static void detach(struct aml_node *node)
{
	struct aml_node **at = &node->parent->child;

	while (*at != node)
		at = &(*at)->sibling;
	*at = node->sibling;
	node->sibling = NULL;
	node->parent = NULL;
}

void aml_node_remove(struct aml_machine *m, struct aml_node *node)
{
	struct aml_node *at = node;

	if (!node->parent)
		return; /* it went with one above it */
	while (at) { /* leaves first */
		struct aml_node *up = at->parent;

		if (at->child) {
			at = at->child;
			continue;
		}
		detach(at);
		aml_node_put(m, at);
		at = at == node ? NULL : up;
	}
}

void aml_node_set(struct aml_machine *m, struct aml_node *node, struct aml_object *o)
{
	struct aml_object *old = node->object;

	node->object = o;
	aml_put(m, old);
}

struct aml_node *aml_find(struct aml_machine *m, struct aml_node *from, const char *path)
{
	struct aml_node *at = *path == '\\' || !from ? m->root : from;

	if (*path == '\\')
		path++;
	while (at && *path) {
		char name[4] = { '_', '_', '_', '_' };

		for (unsigned i = 0; i < 4 && *path && *path != '.'; i++)
			name[i] = *path++;
		at = child_find(at, name);
		if (*path && *path++ != '.')
			return NULL;
	}
	return at;
}

struct aml_node *aml_next(struct aml_machine *m, struct aml_node *node)
{
	if (!node)
		return m->root->child;
	if (node->child)
		return node->child;
	for (; node; node = node->parent)
		if (node->sibling)
			return node->sibling;
	return NULL;
}

struct aml_node *aml_parent(struct aml_node *node)
{
	return node->parent;
}

const char *aml_name(const struct aml_node *node)
{
	return node->name;
}

void aml_path(const struct aml_node *node, char *text, size_t size)
{
	const struct aml_node *up[DEPTH_MAX + 2];
	unsigned n = 0;
	size_t used;

	for (; node && node->parent && n < ARRAY_SIZE(up); node = node->parent)
		up[n++] = node;
	used = scnprintf(text, size, "\\");
	while (n--) {
		unsigned length = 4;

		while (length > 1 && up[n]->name[length - 1] == '_')
			length--;
		used += scnprintf(text + used, size - used, "%.*s%s", (int)length, up[n]->name,
				  n ? "." : "");
	}
}

enum aml_type aml_node_type(const struct aml_node *node)
{
	return node->object ? node->object->type : AML_NONE;
}
