/*
 * Who acts: user and group ids and capabilities (credentials(7), capabilities(7)). A struct cred is
 * shared and never changed: a change makes a new one.
 */
#pragma once

#include "core/refcount.h"
#include "lib/types.h"

#define CRED_GROUPS_FAST 32

struct group_list {
	struct refcount refs;
	u32 n;
	u32 gid[];          /* sorted */
};

struct cred {
	struct refcount refs;
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	struct group_list *groups;  /* NULL: none */
	u64 cap_permitted, cap_effective, cap_inheritable, cap_bounding, cap_ambient;
	u32 securebits;
};

static inline const struct cred *cred_get(const struct cred *c)
{
	ref_get(&((struct cred *)c)->refs);
	return c;
}

void cred_put(const struct cred *c);
/* A private copy to change before anyone sees it, or NULL. */
struct cred *cred_clone(const struct cred *c);
/*
 * Gives a private copy other supplementary groups (sorted; the reference is taken over; NULL:
 * none).
 */
void cred_set_groups(struct cred *c, struct group_list *groups);
/* The first credentials: root with everything. */
extern const struct cred *cred_root;
/*
 * Whose system call runs: what is asked of an open file (ioctl, truncation, what a write takes
 * away) is permitted or not to the caller, whoever opened the file. Not referenced, the thread's as
 * long as it does not change them. Thread context; a thread of the kernel is root.
 */
const struct cred *cred_caller(void);
/* Tells of them: set once, at boot; until then it is root. */
void cred_set_caller_hook(const struct cred *(*caller)(void));
/* Whether `gid` is fsgid or one of the supplementary groups. */
bool cred_in_group(const struct cred *c, u32 gid);
/* Whether a file of that group may have set-group-ID by their hand: that, or CAP_FSETID. */
bool cred_may_set_gid_bit(const struct cred *c, u32 gid);
/* Whether capability `cap` (CAP_* of abi/capability.h) is effective. */
static inline bool cred_capable(const struct cred *c, unsigned cap)
{
	return c->cap_effective >> cap & 1;
}
