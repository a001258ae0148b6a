/*
 * Access control lists as such: what is a valid one, how it and a mode follow each other, and whom
 * it lets do what (acl(5)).
 */
#include "vfs/acl.h"

#include "abi/stat.h"

bool acl_valid(const struct acl_entry *e, u32 n)
{
	u16 wanted = ACL_USER_OBJ;
	bool named = false, masked = false;

	for (u32 i = 0; i < n; i++, e++) {
		if (e->perm & ~7)
			return false;
		switch (e->tag) {
		case ACL_USER_OBJ:
			if (wanted != ACL_USER_OBJ)
				return false;
			wanted = ACL_USER;
			break;
		case ACL_USER:
			if (wanted != ACL_USER || e->id == ACL_UNDEFINED_ID)
				return false;
			named = true;
			break;
		case ACL_GROUP_OBJ:
			if (wanted != ACL_USER)
				return false;
			wanted = ACL_GROUP;
			break;
		case ACL_GROUP:
			if (wanted != ACL_GROUP || e->id == ACL_UNDEFINED_ID)
				return false;
			named = true;
			break;
		case ACL_MASK:
			if (wanted != ACL_GROUP)
				return false;
			masked = true;
			wanted = ACL_OTHER;
			break;
		case ACL_OTHER:
			if (wanted != ACL_OTHER && (wanted != ACL_GROUP || named))
				return false;
			wanted = 0;
			break;
		default:
			return false;
		}
	}
	return n && wanted == 0 && (masked || !named);
}

bool acl_to_mode(const struct acl_entry *e, u32 n, u32 *mode)
{
	bool more = false;
	u32 bits = 0;

	for (u32 i = 0; i < n; i++, e++) {
		switch (e->tag) {
		case ACL_USER_OBJ:
			bits |= (u32)e->perm << 6;
			break;
		case ACL_GROUP_OBJ:
			bits |= (u32)e->perm << 3;
			break;
		case ACL_OTHER:
			bits |= e->perm;
			break;
		case ACL_MASK:
			bits = (bits & ~(u32)S_IRWXG) | (u32)e->perm << 3;
			more = true;
			break;
		default:
			more = true;
		}
	}
	*mode = (*mode & ~(u32)S_IRWXUGO) | bits;
	return more;
}

/* The entry that stands for the group bits of the mode: the mask, or else the group's own. */
static struct acl_entry *group_class(struct acl_entry *e, u32 n)
{
	struct acl_entry *found = NULL;

	for (u32 i = 0; i < n; i++)
		if (e[i].tag == ACL_MASK || e[i].tag == ACL_GROUP_OBJ)
			found = &e[i]; /* the mask comes behind */
	return found;
}

bool acl_restrict(struct acl_entry *e, u32 n, u32 *mode)
{
	struct acl_entry *group = group_class(e, n);
	bool more = false;

	for (u32 i = 0; i < n; i++) {
		if (e[i].tag == ACL_USER_OBJ)
			e[i].perm &= (u16)(*mode >> 6 & 7);
		else if (e[i].tag == ACL_OTHER)
			e[i].perm &= (u16)(*mode & 7);
		else if (e[i].tag != ACL_GROUP_OBJ)
			more = true;
	}
	group->perm &= (u16)(*mode >> 3 & 7);
	acl_to_mode(e, n, mode);
	return more;
}

void acl_set_mode(struct acl_entry *e, u32 n, u32 mode)
{
	struct acl_entry *group = group_class(e, n);

	for (u32 i = 0; i < n; i++) {
		if (e[i].tag == ACL_USER_OBJ)
			e[i].perm = (u16)(mode >> 6 & 7);
		else if (e[i].tag == ACL_OTHER)
			e[i].perm = (u16)(mode & 7);
	}
	group->perm = (u16)(mode >> 3 & 7);
}

/* Whether the entry, of the group class but for the owner and others, names one of the caller's. */
static bool entry_matches(const struct acl_entry *e, const struct inode *inode,
			  const struct cred *cred)
{
	switch (e->tag) {
	case ACL_USER:
		return e->id == cred->fsuid;
	case ACL_GROUP_OBJ:
		return cred_in_group(cred, inode->gid);
	case ACL_GROUP:
		return cred_in_group(cred, e->id);
	default:
		return false;
	}
}

int acl_permission(const struct acl_entry *e, u32 n, const struct inode *inode,
		   const struct cred *cred, unsigned mask)
{
	const struct acl_entry *chosen = NULL;
	u16 limit = 7, other = 0;

	for (u32 i = 0; i < n; i++) {
		if (e[i].tag == ACL_MASK)
			limit = e[i].perm;
		else if (e[i].tag == ACL_OTHER)
			other = e[i].perm;
		/* A user's own entry decides; of groups any that allows all that is asked. */
		else if (!(chosen && (chosen->tag == ACL_USER || !(mask & ~chosen->perm & 7u))) &&
			 entry_matches(&e[i], inode, cred))
			chosen = &e[i];
	}
	other = chosen ? chosen->perm & limit : other;
	return mask & ~(unsigned)other & 7 ? -EACCES : 0;
}
