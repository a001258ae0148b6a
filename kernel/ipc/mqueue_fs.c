/*
 * The file system "mqueue": one directory of queues, which exists whether it is mounted or not.
 * mq_open() goes through vfs like any open(), from the root of a mount that no one sees; what it
 * says of a new queue's size create() finds by the thread that asked.
 *
 * Locks: the directory's inode lock guards names; attrs_lock the wishes.
 */
#include "abi/capability.h"
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "core/panic.h"
#include "ipc/mqueue_int.h"
#include "ipc/usercount.h"
#include "lib/string.h"
#include "mm/slab.h"

#define MQUEUE_MAGIC 0x19800202
#define NAME_SIZE    20 /* what a name adds to the directory's size */
#define FIRST_COOKIE 2
/* What a message and one of its priorities cost beside its bytes (getrlimit(2), RLIMIT_MSGQUEUE) */
#define COST_MESSAGE  48
#define COST_PRIORITY 48

u32 mq_queues_max = 256, mq_msg_max = 10, mq_size_max = 8192, mq_msg_default = 10,
    mq_size_default = 8192;

/* d: the directory's inode lock. */
struct mq_name {
	struct list link;     /* d */
	struct inode *inode;  /* d: referenced */
	u64 cookie;           /* I */
	u32 length;           /* I */
	char text[];          /* I: not terminated */
};

/* What a thread wants the queue to be that it may be about to make. */
struct wish {
	struct list link;           /* attrs_lock */
	const struct thread *thread;
	const struct mq_attr *attr;
};

static struct slab_cache *queue_cache;
static struct mount *own_mount;
static struct file *own_root;
static u32 n_queues; /* a */
static u64 last_ino; /* a */
static struct spinlock attrs_lock = SPINLOCK_INIT(RANK_INODE_SPIN, "mqueue attrs");
static LIST_HEAD(wishes);

/* What the current thread's mq_open() said, or NULL. */
static const struct mq_attr *wished(void)
{
	const struct mq_attr *attr = NULL;
	struct wish *w;

	spin_lock(&attrs_lock);
	list_for_each_entry(w, &wishes, link) {
		if (w->thread == thread_current())
			attr = w->attr;
	}
	spin_unlock(&attrs_lock);
	return attr;
}

/* How large the new queue will be: 0 or -EINVAL. */
static int size_choose(struct mqueue *q, const struct cred *cred)
{
	const struct mq_attr *attr = wished();
	bool may = cred_capable(cred, CAP_SYS_RESOURCE);
	s64 messages = min(READ_ONCE(mq_msg_max), READ_ONCE(mq_msg_default));
	s64 size = min(READ_ONCE(mq_size_max), READ_ONCE(mq_size_default));

	if (attr) {
		messages = attr->mq_maxmsg;
		size = attr->mq_msgsize;
	}
	if (messages <= 0 || messages > (may ? MQ_MSG_HARD_MAX : (s64)READ_ONCE(mq_msg_max)) ||
	    size <= 0 || size > (may ? MQ_SIZE_HARD_MAX : (s64)READ_ONCE(mq_size_max)))
		return -EINVAL;
	q->max_messages = (u64)messages;
	q->max_size = (u64)size;
	return 0;
}

/* Counts it for the caller: 0, -EMFILE, -ENOMEM. */
static int queue_charge(struct mqueue *q, const struct cred *cred)
{
	u64 cost = q->max_messages * (q->max_size + COST_MESSAGE) +
		   min(q->max_messages, (u64)MQ_PRIO_MAX) * COST_PRIORITY;
	int error = ipc_charge_many(cred->uid, IPC_QUEUE_BYTES, cost, mq_host->limit());

	if (error)
		return error == -ABI_EDQUOT ? -EMFILE : error;
	q->uid = cred->uid;
	q->charged = cost;
	return 0;
}

/* One queue more in the system: 0 or -ENOSPC. */
static int queue_count(const struct cred *cred)
{
	u32 n = __atomic_add_fetch(&n_queues, 1, __ATOMIC_RELAXED);

	if (n <= READ_ONCE(mq_queues_max) || cred_capable(cred, CAP_SYS_RESOURCE))
		return 0;
	__atomic_fetch_sub(&n_queues, 1, __ATOMIC_RELAXED);
	return -ENOSPC;
}

