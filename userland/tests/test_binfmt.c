/* Programs of registered formats (binfmt_misc): how they are known, what their interpreters get. */
#include "tap.h"
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define AT    "/proc/sys/fs/binfmt_misc"
#define MAGIC 0x42494e4d

extern char **environ;

static void mounted(void)
{
	if (access(AT "/register", F_OK) < 0)
		must(mount("none", AT, "binfmt_misc", 0, NULL));
}

static long reg(const char *text)
{
	return tap_write(AT "/register", text);
}

/* Registers a format that this program's helpers interpret; `known` is "type:offset:magic:mask". */
static void reg_self(const char *name, const char *known, const char *flags)
{
	char text[512];

	snprintf(text, sizeof(text), ":%s:%s:%s:%s", name, known, tap_self, flags);
	works(reg(text), text);
}

static void drop(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), AT "/%s", name);
	tap_write(path, "-1");
}

static void program(const char *path, const char *text, mode_t mode)
{
	int fd = must(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755));

	must(write(fd, text, strlen(text)));
	must(fchmod(fd, mode));
	close(fd);
}

/* Executes path: the status of that, errno if it cannot be, or 1000 and the signal. */
static int run_as(const char *path, char *const argv[])
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execve(path, argv, environ);
		_exit(errno);
	}
	must(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* The path is "--as", so that an interpreter that is this program finds its helper behind it. */
static int run(const char *helper, const char *more)
{
	char *argv[] = {"zero", (char *)helper, (char *)more, NULL};

	return run_as("--as", argv);
}

TEST(files)
{
	struct statfs fs;
	struct stat st;

	mounted();
	must(statfs(AT, &fs));
	is(fs.f_type, MAGIC, "its magic number");
	is_text(tap_read(AT "/status"), "enabled\n", "formats count");
	must(stat(AT "/status", &st));
	is(st.st_mode, S_IFREG | 0644, "status");
	must(stat(AT "/register", &st));
	is(st.st_mode, S_IFREG | 0200, "register");
	works(reg(":tap.m:M:2:a\\x00\\xfFz:\\xff\\x0f\\xFf\\xff:/bin/echo:"), "a magic number");
	must(stat(AT "/tap.m", &st));
	is(st.st_mode, S_IFREG | 0644, "has a file");
	is_text(tap_read(AT "/tap.m"),
		"enabled\ninterpreter /bin/echo\nflags: \noffset 2\nmagic 6100ff7a\n"
		"mask ff0fffff\n", "that tells of it");
	works(reg(",tap.e,E,,tap,,/bin/echo,POC\n"), "an extension, another delimiter");
	is_text(tap_read(AT "/tap.e"),
		"enabled\ninterpreter /bin/echo\nflags: POC\nextension .tap\n", "the same");
	works(tap_write(AT "/tap.e", "0\n"), "turned off");
	ok(!strncmp(tap_read(AT "/tap.e"), "disabled\n", 9), "is disabled");
	fails(tap_write(AT "/tap.e", "2"), EINVAL, "no command");
	fails(tap_write(AT "/tap.e", "0000"), EINVAL, "too long for one");
	works(tap_write(AT "/tap.e", "-1"), "removed");
	fails(access(AT "/tap.e", F_OK), ENOENT, "is gone");
	works(reg(":tap.e:E::tap::/bin/cat:"), "the name may be used again");
	ok(strstr(tap_read(AT "/tap.e"), "/bin/cat") != NULL, "by another");
	fails(unlink(AT "/tap.e"), EPERM, "unlink");
	fails(mkdir(AT "/new", 0700), EPERM, "mkdir");
	works(tap_write(AT "/status", "-1"), "all removed");
	fails(access(AT "/tap.m", F_OK), ENOENT, "are gone");
}

TEST(wrong)
{
	static const char *const wrong[] = {
		":::::::::::", ":n:X::m::/bin/echo:", ":n:M::::/bin/echo:", ":n:M::m:::",
		":a/b:M::m::/bin/echo:", ":.:M::m::/bin/echo:", ":..:M::m::/bin/echo:",
		":n:M:-1:m::/bin/echo:", ":n:M:x:m::/bin/echo:", ":n:M:256:m::/bin/echo:",
		":n:M::mm:\\xff:/bin/echo:", ":n:M::\\xg0::/bin/echo:", ":n:M::m::/bin/echo:X",
		":n:E::::/bin/echo:", ":n:E::a/b::/bin/echo:", "::M::m::/bin/echo:",
		":n:M::m::/bin/echo", "12345678901",
	};
	char text[2048];

	mounted();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		fails(reg(wrong[i]), EINVAL, wrong[i]);
	fails(reg(":n:E::e::/"), EINVAL, "too short");
	snprintf(text, sizeof(text), ":n:M::%01900d::/bin/echo:", 1);
	fails(reg(text), EINVAL, "too long");
	works(reg(":n:M:255:m::/bin/echo:"), "at the end of what is looked at");
	fails(reg(":n:M::m::/bin/echo:"), EEXIST, "a name twice");
	fails(reg(":f:M::m::/no/such/file:F"), ENOENT, "F of nothing");
	fails(access(AT "/f", F_OK), ENOENT, "registers nothing");
	works(reg(":f:M::m::/no/such/file:"), "without F nobody looks");
	tap_write(AT "/status", "-1");
}

/* argc and argv are behind "--as NAME". */
HELPER(plain)
{
	return argc != 1 || strcmp(argv[0], "more") || strcmp(argv[-3], tap_self) ||
	       getauxval(AT_EXECFD) || getauxval(AT_FLAGS) ||
	       strcmp((char *)getauxval(AT_EXECFN), "--as");
}

TEST(interpreter)
{
	mounted();
	program("--as", "#?tap format", 0755);
	is(run("plain", "more"), ENOEXEC, "no program yet");
	reg_self("tap", "M::#?tap:", "");
	is(run("plain", "more"), 0, "the interpreter runs, with the file's path for argv[0]");
	tap_write(AT "/tap", "0");
	is(run("plain", "more"), ENOEXEC, "not while it is turned off");
	tap_write(AT "/tap", "1");
	tap_write(AT "/status", "0");
	is_text(tap_read(AT "/status"), "disabled\n", "all turned off");
	is(run("plain", "more"), ENOEXEC, "not then");
	tap_write(AT "/status", "1");
	is(run("plain", "more"), 0, "and again");
	chmod("--as", 0644);
	is(run("plain", "more"), EACCES, "the file must be executable");
	chmod("--as", 0755);
	drop("tap");
	works(reg(":tap:M::#?tap::/no/such/file:"), "an interpreter that is not there");
	is(run("plain", "more"), ENOENT, "ENOENT");
	drop("tap");
	works(reg(":tap:M:2:T\\x01P:\\xdf\\x00\\xdf:/no/such/file:"), "bits of a mask");
	is(run("plain", "more"), ENOENT, "are all that counts");
	reg_self("newer", "M::#?:", "");
	is(run("plain", "more"), 0, "the newest of two comes first");
	tap_write(AT "/status", "-1");
	unlink("--as");
}

TEST(extension)
{
	char *argv[] = {"zero", "--as", "plain", "more", NULL};

	mounted();
	program("x.tap", "anything", 0755);
	works(reg(":tap:E::tap::/bin/true:"), "an extension");
	is(run_as("./x.tap", argv), 0, "is known by the name");
	program("tap", "anything", 0755);
	is(run_as("./tap", argv), ENOEXEC, "which is none without a dot");
	works(reg(":elf:M::\\x7f\\x45LF::/bin/true:"), "even of ELF");
	is(run_as("/bin/false", argv), ELOOP, "and their interpreters are such as well");
	tap_write(AT "/status", "-1");
	unlink("x.tap");
	unlink("tap");
}

/* Behind "--as": argv[0] of the caller, which is this helper's name, and its arguments. */
HELPER(preserved)
{
	return argc != 2 || strcmp(argv[0], "one") || strcmp(argv[1], "two") ||
	       getauxval(AT_FLAGS) != 1;
}

TEST(preserve_argv0)
{
	char *argv[] = {"preserved", "one", "two", NULL};

	mounted();
	program("--as", "#?tap", 0755);
	reg_self("tap", "M::#?tap:", "P");
	is(run_as("--as", argv), 0, "P: argv[0] is kept behind the path");
	tap_write(AT "/status", "-1");
	unlink("--as");
}

HELPER(opened)
{
	char text[16] = "", link[256] = "";
	int fd = (int)getauxval(AT_EXECFD);
	char name[40];

	if (fd < 3 || pread(fd, text, 5, 0) != 5 || strcmp(text, "#?tap"))
		return 1;
	if (fcntl(fd, F_GETFD) || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return 2;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (readlink(name, link, sizeof(link) - 1) < 0 || !strstr(link, "/--as"))
		return 3;
	if (argc > 0 && !strcmp(argv[0], "euid"))
		return geteuid() != 1000 || !getauxval(AT_SECURE) ? 4 : 0;
	return geteuid() || getauxval(AT_SECURE) ? 5 : 0;
}

TEST(open_file)
{
	int fd;

	mounted();
	program("--as", "#?tap", 0111);
	reg_self("tap", "M::#?tap:", "O");
	is(run("opened", ""), 0, "O: the file comes open, by AT_EXECFD");
	must(chown("--as", 1000, 1000));
	must(chmod("--as", 04755));
	is(run("opened", ""), 0, "its set-user-ID bit does not count");
	drop("tap");
	reg_self("tap", "M::#?tap:", "C");
	is(run("opened", "euid"), 0, "C: it does");
	fd = must(open("--as", O_WRONLY));
	is(run("opened", "euid"), ETXTBSY, "not while somebody writes it");
	close(fd);
	tap_write(AT "/status", "-1");
	unlink("--as");
}

static int in_jail(void *argument)
{
	char *argv[] = {"zero", "plain", "more", NULL};

	(void)argument;
	must(chroot("jail"));
	must(chdir("/"));
	execve("--as", argv, environ);
	return errno;
}

HELPER(fixed)
{
	return argc != 1 || strcmp(argv[0], "more");
}

TEST(fixed)
{
	char self[512];

	mounted();
	snprintf(self, sizeof(self), "cp %s interp", tap_self);
	must(system(self));
	program("--as", "#?tap", 0755);
	must(getcwd(self, sizeof(self)) ? 0 : -1);
	strcat(self, "/interp");
	{
		char text[1024];

		snprintf(text, sizeof(text), ":tap:M::#?tap::%s:F", self);
		works(reg(text), "F");
	}
	must(rename("interp", "elsewhere"));
	is(run("fixed", "more"), 0, "F: the file, whatever its path is now");
	must(mkdir("jail", 0755));
	must(rename("--as", "jail/--as"));
	exits(tap_spawn(in_jail, NULL), 0, "in a chroot that does not have it as well");
	tap_write(AT "/status", "-1");
	unlink("jail/--as");
	rmdir("jail");
	unlink("elsewhere");
}

TEST(loop)
{
	char *argv[] = {"zero", NULL};
	char text[600], dir[400];

	mounted();
	must(getcwd(dir, sizeof(dir)) ? 0 : -1);
	program("again", "#?again", 0755);
	snprintf(text, sizeof(text), ":tap:M::#?again::%s/again:", dir);
	works(reg(text), "an interpreter that is one of its own");
	is(run_as("./again", argv), ELOOP, "ELOOP");
	tap_write(AT "/status", "-1");
	unlink("again");
}

/* A script of the file `interp` in this directory, and a format whose interpreter that is. */
static void script(const char *path, const char *dir, const char *interp)
{
	char text[500];

	snprintf(text, sizeof(text), "#!%s/%s\n", dir, interp);
	program(path, text, 0755);
}

static void format(const char *name, const char *dir, const char *interp, const char *flags)
{
	char text[600];

	snprintf(text, sizeof(text), "#?%s", name);
	program(name, text, 0755);
	snprintf(text, sizeof(text), ":%s:M::#?%s::%s/%s:%s", name, name, dir, interp, flags);
	works(reg(text), name);
}

/* Scripts and formats in turn: each counts. */
TEST(depth)
{
	char *argv[] = {"zero", NULL};
	char dir[400];

	mounted();
	must(getcwd(dir, sizeof(dir)) ? 0 : -1);
	format("one", "/bin", "true", "");
	script("two", dir, "one");
	format("three", dir, "two", "");
	script("four", dir, "three");
	format("five", dir, "four", "");
	script("six", dir, "five");
	format("seven", dir, "six", "");
	script("none", dir, "nothing");
	is(run_as("./four", argv), 0, "four interpreters");
	is(run_as("./five", argv), 0, "five");
	is(run_as("./six", argv), ELOOP, "six");
	is(run_as("./seven", argv), ELOOP, "seven");
	script("two", dir, "none");
	is(run_as("./six", argv), ENOENT, "the sixth's is not there");
	tap_write(AT "/status", "-1");
}

/* The file of a format with O is the last but one: its interpreter has none itself. */
TEST(open_is_last)
{
	char *argv[] = {"zero", NULL};
	char dir[400];

	mounted();
	must(getcwd(dir, sizeof(dir)) ? 0 : -1);
	format("one", "/bin", "true", "O");
	script("two", dir, "one");
	format("three", dir, "two", "");
	format("four", dir, "three", "O");
	script("five", dir, "four");
	script("six", "/bin", "true");
	format("seven", dir, "six", "O");
	is(run_as("./one", argv), 0, "a program");
	is(run_as("./three", argv), 0, "behind others");
	is(run_as("./four", argv), ENOEXEC, "another that is opened");
	is(run_as("./five", argv), ENOEXEC, "behind a script");
	is(run_as("./seven", argv), ENOEXEC, "a script");
	tap_write(AT "/status", "-1");
}
