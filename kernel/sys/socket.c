/*
 * Sockets: socket(2), socketpair(2), bind(2), connect(2), listen(2), accept(2), getsockname(2),
 * getpeername(2), shutdown(2), setsockopt(2), getsockopt(2). Sending and receiving are in
 * socket_msg.c.
 */
#include "core/gaps.h"
#include "sys/socket_int.h"

#include "sys/sys_int.h"

#define SOCKET_FLAGS (SOCK_CLOEXEC | SOCK_NONBLOCK)

int sock_arg(int fd, struct sock_ref *r)
{
	r->fd = fd_arg_io(fd);
	if (!r->fd.file)
		return -EBADF;
	r->sock = file_sock(r->fd.file);
	if (likely(r->sock))
		return 0;
	fd_end(r->fd);
	return -ENOTSOCK;
}

int address_in(struct sockaddr_storage *a, const void __user *user, int length)
{
	if (length < 0 || length > SOCKADDR_MAX)
		return -EINVAL;
	if (length < (int)sizeof(a->ss_family))
		a->ss_family = AF_UNSPEC;
	return length ? copy_in(a, user, (size_t)length) : 0;
}

int address_out(const struct sockaddr_storage *a, u32 length, void __user *user,
		int __user *user_length)
{
	int room, whole = (int)length;

	if (copy_in_obj(&room, user_length) < 0)
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_out(user, a, (size_t)min(room, whole)) < 0)
		return -EFAULT;
	return copy_out_obj(user_length, &whole);
}

/* There is no such family, type or protocol. */
static bool kind_unknown(int error)
{
	return error == -ABI_EAFNOSUPPORT || error == -ABI_ESOCKTNOSUPPORT ||
	       error == -ABI_EPROTONOSUPPORT;
}

long sys_socket(int family, int type, int protocol)
{
	u32 flags = (u32)type & ~(u32)SOCK_TYPE_MASK;
	struct file *file;
	int error;

	if (gap_flags(flags, SOCKET_FLAGS))
		return -EINVAL;
	error = sock_open(family, type & SOCK_TYPE_MASK, protocol, flags, &file);
	if (kind_unknown(error))
		gap_count(GAP_SOCKET, (u32)family, (u32)type & SOCK_TYPE_MASK, (u32)protocol, NULL);
	return error ? error : fd_give(file, flags & SOCK_CLOEXEC);
}

static int pair_open(int family, int type, int protocol, u32 flags, struct file *out[2])
{
	struct sock *a, *b;
	int error = sock_open(family, type, protocol, flags, &out[0]);

	if (error)
		return error;
	error = sock_open(family, type, protocol, flags, &out[1]);
	if (error) {
		file_put(out[0]);
		return error;
	}
	a = file_sock(out[0]);
	b = file_sock(out[1]);
	error = a->ops->pair ? a->ops->pair(a, b) : -EOPNOTSUPP;
	if (error) {
		file_put(out[0]);
		file_put(out[1]);
	}
	return error;
}

long sys_socketpair(int family, int type, int protocol, int __user *ufds)
{
	u32 flags = (u32)type & ~(u32)SOCK_TYPE_MASK;
	struct fd_table *files = task_current()->files;
	bool cloexec = flags & SOCK_CLOEXEC;
	struct file *ends[2];
	int fds[2], error;

	if (gap_flags(flags, SOCKET_FLAGS))
		return -EINVAL;
	error = pair_open(family, type & SOCK_TYPE_MASK, protocol, flags, ends);
	if (error)
		return error;
	fds[0] = fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), cloexec);
	fds[1] = fds[0] < 0 ? fds[0] :
			      fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), cloexec);
	error = fds[1] < 0 ? fds[1] : copy_out(ufds, fds, sizeof(fds));
	for (int i = 0; i < 2; i++) {
		if (!error) {
			fd_install(files, fds[i], ends[i]);
			continue;
		}
		if (fds[i] >= 0)
			fd_cancel(files, fds[i]);
		file_put(ends[i]);
	}
	return error;
}

long sys_bind(int fd, const void __user *address, int length)
{
	struct sockaddr_storage a;
	struct sock_ref r;
	int error = sock_arg(fd, &r);

	if (error)
		return error;
	error = address_in(&a, address, length);
	if (!error)
		error = r.sock->ops->bind ? r.sock->ops->bind(r.sock, &a, (u32)length) :
					    -EOPNOTSUPP;
	fd_end(r.fd);
	return error;
}

long sys_connect(int fd, const void __user *address, int length)
{
	struct sockaddr_storage a;
	struct sock_ref r;
	int error = sock_arg(fd, &r);

	if (error)
		return error;
	error = address_in(&a, address, length);
	if (!error)
		error = r.sock->ops->connect ?
				r.sock->ops->connect(r.sock, &a, (u32)length,
						     r.fd.file->flags & O_NONBLOCK) :
				-EOPNOTSUPP;
	fd_end(r.fd);
	return error;
}

