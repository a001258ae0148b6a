/*
 * User and group ids and capabilities (credentials(7), capabilities(7)): each change makes new
 * credentials and installs them.
 */
#include "abi/capability.h"
#include "abi/limits.h"
#include "lib/sort.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sys/sys_int.h"

#define KEEP    (~0u) /* -1: leave this id as it is */
#define CAP_FS_MASK \
	(BIT(CAP_CHOWN) | BIT(CAP_MKNOD) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | \
	 BIT(CAP_FOWNER) | BIT(CAP_FSETID))

long sys_getuid(void) { return cred_current()->uid; }
long sys_geteuid(void) { return cred_current()->euid; }
long sys_getgid(void) { return cred_current()->gid; }
long sys_getegid(void) { return cred_current()->egid; }

/* Capabilities follow the user ids as capabilities(7), "Effect of user ID changes on capabilities",
 * says. */
static void uid_fixup(struct cred *new, const struct cred *old)
{
	bool had_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
	bool has_root = new->uid == 0 || new->euid == 0 || new->suid == 0;

	if (new->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (had_root && !has_root) {
		if (!(new->securebits & SECBIT_KEEP_CAPS)) {
			new->cap_permitted = 0;
			new->cap_effective = 0;
		}
		new->cap_ambient = 0;
	}
	if (old->euid == 0 && new->euid != 0)
		new->cap_effective = 0;
	if (old->euid != 0 && new->euid == 0)
		new->cap_effective = new->cap_permitted;
}

static long install(struct cred *new, bool allowed)
{
	int error = allowed ? task_charge(new->uid) : -EPERM;

	if (error) {
		cred_put(new);
		return error;
	}
	uid_fixup(new, cred_current());
	task_set_cred(new);
	return 0;
}

static bool is_one_of(u32 id, u32 a, u32 b, u32 c)
{
	return id == a || id == b || id == c;
}

long sys_setuid(u32 uid)
{
	const struct cred *old = cred_current();
	struct cred *new;
	bool privileged = cred_capable(old, CAP_SETUID);

	if (uid == KEEP)
		return -EINVAL;
	new = cred_clone(old);
	if (!new)
		return -ENOMEM;
	if (privileged)
		new->uid = new->suid = uid;
	new->euid = new->fsuid = uid;
	return install(new, privileged || uid == old->uid || uid == old->suid);
}

long sys_setgid(u32 gid)
{
	const struct cred *old = cred_current();
	struct cred *new;
	bool privileged = cred_capable(old, CAP_SETGID);

	if (gid == KEEP)
		return -EINVAL;
	new = cred_clone(old);
	if (!new)
		return -ENOMEM;
	if (privileged)
		new->gid = new->sgid = gid;
	new->egid = new->fsgid = gid;
	return install(new, privileged || gid == old->gid || gid == old->sgid);
}

long sys_setreuid(u32 ruid, u32 euid)
{
	const struct cred *old = cred_current();
	struct cred *new = cred_clone(old);
	bool ok = cred_capable(old, CAP_SETUID);

	if (!new)
		return -ENOMEM;
	ok = ok || ((ruid == KEEP || ruid == old->uid || ruid == old->euid) &&
		    (euid == KEEP || is_one_of(euid, old->uid, old->euid, old->suid)));
	if (ruid != KEEP)
		new->uid = ruid;
	if (euid != KEEP)
		new->euid = euid;
	if (ruid != KEEP || (euid != KEEP && euid != old->uid))
		new->suid = new->euid;
	new->fsuid = new->euid;
	return install(new, ok);
}

long sys_setregid(u32 rgid, u32 egid)
{
	const struct cred *old = cred_current();
	struct cred *new = cred_clone(old);
	bool ok = cred_capable(old, CAP_SETGID);

	if (!new)
		return -ENOMEM;
	ok = ok || ((rgid == KEEP || rgid == old->gid || rgid == old->egid) &&
		    (egid == KEEP || is_one_of(egid, old->gid, old->egid, old->sgid)));
	if (rgid != KEEP)
		new->gid = rgid;
	if (egid != KEEP)
		new->egid = egid;
	if (rgid != KEEP || (egid != KEEP && egid != old->gid))
		new->sgid = new->egid;
	new->fsgid = new->egid;
	return install(new, ok);
}

long sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
	const struct cred *old = cred_current();
	struct cred *new = cred_clone(old);
	const u32 ids[3] = { ruid, euid, suid };
	bool ok = true;

	if (!new)
		return -ENOMEM;
	for (int i = 0; i < 3; i++)
		ok = ok && (ids[i] == KEEP || is_one_of(ids[i], old->uid, old->euid, old->suid));
	new->uid = ruid == KEEP ? new->uid : ruid;
	new->euid = euid == KEEP ? new->euid : euid;
	new->suid = suid == KEEP ? new->suid : suid;
	new->fsuid = new->euid;
	return install(new, ok || cred_capable(old, CAP_SETUID));
}

long sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
	const struct cred *old = cred_current();
	struct cred *new = cred_clone(old);
	const u32 ids[3] = { rgid, egid, sgid };
	bool ok = true;

	if (!new)
		return -ENOMEM;
	for (int i = 0; i < 3; i++)
		ok = ok && (ids[i] == KEEP || is_one_of(ids[i], old->gid, old->egid, old->sgid));
	new->gid = rgid == KEEP ? new->gid : rgid;
	new->egid = egid == KEEP ? new->egid : egid;
	new->sgid = sgid == KEEP ? new->sgid : sgid;
	new->fsgid = new->egid;
	return install(new, ok || cred_capable(old, CAP_SETGID));
}

static long give_three(u32 __user *a, u32 __user *b, u32 __user *c, const u32 ids[3])
{
	if (copy_out_obj(a, &ids[0]) < 0 || copy_out_obj(b, &ids[1]) < 0 ||
	    copy_out_obj(c, &ids[2]) < 0)
		return -EFAULT;
	return 0;
}

long sys_getresuid(u32 __user *ruid, u32 __user *euid, u32 __user *suid)
{
	const struct cred *c = cred_current();

	return give_three(ruid, euid, suid, (const u32[]){ c->uid, c->euid, c->suid });
}

long sys_getresgid(u32 __user *rgid, u32 __user *egid, u32 __user *sgid)
{
	const struct cred *c = cred_current();

	return give_three(rgid, egid, sgid, (const u32[]){ c->gid, c->egid, c->sgid });
}

/* setfsuid(2) tells the old id, whether or not it changed. */
long sys_setfsuid(u32 uid)
{
	const struct cred *old = cred_current();
	u32 before = old->fsuid;
	struct cred *new;

	if (uid == KEEP || !(uid == old->fsuid || is_one_of(uid, old->uid, old->euid, old->suid) ||
			     cred_capable(old, CAP_SETUID)))
		return before;
	new = cred_clone(old);
	if (!new)
		return before;
	new->fsuid = uid;
	if (before == 0 && uid != 0)
		new->cap_effective &= ~CAP_FS_MASK;
	if (before != 0 && uid == 0)
		new->cap_effective |= new->cap_permitted & CAP_FS_MASK;
	task_set_cred(new);
	return before;
}

long sys_setfsgid(u32 gid)
{
	const struct cred *old = cred_current();
	u32 before = old->fsgid;
	struct cred *new;

	if (gid == KEEP || !(gid == old->fsgid || is_one_of(gid, old->gid, old->egid, old->sgid) ||
			     cred_capable(old, CAP_SETGID)))
		return before;
	new = cred_clone(old);
	if (!new)
		return before;
	new->fsgid = gid;
	task_set_cred(new);
	return before;
}

long sys_getgroups(int size, u32 __user *list)
{
	const struct group_list *groups = cred_current()->groups;
	u32 n = groups ? groups->n : 0;

	if (size < 0 || (size && (u32)size < n))
		return -EINVAL;
	if (size && n && copy_out(list, groups->gid, n * sizeof(u32)) < 0)
		return -EFAULT;
	return n;
}

static int gid_compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

