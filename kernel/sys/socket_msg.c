/*
 * Messages: sendto(2), recvfrom(2), sendmsg(2), recvmsg(2), sendmmsg(2), recvmmsg(2).
 */
#include "abi/limits.h"
#include "core/clock.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "sys/socket_int.h"
#include "sys/sys_int.h"

#define CONTROL_FAST 64

/* A message header as it came, and what was made for it. */
struct message {
	struct msg m;
	struct abi_msghdr header;
	struct iov_iter iter;
	struct iovec fast[IOV_FAST], *heap;
	u8 control_fast[CONTROL_FAST] __aligned(8);
};

static u32 call_flags(const struct sock_ref *r, u32 flags)
{
	return r->fd.file->flags & O_NONBLOCK ? flags | MSG_DONTWAIT : flags;
}

static ssize_t send(struct sock *s, struct msg *m)
{
	struct abi_siginfo info;
	ssize_t n = s->ops->send ? s->ops->send(s, m) : -EOPNOTSUPP;

	/* send(2): streams raise it, messages do not */
	if (unlikely(n == -ABI_EPIPE) && s->type == SOCK_STREAM && !(m->flags & MSG_NOSIGNAL)) {
		info = signal_info_user(SIGPIPE, SI_USER);
		signal_send_task(task_current(), &info);
	}
	return n;
}

static ssize_t receive(struct sock *s, struct msg *m)
{
	return s->ops->recv ? s->ops->recv(s, m) : -EOPNOTSUPP;
}

static int buffer_arg(struct iov_iter *it, const void __user *buf, size_t n)
{
	if (!user_range_ok(buf, n))
		return -EFAULT;
	return iov_init_user(it, (void __user *)buf, min(n, (size_t)MAX_RW_COUNT));
}

long sys_sendto(int fd, const void __user *buf, size_t n, unsigned flags,
		const void __user *address, int length)
{
	struct iov_iter it;
	struct sock_ref r;
	struct msg m;
	long result = buffer_arg(&it, buf, n);

	if (result)
		return result;
	result = sock_arg(fd, &r);
	if (result)
		return result;
	msg_init(&m, &it, call_flags(&r, flags));
	if (address) {
		result = address_in(&m.name, address, length);
		m.name_length = (u32)length;
	}
	if (!result)
		result = send(r.sock, &m);
	fd_end(r.fd);
	return result;
}

long sys_recvfrom(int fd, void __user *buf, size_t n, unsigned flags, void __user *address,
		  int __user *length)
{
	struct iov_iter it;
	struct sock_ref r;
	struct msg m;
	long result = buffer_arg(&it, buf, n);

	if (result)
		return result;
	result = sock_arg(fd, &r);
	if (result)
		return result;
	msg_init(&m, &it, call_flags(&r, flags));
	m.wants_name = address;
	result = receive(r.sock, &m);
	if (result >= 0 && address) {
		int error = address_out(&m.name, m.name_length, address, length);

		result = error ? error : result;
	}
	fd_end(r.fd);
	return result;
}