static int queue_make(struct inode *dir, u32 mode, const struct cred *cred, struct inode **out)
{
	struct inode *inode;
	struct mqueue *q;
	int error = queue_count(cred);

	if (error)
		return error;
	inode = inode_alloc_new(dir->sb);
	if (!inode) {
		__atomic_fetch_sub(&n_queues, 1, __ATOMIC_RELAXED);
		return -ENOMEM;
	}
	q = mqueue_of(inode);
	mqueue_setup(q);
	inode->ino = __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED);
	inode->ops = &inode_ops_none;
	inode->fops = &mqueue_file_ops;
	inode_init_owner(inode, dir, mode, cred);
	inode_unlock_new(inode);
	error = size_choose(q, cred);
	if (!error)
		error = queue_charge(q, cred);
	if (error) {
		inode->nlink = 0;
		inode_put(inode);
		return error;
	}
	*out = inode;
	return 0;
}

static struct mq_name *name_find(struct inode *dir, const struct name *name)
{
	struct mq_name *e;

	list_for_each_entry(e, &mqueue_of(dir)->names, link) {
		if (e->length == name->length && !memcmp(e->text, name->text, name->length))
			return e;
	}
	return NULL;
}

static int mqueue_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct mq_name *e = name_find(dir, name);

	*out = e ? inode_get(e->inode) : NULL;
	return 0;
}

