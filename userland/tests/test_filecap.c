/*
 * Capabilities of program files (capabilities(7)): the attribute, the sets after execve(2), who is
 * not given any, and what takes them from a file.
 */
#include "tap.h"
#include <linux/capability.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

#define NAME      "security.capability"
#define BIT(c)    (1ull << (c))
#define RAW       BIT(CAP_NET_RAW)
#define ADMIN     BIT(CAP_NET_ADMIN)
#define EFFECTIVE 1

enum { STATE_FD = 150, USER = 1000 };

/* What a program finds itself to be, or why it was not started. */
struct state {
	int error, secure;
	uid_t uid, euid;
	uint64_t permitted, effective, inheritable, ambient;
};

static uint64_t cap_set(const char *key)
{
	const char *at = strstr(tap_read("/proc/self/status"), key);

	return at ? strtoull(at + strlen(key), NULL, 16) : ~0ull;
}

HELPER(state)
{
	struct state s = {
		.secure = (int)getauxval(AT_SECURE), .uid = getuid(), .euid = geteuid(),
		.permitted = cap_set("CapPrm:"), .effective = cap_set("CapEff:"),
		.inheritable = cap_set("CapInh:"), .ambient = cap_set("CapAmb:"),
	};

	return write(STATE_FD, &s, sizeof(s)) != sizeof(s);
}

/* The attribute in revision 2, or (with a root) 3. */
static int set_caps_of(const char *path, uint64_t permitted, uint64_t inheritable, int flags,
		       int root)
{
	uint32_t v[6] = { (root < 0 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3) | flags,
			  (uint32_t)permitted, (uint32_t)inheritable, permitted >> 32,
			  inheritable >> 32, (uint32_t)root };

	return setxattr(path, NAME, v, root < 0 ? 20 : 24, 0);
}

static int set_caps(const char *path, uint64_t permitted, uint64_t inheritable, int flags)
{
	return set_caps_of(path, permitted, inheritable, flags, -1);
}

static bool has_caps(const char *path)
{
	return getxattr(path, NAME, NULL, 0) > 0;
}

/* A copy of this program. */
static void make_program(const char *path)
{
	int from = must(open(tap_self, O_RDONLY)), to = must(open(path, O_CREAT | O_WRONLY, 0755));
	struct stat st;

	must(fstat(from, &st));
	for (off_t done = 0; done < st.st_size;)
		done += must(sendfile(to, from, NULL, (size_t)(st.st_size - done)));
	must(fchmod(to, 0755));
	close(from);
	close(to);
}

static void become_user(void)
{
	must(setgid(USER));
	must(setuid(USER));
}

/* Runs a program after before(). */
static struct state run(const char *program, void (*before)(void))
{
	struct state s = { .error = -1 };
	int ends[2];
	pid_t pid;

	must(pipe(ends));
	pid = fork();
	if (pid == 0) {
		must(dup2(ends[1], STATE_FD));
		close(ends[0]);
		close(ends[1]);
		before();
		execl(program, program, "--as", "state", NULL);
		s.error = errno;
		_exit(write(STATE_FD, &s, sizeof(s)) != sizeof(s));
	}
	close(ends[1]);
	if (read(ends[0], &s, sizeof(s)) != sizeof(s))
		diag("%s told nothing", program);
	close(ends[0]);
	must(waitpid(pid, NULL, 0));
	return s;
}

static void sets_are(const struct state *s, uint64_t permitted, uint64_t effective,
		     const char *what)
{
	bool right = !s->error && s->permitted == permitted && s->effective == effective;

	if (!ok(right, "%s", what))
		diag("error %d permitted %llx effective %llx secure %d", s->error,
		     (unsigned long long)s->permitted, (unsigned long long)s->effective, s->secure);
}

