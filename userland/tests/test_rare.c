/* Calls that hardly anybody makes by name: symlinkat, mknodat, mlock2, membarrier. */
#include "tap.h"
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

TEST(symlinkat_calls)
{
	char text[20] = "";
	int dir;

	must(mkdir("d", 0755));
	dir = must(open("d", O_RDONLY | O_DIRECTORY));
	works(symlinkat("target", dir, "link"), "symlinkat below a descriptor");
	is(readlink("d/link", text, sizeof(text)), 6, "length of the text");
	is_text(text, "target", "the text");
	fails(symlinkat("x", dir, "link"), EEXIST, "the name is taken");
	fails(symlinkat("", dir, "empty"), ENOENT, "an empty text");
	fails(symlinkat("x", 999, "link"), EBADF, "bad descriptor");
	fails(symlinkat("x", dir, "none/link"), ENOENT, "no directory");
	fails(syscall(SYS_symlinkat, BAD, dir, "a"), EFAULT, "bad text pointer");
	fails(syscall(SYS_symlinkat, "x", dir, BAD), EFAULT, "bad name pointer");
}

TEST(mknodat_calls)
{
	struct stat st;
	int dir;

	must(mkdir("d", 0755));
	dir = must(open("d", O_RDONLY | O_DIRECTORY));
	umask(022);
	works(mknodat(dir, "fifo", S_IFIFO | 0666, 0), "a FIFO below a descriptor");
	must(stat("d/fifo", &st));
	is(st.st_mode, S_IFIFO | 0644, "its mode, less the umask");
	works(mknodat(dir, "file", S_IFREG | 0600, 0), "a regular file");
	fails(mknodat(dir, "file", S_IFREG | 0600, 0), EEXIST, "the name is taken");
	fails(mknodat(dir, "dir", S_IFDIR | 0700, 0), EPERM, "no directories");
	fails(mknodat(dir, "x", 0160000 | 0600, 0), EINVAL, "no such type");
	fails(mknodat(999, "x", S_IFREG, 0), EBADF, "bad descriptor");
	fails(syscall(SYS_mknodat, dir, BAD, S_IFREG, 0), EFAULT, "bad pointer");
	if (!tap_root())
		return skip("devices", "not root");
	works(mknodat(dir, "null", S_IFCHR | 0600, makedev(1, 3)), "a device");
	must(stat("d/null", &st));
	is(st.st_rdev, makedev(1, 3), "its number");
}

TEST(mlock2_calls)
{
	char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char there[4];

	ok(p != MAP_FAILED, "mmap");
	works(syscall(SYS_mlock2, p, 8192, 0), "mlock2");
	must(mincore(p, 8192, there));
	ok((there[0] & 1) && (there[1] & 1), "the pages are there");
	works(syscall(SYS_mlock2, p + 8192, 8192, 1), "on fault");
	fails(syscall(SYS_mlock2, p, 8192, 2), EINVAL, "unknown flag");
	must(munmap(p, 16384));
	fails(syscall(SYS_mlock2, p, 8192, 0), ENOMEM, "nothing mapped");
}

TEST(membarrier_calls)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	if (commands < 0 && errno == ENOSYS)
		return skip("membarrier", "this kernel does not have it");
	ok(commands & MEMBARRIER_CMD_GLOBAL, "the query tells of the global barrier");
	works(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0), "the global barrier");
	fails(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL, "unknown command");
	fails(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 77, 0), EINVAL, "unknown flag");
}
