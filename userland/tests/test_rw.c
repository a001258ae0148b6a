/* Reading and writing: read, write, their positioned and vectored forms, lseek. */
#include "tap.h"
#include <sys/uio.h>

TEST(read_write)
{
	char buf[16] = "";
	int fd = tap_file("f", "hello, world");

	is(read(fd, buf, 5), 5, "read 5 bytes");
	ok(memcmp(buf, "hello", 5) == 0, "the right bytes");
	is(read(fd, buf, 0), 0, "read nothing");
	is(lseek(fd, 0, SEEK_CUR), 5, "position follows");
	is(read(fd, buf, sizeof(buf)), 7, "read up to the end");
	is(read(fd, buf, sizeof(buf)), 0, "end of file");
	is(write(fd, "!", 1), 1, "write at the end");
	is(pread(fd, buf, 16, 0), 13, "the file grew");
	ok(memcmp(buf, "hello, world!", 13) == 0, "the right content");
	is(lseek(fd, 0, SEEK_CUR), 13, "pread leaves the position");
	is(pwrite(fd, "J", 1, 0), 1, "pwrite");
	is(pread(fd, buf, 5, 0), 5, "pread");
	ok(memcmp(buf, "Jello", 5) == 0, "pwrite wrote there");
	is(lseek(fd, 0, SEEK_CUR), 13, "pwrite leaves the position");
	is(write(fd, buf, 0), 0, "write nothing");
}

TEST(errors)
{
	char b[4];
	int fd = tap_file("f", "data"), in = must(open("f", O_RDONLY)),
	    out = must(open("f", O_WRONLY));
	int dir = must(open(".", O_RDONLY));

	fails(read(-1, b, 1), EBADF, "read of descriptor -1");
	fails(read(999, b, 1), EBADF, "read of a closed descriptor");
	fails(write(999, b, 1), EBADF, "write to a closed descriptor");
	fails(write(in, b, 1), EBADF, "write to a read-only file");
	fails(read(out, b, 1), EBADF, "read of a write-only file");
	fails(read(dir, b, 1), EISDIR, "read of a directory");
	fails(open(".", O_WRONLY), EISDIR, "a directory cannot be opened for writing");
	fails(pread(fd, b, 1, -1), EINVAL, "pread at a negative position");
	fails(pwrite(fd, b, 1, -1), EINVAL, "pwrite at a negative position");
	fails(read(fd, b, -1l), EFAULT, "read of a size beyond the address space");
	close(must(open("p", O_RDWR | O_CREAT, 0)));
	fails(syscall(SYS_read, 999, BAD, 0), EBADF, "the descriptor is checked before the size");
}

TEST(bad_pointers)
{
	int fd = tap_file("f", "0123456789");
	char *edge = tap_edge(4);

	fails(syscall(SYS_read, fd, BAD, 4), EFAULT, "read to a bad address");
	fails(syscall(SYS_read, fd, KBAD, 4), EFAULT, "read to the kernel's memory");
	fails(syscall(SYS_read, fd, tap_readonly(), 4), EFAULT, "read to read-only memory");
	fails(syscall(SYS_write, fd, BAD, 4), EFAULT, "write from a bad address");
	fails(syscall(SYS_write, fd, KBAD, 4), EFAULT, "write from the kernel's memory");
	fails(syscall(SYS_pread64, fd, BAD, 4, 0l), EFAULT, "pread to a bad address");
	fails(syscall(SYS_pwrite64, fd, BAD, 4, 0l), EFAULT, "pwrite from a bad address");
	fails(syscall(SYS_readv, fd, BAD, 1), EFAULT, "readv with a bad vector");
	fails(syscall(SYS_writev, fd, BAD, 1), EFAULT, "writev with a bad vector");
	fails(syscall(SYS_preadv, fd, BAD, 1, 0l, 0l), EFAULT, "preadv with a bad vector");
	fails(syscall(SYS_pwritev, fd, BAD, 1, 0l, 0l), EFAULT, "pwritev with a bad vector");
	is(lseek(fd, 0, SEEK_CUR), 0, "a failed read leaves the position");
	is(read(fd, edge, 4), 4, "read up to the end of a page");
	ok(memcmp(edge, "0123", 4) == 0, "the right bytes before the edge");
}

TEST(lseek)
{
	int fd = tap_file("f", "0123456789"), ends[2];

	is(lseek(fd, 3, SEEK_SET), 3, "SEEK_SET");
	is(lseek(fd, 2, SEEK_CUR), 5, "SEEK_CUR");
	is(lseek(fd, -1, SEEK_END), 9, "SEEK_END");
	is(lseek(fd, 100, SEEK_SET), 100, "beyond the end");
	fails(lseek(fd, -1, SEEK_SET), EINVAL, "before the beginning");
	fails(lseek(fd, 0, 77), EINVAL, "no such whence");
	is(lseek(fd, 0, SEEK_CUR), 100, "failure leaves the position");
	is(write(fd, "x", 1), 1, "write behind a hole");
	is(lseek(fd, 0, SEEK_END), 101, "size counts the hole");
	must(pipe(ends));
	fails(lseek(ends[0], 0, SEEK_SET), ESPIPE, "a pipe cannot seek");
	fails(pread(ends[0], ends, 1, 0), ESPIPE, "pread of a pipe");
	fails(pwrite(ends[1], ends, 1, 0), ESPIPE, "pwrite to a pipe");
	fails(lseek(999, 0, SEEK_SET), EBADF, "bad descriptor");
	is(lseek(must(open(".", O_RDONLY)), 0, SEEK_SET), 0, "a directory can rewind");
}