long sys_setgroups(int size, const u32 __user *list)
{
	struct group_list *groups;
	struct cred *new;

	if (!cred_capable(cred_current(), CAP_SETGID))
		return -EPERM;
	if (size < 0 || size > NGROUPS_MAX)
		return -EINVAL;
	groups = kmalloc(sizeof(*groups) + (size_t)size * sizeof(u32), MM_KERNEL);
	if (!groups)
		return -ENOMEM;
	ref_set(&groups->refs, 1);
	groups->n = (u32)size;
	if (size && copy_in(groups->gid, list, (size_t)size * sizeof(u32)) < 0) {
		kfree(groups);
		return -EFAULT;
	}
	sort(groups->gid, groups->n, sizeof(u32), gid_compare);
	new = cred_clone(cred_current());
	if (!new) {
		kfree(groups);
		return -ENOMEM;
	}
	cred_set_groups(new, groups);
	task_set_cred(new);
	return 0;
}

/* The two words of capget(2)'s version 3. */
struct cap_sets { u64 effective, permitted, inheritable; };

static int cap_header(struct cap_user_header __user *uheader, struct cap_user_header *header,
		      u32 *words)
{
	const u32 newest = _LINUX_CAPABILITY_VERSION_3;

	if (copy_in_obj(header, uheader) < 0)
		return -EFAULT;
	switch (header->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		*words = 1;
		return 0;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		*words = 2;
		return 0;
	}
	return copy_out_obj(&uheader->version, &newest) < 0 ? -EFAULT : -EINVAL;
}

long sys_capget(struct cap_user_header __user *uheader, struct cap_user_data __user *udata)
{
	struct cap_user_header header;
	struct cap_user_data data[2];
	const struct cred *cred;
	struct task *task;
	u32 words;
	int error = cap_header(uheader, &header, &words);

	if (error)
		return error == -ABI_EINVAL && !udata ? 0 : error;
	if (!udata)
		return 0;
	if (header.pid < 0)
		return -EINVAL;
	task = task_arg(header.pid);
	if (!task)
		return -ESRCH;
	cred = task_cred_get(task);
	thread_put(task->thread);
	for (u32 i = 0; i < 2; i++)
		data[i] = (struct cap_user_data){ (u32)(cred->cap_effective >> 32 * i),
						  (u32)(cred->cap_permitted >> 32 * i),
						  (u32)(cred->cap_inheritable >> 32 * i) };
	cred_put(cred);
	return copy_out(udata, data, words * sizeof(data[0]));
}

long sys_capset(struct cap_user_header __user *uheader, const struct cap_user_data __user *udata)
{
	const struct cred *old = cred_current();
	struct cap_sets s = { 0 };
	struct cap_user_header header;
	struct cap_user_data data[2] = { 0 };
	struct cred *new;
	u32 words;
	int error = cap_header(uheader, &header, &words);

	if (error)
		return error;
	if (header.pid && header.pid != thread_current()->tid)
		return -EPERM;
	if (copy_in(data, udata, words * sizeof(data[0])) < 0)
		return -EFAULT;
	/* What version 1 has no word for is zero. */
	for (u32 i = 0; i < ARRAY_SIZE(data); i++) {
		s.effective |= (u64)data[i].effective << 32 * i;
		s.permitted |= (u64)data[i].permitted << 32 * i;
		s.inheritable |= (u64)data[i].inheritable << 32 * i;
	}
	s.effective &= CAP_FULL_SET;
	s.permitted &= CAP_FULL_SET;
	s.inheritable &= CAP_FULL_SET;
	if ((s.permitted & ~old->cap_permitted) || (s.effective & ~s.permitted) ||
	    (s.inheritable & ~(old->cap_inheritable | old->cap_bounding)) ||
	    ((s.inheritable & ~(old->cap_inheritable | old->cap_permitted)) &&
	     !cred_capable(old, CAP_SETPCAP)))
		return -EPERM;
	new = cred_clone(old);
	if (!new)
		return -ENOMEM;
	new->cap_effective = s.effective;
	new->cap_permitted = s.permitted;
	new->cap_inheritable = s.inheritable;
	new->cap_ambient &= s.permitted & s.inheritable;
	task_set_cred(new);
	return 0;
}
