/* execve: arguments, environment, auxiliary vector, scripts, what is kept, and what is no
 * program. */
#include "tap.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

extern char **environ;

/* Runs a program with arguments and gives back its exit status, or -errno when it could not be
 * run. */
static int run_env(const char *path, char **argv, char **envp)
{
	int status, p[2], error = 0;
	pid_t pid;

	must(pipe2(p, O_CLOEXEC));
	pid = must(fork());
	if (pid == 0) {
		execve(path, argv, envp);
		error = errno;
		must(write(p[1], &error, sizeof(error)));
		_exit(0);
	}
	close(p[1]);
	must(waitpid(pid, &status, 0));
	if (read(p[0], &error, sizeof(error)) == sizeof(error))
		status = -error;
	close(p[0]);
	return status < 0	 ? status :
	       WIFEXITED(status) ? WEXITSTATUS(status) :
				   1000 + WTERMSIG(status);
}

static int run(const char *path, ...)
{
	char *argv[] = {(char *)path, NULL};

	return run_env(path, argv, environ);
}

static int run_helper(const char *name, char *a, char *b)
{
	char *argv[] = {(char *)tap_self, "--as", (char *)name, a, b, NULL};

	return run_env(tap_self, argv, environ);
}

static void script(const char *path, const char *text)
{
	int fd = must(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755));

	must(write(fd, text, strlen(text)));
	close(fd);
}

HELPER(arguments)
{
	/* argc and argv are behind "--as arguments". */
	return !(argc == 3 && !strcmp(argv[0], "one") && !strcmp(argv[1], "") &&
		 !strcmp(argv[2], "t h r e e") && !argv[3] && environ[0] &&
		 !strcmp(environ[0], "A=1") && !strcmp(environ[1], "EMPTY=") && !environ[2]);
}

TEST(arguments)
{
	char *argv[] = {"self", "--as", "arguments", "one", "", "t h r e e", NULL},
	     *envp[] = {"A=1", "EMPTY=", NULL};

	is(run_env(tap_self, argv, envp), 0, "argv and envp arrive");
}

/* The stack at the start: argc, argv, 0, envp, 0, auxv, as the ABI says. */
HELPER(auxv)
{
	unsigned long *stack = (unsigned long *)(argv - 3) - 1;
	bool aligned = (unsigned long)stack % 16 == 0;
	const Elf64_Ehdr *vdso = (void *)getauxval(AT_SYSINFO_EHDR);
	const unsigned char *random = (void *)getauxval(AT_RANDOM);

	if (stack[0] != (unsigned long)argc + 3 || !aligned || environ != argv + argc + 1)
		return 1;
	if (getauxval(AT_PAGESZ) != 4096 || getauxval(AT_PHENT) != sizeof(Elf64_Phdr) ||
	    getauxval(AT_PHNUM) < 2)
		return 2;
	if (getauxval(AT_UID) != getuid() || getauxval(AT_EUID) != geteuid() ||
	    getauxval(AT_GID) != getgid() || getauxval(AT_EGID) != getegid() ||
	    getauxval(AT_SECURE))
		return 3;
	if (!random || !getauxval(AT_CLKTCK) || !getauxval(AT_ENTRY))
		return 4;
	if (!getauxval(AT_EXECFN) || strcmp((char *)getauxval(AT_EXECFN), tap_self))
		return 5;
	if (!getauxval(AT_PLATFORM) || strcmp((char *)getauxval(AT_PLATFORM), "x86_64"))
		return 6;
	if (!vdso || memcmp(vdso->e_ident, ELFMAG, SELFMAG))
		return 7;
	if (!getauxval(AT_HWCAP))
		return 8;
	return 0;
}

TEST(auxv)
{
	is(run_helper("auxv", "x", NULL), 0, "the stack and the auxiliary vector");
}

