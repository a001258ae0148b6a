/*
 * Credentials across execve(2): set-user-ID and set-group-ID files, and what becomes of
 * capabilities (capabilities(7), "Transformation of capabilities during execve()"), for files
 * without capabilities of their own.
 */
#include "abi/capability.h"
#include "abi/stat.h"
#include "proc/proc_int.h"

#define CAPS_ALL ((1ull << (CAP_LAST_CAP + 1)) - 1)

/* Not where another process could change directory or root under the program, unless the caller may
 * become anybody anyhow. */
static bool set_id_allowed(const struct cred *old, struct file *file, bool fs_shared)
{
	return !old->no_new_privs && !(file->path.mount->flags & MNT_F_NOSUID) &&
	       (!fs_shared || cred_capable(old, CAP_SETUID));
}

static void apply_set_id(struct cred *new, struct inode *inode)
{
	u32 mode = inode->mode;

	if (mode & S_ISUID)
		new->euid = inode->uid;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		new->egid = inode->gid;
}

/* Root's programs get the bounding set, unless root is nobody special (SECBIT_NOROOT); others keep
 * only the ambient one. */
static void apply_capabilities(struct cred *new)
{
	bool root = (new->euid == 0 || new->uid == 0) && !(new->securebits & SECBIT_NOROOT);

	if (root) {
		new->cap_permitted = (new->cap_inheritable | new->cap_bounding) & CAPS_ALL;
		new->cap_effective = new->euid == 0 ? new->cap_permitted : 0;
	} else {
		new->cap_permitted = new->cap_ambient;
		new->cap_effective = new->cap_ambient;
	}
}

const struct cred *exec_cred(const struct cred *old, struct file *file, bool fs_shared,
			     bool *secure)
{
	struct cred *new = cred_clone(old);

	if (!new)
		return NULL;
	if (set_id_allowed(old, file, fs_shared))
		apply_set_id(new, file->inode);
	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	if (new->euid != old->euid || new->egid != old->egid)
		new->cap_ambient = 0;
	apply_capabilities(new);
	new->securebits &= ~(u32)SECBIT_KEEP_CAPS;
	*secure = new->euid != new->uid || new->egid != new->gid ||
		  (new->uid != 0 && new->cap_permitted & ~new->cap_ambient);
	return new;
}
