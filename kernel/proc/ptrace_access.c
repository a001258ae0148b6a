/*
 * Who may look into or change another process (ptrace(2), "Ptrace access mode checking"). The
 * threads of a process always may. Else all ids of the target must be the caller's, which the
 * privileged need not heed; a process that is not dumpable, or has capabilities that the caller
 * lacks, is for the privileged only.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "proc/process.h"
#include "proc/ptrace.h"

static bool may_access(struct task *task, u32 uid, u32 gid, u64 caps)
{
	const struct cred *c;
	bool same;

	if (task->process == process_current() || cred_capable(cred_current(), CAP_SYS_PTRACE))
		return true;
	c = task_cred_get(task);
	same = uid == c->euid && uid == c->suid && uid == c->uid &&
	       gid == c->egid && gid == c->sgid && gid == c->gid &&
	       READ_ONCE(task->process->dumpable) == 1 && !(c->cap_permitted & ~caps);
	cred_put(c);
	return same;
}

bool task_may_look(struct task *task)
{
	const struct cred *me = cred_current();

	return may_access(task, me->fsuid, me->fsgid, me->cap_effective);
}

bool task_may_attach(struct task *task)
{
	const struct cred *me = cred_current();

	return may_access(task, me->uid, me->gid, me->cap_permitted);
}

int task_aspace_get(struct task *task, bool (*may)(struct task *task), struct aspace **out)
{
	struct process *p = task->process;

	for (;;) {
		u32 seq = seq_read_begin(&p->exec_seq);
		bool allowed = may(task);

		*out = allowed ? process_aspace_get(p) : NULL;
		if (!seq_read_retry(&p->exec_seq, seq))
			return allowed ? 0 : -EPERM;
		if (*out)
			aspace_put_user(*out);
	}
}
