/*
 * The proc file system: superblock, inodes, and directories made of node tables (proc(5)). Inodes
 * are not cached by number: a dentry keeps its inode, and revalidate() drops the names of processes
 * that have ended.
 */
#include "proc/procfs/procfs.h"

#include "abi/capability.h"
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "core/gaps.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"

#define ROOT_INO 1


static struct slab_cache *inode_cache;
static u64 next_ino = ROOT_INO + 1; /* a */
static const struct inode_ops proc_inode_ops, magic_inode_ops;
static const struct file_ops dir_fops;

static struct inode *proc_inode_alloc(struct superblock *sb)
{
	struct proc_inode *pi = slab_alloc(inode_cache, MM_KERNEL | MM_ZERO);

	return pi ? &pi->inode : NULL;
}

static void proc_inode_free(struct inode *inode)
{
	slab_free(inode_cache, proc_inode(inode));
}

static void proc_inode_evict(struct inode *inode)
{
	pid_drop(proc_inode(inode)->pid);
}

struct task *procfs_task(struct proc_inode *pi)
{
	struct task *task = NULL;

	if (!pi->pid)
		return NULL;
	spin_lock(&proc_tree_lock);
	task = pi->pid->task;
	if (!task && pi->whole && pi->pid->process && !list_empty(&pi->pid->process->threads))
		task = list_first_entry(&pi->pid->process->threads, struct task, link);
	if (task)
		thread_get(task->thread);
	spin_unlock(&proc_tree_lock);
	return task;
}

struct process *procfs_process(struct proc_inode *pi)
{
	return pi->pid ? pid_process_get(pi->pid) : NULL;
}

int procfs_space_get(struct proc_inode *pi, struct aspace **out)
{
	struct task *task = procfs_task(pi);
	struct aspace *as;
	int error = -EACCES;

	*out = NULL;
	if (!task)
		return pi->pid && READ_ONCE(pi->pid->process) ? 0 : -ESRCH;
	if (!task_aspace_get(task, task_may_look, &as)) {
		if (as) {
			aspace_get(as);
			aspace_put_user(as);
		}
		*out = as;
		error = 0;
	}
	thread_put(task->thread);
	return error;
}

/* Entries of a process belong to who it acts as. */
static void owner_refresh(struct proc_inode *pi)
{
	struct task *task = procfs_task(pi);
	const struct cred *c;

	if (!task)
		return;
	c = task_cred_get(task);
	pi->inode.uid = task->process->dumpable == 1 ? c->euid : 0;
	pi->inode.gid = task->process->dumpable == 1 ? c->egid : 0;
	cred_put(c);
	thread_put(task->thread);
}

int procfs_inode(struct superblock *sb, const struct proc_node *node, struct pid *pid, bool whole,
		 int fd, struct inode **out)
{
	struct inode *inode = inode_alloc_new(sb);
	struct proc_inode *pi;

	if (!inode)
		return -ENOMEM;
	pi = proc_inode(inode);
	pi->node = node;
	pi->pid = pid;
	if (pid)
		pid_hold(pid);
	pi->whole = whole;
	pi->fd = fd;
	inode_init_owner(inode, NULL, node->mode, cred_root);
	inode->ino = __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
	inode->nlink = S_ISDIR(node->mode) ? 2 : 1;
	inode->ops = node->follow ? &magic_inode_ops : &proc_inode_ops;
	inode->fops = S_ISDIR(node->mode) ? &dir_fops : node->fops ? node->fops : &procfs_text_fops;
	owner_refresh(pi);
	inode_unlock_new(inode);
	*out = inode;
	return 0;
}

/* A name that is not there, except a number: a process or descriptor that has gone is no gap. */
static void path_gap(const struct proc_node *dir, const struct name *name)
{
	char text[64];

	if (procfs_number(name) >= 0)
		return;
	snprintf(text, sizeof(text), "%s/%.*s", dir == &procfs_root ? "" : dir->name,
		 (int)name->length, name->text);
	gap_count(GAP_PATH, 0, 0, 0, text);
}

static int proc_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct proc_inode *pi = proc_inode(dir);
	const struct proc_node *node = pi->node->children;
	int err;

	for (; node && node->name; node++)
		if (strlen(node->name) == name->length &&
		    !memcmp(node->name, name->text, name->length))
			return procfs_inode(dir->sb, node, node->common ? NULL : pi->pid, pi->whole,
					    pi->fd, out);
	*out = NULL;
	err = pi->node->lookup ? pi->node->lookup(pi, name, out) : 0;
	if (!err && !*out)
		path_gap(pi->node, name);
	return err;
}

static u8 node_type(const struct proc_node *node)
{
	return S_ISDIR(node->mode) ? DT_DIR : S_ISLNK(node->mode) ? DT_LNK : DT_REG;
}

/* A sink that moves the file's position with each entry that is taken. */
struct advancing_sink {
	struct dir_sink sink;
	struct dir_sink *to;
	struct file *file;
};

static bool advance_emit(struct dir_sink *sink, const char *name, u32 length, u64 ino, u8 type,
			 u64 next)
{
	struct advancing_sink *a = container_of(sink, struct advancing_sink, sink);

	if (!a->to->emit(a->to, name, length, ino, type, next))
		return false;
	a->file->pos = (loff_t)next;
	return true;
}