HELPER(kept)
{
	struct rlimit limit;
	struct sigaction action;
	sigset_t mask;

	if (getpid() != atoi(argv[0]))
		return 1;
	if (fcntl(50, F_GETFD) < 0)
		return 2;
	if (fcntl(51, F_GETFD) >= 0)
		return 3;
	if (umask(0) != 0135)
		return 4;
	sigaction(SIGUSR1, NULL, &action);
	if (action.sa_handler != SIG_DFL)
		return 5;
	sigaction(SIGUSR2, NULL, &action);
	if (action.sa_handler != SIG_IGN)
		return 6;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (!sigismember(&mask, SIGHUP) || sigismember(&mask, SIGINT))
		return 7;
	sigpending(&mask);
	if (!sigismember(&mask, SIGHUP))
		return 8;
	if (getrlimit(RLIMIT_CORE, &limit) || limit.rlim_cur != 4096)
		return 9;
	if (alarm(0) == 0)
		return 10;
	return strcmp(argv[1], "cwd") ? 11 : 0;
}

static void caught(int signal)
{
	(void)signal;
}

TEST(kept)
{
	struct rlimit limit = {4096, 8192};
	char number[20];
	sigset_t mask;
	pid_t pid = must(fork());

	if (pid == 0) {
		must(dup2(0, 50));
		must(dup3(0, 51, O_CLOEXEC));
		umask(0135);
		signal(SIGUSR1, caught);
		signal(SIGUSR2, SIG_IGN);
		sigemptyset(&mask);
		sigaddset(&mask, SIGHUP);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		raise(SIGHUP);
		setrlimit(RLIMIT_CORE, &limit);
		alarm(1000);
		snprintf(number, sizeof(number), "%d", getpid());
		execl(tap_self, tap_self, "--as", "kept", number, "cwd", NULL);
		_exit(99);
	}
	exits(pid, 0, "what execve keeps and resets");
}

HELPER(count)
{
	return argc;
}

TEST(scripts)
{
	char text[600], *args[] = {"name", "a", "b", NULL};
	int fd;

	script("s", "#!/bin/sh\nexit 7\n");
	is(run("./s"), 7, "a script");
	script("s", "#! /bin/sh -e\nfalse\nexit 7\n");
	is(run("./s"), 1, "with an argument");
	script("s", "#!/bin/sh\n[ \"$0\" = ./s ] && [ $# = 2 ] && [ \"$1$2\" = ab ]\n");
	is(run_env("./s", args, environ), 0, "the script's path and arguments");
	script("s2", "#!./s\n");
	script("s", "#!/bin/sh\n[ \"$1\" = ./s2 ]\n");
	is(run("./s2"), 0, "a script run by a script");
	script("s", "#!/none/such\n");
	is(run("./s"), -ENOENT, "no such interpreter");
	script("s", "#!\n");
	is(run("./s"), -ENOEXEC, "no interpreter named");
	script("s", "#!/bin/sh");
	is(run("./s"), 0, "no line end");
	script("loop", "#!./loop\n");
	is(run("./loop"), -ELOOP, "an endless chain");
	snprintf(text, sizeof(text), "#!/bin/%0300d\n", 0);
	script("s", text);
	is(run("./s"), -ENOEXEC, "an interpreter's name that is cut off");
	script("s", "#!/bin/sh\nexit 3\n");
	fd = must(open("s", O_RDONLY | O_CLOEXEC));
	is(syscall(SYS_execveat, fd, "", args, environ, 0x1000), -1,
	   "a script by a descriptor that closes");
	is(errno, ENOENT, "cannot be named to the interpreter");
}

TEST(errors)
{
	char *args[] = {"x", NULL};

	is(run("./none"), -ENOENT, "no such file");
	is(run(""), -ENOENT, "an empty path");
	close(tap_file("f", "not a program\n"));
	is(run("./f"), -EACCES, "not executable");
	must(chmod("f", 0755));
	is(run("./f"), -ENOEXEC, "no known format");
	script("empty", "");
	is(run("./empty"), -ENOEXEC, "an empty file");
	must(mkdir("d", 0755));
	is(run("./d"), -EACCES, "a directory");
	is(run("./f/x"), -ENOTDIR, "below a file");
	must(symlink("l", "l"));
	is(run("./l"), -ELOOP, "a link to itself");
	is(run("/dev/null"), -EACCES, "a device");
	fails(syscall(SYS_execve, BAD, args, environ), EFAULT, "bad path");
	fails(syscall(SYS_execve, tap_self, BAD, environ), EFAULT, "bad argv");
	fails(syscall(SYS_execve, tap_self, args, BAD), EFAULT, "bad envp");
	args[0] = BAD;
	fails(syscall(SYS_execve, tap_self, args, environ), EFAULT, "bad argument");
	args[0] = "x";
	fails(syscall(SYS_execveat, 999, "x", args, environ, 0), EBADF, "execveat: bad descriptor");
	fails(syscall(SYS_execveat, AT_FDCWD, "x", args, environ, 1), EINVAL,
	      "execveat: unknown flag");
}

