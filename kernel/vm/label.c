/*
 * What programs call their anonymous memory: PR_SET_VMA_ANON_NAME of prctl(2). An area has a
 * reference to its label, which the parts of a split area and a forked child's share. Areas with
 * different labels are not joined; memory that is mapped beside a labelled one has none.
 *
 * Locks: as->lock for area->label. A label itself never changes.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vm/vm_int.h"

struct area_label {
	struct refcount refs;
	char text[];
};

struct label_change {
	struct area_change base;
	struct area_label *label;
};

void area_label_get(struct area_label *label)
{
	if (label)
		ref_get(&label->refs);
}

void area_label_put(struct area_label *label)
{
	if (label && ref_put(&label->refs))
		kfree(label);
}

static bool labels_equal(const struct area_label *a, const struct area_label *b)
{
	return a == b || (a && b && !strcmp(a->text, b->text));
}

bool area_labels_equal(const struct vm_area *a, const struct vm_area *b)
{
	return labels_equal(a->label, b->label);
}

const char *area_label_text(const struct vm_area *area)
{
	return area->label ? area->label->text : NULL;
}

/* prctl(2): printable ASCII, without those that shells or the brackets around it give a meaning. */
static bool label_valid(const char *name)
{
	for (; *name; name++)
		if (*name < ' ' || *name > '~' || strchr("[]\\$`", *name))
			return false;
	return true;
}

/* A label with one reference, or NULL. */
static struct area_label *label_alloc(const char *name)
{
	size_t size = strlen(name) + 1;
	struct area_label *label = kmalloc(sizeof(*label) + size, MM_KERNEL);

	if (!label)
		return NULL;
	ref_set(&label->refs, 1);
	memcpy(label->text, name, size);
	return label;
}

static int label_needed(const struct area_change *change, const struct vm_area *area)
{
	const struct label_change *c = container_of(change, const struct label_change, base);

	if (area->cache || (area->source && !(area->flags & AREA_SPECIAL)))
		return -EBADF;
	return !labels_equal(area->label, c->label);
}

static void label_apply(const struct area_change *change, struct vm_area *area)
{
	const struct label_change *c = container_of(change, const struct label_change, base);

	area_label_get(c->label);
	area_label_put(area->label);
	area->label = c->label;
}

int vm_set_label(struct aspace *as, vaddr_t addr, u64 length, const char *name)
{
	struct label_change change = { { label_needed, label_apply }, NULL };
	u64 span = align_up(length, (u64)PAGE_SIZE);
	int err;

	if ((addr & ~PAGE_MASK) || (length && !span) || addr + span < addr ||
	    (name && !label_valid(name)))
		return -EINVAL;
	if (!span)
		return 0;
	if (name) {
		change.label = label_alloc(name);
		if (!change.label)
			return -ENOMEM;
	}
	err = rwsem_write_killable(&as->lock);
	if (!err) {
		err = areas_change(as, addr, addr + span, &change.base);
		aspace_write_end(as);
	}
	area_label_put(change.label);
	return err;
}