TEST(attribute)
{
	uint32_t v[8] = { VFS_CAP_REVISION_2, 1, 0, 0, 0, 0 };

	if (tap_not_root("capabilities"))
		return;
	close(tap_file("f", "x"));
	fails(getxattr("f", NAME, v, sizeof(v)), ENODATA, "none at first");
	works(set_caps("f", RAW, ADMIN, EFFECTIVE), "set");
	is(getxattr("f", NAME, v, sizeof(v)), 20, "revision 2");
	is(v[0], VFS_CAP_REVISION_2 | EFFECTIVE, "with its flag");
	ok(v[1] == RAW && v[2] == ADMIN && !v[3] && !v[4], "and its sets");
	fails(getxattr("f", NAME, v, 19), ERANGE, "too small a buffer");
	works(set_caps_of("f", RAW, 0, EFFECTIVE, 0), "revision 3, for root");
	is(getxattr("f", NAME, v, sizeof(v)), 20, "is shown as revision 2");
	is(v[0], VFS_CAP_REVISION_2 | EFFECTIVE, "which it says");
	works(set_caps_of("f", RAW, 0, 0, 5), "for another root");
	is(getxattr("f", NAME, v, sizeof(v)), 24, "it stays revision 3");
	ok(v[0] == VFS_CAP_REVISION_3 && v[5] == 5, "with its root");
	v[0] = VFS_CAP_REVISION_1;
	fails(setxattr("f", NAME, v, 12, 0), EINVAL, "revision 1");
	v[0] = VFS_CAP_REVISION_2;
	fails(setxattr("f", NAME, v, 24, 0), EINVAL, "revision 2 is not that long");
	v[0] = VFS_CAP_REVISION_3;
	fails(setxattr("f", NAME, v, 20, 0), EINVAL, "revision 3 is longer");
	fails(setxattr("f", NAME, v, 4, 0), EINVAL, "no sets");
	v[0] = 0x04000000;
	fails(setxattr("f", NAME, v, 24, 0), EINVAL, "an unknown revision");
	v[0] = VFS_CAP_REVISION_2 | 2;
	fails(setxattr("f", NAME, v, 20, 0), EINVAL, "an unknown flag");
}

TEST(gained)
{
	struct state s;

	if (tap_not_root("capabilities"))
		return;
	make_program("p");
	s = run("./p", become_user);
	sets_are(&s, 0, 0, "a plain file gives nothing");
	is(s.secure, 0, "and is not secure");
	must(set_caps("p", RAW, 0, 0));
	s = run("./p", become_user);
	sets_are(&s, RAW, 0, "permitted, not effective");
	is(s.secure, 1, "is secure");
	must(set_caps("p", RAW | ADMIN | BIT(CAP_BPF), 0, EFFECTIVE));
	s = run("./p", become_user);
	sets_are(&s, RAW | ADMIN | BIT(CAP_BPF), RAW | ADMIN | BIT(CAP_BPF), "effective as well");
	is(s.secure, 1, "and secure");
	ok(s.uid == USER && s.euid == USER, "as the same user");
	must(set_caps("p", BIT(63) | RAW, BIT(62), EFFECTIVE));
	s = run("./p", become_user);
	sets_are(&s, RAW, RAW, "capabilities that do not exist are none");
	must(set_caps("p", 0, 0, EFFECTIVE));
	s = run("./p", become_user);
	sets_are(&s, 0, 0, "an empty set");
	is(s.secure, 1, "which is effective, is secure");
	must(set_caps("p", 0, 0, 0));
	s = run("./p", become_user);
	is(s.secure, 0, "unless it is not");
	must(set_caps_of("p", RAW, 0, EFFECTIVE, 0));
	s = run("./p", become_user);
	sets_are(&s, RAW, RAW, "revision 3 for root");
	must(set_caps_of("p", RAW, 0, EFFECTIVE, 7));
	s = run("./p", become_user);
	sets_are(&s, 0, 0, "but for nobody else's root");
}

static void make_inheritable(uint64_t set)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	must(syscall(SYS_capget, &h, d));
	d[0].inheritable = (uint32_t)set;
	d[1].inheritable = set >> 32;
	must(syscall(SYS_capset, &h, d));
}

static void inheriting(void)
{
	make_inheritable(RAW | ADMIN);
	become_user();
}

static void with_ambient(void)
{
	make_inheritable(RAW | ADMIN);
	must(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	become_user();
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0));
}

static void bounded(void)
{
	must(prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0));
	become_user();
}

/* The bounding set is not asked about what is inheritable before. */
static void bounded_inheriting(void)
{
	make_inheritable(RAW);
	bounded();
}

