/* Core dumps (core(5)): which file, what is in it, who gets none. */
#include "tap.h"
#include <elf.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>

#define W_CORE 0x80
#define MAGIC  0x5ca1ab1edeadbeefull

static const char *const settings[] = {
	"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/core_uses_pid",
	"/proc/sys/kernel/core_pipe_limit", "/proc/sys/fs/suid_dumpable",
};
enum { PATTERN, USES_PID, PIPE_LIMIT, SUID_DUMPABLE, N_SETTINGS };
static char before[N_SETTINGS][256];

static void set(int which, const char *value)
{
	must(tap_write(settings[which], value));
}

static void restore(void)
{
	for (int i = 0; i < N_SETTINGS; i++)
		set(i, before[i]);
}

/* A known beginning, which the test's end takes back. */
static bool begin(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (!tap_root())
		return false;
	for (int i = 0; i < N_SETTINGS; i++)
		snprintf(before[i], sizeof(before[i]), "%s", tap_read(settings[i]));
	set(PATTERN, "core");
	set(USES_PID, "0");
	set(PIPE_LIMIT, "0");
	must(setrlimit(RLIMIT_CORE, &all));
	umask(022);
	return true;
}

/* --- who dies, and how --- */

static unsigned long long *marked, *unwanted, *shared;
static int how;
enum { SEGV, ABORT, THREADS, PLAIN };

static void *stand(void *argument)
{
	pthread_barrier_wait(argument);
	for (;;)
		pause();
	return NULL;
}

static int die(void *argument)
{
	static pthread_barrier_t barrier;
	struct rlimit *limit = argument;
	pthread_t thread;

	if (limit)
		must(setrlimit(RLIMIT_CORE, limit));
	marked = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	marked[512] = MAGIC;
	if (how == THREADS) {
		pthread_barrier_init(&barrier, NULL, 4);
		for (int i = 0; i < 3; i++)
			pthread_create(&thread, NULL, stand, &barrier);
		pthread_barrier_wait(&barrier);
	}
	if (how == SEGV)
		*(volatile int *)BAD = 1;
	if (how == PLAIN)
		raise(SIGTERM);
	abort();
}

static int ended(int (*run)(void *), void *argument)
{
	int status;

	must(waitpid(tap_spawn(run, argument), &status, 0));
	return status;
}

static int dumps(int kind)
{
	how = kind;
	return ended(die, NULL);
}

/* --- what is in a dump --- */

static unsigned char *core;
static size_t core_size;

