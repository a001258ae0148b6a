/* prctl(2), PR_SET_MM: a program says where its parts are and which file it is, and /proc says so
 * too. */
#include "tap.h"
#include <elf.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define ABOVE ((char *)0x7fffffffe000) /* all that is mapped is below */

/* /proc/[pid]/stat's fields, by proc(5). */
enum {
	START_CODE = 26, END_CODE, START_STACK, START_DATA = 45, END_DATA, START_BRK, ARG_START,
	ARG_END, ENV_START, ENV_END, FIELDS
};

static const struct {
	int option, field;
	const char *name;
} parts[] = {{PR_SET_MM_START_CODE, START_CODE, "PR_SET_MM_START_CODE"},
	     {PR_SET_MM_END_CODE, END_CODE, "PR_SET_MM_END_CODE"},
	     {PR_SET_MM_START_DATA, START_DATA, "PR_SET_MM_START_DATA"},
	     {PR_SET_MM_END_DATA, END_DATA, "PR_SET_MM_END_DATA"},
	     {PR_SET_MM_START_STACK, START_STACK, "PR_SET_MM_START_STACK"},
	     {PR_SET_MM_START_BRK, START_BRK, "PR_SET_MM_START_BRK"}};

static long set(int what, const void *address)
{
	return syscall(SYS_prctl, PR_SET_MM, what, address, 0, 0);
}

static unsigned long field(int number)
{
	char *at = strrchr(tap_read("/proc/self/stat"), ')');

	for (int i = 2; at && i < number; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoul(at, NULL, 10) : 0;
}

static struct prctl_mm_map map_now(void)
{
	return (struct prctl_mm_map){.start_code = field(START_CODE),
				     .end_code = field(END_CODE),
				     .start_data = field(START_DATA),
				     .end_data = field(END_DATA),
				     .start_brk = field(START_BRK),
				     .brk = syscall(SYS_brk, 0),
				     .start_stack = field(START_STACK),
				     .arg_start = field(ARG_START),
				     .arg_end = field(ARG_END),
				     .env_start = field(ENV_START),
				     .env_end = field(ENV_END),
				     .exe_fd = -1};
}

static long set_map(const struct prctl_mm_map *map, size_t size)
{
	return syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, map, size, 0);
}

static bool not_allowed(void)
{
	if (!tap_root())
		skip("PR_SET_MM", "not root");
	return !tap_root();
}

TEST(errors)
{
	unsigned size = 0;

	if (not_allowed())
		return;
	works(syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0), "PR_SET_MM_MAP_SIZE");
	is(size, sizeof(struct prctl_mm_map), "the size");
	fails(set(PR_SET_MM_MAP_SIZE, BAD), EFAULT, "to nowhere");
	fails(set(0, &size), EINVAL, "a part that is not");
	fails(set(16, &size), EINVAL, "another");
	fails(syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, &size, 1, 0), EINVAL, "an argument");
	fails(syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, &size, 0, 1), EINVAL, "one more");
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		fails(set(parts[i].option, BAD), EINVAL, parts[i].name);
		fails(set(parts[i].option, KBAD), EINVAL, "in the kernel's half");
	}
	fails(set(PR_SET_MM_END_CODE, (void *)field(START_CODE)), EINVAL, "code of no length");
	fails(set(PR_SET_MM_END_DATA, (void *)(field(START_DATA) - 1)), EINVAL, "data before it");
	fails(set(PR_SET_MM_BRK, (void *)(field(START_BRK) - 1)), EINVAL, "a heap before it");
	fails(set(PR_SET_MM_ARG_END, (void *)(field(ARG_START) - 1)), EINVAL, "arguments");
	fails(set(PR_SET_MM_ENV_START, (void *)(field(ENV_END) + 1)), EINVAL, "environment");
	fails(set(PR_SET_MM_ARG_END, ABOVE), EFAULT, "an end of arguments that is nowhere");
	fails(set(PR_SET_MM_ENV_END, ABOVE), EFAULT, "of the environment");
	fails(set(PR_SET_MM_START_STACK, ABOVE), EFAULT, "a stack that is nowhere");
}

TEST(parts)
{
	if (not_allowed())
		return;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		unsigned long now = field(parts[i].field);
		long step = parts[i].field == START_BRK || parts[i].field == START_DATA ? -16 : 16;

		works(set(parts[i].option, (void *)(now + step)), parts[i].name);
		is(field(parts[i].field), now + step, "is told in stat");
		works(set(parts[i].option, (void *)now), "and back");
	}
}

