/*
 * Credentials across execve(2): set-user-ID and set-group-ID files, capabilities of files and of
 * root (capabilities(7), "Transformation of capabilities during execve()"), with the manual's
 * letters: P a set of the process, F one of the file, X the bounding set.
 */
#include "abi/capability.h"
#include "abi/stat.h"
#include "proc/proc_int.h"
#include "vfs/filecap.h"

/* What the file gives. */
struct exec_gain {
	bool from_file;  /* it has capabilities of its own */
	bool effective;  /* what is permitted becomes effective at once */
};

static void apply_set_id(struct cred *new, struct inode *inode)
{
	u32 mode;

	if (likely(!(READ_ONCE(inode->mode) & (S_ISUID | S_ISGID))))
		return;
	/* Bits and ids that belong together: chown(2) may be changing both. */
	rwsem_read(&inode->lock);
	mode = inode->mode;
	if (mode & S_ISUID)
		new->euid = inode->uid;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		new->egid = inode->gid;
	rwsem_read_end(&inode->lock);
}

/* P'(permitted) = (P(inheritable) & F(inheritable)) | (F(permitted) & X). A program that does not
 * know of capabilities must get all that its file says: else -EPERM. */
static int apply_file(struct cred *new, struct file *file, struct exec_gain *gain)
{
	struct file_caps caps;
	int error;

	new->cap_permitted = 0;
	if (file->path.mount->flags & MNT_F_NOSUID)
		return 0;
	error = inode_caps_get(file->inode, &caps);
	if (error)
		return error == -ABI_ENODATA ? 0 : error;
	gain->from_file = true;
	gain->effective = caps.effective;
	new->cap_permitted = (caps.permitted & new->cap_bounding) |
			     (caps.inheritable & new->cap_inheritable);
	return caps.effective && caps.permitted & ~new->cap_permitted ? -EPERM : 0;
}

/* Root's programs get the bounding set, unless root is nobody special (SECBIT_NOROOT), or the file
 * is set-user-ID-root with capabilities of its own, which then count for others. */
static void apply_root(struct cred *new, struct exec_gain *gain)
{
	if (new->securebits & SECBIT_NOROOT)
		return;
	if (gain->from_file && new->uid != 0 && new->euid == 0)
		return;
	if (new->euid == 0 || new->uid == 0)
		new->cap_permitted = (new->cap_inheritable | new->cap_bounding) & CAP_FULL_SET;
	if (new->euid == 0)
		gain->effective = true;
}

static bool is_set_id(const struct cred *new, const struct cred *old)
{
	return new->euid != old->uid || new->egid != old->gid;
}

/* Who asked for that (PR_SET_NO_NEW_PRIVS), whose directory and root another process could change
 * under the program, or who is traced by somebody unprivileged, gains no capabilities; and becomes
 * nobody else unless that is allowed anyhow. */
static void limit_gain(struct cred *new, const struct cred *old, bool no_new_privs)
{
	if (!is_set_id(new, old) && !(new->cap_permitted & ~old->cap_permitted))
		return;
	if (no_new_privs || !cred_capable(old, CAP_SETUID)) {
		new->euid = new->uid;
		new->egid = new->gid;
	}
	new->cap_permitted &= old->cap_permitted;
}

/* The ambient set, which files with privileges end, and what is effective. */
static void finish(struct cred *new, const struct cred *old, const struct exec_gain *gain,
		   bool set_id)
{
	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	if (gain->from_file || set_id)
		new->cap_ambient = 0;
	new->cap_permitted |= new->cap_ambient;
	new->cap_effective = gain->effective ? new->cap_permitted : new->cap_ambient;
	new->securebits &= ~(u32)SECBIT_KEEP_CAPS;
}

int exec_cred(const struct cred *old, struct file *file, bool watched, const struct cred **out,
	      bool *secure)
{
	struct exec_gain gain = { false, false };
	bool set_id, no_new_privs = READ_ONCE(task_current()->no_new_privs);
	struct cred *new = cred_clone(old);
	int error;

	if (!new)
		return -ENOMEM;
	if (!no_new_privs && !(file->path.mount->flags & MNT_F_NOSUID))
		apply_set_id(new, file->inode);
	error = apply_file(new, file, &gain);
	if (error) {
		cred_put(new);
		return error;
	}
	apply_root(new, &gain);
	set_id = is_set_id(new, old);
	if (no_new_privs || watched)
		limit_gain(new, old, no_new_privs);
	finish(new, old, &gain, set_id);
	*secure = set_id || (new->uid != 0 &&
			     (gain.effective || new->cap_permitted & ~new->cap_ambient));
	*out = new;
	return 0;
}
