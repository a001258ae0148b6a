/*
 * Credentials: shared, never changed once published; the first ones belong to the kernel and to
 * init.
 */
#include "abi/capability.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/cred.h"

/* Its first reference is never dropped. */
static struct cred first = {
	.refs = REFCOUNT_INIT(1),
	.cap_permitted = CAP_FULL_SET,
	.cap_effective = CAP_FULL_SET,
	.cap_bounding = CAP_FULL_SET,
};
const struct cred *cred_root = &first;
static const struct cred *(*caller_hook)(void);

void cred_set_caller_hook(const struct cred *(*caller)(void)) { caller_hook = caller; }
const struct cred *cred_caller(void) { return caller_hook ? caller_hook() : cred_root; }

static void group_list_put(struct group_list *groups)
{
	if (groups && ref_put(&groups->refs))
		kfree(groups);
}

void cred_put(const struct cred *c)
{
	struct cred *cred = (struct cred *)c;

	if (!cred || !ref_put(&cred->refs))
		return;
	group_list_put(cred->groups);
	kfree(cred);
}

struct cred *cred_clone(const struct cred *c)
{
	struct cred *cred = kmemdup(c, sizeof(*c), MM_KERNEL);

	if (!cred)
		return NULL;
	ref_set(&cred->refs, 1);
	if (cred->groups)
		ref_get(&cred->groups->refs);
	return cred;
}

void cred_set_groups(struct cred *c, struct group_list *groups)
{
	group_list_put(c->groups);
	c->groups = groups;
}

bool cred_in_group(const struct cred *c, u32 gid)
{
	const struct group_list *groups = c->groups;
	u32 low = 0, high;

	if (c->fsgid == gid)
		return true;
	if (!groups)
		return false;
	for (high = groups->n; low < high;) {
		u32 mid = low + (high - low) / 2;

		if (groups->gid[mid] == gid)
			return true;
		if (groups->gid[mid] < gid)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

bool cred_may_set_gid_bit(const struct cred *c, u32 gid)
{
	return cred_in_group(c, gid) || cred_capable(c, CAP_FSETID);
}