static void copy_self(const char *to)
{
	static char buf[65536];
	int in = must(open(tap_self, O_RDONLY)),
	    out = must(open(to, O_CREAT | O_WRONLY | O_TRUNC, 0755)), n;

	while ((n = must(read(in, buf, sizeof(buf)))) > 0)
		must(write(out, buf, n));
	close(in);
	close(out);
}

TEST(busy)
{
	char *args[] = {"./copy", "--as", "count", NULL};
	int fd;
	pid_t pid;

	copy_self("copy");
	is(run_env("./copy", args, environ), 0, "a copy runs");
	fd = must(open("copy", O_WRONLY));
	is(run_env("./copy", args, environ), -ETXTBSY, "not while it is open for writing");
	close(fd);
	pid = must(fork());
	if (pid == 0) {
		/* Not while the parent has it open to see whether it may. */
		do
			execl("./copy", "./copy", "--as", "sleep", NULL);
		while (errno == ETXTBSY);
		_exit(1);
	}
	for (int i = 0; i < 500 && (fd = open("copy", O_WRONLY)) >= 0; i++) {
		close(fd);
		tap_sleep_ms(10);
	}
	is(errno, ETXTBSY, "a running program cannot be written");
	fails(truncate("copy", 0), ETXTBSY, "nor cut");
	works(unlink("copy"), "but unlinked");
	must(kill(pid, SIGKILL));
	dies(pid, SIGKILL, "it ran");
}

HELPER(sleep)
{
	pause();
	return 1;
}

TEST(too_big)
{
	static char *args[200010], big[140000];
	int n = 0;

	args[n++] = (char *)tap_self;
	args[n++] = "--as";
	args[n++] = "count";
	memset(big, 'x', sizeof(big) - 1);
	big[131071] = 0;
	args[n++] = big;
	is(run_env(tap_self, args, environ), 1, "one argument of 128 KiB less one");
	big[131071] = 'x';
	is(run_env(tap_self, args, environ), -E2BIG, "one of 128 KiB");
	memset(big, 'x', 131071);
	big[100000] = 0;
	for (int i = 0; i < 15; i++)
		args[n++] = big;
	is(run_env(tap_self, args, environ), 16, "1.6 MB of arguments");
	for (int i = 0; i < 10; i++)
		args[n++] = big;
	is(run_env(tap_self, args, environ), -E2BIG,
	   "2.6 MB are more than a quarter of the stack's limit");
	n = 3;
	while (n < 100003)
		args[n++] = "y";
	args[n] = NULL;
	is(run_env(tap_self, args, environ), 100000 % 256, "100,000 arguments");
}

/* A program's header with one thing wrong; run in a child, as no status may kill us. */
static int broken(void (*damage)(Elf64_Ehdr *e, Elf64_Phdr *p))
{
	Elf64_Ehdr e;
	Elf64_Phdr p[16];
	char *args[] = {"./broken", "--as", "count", NULL};
	int fd;

	copy_self("broken");
	fd = must(open("broken", O_RDWR));
	must(pread(fd, &e, sizeof(e), 0));
	must(pread(fd, p, e.e_phnum * sizeof(*p), e.e_phoff));
	damage(&e, p);
	must(pwrite(fd, p, 2 * sizeof(*p), sizeof(e)));
	must(pwrite(fd, &e, sizeof(e), 0));
	close(fd);
	return run_env("./broken", args, environ);
}

static void bad_class(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)p;
	e->e_machine = EM_ARM;
}

static void bad_type(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)p;
	e->e_type = ET_REL;
}

