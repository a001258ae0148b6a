/*
 * The file that a dump goes to. Nobody may make the dumper overwrite something, or read what he
 * dumps: the file is new, has one name, is his, and open to him alone; and a process that has had
 * more privileges than who started it writes only where nobody chose for it, as root (core(5),
 * proc(5) on suid_dumpable).
 */
#include "abi/errno.h"
#include "abi/stat.h"
#include "core/log.h"
#include "proc/core_int.h"
#include "proc/proc_int.h"

/* Whether the file is what it should be, whatever happened to it since it was made. */
static bool file_fits(const struct file *f, const struct cred *cred)
{
	const struct inode *inode = f->inode;

	return S_ISREG(inode->mode) && inode->nlink == 1 && inode->uid == cred->fsuid &&
	       (inode->mode & 0677) == 0600;
}

static int open_new(const struct walk *w, const char *name, struct file **out)
{
	int err = vfs_open(w, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_LARGEFILE, 0600, 0,
			   out);

	if (err)
		return err;
	if (file_fits(*out, w->cred))
		return 0;
	file_put(*out);
	return -EPERM;
}

/* As root, from the first process' root directory. */
static int open_safe(const char *name, struct file **out)
{
	struct cred *cred = cred_clone(cred_current());
	struct task *first = task_find(process_init->pid->nr);
	struct fs_context *fs = first ? task_fs_get(first) : NULL;
	int err = -ENOMEM;

	if (cred && fs) {
		struct walk w = { .cred = cred, .fs = fs };

		cred->fsuid = 0;
		err = open_new(&w, name, out);
	}
	if (fs)
		fs_context_put(fs);
	if (first)
		thread_put(first->thread);
	if (cred)
		cred_put(cred);
	return err;
}

int core_file_open(const char *name, bool safe, struct file **out)
{
	struct walk w = { .cred = cred_current(), .fs = task_current()->fs };

	if (safe && name[0] != '/') {
		log_warn("core: %s[%d] would dump to %s, which is no absolute path",
			 thread_current()->name, thread_current()->tid, name);
		return -EPERM;
	}
	if (safe)
		return open_safe(name, out);
	(void)vfs_unlink(&w, name); /* an old one; if that fails, so does what follows */
	return open_new(&w, name, out);
}
