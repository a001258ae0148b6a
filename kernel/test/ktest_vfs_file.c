/*
 * Self-tests of open files: contents, positions, holes, unlinked files, limits, descriptor tables,
 * pipes, locks.
 */
#include "abi/fcntl.h"
#include "fs/tmpfs/tmpfs.h"
#include "ipc/pipe.h"
#include "lib/format.h"
#include "mm/slab.h"
#include "test/ktest_vfs_int.h"

KTEST(vfs_file_contents)
{
	struct vfs_place p;
	struct statx_data st;
	char buf[64];
	struct file *f, *g;
	int err;

	if (!vfs_place_init(&p, ""))
		return ktest_fail(__FILE__, __LINE__, "no tmpfs");
	f = vfs_place_open(&p, "f", O_CREAT | O_RDWR | O_EXCL, &err);
	if (!f)
		return ktest_fail(__FILE__, __LINE__, "no file");
	KTEST_CHECK(vfs_place_write(f, "hello world", 11) == 11);
	KTEST_CHECK(vfs_place_read(f, buf, sizeof(buf)) == 0);
	KTEST_CHECK(file_seek(f, 6, SEEK_SET) == 6);
	KTEST_CHECK(vfs_place_read(f, buf, sizeof(buf)) == 5 && !memcmp(buf, "world", 5));
	/* Beyond the end: the gap is zeros, also where a page had something. */
	KTEST_CHECK(file_seek(f, 10000, SEEK_SET) == 10000);
	KTEST_CHECK(vfs_place_write(f, "far", 3) == 3);
	KTEST_CHECK(file_seek(f, 9990, SEEK_SET) == 9990);
	KTEST_CHECK(vfs_place_read(f, buf, sizeof(buf)) == 13 && mem_is_all(buf, 0, 10) &&
		    !memcmp(buf + 10, "far", 3));
	KTEST_CHECK(file_seek(f, 0, SEEK_HOLE) == 4096 && file_seek(f, 4096, SEEK_DATA) == 8192);
	KTEST_CHECK(file_truncate(f, 3, ~0ull) == 0 && file_truncate(f, 20, ~0ull) == 0);
	KTEST_CHECK(file_read_kernel(f, buf, sizeof(buf), 0) == 20 && !memcmp(buf, "hel", 3) &&
		    mem_is_all(buf + 3, 0, 17));
	KTEST_CHECK(file_truncate(f, 100, 50) == -ABI_EFSIZELIMIT);
	g = vfs_place_open(&p, "f", O_WRONLY | O_APPEND, &err);
	KTEST_CHECK(g && vfs_place_write(g, "tail", 4) == 4 && g->pos == 24);
	KTEST_CHECK(vfs_place_read(g, buf, 1) == -ABI_EBADF);
	KTEST_CHECK(inode_deny_write(f->inode) == -ABI_ETXTBSY);
	file_put(g);
	KTEST_CHECK(vfs_unlink(&p.walk, "f") == 0);
	KTEST_CHECK(vfs_place_stat(&p, "f", &st) == -ABI_ENOENT);
	KTEST_CHECK(file_read_kernel(f, buf, 4, 20) == 4 && !memcmp(buf, "tail", 4));
	KTEST_CHECK(vfs_stat(&f->path, &st) == 0 && st.nlink == 0 && st.size == 24);
	file_put(f);
	vfs_place_fini(&p);
}

KTEST(vfs_file_open_flags)
{
	struct vfs_place p;
	struct statx_data st;
	struct file *f;
	int err;

	if (!vfs_place_init(&p, ""))
		return ktest_fail(__FILE__, __LINE__, "no tmpfs");
	KTEST_CHECK(!vfs_place_file(&p, "f", "text") && !vfs_mkdir(&p.walk, "d", 0755));
	KTEST_CHECK(!vfs_place_open(&p, "f", O_CREAT | O_EXCL | O_RDWR, &err) &&
		    err == -ABI_EEXIST);
	KTEST_CHECK(!vfs_place_open(&p, "d", O_RDWR, &err) && err == -ABI_EISDIR);
	KTEST_CHECK(!vfs_place_open(&p, "d", O_RDONLY | O_CREAT, &err) && err == -ABI_EISDIR);
	KTEST_CHECK(!vfs_place_open(&p, "f/", O_RDONLY | O_CREAT, &err) && err == -ABI_EISDIR);
	KTEST_CHECK(!vfs_place_open(&p, "f", O_RDONLY | O_DIRECTORY, &err) && err == -ABI_ENOTDIR);
	KTEST_CHECK(!vfs_place_open(&p, "no/f", O_RDWR | O_CREAT, &err) && err == -ABI_ENOENT);
	f = vfs_place_open(&p, "d", O_RDONLY, &err);
	KTEST_CHECK(f && vfs_place_read(f, &st, 1) == -ABI_EISDIR);
	file_put(f);
	f = vfs_place_open(&p, "f", O_PATH, &err);
	KTEST_CHECK(f && vfs_place_read(f, &st, 1) == -ABI_EBADF);
	file_put(f);
	f = vfs_place_open(&p, "f", O_RDWR | O_TRUNC, &err);
	KTEST_CHECK(f && f->inode->size == 0 && (f->flags & O_ACCMODE) == O_RDWR);
	file_put(f);
	f = vfs_place_open(&p, "d", O_TMPFILE | O_RDWR, &err);
	KTEST_CHECK(f && vfs_place_write(f, "x", 1) == 1 && f->inode->nlink == 0);
	file_put(f);
	KTEST_CHECK(vfs_place_stat(&p, "d", &st) == 0 && st.size == 40);
	KTEST_CHECK(vfs_rmdir(&p.walk, "d") == 0);
	vfs_place_fini(&p);
}

