/*
 * unshare(2): what the task shares with others becomes its own. Everything new is made before
 * anything is exchanged, so a failure changes nothing. There is one namespace of each kind, which
 * nobody can leave.
 */
#include "abi/errno.h"
#include "abi/sched.h"
#include "core/gaps.h"
#include "ipc/sysv_sem.h"
#include "proc/process.h"

#define UNSHARE_FLAGS (CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_THREAD | CLONE_SIGHAND | \
		       CLONE_VM)

/* Memory, signal actions and the process itself cannot be left: only a lone thread may ask. */
static bool is_alone(struct process *p, u64 flags)
{
	if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && READ_ONCE(p->n_live) > 1)
		return false;
	if ((flags & (CLONE_SIGHAND | CLONE_VM)) && ref_read(&p->sighand->refs) > 1)
		return false;
	return !(flags & CLONE_VM) || ref_read(&p->aspace->users) == 1;
}

int task_unshare(u64 flags)
{
	struct task *me = task_current();
	struct fs_context *fs = NULL, *old_fs = me->fs;
	struct fd_table *files = NULL, *old_files = me->files;
	int error = 0;

	if (gap_flags(flags, UNSHARE_FLAGS) || !is_alone(me->process, flags))
		return -EINVAL;
	if ((flags & CLONE_FS) && !(fs = fs_context_clone(old_fs)))
		return -ENOMEM;
	if ((flags & CLONE_FILES) && fd_table_shared(old_files) &&
	    !(files = fd_table_clone(old_files, &error))) {
		if (fs)
			fs_context_put(fs);
		return error;
	}
	spin_lock(&me->lock);
	me->fs = fs ? fs : old_fs;
	me->files = files ? files : old_files;
	spin_unlock(&me->lock);
	if (fs)
		fs_context_put(old_fs);
	if (files)
		fd_table_put(old_files);
	if (flags & CLONE_SYSVSEM) {
		sysv_undo_put(me->sem_undo);
		me->sem_undo = NULL;
	}
	return 0;
}
