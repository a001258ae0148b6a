/*
 * A socket as a file: an inode of its own ("socket:[number]"), reading and writing as receiving and
 * sending without flags, polling, the ioctls that all sockets know (socket(7)).
 */
#include "net/sock_int.h"

#include "abi/ioctl.h"
#include "abi/stat.h"
#include "arch/usercopy.h"
#include "core/clock.h"
#include "lib/format.h"

static const struct file_ops sock_file_ops;
static sock_ioctl_fn *ioctls[8]; /* I after boot */
static u32 n_files;              /* a */

u32 sock_count(void)
{
	return READ_ONCE(n_files);
}

struct sock *file_sock(struct file *file)
{
	return file->ops == &sock_file_ops ? file->private : NULL;
}

static u32 file_msg_flags(const struct file *f)
{
	return f->flags & O_NONBLOCK ? MSG_DONTWAIT : 0;
}

static ssize_t sock_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct sock *s = f->private;
	struct msg m;

	if (!iov_left(to))
		return 0;
	if (!s->ops->recv)
		return -EOPNOTSUPP;
	msg_init(&m, to, file_msg_flags(f));
	return s->ops->recv(s, &m);
}

static ssize_t sock_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct sock *s = f->private;
	struct msg m;

	if (!s->ops->send)
		return -EOPNOTSUPP;
	msg_init(&m, from, file_msg_flags(f));
	if (s->type == SOCK_SEQPACKET)
		m.flags |= MSG_EOR;
	return s->ops->send(s, &m);
}

static ssize_t sock_send_page(struct file *f, struct page *page, u32 offset, u32 n, bool more)
{
	u32 flags = file_msg_flags(f) | (more ? MSG_MORE : 0);
	struct sock *s = f->private;
	struct iov_iter it;
	struct msg m;

	if (s->ops->send_page)
		return s->ops->send_page(s, page, offset, n, flags);
	if (!s->ops->send)
		return -EOPNOTSUPP;
	iov_init_kernel(&it, (u8 *)page_to_virt(page) + offset, n);
	msg_init(&m, &it, flags);
	return s->ops->send(s, &m);
}

static u32 sock_poll(struct file *f, struct poll_table *table)
{
	struct sock *s = f->private;

	poll_wait(table, &s->wait);
	return s->ops->poll ? s->ops->poll(s) : 0;
}

/* The time of the packet that was read last: SIOCGSTAMP and its relatives. */
static long stamp_get(struct sock *s, u32 request, u64 arg)
{
	u64 ns = READ_ONCE(s->stamp_ns);
	struct timespec ts = ns_to_timespec(ns);

	if (s->family != AF_INET && s->family != AF_INET6 && s->family != AF_PACKET)
		return -ENOTTY; /* others have no use for it */
	if (ns == ~0ull)
		return -ENOENT;
	if (request == SIOCGSTAMP_OLD || request == SIOCGSTAMP_NEW)
		ts.tv_nsec /= 1000; /* a struct timeval */
	return copy_out_obj((struct timespec __user *)arg, &ts);
}

static long sock_ioctl(struct file *f, u32 request, u64 arg)
{
	struct sock *s = f->private;
	long err;

	switch (request) {
	case SIOCGSTAMP_OLD:
	case SIOCGSTAMPNS_OLD:
	case SIOCGSTAMP_NEW:
	case SIOCGSTAMPNS_NEW:
		return stamp_get(s, request, arg);
	default:
		break;
	}
	err = s->ops->ioctl ? s->ops->ioctl(s, request, arg) : -ENOTTY;
	return err == -ABI_ENOTTY ? sock_ioctl_common(s, request, arg) : err;
}

void sock_ioctl_register(sock_ioctl_fn *fn)
{
	unsigned i = 0;

	while (ioctls[i])
		i++;
	ioctls[i] = fn;
}

long sock_ioctl_common(struct sock *s, u32 request, u64 arg)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ioctls) && ioctls[i]; i++) {
		long err = ioctls[i](s, request, arg);

		if (err != -ABI_ENOTTY)
			return err;
	}
	return -ENOTTY;
}

static int sock_mmap(struct file *f, struct map_request *req)
{
	struct sock *s = f->private;

	return s->ops->mmap ? s->ops->mmap(s, req) : -ENODEV;
}

static void sock_async(struct file *f, bool on)
{
	struct sock *s = f->private;

	spin_lock(&s->lock);
	WRITE_ONCE(s->async, on);
	s->owner = f->owner;
	spin_unlock(&s->lock);
}

static int sock_flush(struct file *f)
{
	struct sock *s = f->private;

	if (s->ops->flush)
		s->ops->flush(s);
	return 0;
}

static void sock_release(struct file *f)
{
	struct sock *s = f->private;

	spin_lock(&s->lock);
	WRITE_ONCE(s->async, false);
	s->owner.id = 0;
	s->file = NULL;
	s->ino = 0;
	spin_unlock(&s->lock);
	__atomic_fetch_sub(&n_files, 1, __ATOMIC_RELAXED);
	s->ops->close(s);
}

int sock_file(struct sock *s, u32 flags, struct file **out)
{
	struct inode *inode = inode_alloc_pseudo(S_IFSOCK | 0777, sock_caller().cred);
	char name[32];
	int err = -ENOMEM;

	if (!inode)
		goto fail;
	snprintf(name, sizeof(name), "socket:[%llu]", (unsigned long long)inode->ino);
	err = file_create_inode(inode, NULL, name, &sock_file_ops, s,
				O_RDWR | (flags & O_NONBLOCK), out);
	if (!err) {
		spin_lock(&s->lock);
		s->ino = inode->ino;
		s->file = *out;
		spin_unlock(&s->lock);
		__atomic_fetch_add(&n_files, 1, __ATOMIC_RELAXED);
	}
	inode_put(inode);
	if (!err)
		return 0;
fail:
	s->ops->close(s);
	return err;
}

int sock_open(int family, int type, int protocol, u32 flags, struct file **out)
{
	struct sock *s;
	int err = sock_create(family, type, protocol, &s);

	return err ? err : sock_file(s, flags, out);
}

static const struct file_ops sock_file_ops = {
	.release = sock_release,
	.flush = sock_flush,
	.read = sock_read,
	.write = sock_write,
	.send_page = sock_send_page,
	.poll = sock_poll,
	.ioctl = sock_ioctl,
	.mmap = sock_mmap,
	.async = sock_async,
};