/* The header and the array of buffers. message_end() after success. */
static int message_begin(struct message *msg, const struct abi_msghdr __user *user, u32 flags)
{
	struct abi_msghdr *h = &msg->header;
	int error;

	msg->heap = NULL;
	if (copy_in_obj(h, user) < 0)
		return -EFAULT;
	msg_init(&msg->m, &msg->iter, flags);
	if (!h->msg_name)
		h->msg_namelen = 0;
	if (h->msg_namelen < 0)
		return -EINVAL;
	h->msg_namelen = min(h->msg_namelen, SOCKADDR_MAX);
	if (h->msg_iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	error = iov_import(&msg->iter, (const struct iovec __user *)h->msg_iov,
			   (unsigned)h->msg_iovlen, msg->fast, &msg->heap);
	msg->iter.left = min(msg->iter.left, (size_t)MAX_RW_COUNT);
	return error;
}

static void message_end(struct message *msg)
{
	if (msg->m.control != msg->control_fast)
		kfree(msg->m.control);
	kfree(msg->heap);
}

/* Control data to be sent, copied and checked. */
static int control_in(struct message *msg)
{
	u64 n = msg->header.msg_controllen;
	struct msg *m = &msg->m;

	if (n > 0x7fffffff)
		return -ENOBUFS;
	if (!n)
		return 0;
	if (n > sizeof(msg->control_fast) && n > READ_ONCE(sock_optmem_max))
		return -ENOBUFS;
	m->control = n <= sizeof(msg->control_fast) ? msg->control_fast : kmalloc(n, MM_KERNEL);
	if (!m->control)
		return -ENOBUFS;
	if (copy_in(m->control, (const void __user *)msg->header.msg_control, n) < 0)
		return -EFAULT;
	m->control_length = n;
	return msg_control_ok(m) ? 0 : -EINVAL;
}

static long send_message(struct sock_ref *r, const struct abi_msghdr __user *user, u32 flags,
			 bool *whole)
{
	struct message msg;
	long n = message_begin(&msg, user, call_flags(r, flags));

	if (n)
		return n;
	if (msg.header.msg_name && msg.header.msg_namelen) {
		n = address_in(&msg.m.name, (const void __user *)msg.header.msg_name,
			       msg.header.msg_namelen);
		msg.m.name_length = (u32)msg.header.msg_namelen;
	}
	if (!n)
		n = control_in(&msg);
	if (!n)
		n = send(r->sock, &msg.m);
	*whole = !iov_left(&msg.iter);
	message_end(&msg);
	return n;
}

long sys_sendmsg(int fd, const struct abi_msghdr __user *user, unsigned flags)
{
	struct sock_ref r;
	bool whole;
	long n;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	n = sock_arg(fd, &r);
	if (n)
		return n;
	n = send_message(&r, user, flags, &whole);
	fd_end(r.fd);
	return n;
}

/* What is told of a message that was received: name, flags, length of control data. */
static int message_out(struct message *msg, struct abi_msghdr __user *user)
{
	u64 control = msg->m.user_control - msg->header.msg_control;
	u32 flags = msg->m.out_flags | (msg->m.flags & MSG_CMSG_CLOEXEC);

	if (msg->m.wants_name) {
		int error = address_out(&msg->m.name, msg->m.name_length,
					(void __user *)msg->header.msg_name, &user->msg_namelen);

		if (error)
			return error;
	}
	if (copy_out_obj(&user->msg_flags, &flags) < 0 ||
	    copy_out_obj(&user->msg_controllen, &control) < 0)
		return -EFAULT;
	return 0;
}

static long receive_message(struct sock_ref *r, struct abi_msghdr __user *user, u32 flags,
			    u32 *out_flags)
{
	struct message msg;
	long n = message_begin(&msg, user, call_flags(r, flags));
	int error;

	if (n)
		return n;
	msg.m.user_control = msg.header.msg_control;
	msg.m.user_control_left = msg.header.msg_control ? msg.header.msg_controllen : 0;
	msg.m.wants_name = msg.header.msg_name;
	n = receive(r->sock, &msg.m);
	if (n >= 0) {
		error = message_out(&msg, user);
		n = error ? error : n;
	}
	*out_flags = msg.m.out_flags;
	message_end(&msg);
	return n;
}

long sys_recvmsg(int fd, struct abi_msghdr __user *user, unsigned flags)
{
	struct sock_ref r;
	u32 out_flags;
	long n;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	n = sock_arg(fd, &r);
	if (n)
		return n;
	n = receive_message(&r, user, flags, &out_flags);
	fd_end(r.fd);
	return n;
}

static int length_out(struct abi_mmsghdr __user *user, long n)
{
	u32 length = (u32)n;

	return copy_out_obj(&user->msg_len, &length);
}

long sys_sendmmsg(int fd, struct abi_mmsghdr __user *user, unsigned vlen, unsigned flags)
{
	struct sock_ref r;
	unsigned done = 0;
	bool whole;
	long n;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	n = sock_arg(fd, &r);
	if (n)
		return n;
	vlen = min(vlen, (unsigned)UIO_MAXIOV);
	while (done < vlen) {
		n = send_message(&r, &user[done].msg_hdr, flags, &whole);
		if (n >= 0)
			n = length_out(&user[done], n);
		if (n < 0)
			break;
		done++;
		if (!whole || thread_signal_pending())
			break;
		sched_point();
	}
	fd_end(r.fd);
	return done ? (long)done : n;
}

/* The messages of recvmmsg(2), until one would have to be waited for after the deadline: it is
 * looked at between messages only (recvmmsg(2), BUGS). How many, or why there was none. */
static long receive_many(struct sock_ref *r, struct abi_mmsghdr __user *user, unsigned vlen,
			 u32 flags, u64 deadline)
{
	long n = sock_take_error(r->sock);
	unsigned done = 0;
	u32 out_flags = 0;

	while (!n && done < vlen) {
		n = receive_message(r, &user[done].msg_hdr, flags & ~(u32)MSG_WAITFORONE,
				    &out_flags);
		if (n >= 0)
			n = length_out(&user[done], n);
		if (n < 0)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if ((deadline != ~0ull && clock_monotonic() >= deadline) || out_flags & MSG_OOB)
			break;
		sched_point();
	}
	/* What ended it after some messages is for the next call. */
	if (done && n < 0 && n != -ABI_EAGAIN && n != -ABI_ERESTARTSYS && n != -ABI_EINTR)
		WRITE_ONCE(r->sock->error, (s32)-n);
	return done ? (long)done : n;
}

long sys_recvmmsg(int fd, struct abi_mmsghdr __user *user, unsigned vlen, unsigned flags,
		  struct timespec __user *utimeout)
{
	u64 timeout, deadline, now;
	struct timespec left;
	struct sock_ref r;
	long n;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	n = timeout_arg(utimeout, &timeout);
	if (n)
		return n;
	deadline = deadline_after(timeout);
	n = sock_arg(fd, &r);
	if (n)
		return n;
	n = receive_many(&r, user, min(vlen, (unsigned)UIO_MAXIOV), flags, deadline);
	fd_end(r.fd);
	if (n > 0 && utimeout) {
		now = clock_monotonic();
		left = ns_to_timespec(deadline > now ? deadline - now : 0);
		if (copy_out_obj(utimeout, &left) < 0)
			n = -EFAULT;
	}
	return n;
}