TEST(strings)
{
	static const char text[] = "one\0two\0A=1\0BC=2";
	char *page, got[64] = "";
	int fd;

	if (not_allowed())
		return;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(page, text, sizeof(text));
	works(set(PR_SET_MM_ARG_START, page), "PR_SET_MM_ARG_START");
	works(set(PR_SET_MM_ARG_END, page + 8), "PR_SET_MM_ARG_END");
	works(set(PR_SET_MM_ENV_START, page + 8), "PR_SET_MM_ENV_START");
	works(set(PR_SET_MM_ENV_END, page + sizeof(text)), "PR_SET_MM_ENV_END");
	fd = must(open("/proc/self/cmdline", O_RDONLY));
	is(read(fd, got, sizeof(got)), 8, "cmdline");
	ok(!memcmp(got, "one\0two", 8), "has the new arguments");
	fd = must(open("/proc/self/environ", O_RDONLY));
	is(read(fd, got, sizeof(got)), 9, "environ");
	ok(!memcmp(got, "A=1\0BC=2", 9), "has the new environment");
	is(field(ARG_START), page, "arg_start");
	is(field(ENV_END), page + sizeof(text), "env_end");
}

TEST(heap)
{
	struct rlimit limit = {1 << 24, RLIM_INFINITY};
	char *area, *now = (char *)syscall(SYS_brk, 0);

	if (not_allowed())
		return;
	area = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(munmap(area, 1 << 20));
	/* the order of these two depends on which is higher */
	if (area > now) {
		works(set(PR_SET_MM_BRK, area + 4096), "PR_SET_MM_BRK");
		works(set(PR_SET_MM_START_BRK, area + 4096), "PR_SET_MM_START_BRK");
	} else {
		works(set(PR_SET_MM_START_BRK, area + 4096), "PR_SET_MM_START_BRK");
		works(set(PR_SET_MM_BRK, area + 4096), "PR_SET_MM_BRK");
	}
	is(syscall(SYS_brk, 0), area + 4096, "brk says where the heap ends");
	is(syscall(SYS_brk, area + 12288), area + 12288, "and grows it there");
	area[4096] = area[12287] = 1;
	is(syscall(SYS_brk, area), area + 12288, "not below its start");
	is(syscall(SYS_brk, area + 4096), area + 4096, "it shrinks");
	must(setrlimit(RLIMIT_DATA, &limit));
	fails(set(PR_SET_MM_BRK, area + (1 << 25)), EINVAL, "not beyond RLIMIT_DATA");
}

TEST(auxv)
{
	uint64_t words[51] = {AT_PAGESZ, 4096, AT_UID, 77, AT_NULL, 0}, got[64];
	int fd;

	if (not_allowed())
		return;
	fails(syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_AUXV, words, 400, 0), EINVAL, "too much");
	fails(syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_AUXV, BAD, 48, 0), EFAULT, "from nowhere");
	works(syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_AUXV, words, 48, 0), "PR_SET_MM_AUXV");
	fd = must(open("/proc/self/auxv", O_RDONLY));
	is(read(fd, got, sizeof(got)), 48, "/proc/self/auxv");
	ok(!memcmp(got, words, 48), "has it");
	for (int i = 0; i < 48; i++)
		words[i] = 7;
	works(syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_AUXV, words, 384, 0), "one without an end");
	is(pread(fd, got, sizeof(got), 0), 384, "all that there is room for");
	ok(got[45] == 7 && !got[46] && !got[47], "gets one");
}

static int by_user(void *argument)
{
	struct prctl_mm_map map = map_now();

	(void)argument;
	fails(set(PR_SET_MM_ARG_START, (void *)map.arg_start), EPERM, "a user may not");
	fails(set(PR_SET_MM_EXE_FILE, (void *)0), EPERM, "whatever it is");
	works(set_map(&map, sizeof(map)), "but all at once he may");
	map.exe_fd = 0;
	fails(set_map(&map, sizeof(map)), EPERM, "not with another program");
	return 0;
}