/* Positions: 0 and 1 the dots, then the table, then what the node's readdir() adds. */
static int proc_readdir(struct file *file, struct dir_sink *to)
{
	struct advancing_sink a = { .sink.emit = advance_emit, .to = to, .file = file };
	struct proc_inode *pi = proc_inode(file->inode);
	const struct proc_node *node = pi->node->children;
	struct dir_sink *sink = &a.sink;
	u64 at = 2;

	if (file->pos == 0 && !sink->emit(sink, ".", 1, file->inode->ino, DT_DIR, 1))
		return 0;
	if (file->pos == 1 && !sink->emit(sink, "..", 2, ROOT_INO, DT_DIR, 2))
		return 0;
	for (; node && node->name; node++, at++)
		if (at >= (u64)file->pos && !sink->emit(sink, node->name, (u32)strlen(node->name),
							at + 100, node_type(node), at + 1))
			return 0;
	return pi->node->readdir ? pi->node->readdir(pi, sink, (u64)file->pos) : 0;
}

static ssize_t proc_readlink(struct inode *inode, char *buf, size_t size)
{
	struct proc_inode *pi = proc_inode(inode);
	struct task *task = pi->pid ? procfs_task(pi) : task_current();
	ssize_t n;

	if (!task)
		return -ENOENT;
	n = pi->node->follow && !task_may_look(task) ? -EACCES :
							 pi->node->readlink(task, buf, size);
	if (pi->pid)
		thread_put(task->thread);
	return n;
}

static int proc_follow(struct inode *inode, const struct cred *cred, struct path *out)
{
	struct proc_inode *pi = proc_inode(inode);
	struct task *task = procfs_task(pi);
	int error;

	if (!task)
		return -ENOENT;
	error = task_may_look(task) ? pi->node->follow(task, out) : -EACCES;
	thread_put(task->thread);
	return error;
}

static int proc_getattr(struct inode *inode)
{
	struct proc_inode *pi = proc_inode(inode);

	if (pi->pid)
		owner_refresh(pi);
	return 0;
}

/*
 * Owners change while names stay; and a process sees its own descriptors whoever it acts as
 * (proc(5)). Nobody reads what can only be written.
 */
static int proc_permission(struct inode *inode, const struct cred *cred, unsigned mask)
{
	struct proc_inode *pi = proc_inode(inode);
	struct task *task;
	int error;

	if (pi->pid)
		owner_refresh(pi);
	if (mask & MAY_READ && S_ISREG(inode->mode) && !pi->node->show && !pi->node->fops)
		return -EACCES;
	error = inode_permission_generic(inode, cred, mask);
	if (!error || pi->node->lookup != procfs_fd_lookup || !(task = procfs_task(pi)))
		return error;
	if (task->process == process_current())
		error = 0;
	thread_put(task->thread);
	return error;
}

static bool proc_revalidate(struct dentry *dentry)
{
	struct proc_inode *pi = proc_inode(dentry->inode);
	struct pid *pid = pi->pid;

	return !pid || READ_ONCE(pid->task) || (pi->whole && READ_ONCE(pid->process));
}

static int proc_statfs(struct superblock *sb, struct abi_statfs *out)
{
	out->f_type = PROC_SUPER_MAGIC;
	return 0;
}

struct pid *procfs_dir_pid(struct file *file)
{
	struct proc_inode *pi;

	if (file->ops != &dir_fops)
		return NULL;
	pi = proc_inode(file->inode);
	if (pi->node != &procfs_pid_dir)
		return NULL;
	pid_hold(pi->pid);
	return pi->pid;
}

static const struct super_ops super_ops = {
	.inode_alloc = proc_inode_alloc,
	.inode_free = proc_inode_free,
	.inode_evict = proc_inode_evict,
	.statfs = proc_statfs,
};

static int proc_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	sb->ops = &super_ops;
	sb->magic = PROC_SUPER_MAGIC;
	sb->flags |= SB_NO_CACHE_NEGATIVE;
	return procfs_inode(sb, &procfs_root, NULL, false, -1, &sb->root_inode);
}

static struct fs_type proc_type = { .name = "proc", .mount = proc_mount };

void procfs_init(void)
{
	inode_cache = slab_cache_create("proc_inode", sizeof(struct proc_inode), 64);
	if (inode_cache)
		fs_register(&proc_type);
}

static const struct file_ops dir_fops = { .readdir = proc_readdir, .seek = cached_seek };

/* Nothing can be made here, and Linux says so in this way. */
static int proc_create(struct inode *dir, const struct name *name, u32 mode,
		       const struct cred *cred, struct inode **out)
{
	return -ENOENT;
}

static const struct inode_ops proc_inode_ops = {
	.lookup = proc_lookup,
	.create = proc_create,
	.mkdir = proc_create,
	.readlink = proc_readlink,
	.getattr = proc_getattr,
	.permission = proc_permission,
	.revalidate = proc_revalidate,
};

static const struct inode_ops magic_inode_ops = {
	.readlink = proc_readlink,
	.follow = proc_follow,
	.getattr = proc_getattr,
	.revalidate = proc_revalidate,
};
