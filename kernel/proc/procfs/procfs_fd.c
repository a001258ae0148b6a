/*
 * /proc/[pid]/fd and fdinfo: an entry for each open descriptor.
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"


static const struct proc_node fd_link, fd_info;
static const struct inode_ops fd_link_ops;

/* The file of a descriptor of another task, referenced, or NULL. */
static struct file *task_file(struct task *task, int fd)
{
	struct fd_table *files = task_files_get(task);
	struct file *file;

	if (!files)
		return NULL;
	file = fd_get(files, fd);
	fd_table_put(files);
	return file;
}

static struct file *inode_file(struct inode *inode)
{
	struct proc_inode *pi = proc_inode(inode);
	struct task *task = procfs_task(pi);
	struct file *file = NULL;

	if (!task)
		return NULL;
	if (task_may_look(task))
		file = task_file(task, pi->fd);
	thread_put(task->thread);
	return file;
}

static int fd_follow(struct inode *inode, const struct cred *cred, struct path *out)
{
	struct file *file = inode_file(inode);

	if (!file)
		return -ENOENT;
	*out = file->path;
	path_get(out);
	file_put(file);
	return 0;
}

static ssize_t fd_readlink(struct inode *inode, char *buf, size_t size)
{
	struct file *file = inode_file(inode);
	struct path root, cwd;
	char *text, *start;
	ssize_t n;

	if (!file)
		return -ENOENT;
	text = kmalloc(PATH_MAX, MM_KERNEL);
	fs_context_get_paths(task_current()->fs, &root, &cwd);
	n = text ? path_to_string(&file->path, &root, text, PATH_MAX, &start) : -ENOMEM;
	path_put(&cwd);
	path_put(&root);
	file_put(file);
	if (!n) {
		n = (ssize_t)min(strlen(start), size - 1);
		memcpy(buf, start, (size_t)n);
		buf[n] = 0;
	}
	kfree(text);
	return n;
}

static bool fd_revalidate(struct dentry *dentry)
{
	return false; /* descriptors come and go: each look is a new one */
}

int procfs_fd_lookup(struct proc_inode *dir, const struct name *name, struct inode **out)
{
	bool link = !strcmp(dir->node->name, "fd");
	int fd = procfs_number(name), error;
	struct task *task = fd < 0 ? NULL : procfs_task(dir);
	struct file *file;

	if (!task)
		return 0;
	file = task_may_look(task) ? task_file(task, fd) : NULL;
	thread_put(task->thread);
	if (!file)
		return 0;
	error = procfs_inode(dir->inode.sb, link ? &fd_link : &fd_info, dir->pid, dir->whole, fd,
			     out);
	if (!error && link) {
		(*out)->ops = &fd_link_ops;
		(*out)->mode =
			S_IFLNK | 0100 | (file->can_read ? 0400 : 0) | (file->can_write ? 0200 : 0);
	}
	file_put(file);
	return error;
}

int procfs_fd_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos)
{
	bool link = !strcmp(dir->node->name, "fd");
	struct task *task = procfs_task(dir);
	struct fd_table *files;
	struct file *file;
	int fd = pos > 2 ? (int)min(pos - 2, (u64)0x7fffffff) : 0;

	if (!task)
		return -ENOENT;
	files = task_may_look(task) ? task_files_get(task) : NULL;
	thread_put(task->thread);
	if (!files)
		return -EACCES;
	while ((fd = fd_next(files, fd, &file)) >= 0) {
		char name[12];
		int n = snprintf(name, sizeof(name), "%d", fd);

		file_put(file);
		fd++;
		if (!sink->emit(sink, name, (u32)n, (u64)fd << 8 | 2, link ? DT_LNK : DT_REG,
				(u64)fd + 2))
			break;
	}
	fd_table_put(files);
	return 0;
}

/* fdinfo/N: position, flags, mount and inode (proc(5)). */
static ssize_t info_read(struct file *self, struct iov_iter *to, loff_t *pos)
{
	struct file *file = inode_file(self->inode);
	char text[512];
	int n;

	if (!file)
		return -ENOENT;
	n = snprintf(text, sizeof(text), "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
		     (long long)file->pos, file->flags, file->path.mount ? file->path.mount->id : 0,
		     (unsigned long long)file->inode->ino);
	if (file->ops->show_info) {
		file->ops->show_info(file, text + n, sizeof(text) - (size_t)n);
		n = (int)strlen(text);
	}
	file_put(file);
	return simple_read_buffer(to, pos, text, (size_t)n);
}

static loff_t info_seek(struct file *file, loff_t offset, int whence)
{
	return file_seek_to(file, offset, whence, -1);
}

static const struct file_ops info_fops = { .read = info_read, .seek = info_seek };
static const struct proc_node fd_link = { .name = "fd", .mode = S_IFLNK | 0700 };
static const struct proc_node fd_info = {
	.name = "fdinfo", .mode = S_IFREG | 0400, .fops = &info_fops,
};
static const struct inode_ops fd_link_ops = {
	.readlink = fd_readlink, .follow = fd_follow, .revalidate = fd_revalidate,
};