TEST(inherited)
{
	struct state s;

	if (tap_not_root("capabilities"))
		return;
	make_program("p");
	must(set_caps("p", 0, RAW | BIT(CAP_CHOWN), 0));
	s = run("./p", inheriting);
	sets_are(&s, RAW, 0, "what is inheritable on both sides");
	ok(s.inheritable == (RAW | ADMIN), "what the process has so stays");
	must(set_caps("p", BIT(CAP_CHOWN), RAW, EFFECTIVE));
	s = run("./p", inheriting);
	sets_are(&s, RAW | BIT(CAP_CHOWN), RAW | BIT(CAP_CHOWN), "and what the file permits");
	must(removexattr("p", NAME));
	s = run("./p", with_ambient);
	sets_are(&s, RAW | ADMIN, RAW | ADMIN, "the ambient set passes a plain file");
	is(s.secure, 0, "which is not secure");
	ok(s.ambient == (RAW | ADMIN), "and stays ambient");
	must(set_caps("p", RAW, 0, 0));
	s = run("./p", with_ambient);
	sets_are(&s, RAW, 0, "a file with capabilities ends it");
	ok(s.ambient == 0, "completely");
}

TEST(bounding)
{
	struct state s;

	if (tap_not_root("capabilities"))
		return;
	make_program("p");
	must(set_caps("p", RAW | ADMIN, 0, 0));
	s = run("./p", bounded);
	sets_are(&s, ADMIN, 0, "the bounding set limits what a file permits");
	must(set_caps("p", RAW | ADMIN, 0, EFFECTIVE));
	s = run("./p", bounded);
	is(s.error, EPERM, "a program that would lack something is not started");
	must(set_caps("p", RAW | ADMIN, RAW, EFFECTIVE));
	s = run("./p", bounded_inheriting);
	sets_are(&s, RAW | ADMIN, RAW | ADMIN, "what is inherited need not be within it");
}

static void nothing(void)
{
}

static void no_root(void)
{
	must(prctl(PR_SET_SECUREBITS, 1, 0, 0, 0)); /* SECBIT_NOROOT */
}

TEST(root)
{
	struct state all, s;

	if (tap_not_root("capabilities"))
		return;
	make_program("p");
	all = run("./p", nothing);
	is(all.secure, 0, "root is not secure");
	must(set_caps("p", RAW, 0, 0));
	s = run("./p", nothing);
	sets_are(&s, all.permitted, all.effective, "root has all whatever a file says");
	is(s.secure, 0, "and is not secure");
	s = run("./p", no_root);
	sets_are(&s, RAW, 0, "with SECBIT_NOROOT only what the file says");
	must(chmod("p", 04755));
	s = run("./p", become_user);
	sets_are(&s, RAW, 0, "set-user-ID-root with capabilities gives only those");
	ok(s.uid == USER && s.euid == 0 && s.secure == 1, "to root, securely");
	must(removexattr("p", NAME));
	s = run("./p", become_user);
	sets_are(&s, all.permitted, all.permitted, "without them it gives all");
}

static void no_new_privileges(void)
{
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	become_user();
}