TEST(vectors)
{
	char a[3] = "", b[4] = "", c[8] = "";
	struct iovec in[3] = {{a, 2}, {b, 0}, {c, 7}}, out[2] = {{"abc", 3}, {"defgh", 5}};
	int fd = tap_file("f", "");

	is(writev(fd, out, 2), 8, "writev");
	is(lseek(fd, 0, SEEK_SET), 0, "rewind");
	is(readv(fd, in, 3), 8, "readv, less than asked");
	ok(!memcmp(a, "ab", 2) && !memcmp(c, "cdefgh", 6), "the pieces are filled in order");
	is(pwritev(fd, out, 1, 5), 3, "pwritev");
	is(preadv(fd, in, 1, 5), 2, "preadv");
	ok(!memcmp(a, "ab", 2), "what pwritev wrote");
	is(readv(fd, in, 0), 0, "an empty vector");
	fails(readv(fd, in, -1), EINVAL, "a negative count");
	fails(syscall(SYS_readv, fd, in, 1025), EINVAL, "more than 1024 pieces");
	in[0].iov_len = (size_t)-1;
	fails(readv(fd, in, 1), EINVAL, "a negative length");
	fails(preadv(fd, in, 1, -5), EINVAL, "preadv at a negative position");
	fails(readv(999, in, 1), EBADF, "bad descriptor");
}

TEST(partial_fault)
{
	char *edge = tap_edge(4096);
	struct iovec v[2] = {{edge, 4096}, {BAD, 4}};
	int fd = tap_file("f", ""), n;

	must(ftruncate(fd, 16384));
	n = readv(fd, v, 2);
	ok(n == 4096, "readv stops at the first bad piece");
	is(lseek(fd, 0, SEEK_CUR), 4096, "and counts what came before");
	memset(edge, 'x', 4096);
	is(pwritev(fd, v, 2, 0), 4096, "writev stops likewise");
	v[0].iov_base = BAD;
	fails(readv(fd, v, 1), EFAULT, "nothing before the bad piece");
}

TEST(v2)
{
	char buf[4];
	struct iovec v = {buf, 4};
	int fd = tap_file("f", "abcd");

	is(syscall(SYS_preadv2, fd, &v, 1, -1l, 0l, 0), 4, "preadv2 at the position");
	is(lseek(fd, 0, SEEK_CUR), 4, "moves it");
	is(syscall(SYS_pwritev2, fd, &v, 1, -1l, 0l, 0), 4, "pwritev2 at the position");
	is(lseek(fd, 0, SEEK_CUR), 8, "moves it");
	fails(syscall(SYS_preadv2, fd, &v, 1, 0l, 0l, 0x40000000), EOPNOTSUPP, "unknown flags");
	is(syscall(SYS_pwritev2, fd, &v, 1, 0l, 0l, 0x10), 4, "RWF_APPEND");
	is(lseek(fd, 0, SEEK_END), 12, "appends whatever the position");
}

TEST(append)
{
	int fd, other = tap_file("f", "one");
	char buf[16] = "";

	fd = must(open("f", O_WRONLY | O_APPEND));
	is(write(fd, "two", 3), 3, "append");
	must(pwrite(other, "ONETWO", 6, 0));
	must(lseek(fd, 0, SEEK_SET));
	is(write(fd, "!", 1), 1, "append after a seek");
	is(lseek(fd, 0, SEEK_CUR), 7, "position is the end");
	is(pread(other, buf, 16, 0), 7, "size");
	is_text(buf, "ONETWO!", "content");
}

/* Sizes and offsets around pages and blocks: each byte depends on its place. */
TEST(alignment)
{
	static const int sizes[] = {1, 511, 512, 1023, 4095, 4096, 4097, 12289, 70000};
	static unsigned char out[70000], in[70000];
	int fd = tap_file("f", ""), offset = 0, bad = 0;

	for (unsigned s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (int i = 0; i < sizes[s]; i++)
			out[i] = (offset + i) * 31 >> 2;
		bad += write(fd, out, sizes[s]) != sizes[s];
		offset += sizes[s];
	}
	is(bad, 0, "writes of odd sizes");
	is(lseek(fd, 0, SEEK_END), offset, "size is their sum");
	for (int at = 0, step = 1; at < offset; at += step, step = step * 2 + 1) {
		int n = pread(fd, in, sizeof(in), at), want = offset - at;

		bad += n != (want < (int)sizeof(in) ? want : (int)sizeof(in));
		for (int i = 0; i < n; i++)
			bad += in[i] != (unsigned char)((at + i) * 31 >> 2);
	}
	is(bad, 0, "every byte back at its place");
}

TEST(huge_offset)
{
	int fd = tap_file("f", "x"), result;
	struct stat st;

	signal(SIGXFSZ, SIG_IGN);
	result = syscall(SYS_pwrite64, fd, "x", 1, 0x7fffffffffffffffl);
	ok(result == -1 && (errno == EFBIG || errno == EINVAL),
	   "no byte beyond the largest offset");
	must(fstat(fd, &st));
	is(st.st_size, 1, "the size stays");
	fails(syscall(SYS_lseek, fd, -9l, SEEK_END), EINVAL, "no position before the first");
}