static void bad_phentsize(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)p;
	e->e_phentsize = 7;
}

static void no_headers(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)p;
	e->e_phnum = 0;
}

static void headers_outside(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)p;
	e->e_phoff = 1ul << 40;
}

static void kernel_address(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)e;
	p[0].p_type = PT_LOAD;
	p[0].p_vaddr = 0xffffffff80000000;
}

static void size_wraps(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)e;
	p[0].p_type = PT_LOAD;
	p[0].p_memsz = -1ul;
}

static void file_larger(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)e;
	p[0].p_type = PT_LOAD;
	p[0].p_filesz = p[0].p_memsz + 1;
}

static void bad_entry(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)p;
	e->e_entry = 0x10;
}

static void kernel_entry(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)p;
	e->e_entry = 0xffffffff80000000;
}

static void uncanonical_entry(Elf64_Ehdr *e, Elf64_Phdr *p)
{
	(void)p;
	e->e_entry = 0x8000000000000000;
}

/* Refused with an error, or ended by a signal: anything but running, or taking the system with
 * it. */
static void refused(int result, const char *what)
{
	if (!ok(result < 0 || result >= 1000, "%s", what))
		diag("  it ran, and ended with %d", result);
}

TEST(broken_programs)
{
	is(broken(bad_class), -ENOEXEC, "for another machine");
	is(broken(bad_type), -ENOEXEC, "an object file");
	is(broken(bad_phentsize), -ENOEXEC, "wrong size of program headers");
	refused(broken(no_headers), "no program headers");
	refused(broken(headers_outside), "program headers behind the end");
	refused(broken(kernel_address), "a segment in the kernel's half");
	refused(broken(size_wraps), "a segment whose size wraps");
	refused(broken(file_larger), "a segment larger in the file than in memory");
	refused(broken(bad_entry), "an entry that is nowhere");
	refused(broken(kernel_entry), "an entry in the kernel's half");
	refused(broken(uncanonical_entry), "an entry that no address can have");
	for (int size = 1; size < 5000; size = size * 2 + 13) {
		copy_self("cut");
		must(truncate("cut", size));
		refused(run("./cut"), "a truncated program");
	}
}

TEST(kinds)
{
	char dir[400], path[500], *args[] = {"hello", "you", NULL};
	static const char *const kinds[] = {"static", "static-pie", "dynamic"};

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(tap_self, '/') - tap_self), tap_self);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/hello-%s", dir, kinds[i]);
		if (access(path, X_OK) < 0 ||
		    (i == 2 && access("/lib/ld-musl-x86_64.so.1", X_OK) < 0))
			skip(kinds[i], "not built here");
		else
			is(run_env(path, args, environ), 42, kinds[i]);
	}
}

HELPER(layout)
{
	int on_stack;
	unsigned long places[4] = {(unsigned long)&on_stack, (unsigned long)sbrk(0), 0,
				   getauxval(AT_SYSINFO_EHDR)};

	places[2] = (unsigned long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return write(3, places, sizeof(places)) != sizeof(places);
}

TEST(randomised)
{
	unsigned long a[4], b[4];
	int p[2], same[4] = {1, 1, 1, 1};

	must(pipe(p));
	for (int round = 0; round < 5; round++) {
		pid_t pid = must(fork());

		if (pid == 0) {
			dup2(p[1], 3);
			execl(tap_self, tap_self, "--as", "layout", NULL);
			_exit(1);
		}
		must(waitpid(pid, NULL, 0));
		must(read(p[0], b, sizeof(b)));
		for (int i = 0; round && i < 4; i++)
			same[i] &= a[i] == b[i];
		memcpy(a, b, sizeof(a));
	}
	ok(!same[0], "the stack");
	ok(!same[1], "the heap");
	ok(!same[2], "mappings");
	ok(!same[3], "the vDSO");
}

TEST(thousand)
{
	char *args[] = {(char *)tap_self, "--as", "count", NULL};
	int bad = 0;

	for (int i = 0; i < 1000; i++)
		bad += run_env(tap_self, args, environ) != 0;
	is(bad, 0, "1,000 rounds of fork, exec and wait");
}