/* Permitted is kept, so that the file's need not be gained. */
static void no_new_privileges_kept(void)
{
	must(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	no_new_privileges();
}

TEST(not_given)
{
	struct state s;
	uint32_t bad[5] = { 0 };

	if (tap_not_root("capabilities"))
		return;
	make_program("p");
	must(set_caps("p", RAW, 0, EFFECTIVE));
	s = run("./p", no_new_privileges);
	sets_are(&s, 0, 0, "not with no_new_privs");
	s = run("./p", no_new_privileges_kept);
	sets_are(&s, RAW, RAW, "but what the caller had");
	must(chmod("p", 04755));
	s = run("./p", no_new_privileges);
	ok(s.euid == USER, "nor another identity");
	must(mkdir("m", 0755));
	must(mount(".", "m", NULL, MS_BIND, NULL));
	must(mount(NULL, "m", NULL, MS_BIND | MS_REMOUNT | MS_NOSUID, NULL));
	s = run("m/p", become_user);
	sets_are(&s, 0, 0, "not on a nosuid mount");
	ok(s.euid == USER && !s.secure, "nor another identity there");
	must(umount("m"));
	is(setxattr("p", NAME, bad, sizeof(bad), 0), -1, "nonsense is not kept");
}

/* Shares its directory with its parent. */
static int shared_child(void *program)
{
	become_user();
	execl(program, program, "--as", "state", NULL);
	return 1;
}

TEST(shared_directory)
{
	static char stack[65536];
	struct state s = { 0 };
	int ends[2];
	pid_t pid;

	if (tap_not_root("capabilities"))
		return;
	make_program("p");
	must(set_caps("p", RAW, 0, EFFECTIVE));
	must(pipe(ends));
	must(dup2(ends[1], STATE_FD));
	pid = must(clone(shared_child, stack + sizeof(stack), CLONE_FS | SIGCHLD, "./p"));
	must(read(ends[0], &s, sizeof(s)));
	must(waitpid(pid, NULL, 0));
	sets_are(&s, 0, 0, "not while another process could change the directory");
}

/* One way to change a file, after which it has lost its capabilities (or not). */
static int write_byte(void)
{
	int fd = must(open("f", O_WRONLY));
	int n = (int)write(fd, "y", 1);

	close(fd);
	return n;
}

static int write_nothing(void)
{
	int fd = must(open("f", O_WRONLY));
	int n = (int)write(fd, "y", 0);

	close(fd);
	return n;
}

static int cut(void)
{
	return truncate("f", 1);
}

static int cut_open(void)
{
	int fd = open("f", O_WRONLY | O_TRUNC);

	return close(fd);
}

static int give(void)
{
	return chown("f", 5, 5);
}

static int give_nobody(void)
{
	return chown("f", -1, -1);
}

static int protect(void)
{
	return chmod("f", 0700);
}

static int date(void)
{
	return utimensat(AT_FDCWD, "f", NULL, 0);
}

static int move(void)
{
	return rename("f", "g") < 0 ? -1 : rename("g", "f");
}

static int relink(void)
{
	return link("f", "h") < 0 ? -1 : unlink("h");
}

static int copy_into(void)
{
	int from = tap_file("from", "abcdef"), to = must(open("f", O_WRONLY));
	int n = (int)sendfile(to, from, NULL, 4);

	close(from);
	close(to);
	return n;
}

static int read_it(void)
{
	char byte;
	int fd = must(open("f", O_RDWR));
	int n = (int)read(fd, &byte, 1);

	close(fd);
	return n;
}

TEST(lost)
{
	static const struct { const char *what; int (*change)(void); bool lost; } ways[] = {
		{ "write", write_byte, true },
		{ "truncate", cut, true },
		{ "O_TRUNC", cut_open, true },
		{ "chown", give, true },
		{ "chown to nobody", give_nobody, true },
		{ "sendfile", copy_into, true },
		{ "a write of nothing", write_nothing, false },
		{ "read", read_it, false },
		{ "chmod", protect, false },
		{ "utimensat", date, false },
		{ "rename", move, false },
		{ "link", relink, false },
	};
	if (tap_not_root("capabilities"))
		return;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		close(tap_file("f", "some text"));
		must(write_byte());
		must(set_caps("f", RAW, 0, EFFECTIVE));
		works(ways[i].change(), ways[i].what);
		ok(has_caps("f") == !ways[i].lost, "%s: %s", ways[i].what,
		   ways[i].lost ? "lost" : "kept");
		unlink("f");
	}
}

static int as_user(void *arg)
{
	uint32_t v[6];

	(void)arg;
	fails(set_caps("f", RAW, 0, 0), EPERM, "a user may not set them");
	if (is_skerry()) /* Linux with the BPF security module does not ask */
		fails(removexattr("f", NAME), EPERM, "nor remove them");
	is(getxattr("f", NAME, v, sizeof(v)), 20, "but read them");
	works(write_byte(), "and write");
	ok(!has_caps("f"), "by which they are lost");
	return 0;
}

/* Somebody else's file. */
static int as_stranger(void *arg)
{
	(void)arg;
	works(give_nobody(), "a stranger's chown to nobody");
	if (is_skerry()) /* Linux takes them */
		ok(has_caps("f"), "takes nothing away");
	fails(give(), EPERM, "nor does one to somebody");
	return 0;
}

TEST(strangers)
{
	if (tap_not_root("capabilities"))
		return;
	close(tap_file("f", "text"));
	must(set_caps("f", RAW, 0, 0));
	is(tap_as_user(as_stranger, NULL), 0, "the stranger's part");
}

TEST(users)
{
	if (tap_not_root("capabilities"))
		return;
	close(tap_file("f", "text"));
	must(chown("f", USER, USER));
	must(set_caps("f", RAW, 0, 0));
	is(tap_as_user(as_user, NULL), 0, "the user's part");
}