long sys_listen(int fd, int backlog)
{
	struct sock_ref r;
	int error = sock_arg(fd, &r);

	if (error)
		return error;
	error = r.sock->ops->listen ?
			r.sock->ops->listen(r.sock, min((u32)backlog, READ_ONCE(sock_somaxconn))) :
			-EOPNOTSUPP;
	fd_end(r.fd);
	return error;
}

/* A connection as a file, its peer's address written if it is wanted. */
static int accept_file(struct sock_ref *r, void __user *address, int __user *length, u32 flags,
		       struct file **out)
{
	struct sockaddr_storage a;
	struct sock *s;
	int error, n;

	if (!r->sock->ops->accept)
		return -EOPNOTSUPP;
	error = r->sock->ops->accept(r->sock, r->fd.file->flags & O_NONBLOCK, &s);
	if (error)
		return error;
	error = sock_file(s, flags, out);
	if (error || !address)
		return error;
	n = s->ops->name(s, true, &a);
	error = n < 0 ? -ECONNABORTED : address_out(&a, (u32)n, address, length);
	if (error)
		file_put(*out);
	return error;
}

long sys_accept4(int fd, void __user *address, int __user *length, int flags)
{
	struct fd_table *files = task_current()->files;
	struct sock_ref r;
	struct file *file;
	int error, to;

	error = sock_arg(fd, &r);
	if (error)
		return error;
	if (gap_flags((u32)flags, SOCKET_FLAGS)) {
		fd_end(r.fd);
		return -EINVAL;
	}
	to = fd_reserve(files, 0, rlimit_current(RLIMIT_NOFILE), flags & SOCK_CLOEXEC);
	error = to;
	if (to >= 0) {
		error = accept_file(&r, address, length, (u32)flags, &file);
		if (error)
			fd_cancel(files, to);
		else
			fd_install(files, to, file);
	}
	fd_end(r.fd);
	return error < 0 ? error : to;
}

long sys_accept(int fd, void __user *address, int __user *length)
{
	return sys_accept4(fd, address, length, 0);
}

static long name_out(int fd, void __user *address, int __user *length, bool peer)
{
	struct sockaddr_storage a;
	struct sock_ref r;
	int error = sock_arg(fd, &r);

	if (error)
		return error;
	error = r.sock->ops->name ? r.sock->ops->name(r.sock, peer, &a) : -EOPNOTSUPP;
	if (error >= 0)
		error = address_out(&a, (u32)error, address, length);
	fd_end(r.fd);
	return error;
}

long sys_getsockname(int fd, void __user *address, int __user *length)
{
	return name_out(fd, address, length, false);
}

long sys_getpeername(int fd, void __user *address, int __user *length)
{
	return name_out(fd, address, length, true);
}

long sys_shutdown(int fd, int how)
{
	struct sock_ref r;
	int error = sock_arg(fd, &r);

	if (error)
		return error;
	if (how < SHUT_RD || how > SHUT_RDWR)
		error = -EINVAL;
	else
		error = r.sock->ops->shutdown ? r.sock->ops->shutdown(r.sock, how) : -EOPNOTSUPP;
	fd_end(r.fd);
	return error;
}

long sys_setsockopt(int fd, int level, int name, const void __user *value, int length)
{
	struct sock_ref r;
	int error;

	if (length < 0)
		return -EINVAL;
	error = sock_arg(fd, &r);
	if (error)
		return error;
	error = sock_set_option(r.sock, level, name, value, (u32)length);
	if (error == -ABI_ENOPROTOOPT)
		gap_count(GAP_OPTION, (u32)level, (u32)name, 0, NULL);
	fd_end(r.fd);
	return error;
}

long sys_getsockopt(int fd, int level, int name, void __user *value, int __user *length)
{
	struct sock_ref r;
	int error = sock_arg(fd, &r), n;
	u32 size;

	if (error)
		return error;
	error = copy_in_obj(&n, length);
	if (!error && n < 0)
		error = -EINVAL;
	if (!error) {
		size = (u32)n;
		error = sock_get_option(r.sock, level, name, value, &size);
		if (error == -ABI_ENOPROTOOPT)
			gap_count(GAP_OPTION, (u32)level, (u32)name, 0, NULL);
		n = (int)size;
		/* -ERANGE tells how much there is (SO_PEERGROUPS) */
		if ((!error || error == -ABI_ERANGE) && copy_out_obj(length, &n) < 0)
			error = -EFAULT;
	}
	fd_end(r.fd);
	return error;
}