TEST(map)
{
	uint64_t words[] = {AT_UID, 5, AT_NULL, 0}, got[64];
	struct prctl_mm_map map = map_now(), wrong;
	static const char text[] = "changed\0by\0map";
	char *arguments; /* not of a file's mapping, which Linux would not show */

	if (not_allowed())
		return;
	arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(arguments, text, sizeof(text));
	fails(set_map(&map, sizeof(map) - 8), EINVAL, "a smaller one");
	fails(set_map(&map, sizeof(map) + 8), EINVAL, "a larger one");
	fails(set_map((void *)BAD, sizeof(map)), EFAULT, "from nowhere");
	works(set_map(&map, sizeof(map)), "as it is");
	wrong = map, wrong.end_code = wrong.start_code;
	fails(set_map(&wrong, sizeof(map)), EINVAL, "code of no length");
	wrong = map, wrong.start_stack = 16;
	fails(set_map(&wrong, sizeof(map)), EINVAL, "a stack at the bottom");
	wrong = map, wrong.auxv_size = 16;
	fails(set_map(&wrong, sizeof(map)), EINVAL, "an auxv without a place");
	wrong.auxv = (void *)words, wrong.auxv_size = 392;
	fails(set_map(&wrong, sizeof(map)), EINVAL, "one too large");
	wrong.auxv = BAD, wrong.auxv_size = 32;
	fails(set_map(&wrong, sizeof(map)), EFAULT, "one from nowhere");
	wrong = map, wrong.exe_fd = 999;
	fails(set_map(&wrong, sizeof(map)), EBADF, "a program that is not open");
	is(field(END_CODE), map.end_code, "nothing has changed");
	map.arg_start = (unsigned long)arguments;
	map.arg_end = map.arg_start + sizeof(text);
	map.end_code += 32;
	map.auxv = (void *)words;
	map.auxv_size = sizeof(words);
	works(set_map(&map, sizeof(map)), "PR_SET_MM_MAP");
	is(field(END_CODE), map.end_code, "the code's end");
	is_text(tap_read("/proc/self/cmdline"), "changed", "the arguments");
	is(read(must(open("/proc/self/auxv", O_RDONLY)), got, sizeof(got)), 32, "the auxv");
	ok(!memcmp(got, words, sizeof(words)), "has changed, too");
	is(tap_as_user(by_user, NULL), 0, "a user");
}

/* ---- The program's file ---- */

struct piece {
	unsigned long start, end;
	int protection;
};

/* What is mapped of the program is replaced by copies. */
static void leave_file(void)
{
	struct piece pieces[16];
	char path[256] = "", *line = (char *)tap_read("/proc/self/maps"), mode[8], name[256];
	int n = 0;

	must(readlink("/proc/self/exe", path, sizeof(path) - 1));
	for (; line && *line && n < 16; line = strchr(line, '\n') + 1) {
		struct piece *p = &pieces[n];

		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &p->start, &p->end, mode, name) !=
		    4 || strcmp(name, path))
			continue;
		p->protection = (mode[0] == 'r' ? PROT_READ : 0) |
				(mode[1] == 'w' ? PROT_WRITE : 0) |
				(mode[2] == 'x' ? PROT_EXEC : 0);
		n++;
	}
	for (int i = 0; i < n; i++) {
		size_t size = pieces[i].end - pieces[i].start;
		char *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);

		memcpy(copy, (void *)pieces[i].start, size);
		mprotect(copy, size, pieces[i].protection);
		syscall(SYS_mremap, copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			pieces[i].start);
	}
}

static int has_program(void *path)
{
	char now[256] = "";

	return readlink("/proc/self/exe", now, sizeof(now) - 1) > 0 && !strcmp(now, path) ? 0 : 1;
}

TEST(program)
{
	char path[256] = "", cwd[200];
	int fd, plain;

	if (not_allowed())
		return;
	plain = tap_file("plain", "text");
	must(fchmod(plain, 0644));
	fails(set(PR_SET_MM_EXE_FILE, (void *)999), EBADF, "no file");
	fails(set(PR_SET_MM_EXE_FILE, (void *)(long)must(open(".", O_RDONLY))), EACCES,
	      "a directory");
	fails(set(PR_SET_MM_EXE_FILE, (void *)(long)plain), EACCES, "no program");
	must(chmod("plain", 0755));
	fd = must(open("plain", O_RDONLY));
	fails(set(PR_SET_MM_EXE_FILE, (void *)(long)fd), EBUSY, "the old one is mapped");
	leave_file();
	fails(set(PR_SET_MM_EXE_FILE, (void *)(long)fd), EACCES, "the new one is open for writing");
	close(plain);
	works(plain = open("plain", O_WRONLY), "it may be written still");
	close(plain);
	works(set(PR_SET_MM_EXE_FILE, (void *)(long)fd), "PR_SET_MM_EXE_FILE");
	must(readlink("/proc/self/exe", path, sizeof(path) - 1));
	must(getcwd(cwd, sizeof(cwd)) ? 0 : -1);
	ok(!strncmp(path, cwd, strlen(cwd)) && !strcmp(path + strlen(cwd), "/plain"),
	   "/proc/self/exe");
	fails(open("plain", O_WRONLY), ETXTBSY, "which nobody may write now");
	close(fd);
	fails(open("plain", O_WRONLY), ETXTBSY, "nor when it is closed");
	fd = must(open("plain", O_RDONLY));
	works(set(PR_SET_MM_EXE_FILE, (void *)(long)fd), "the same once more");
	exits(tap_spawn(has_program, path), 0, "a child has it, too");
}