static int mqueue_create(struct inode *dir, const struct name *name, u32 mode,
			 const struct cred *cred, struct inode **out)
{
	struct mq_name *e = kmalloc(sizeof(*e) + name->length, MM_KERNEL);
	int error;

	if (!e)
		return -ENOMEM;
	error = queue_make(dir, mode, cred, out);
	if (error) {
		kfree(e);
		return error;
	}
	e->inode = inode_get(*out);
	e->length = name->length;
	memcpy(e->text, name->text, name->length);
	e->cookie = ++mqueue_of(dir)->last_cookie;
	list_add_tail(&e->link, &mqueue_of(dir)->names);
	dir->size += NAME_SIZE;
	inode_touch(dir, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static int mqueue_unlink(struct inode *dir, const struct name *name, struct inode *inode)
{
	struct mq_name *e = name_find(dir, name);

	if (!e)
		return -ENOENT;
	list_del(&e->link);
	inode_put(e->inode); /* vfs has a reference of its own */
	kfree(e);
	inode->nlink--;
	dir->size -= NAME_SIZE;
	inode_touch(dir, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	return 0;
}

static int mqueue_readdir(struct file *file, struct dir_sink *sink)
{
	struct inode *dir = file->inode;
	struct mq_name *e;

	for (; file->pos < FIRST_COOKIE; file->pos++) {
		u32 n = (u32)file->pos + 1;

		if (!sink->emit(sink, "..", n, dir->ino, DT_DIR, n))
			return 0;
	}
	list_for_each_entry(e, &mqueue_of(dir)->names, link) {
		if (e->cookie < (u64)file->pos)
			continue;
		if (!sink->emit(sink, e->text, e->length, e->inode->ino, DT_REG, e->cookie + 1))
			break;
		file->pos = (loff_t)e->cookie + 1;
	}
	return 0;
}

static const struct inode_ops directory_ops = {
	.lookup = mqueue_lookup,
	.create = mqueue_create,
	.unlink = mqueue_unlink,
};

static const struct file_ops directory_file_ops = {
	.seek = cached_seek,
	.readdir = mqueue_readdir,
};

static struct inode *mqueue_inode_alloc(struct superblock *sb)
{
	struct mqueue *q = slab_alloc(queue_cache, MM_KERNEL | MM_ZERO);

	return q ? &q->inode : NULL;
}

static void mqueue_inode_free(struct inode *inode)
{
	slab_free(queue_cache, mqueue_of(inode));
}

static void mqueue_inode_evict(struct inode *inode)
{
	struct mqueue *q = mqueue_of(inode);
	struct mq_telling t = { 0 };

	if (S_ISDIR(inode->mode))
		return;
	/* left by a process that shared its descriptors and closed none of them */
	mq_notice_take_locked(q, &t);
	mq_notice_tell(&t, true);
	mqueue_drain(q);
	if (q->charged)
		ipc_uncharge_many(q->uid, IPC_QUEUE_BYTES, q->charged);
	__atomic_fetch_sub(&n_queues, 1, __ATOMIC_RELAXED);
}

static int mqueue_statfs(struct superblock *sb, struct abi_statfs *out)
{
	return 0;
}

static const struct super_ops super_ops = {
	.inode_alloc = mqueue_inode_alloc,
	.inode_free = mqueue_inode_free,
	.inode_evict = mqueue_inode_evict,
	.statfs = mqueue_statfs,
};

static int mqueue_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	struct inode *root;

	sb->ops = &super_ops;
	sb->magic = MQUEUE_MAGIC;
	root = inode_alloc_new(sb);
	if (!root)
		return -ENOMEM;
	list_init(&mqueue_of(root)->names);
	mqueue_of(root)->last_cookie = FIRST_COOKIE;
	root->ino = __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED);
	root->ops = &directory_ops;
	root->fops = &directory_file_ops;
	inode_init_owner(root, NULL, S_IFDIR | 01777, cred_root);
	root->nlink = 2;
	root->size = 2 * NAME_SIZE;
	inode_unlock_new(root);
	sb->root_inode = root;
	return 0;
}

static struct fs_type mqueue_type = { .name = "mqueue", .flags = FS_SINGLE, .mount = mqueue_mount };

/* Queues have one name, in one directory. */
static int name_check(const char *name)
{
	if (!*name)
		return -ENOENT;
	return strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") ? -EACCES : 0;
}

/* A file that is there is opened by its own permissions alone, whoever's directory this is. */
static int open_or_make(const struct walk *w, const char *name, u32 flags, u32 mode,
			struct file **out)
{
	u32 plain = flags & (O_ACCMODE | O_NONBLOCK);
	int error = -ENOENT;

	for (;;) {
		if ((flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
			error = vfs_open(w, name, plain, 0, 0, out);
		if (error != -ABI_ENOENT || !(flags & O_CREAT))
			return error;
		error = vfs_open(w, name, plain | O_CREAT | O_EXCL, mode, 0, out);
		if (error != -ABI_EEXIST || flags & O_EXCL)
			return error;
		sched_point();
	}
}

int mq_open(struct fs_context *fs, const struct cred *cred, const char *name, u32 flags, u32 mode,
	    const struct mq_attr *attr, struct file **out)
{
	struct walk w = { .cred = cred, .fs = fs, .dir = own_root };
	struct wish wish = { .thread = thread_current(), .attr = attr };
	int error = name_check(name);

	if (error)
		return error;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	spin_lock(&attrs_lock);
	list_add(&wish.link, &wishes);
	spin_unlock(&attrs_lock);
	error = open_or_make(&w, name, flags, mode, out);
	spin_lock(&attrs_lock);
	list_del(&wish.link);
	spin_unlock(&attrs_lock);
	return error;
}

int mq_unlink(struct fs_context *fs, const struct cred *cred, const char *name)
{
	struct walk w = { .cred = cred, .fs = fs, .dir = own_root };
	int error = name_check(name);

	return error ? error : vfs_unlink(&w, name);
}

void mqueue_init(void)
{
	struct path root;

	queue_cache = slab_cache_create("mqueue", sizeof(struct mqueue), 64);
	if (!queue_cache || fs_register(&mqueue_type) < 0 ||
	    mount_kernel(&mqueue_type, "", &own_mount) < 0)
		panic("mqueue: cannot start");
	root = (struct path){ own_mount, own_mount->root };
	if (vfs_open_path(&root, O_RDONLY | O_DIRECTORY, cred_root, &own_root) < 0)
		panic("mqueue: cannot open its root");
}