KTEST(vfs_file_no_space)
{
	struct vfs_place p;
	struct file *f;
	char *page = kzalloc(4096, MM_KERNEL);
	int err, n = 0;

	if (!page || !vfs_place_init(&p, "size=64k,nr_inodes=3"))
		return ktest_fail(__FILE__, __LINE__, "no tmpfs");
	f = vfs_place_open(&p, "f", O_CREAT | O_RDWR, &err);
	while (f && n < 100 && vfs_place_write(f, page, 4096) == 4096)
		n++;
	KTEST_CHECK(n == 16);
	KTEST_CHECK(vfs_place_write(f, page, 4096) == -ABI_ENOSPC);
	KTEST_CHECK(file_truncate(f, 4096, ~0ull) == 0);
	KTEST_CHECK(file_seek(f, 0, SEEK_END) == 4096 && vfs_place_write(f, page, 4096) == 4096);
	KTEST_CHECK(vfs_mkdir(&p.walk, "d", 0755) == 0);
	KTEST_CHECK(vfs_mkdir(&p.walk, "e", 0755) == -ABI_ENOSPC);
	file_put(f);
	vfs_place_fini(&p);
	kfree(page);
}

KTEST(vfs_fd_table)
{
	struct fd_table *t = fd_table_create(), *copy;
	struct file *f, *got;
	struct vfs_place p;
	int err;

	if (!t || !vfs_place_init(&p, ""))
		return ktest_fail(__FILE__, __LINE__, "no tmpfs");
	f = vfs_place_open(&p, "f", O_CREAT | O_RDWR, &err);
	KTEST_CHECK(fd_reserve(t, 0, 1024, false) == 0);
	KTEST_CHECK(fd_get(t, 0) == NULL && fd_dup_to(t, f, 0, 1024, false) == -ABI_EBUSY);
	fd_install(t, 0, f);
	KTEST_CHECK(fd_reserve(t, 0, 1, false) == -ABI_EMFILE);
	KTEST_CHECK(fd_reserve(t, 5, 5, false) == -ABI_EINVAL);
	KTEST_CHECK(fd_dup_to(t, f, 700, 1024, true) == 700);
	KTEST_CHECK(fd_get_cloexec(t, 700) == 1 && fd_get_cloexec(t, 0) == 0 &&
		    fd_get_cloexec(t, 1) == -ABI_EBADF);
	KTEST_CHECK(fd_dup_to(t, f, 1024, 1024, true) == -ABI_EBADF);
	got = fd_get(t, 700);
	KTEST_CHECK(got == f);
	file_put(got);
	KTEST_CHECK(fd_next(t, 1, &got) == 700);
	file_put(got);
	copy = fd_table_clone(t, &err);
	KTEST_CHECK(copy != NULL);
	fd_close_on_exec(copy);
	KTEST_CHECK(fd_next(copy, 1, &got) == -1 && fd_get_cloexec(t, 700) == 1);
	KTEST_CHECK(fd_close(t, 0) == 0 && fd_close(t, 0) == -ABI_EBADF);
	KTEST_CHECK(fd_reserve(t, 0, 1024, false) == 0);
	fd_cancel(t, 0);
	KTEST_CHECK(fd_close_range(t, 3, ~0u, false) == 0 && fd_next(t, 0, &got) == -1);
	fd_table_put(copy);
	fd_table_put(t);
	vfs_place_fini(&p);
}

