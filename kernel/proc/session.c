/*
 * Sessions and process groups (credentials(7), setsid(2), setpgid(2)). A group is the list of
 * processes on a pid; a session an object on the pid of its leader. Everything under
 * proc_tree_lock.
 */
#include "abi/errno.h"
#include "mm/slab.h"
#include "proc/proc_int.h"
#include "proc/process.h"
#include "proc/session.h"

struct session *session_create(struct pid *pid)
{
	struct session *s = kzalloc(sizeof(*s), MM_KERNEL);

	if (!s)
		return NULL;
	ref_set(&s->refs, 1);
	pid_get(pid);
	s->pid = pid;
	spin_init(&s->lock, RANK_FILE, "session");
	return s;
}

void session_put(struct session *s)
{
	if (!ref_put(&s->refs))
		return;
	pid_put(s->tty_group);
	pid_put(s->pid);
	kfree(s);
}

void session_tty_numbers(struct session *s, s32 *dev, s32 *group)
{
	spin_lock(&s->lock);
	*dev = (s32)s->tty_dev;
	*group = s->tty && s->tty_group ? s->tty_group->nr : -1;
	spin_unlock(&s->lock);
}

struct pid *process_group_get(struct process *p)
{
	struct pid *group;

	spin_lock(&proc_tree_lock);
	group = p->group;
	pid_get(group);
	spin_unlock(&proc_tree_lock);
	return group;
}

struct session *process_session_get(struct process *p)
{
	struct session *s;

	spin_lock(&proc_tree_lock);
	s = p->session;
	ref_get(&s->refs);
	spin_unlock(&proc_tree_lock);
	return s;
}

/* Moves a process to another group. */
static void group_move_locked(struct process *p, struct pid *group)
{
	pid_get(group);
	list_move_tail(&p->group_link, &group->members);
	pid_put(p->group);
	p->group = group;
}

bool group_orphaned_locked(struct pid *group)
{
	struct process *p;

	list_for_each_entry(p, &group->members, group_link) {
		struct process *parent = p->parent;

		if (p->state != PROCESS_ALIVE || !parent || parent->is_init)
			continue;
		if (parent->group != group && parent->session == p->session)
			return false;
	}
	return true;
}

bool group_orphaned(struct pid *group)
{
	bool orphaned;

	spin_lock(&proc_tree_lock);
	orphaned = group_orphaned_locked(group);
	spin_unlock(&proc_tree_lock);
	return orphaned;
}

long process_setsid(void)
{
	struct process *p = process_current();
	struct session *old = NULL, *s = session_create(p->pid);
	long result = -EPERM;

	if (!s)
		return -ENOMEM;
	spin_lock(&proc_tree_lock);
	if (list_empty(&p->pid->members) && p->session->pid != p->pid) {
		old = p->session;
		p->session = s;
		p->no_tty = false;
		list_move_tail(&p->session_link, &s->pid->session_members);
		group_move_locked(p, p->pid);
		result = p->pid->nr;
	}
	spin_unlock(&proc_tree_lock);
	session_put(old ? old : s);
	return result;
}

/* The checks of setpgid(2) in its order. */
static int setpgid_check_locked(struct process *p, struct process *me, struct pid *group)
{
	struct process *member;

	if (p->state != PROCESS_ALIVE || (p != me && p->parent != me))
		return -ESRCH;
	if (p != me && p->session != me->session)
		return -EPERM;
	if (p != me && p->did_exec)
		return -EACCES;
	if (p->session->pid == p->pid)
		return -EPERM;
	if (group == p->pid)
		return 0;
	list_for_each_entry(member, &group->members, group_link)
		if (member->session == me->session)
			return 0;
	return -EPERM;
}

int process_setpgid(s32 nr, s32 group_nr)
{
	struct process *me = process_current(), *p;
	struct pid *group = NULL;
	int error;

	if (group_nr < 0)
		return -EINVAL;
	p = nr ? process_find(nr) : me;
	if (!p)
		return -ESRCH;
	if (nr == 0)
		process_get(p);
	if (group_nr)
		group = pid_find_get(group_nr);
	else
		pid_get(group = p->pid);
	spin_lock(&proc_tree_lock);
	error = setpgid_check_locked(p, me, group ? group : me->pid);
	if (!error && !group)
		error = -EPERM;
	if (!error && p->group != group)
		group_move_locked(p, group);
	spin_unlock(&proc_tree_lock);
	pid_put(group);
	process_put(p);
	return error;
}