static bool load(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	core = NULL;
	if (fd < 0 || fstat(fd, &st) || st.st_size < (long)sizeof(Elf64_Ehdr))
		return false;
	core_size = (size_t)st.st_size;
	core = mmap(NULL, core_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return core != MAP_FAILED;
}

static const Elf64_Phdr *segment(unsigned i)
{
	const Elf64_Ehdr *h = (const void *)core;

	return i < h->e_phnum ? (const Elf64_Phdr *)(core + h->e_phoff) + i : NULL;
}

/* The n-th note of that type: its bytes, or NULL. */
static const void *find_note(unsigned type, int n, size_t *size)
{
	const Elf64_Phdr *p = segment(0);
	size_t at = p->p_offset, end = at + p->p_filesz;

	while (at + sizeof(Elf64_Nhdr) <= end) {
		const Elf64_Nhdr *h = (const void *)(core + at);

		at += sizeof(*h) + ((h->n_namesz + 3) & ~3u);
		if (h->n_type == type && n-- == 0) {
			if (size)
				*size = h->n_descsz;
			return core + at;
		}
		at += (h->n_descsz + 3) & ~3u;
	}
	return NULL;
}

static const void *memory(const void *address)
{
	const Elf64_Phdr *p;

	for (unsigned i = 1; (p = segment(i)) != NULL; i++)
		if ((size_t)address >= p->p_vaddr && (size_t)address < p->p_vaddr + p->p_filesz &&
		    p->p_offset + p->p_filesz <= core_size)
			return core + p->p_offset + ((size_t)address - p->p_vaddr);
	return NULL;
}

TEST(file)
{
	const struct elf_prstatus *status;
	const struct elf_prpsinfo *info;
	const siginfo_t *si;
	const Elf64_Ehdr *h;
	struct stat st;
	size_t n;

	if (!begin())
		return;
	marked = NULL;
	is(dumps(SEGV), SIGSEGV | W_CORE, "a wild store dumps core");
	works(stat("core", &st), "into a file named core");
	is(st.st_mode & 07777, 0600, "for its owner alone");
	ok(load("core"), "it is a file of ELF");
	h = (const void *)core;
	ok(!memcmp(h->e_ident, ELFMAG, 4) && h->e_type == ET_CORE && h->e_machine == EM_X86_64,
	   "a core");
	ok(segment(0)->p_type == PT_NOTE, "notes come first");
	status = find_note(NT_PRSTATUS, 0, &n);
	ok(status && n == sizeof(*status) && status->pr_cursig == SIGSEGV, "the signal");
	ok(status && status->pr_ppid == getpid(), "whose child it was");
	info = find_note(NT_PRPSINFO, 0, &n);
	ok(info && n == sizeof(*info) && info->pr_pid == status->pr_pid && !info->pr_uid, "who");
	ok(info && strstr(info->pr_psargs, "core"), "what it was called with");
	si = find_note(NT_SIGINFO, 0, &n);
	ok(si && n == 128 && si->si_signo == SIGSEGV && si->si_code == SEGV_MAPERR &&
	   si->si_addr == BAD, "why");
	ok(find_note(NT_AUXV, 0, &n) && n >= 16 && n % 16 == 0, "the auxiliary vector");
	ok(find_note(NT_FPREGSET, 0, &n) && n == 512, "the FPU");
	ok(find_note(NT_X86_XSTATE, 0, &n) && n >= 576, "all of it");
	ok(find_note(NT_FILE, 0, &n) && memmem(find_note(NT_FILE, 0, NULL), n, "core", 4),
	   "the files it had mapped");
	ok(!find_note(NT_PRSTATUS, 1, NULL), "one thread");
	ok((long)st.st_blocks * 512 <= (long)st.st_size, "zeros need no room");
	restore();
}

static int die_marked(void *argument)
{
	(void)argument;
	marked[512] = MAGIC;
	unwanted[0] = MAGIC;
	shared[0] = MAGIC;
	madvise(unwanted, 4096, MADV_DONTDUMP);
	abort();
}

TEST(contents)
{
	int fd;

	if (!begin())
		return;
	marked = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unwanted = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	is(ended(die_marked, NULL), SIGABRT | W_CORE, "abort dumps core");
	ok(load("core"), "there it is");
	ok(memory(marked) && *(unsigned long long *)memory(marked + 512) == MAGIC, "memory");
	ok(memory(marked + 1024) && *(unsigned long long *)memory(marked + 1024) == 0,
	   "also where nothing was");
	ok(memory(shared) && *(unsigned long long *)memory(shared) == MAGIC, "shared memory");
	ok(!memory(unwanted), "but not what is not wanted (MADV_DONTDUMP)");
	is_text(tap_read("/proc/self/coredump_filter"), "00000033\n", "the filter");
	fd = must(open("/proc/self/coredump_filter", O_WRONLY));
	works(write(fd, "0x31", 4), "without anonymous shared memory");
	is_text(tap_read("/proc/self/coredump_filter"), "00000031\n", "is what it says");
	is(ended(die_marked, NULL), SIGABRT | W_CORE, "children inherit it");
	ok(load("core"), "an old file is replaced");
	ok(memory(marked) && !memory(shared), "and obey it");
	works(pwrite(fd, "0x33", 4, 0), "back");
	restore();
}

TEST(threads)
{
	struct elf_prstatus s;
	int n = 0, tids[8] = { 0 };

	if (!begin())
		return;
	is(dumps(THREADS), SIGABRT | W_CORE, "with threads");
	ok(load("core"), "there it is");
	while (n < 8 && find_note(NT_PRSTATUS, n, NULL)) {
		memcpy(&s, find_note(NT_PRSTATUS, n, NULL), sizeof(s));
		tids[n++] = s.pr_pid;
	}
	is(n, 4, "four of them");
	ok(tids[0] == ((const struct elf_prpsinfo *)find_note(NT_PRPSINFO, 0, NULL))->pr_pid,
	   "who died is the first");
	ok(find_note(NT_FPREGSET, 3, NULL) && !find_note(NT_FPREGSET, 4, NULL),
	   "each with its FPU");
	ok(find_note(NT_X86_XSTATE, 3, NULL) != NULL, "all of it");
	restore();
}

TEST(none)
{
	struct rlimit zero = { 0, RLIM_INFINITY }, small = { 20000, RLIM_INFINITY };
	struct stat st;

	if (!begin())
		return;
	is(dumps(PLAIN), SIGTERM, "SIGTERM has no dump");
	how = SEGV;
	is(ended(die, &zero), SIGSEGV, "nor has a limit of 0");
	fails(access("core", F_OK), ENOENT, "no file");
	is(ended(die, &small), SIGSEGV | W_CORE, "a small limit");
	works(stat("core", &st), "makes a file");
	ok(st.st_blocks * 512 <= 20480, "that is cut off");
	unlink("core");
	set(PATTERN, "\n");
	is(dumps(SEGV), SIGSEGV, "no pattern, no dump");
	set(PATTERN, "missing/core");
	is(dumps(SEGV), SIGSEGV, "no directory, no dump");
	restore();
}

TEST(others_files)
{
	char was[16] = "";
	int fd;

	if (!begin())
		return;
	close(tap_file("victim", "mine"));
	must(symlink("victim", "core"));
	is(dumps(SEGV), SIGSEGV | W_CORE, "a symbolic link");
	is_text(tap_read("victim"), "mine", "is not followed");
	ok(load("core"), "but replaced");
	unlink("core");
	must(link("victim", "core"));
	is(dumps(SEGV), SIGSEGV | W_CORE, "a hard link");
	fd = must(open("victim", O_RDONLY));
	must(read(fd, was, 15));
	is_text(was, "mine", "is not written through");
	unlink("core");
	must(mkdir("core", 0700));
	is(dumps(SEGV), SIGSEGV, "a directory stays");
	must(rmdir("core"));
	restore();
}

static int not_dumpable(void *argument)
{
	must(prctl(PR_SET_DUMPABLE, 0));
	return die(argument);
}

static int changed_user(void *argument)
{
	must(setuid(1000));
	return die(argument);
}

TEST(privilege)
{
	struct stat st;

	if (!begin())
		return;
	must(chmod(".", 0777));
	how = SEGV;
	is(ended(not_dumpable, NULL), SIGSEGV, "who is not dumpable");
	set(SUID_DUMPABLE, "0");
	is(ended(changed_user, NULL), SIGSEGV, "who was somebody else");
	set(SUID_DUMPABLE, "1");
	is(ended(changed_user, NULL), SIGSEGV | W_CORE, "unless that is allowed");
	works(stat("core", &st), "into a file");
	is(st.st_uid, 1000, "of his own");
	unlink("core");
	set(SUID_DUMPABLE, "2");
	is(ended(changed_user, NULL), SIGSEGV, "as root, not to a relative name");
	set(PATTERN, "/tmp/skerry-core-test");
	unlink("/tmp/skerry-core-test");
	is(ended(changed_user, NULL), SIGSEGV | W_CORE, "to an absolute one");
	works(stat("/tmp/skerry-core-test", &st), "there it is");
	is(st.st_uid, 0, "root's");
	is(ended(changed_user, NULL), SIGSEGV, "an old file stays");
	unlink("/tmp/skerry-core-test");
	restore();
}

TEST(names)
{
	char want[128], host[64];
	pid_t pid;
	int status;

	if (!begin())
		return;
	must(gethostname(host, sizeof(host)));
	set(PATTERN, "c.%p.%P.%i.%I.%u.%g.%d.%s.%e.%f.%h.%%.%q.%c%");
	how = SEGV;
	pid = tap_spawn(die, NULL);
	must(waitpid(pid, &status, 0));
	is(status, SIGSEGV | W_CORE, "all specifiers");
	snprintf(want, sizeof(want), "c.%d.%d.%d.%d.0.0.1.11.core.core.%s.%%..%llu", pid, pid, pid,
		 pid, host, (unsigned long long)RLIM_INFINITY);
	works(access(want, F_OK), "become what they stand for");
	set(PATTERN, "x%E");
	set(USES_PID, "1");
	pid = tap_spawn(die, NULL);
	must(waitpid(pid, &status, 0));
	snprintf(want, sizeof(want), "x%s.%d", tap_self, pid);
	for (char *at = want; *at; at++)
		if (*at == '/')
			*at = '!';
	works(access(want, F_OK), "%E and core_uses_pid");
	restore();
}

/* What core_pattern may name: takes its standard input. */
HELPER(take)
{
	char buffer[4096], line[256], status[64];
	ssize_t n, total = 0;
	int fd = open(argv[0], O_CREAT | O_TRUNC | O_WRONLY, 0644);
	struct rlimit limit = { 0, 0 };
	bool elf = false;

	while ((n = read(0, buffer, sizeof(buffer))) > 0) {
		if (!total)
			elf = !memcmp(buffer, ELFMAG, 4);
		total += n;
	}
	getrlimit(RLIMIT_CORE, &limit);
	snprintf(status, sizeof(status), "%.40s/status", argv[3]);
	snprintf(line, sizeof(line), "%d %s %s %d %d %d %d %d", argc, argv[1], argv[2], elf,
		 total > 10000, (int)getuid(), (int)limit.rlim_cur,
		 (int)tap_number(tap_read(status), "\nCoreDumping:"));
	return write(fd, line, strlen(line)) < 0;
}

TEST(program)
{
	char pattern[128], want[128], there[64];
	struct rlimit zero = { 0, RLIM_INFINITY }, one = { 1, RLIM_INFINITY };
	pid_t pid;
	int status;

	if (!begin())
		return;
	unlink("/tmp/skerry-core-got");
	set(PIPE_LIMIT, "4");
	snprintf(pattern, sizeof(pattern),
		 "|%s --as take /tmp/skerry-core-got  s=%%s %%p /proc/%%P", tap_self);
	ok(strlen(pattern) < 128, "the pattern has room");
	set(PATTERN, pattern);
	how = SEGV;
	pid = tap_spawn(die, &zero);
	must(waitpid(pid, &status, 0));
	is(status, SIGSEGV | W_CORE, "a program takes it, whatever the limit");
	snprintf(want, sizeof(want), "4 s=11 %d 1 1 0 1 1", pid);
	snprintf(there, sizeof(there), "%s", tap_read("/tmp/skerry-core-got"));
	is(strcmp(there, want), 0, "with its arguments, as root, while the process is there");
	is(ended(die, &one), SIGSEGV, "a limit of 1 is for such programs themselves");
	set(PATTERN, "|/nonexistent");
	status = ended(die, NULL) & ~W_CORE;
	is(status, SIGSEGV, "a program that is none");
	unlink("/tmp/skerry-core-got");
	restore();
}

/* Reads nothing, so that its writer waits; until that one has gone. */
HELPER(slow)
{
	struct pollfd p = { .fd = 0 };

	close(open("/tmp/skerry-core-slow", O_CREAT | O_WRONLY, 0644));
	return poll(&p, 1, 60000) < 0;
}

TEST(broken_off)
{
	char pattern[128];
	int64_t start;
	pid_t pid;
	int status;

	if (!begin())
		return;
	unlink("/tmp/skerry-core-slow");
	snprintf(pattern, sizeof(pattern), "|%s --as slow", tap_self);
	set(PATTERN, pattern);
	how = THREADS;
	start = tap_now();
	pid = tap_spawn(die, NULL);
	while (access("/tmp/skerry-core-slow", F_OK))
		tap_sleep_ms(20);
	tap_sleep_ms(100);
	is(waitpid(pid, &status, WNOHANG), 0, "the dump waits for its program");
	works(kill(pid, SIGTERM), "a signal");
	tap_sleep_ms(50);
	is(waitpid(pid, &status, WNOHANG), 0, "does not disturb it");
	works(kill(pid, SIGKILL), "SIGKILL");
	must(waitpid(pid, &status, 0));
	is(status, SIGKILL, "breaks it off, and is how it ended");
	ok(tap_now() - start < 50000000000ll, "at once");
	unlink("/tmp/skerry-core-slow");
	restore();
}