KTEST(vfs_pipe)
{
	struct file *end[2];
	char *buf = kzalloc(70000, MM_KERNEL);

	if (!buf || pipe_create(O_NONBLOCK, cred_root, end) < 0)
		return ktest_fail(__FILE__, __LINE__, "no pipe");
	KTEST_CHECK(vfs_place_read(end[0], buf, 10) == -ABI_EAGAIN);
	KTEST_CHECK(file_poll(end[0], NULL) == 0 &&
		    file_poll(end[1], NULL) == (POLLOUT | POLLWRNORM));
	KTEST_CHECK(vfs_place_write(end[1], "abc", 3) == 3);
	KTEST_CHECK(file_poll(end[0], NULL) == (POLLIN | POLLRDNORM));
	KTEST_CHECK(pipe_set_size(end[0], 1000, cred_root) == 4096);
	KTEST_CHECK(vfs_place_read(end[0], buf, 10) == 3 && !memcmp(buf, "abc", 3));
	KTEST_CHECK(pipe_set_size(end[0], 65536, cred_root) == 65536);
	for (unsigned i = 0; i < 70000; i++)
		buf[i] = (char)(i * 7);
	KTEST_CHECK(vfs_place_write(end[1], buf, 70000) == 65536);
	KTEST_CHECK(file_poll(end[1], NULL) == 0 && vfs_place_write(end[1], buf, 1) == -ABI_EAGAIN);
	KTEST_CHECK(pipe_set_size(end[0], 4096, cred_root) == -ABI_EBUSY);
	memset(buf, 0, 5000);
	KTEST_CHECK(vfs_place_read(end[0], buf, 5000) == 5000);
	KTEST_CHECK(buf[4999] == (char)(4999 * 7) &&
		    pipe_set_size(end[0], 131072, cred_root) == 131072);
	KTEST_CHECK(vfs_place_read(end[0], buf, 70000) == 60536 && buf[60535] == (char)(65535 * 7));
	file_put(end[0]);
	KTEST_CHECK(vfs_place_write(end[1], "x", 1) == -ABI_EPIPE &&
		    file_poll(end[1], NULL) & POLLERR);
	file_put(end[1]);
	kfree(buf);
}

static int record(struct file *f, void *owner, int cmd, int type, s64 start, s64 length)
{
	struct abi_flock l = {
		.l_type = (s16)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length
	};
	int err = file_lock_posix(f, owner, 1, cmd, &l);

	return err ? err : cmd == F_GETLK ? l.l_type : 0;
}

KTEST(vfs_locks)
{
	struct vfs_place p;
	struct file *f, *g;
	int a, b, err;

	if (!vfs_place_init(&p, ""))
		return ktest_fail(__FILE__, __LINE__, "no tmpfs");
	f = vfs_place_open(&p, "f", O_CREAT | O_RDWR, &err);
	g = vfs_place_open(&p, "f", O_RDWR, &err);
	KTEST_CHECK(record(f, &a, F_SETLK, F_WRLCK, 0, 100) == 0);
	KTEST_CHECK(record(f, &b, F_SETLK, F_RDLCK, 99, 1) == -ABI_EAGAIN);
	KTEST_CHECK(record(f, &b, F_SETLK, F_RDLCK, 100, 0) == 0);
	KTEST_CHECK(record(f, &a, F_SETLK, F_UNLCK, 10, 10) == 0);
	KTEST_CHECK(record(f, &b, F_GETLK, F_WRLCK, 10, 10) == F_UNLCK);
	KTEST_CHECK(record(f, &b, F_GETLK, F_RDLCK, 0, 20) == F_WRLCK);
	KTEST_CHECK(record(f, &a, F_SETLK, F_RDLCK, 0, 100) == 0);
	KTEST_CHECK(record(f, &b, F_SETLK, F_RDLCK, 0, 100) == 0);
	KTEST_CHECK(record(f, &b, F_SETLK, F_WRLCK, 0, 1) == -ABI_EAGAIN);
	KTEST_CHECK(record(f, &a, F_SETLK, F_RDLCK, -1, 1) == -ABI_EINVAL);
	file_locks_release(f, &a);
	KTEST_CHECK(record(f, &b, F_SETLK, F_WRLCK, 0, 1) == 0);
	file_locks_release(f, &b);
	KTEST_CHECK(file_lock_flock(f, LOCK_EX | LOCK_NB) == 0);
	KTEST_CHECK(file_lock_flock(g, LOCK_SH | LOCK_NB) == -ABI_EAGAIN);
	KTEST_CHECK(file_lock_flock(f, LOCK_SH) == 0 && file_lock_flock(g, LOCK_SH | LOCK_NB) == 0);
	file_put(f);
	KTEST_CHECK(file_lock_flock(g, LOCK_EX | LOCK_NB) == 0);
	KTEST_CHECK(list_is_singular(&g->inode->locks));
	file_put(g);
	vfs_place_fini(&p);
}
