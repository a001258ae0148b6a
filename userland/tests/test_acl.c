/*
 * Access control lists (acl(5)), set by their attributes: what is a list, how it and the mode
 * follow each other, whom it lets in, and what new files inherit.
 */
#include <sys/xattr.h>

#include "tap.h"

#define ACCESS  "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

enum { UO = 1, U = 2, GO = 4, G = 8, M = 16, O = 32 };

struct entry {
	uint16_t tag, perm;
	uint32_t id;
};

struct list {
	uint32_t version;
	struct entry e[8];
	int n;
};

/* Reads "uo=7 u1000=5 go=4 g5=6 m=7 o=0". */
static struct list parse(const char *text)
{
	static const struct { const char *word; int tag; } tags[] = {
		{ "uo=", UO }, { "go=", GO }, { "o=", O }, { "m=", M }, { "u", U }, { "g", G },
	};
	struct list l = { .version = 2 };

	while (*text) {
		struct entry *e = &l.e[l.n++];
		int i = 0;

		while (strncmp(text, tags[i].word, strlen(tags[i].word)))
			i++;
		text += strlen(tags[i].word);
		e->tag = tags[i].tag;
		e->id = e->tag & (U | G) ? strtoul(text, (char **)&text, 10) : ~0u;
		text += *text == '=';
		e->perm = strtoul(text, (char **)&text, 8);
		text += *text == ' ';
	}
	return l;
}

static long set(const char *path, const char *name, const char *text)
{
	struct list l = parse(text);

	return setxattr(path, name, &l, 4 + l.n * sizeof(struct entry), 0);
}

/* A list as text, or "-". */
static const char *get(const char *path, const char *name)
{
	static char text[200];
	struct list l;
	long n = getxattr(path, name, &l, 4 + sizeof(l.e));
	char *p = text;

	if (n < 0)
		return errno == ENODATA ? "-" : strerror(errno);
	for (int i = 0; i < (n - 4) / 8; i++) {
		const struct entry *e = &l.e[i];
		const char *who = e->tag == UO ? "uo" : e->tag == GO ? "go" : e->tag == O ? "o" :
				  e->tag == M ? "m" : e->tag == U ? "u" : "g";

		p += sprintf(p, e->tag & (U | G) ? "%s%s%u=%o" : "%s%s%.0u=%o", i ? " " : "", who,
			     e->tag & (U | G) ? e->id : 0, e->perm);
	}
	return text;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	must(stat(path, &st));
	return st.st_mode & 07777;
}

TEST(list_and_mode)
{
	char buf[100];

	close(tap_file("f", "x"));
	must(chmod("f", 0640));
	is_text(get("f", ACCESS), "-", "no list at first");
	works(set("f", ACCESS, "uo=6 u1000=7 go=4 m=7 o=0"), "a list");
	is_text(get("f", ACCESS), "uo=6 u1000=7 go=4 m=7 o=0", "is there");
	is(mode_of("f"), 0670, "the mode has its mask");
	works(chmod("f", 0750), "chmod");
	is_text(get("f", ACCESS), "uo=7 u1000=7 go=4 m=5 o=0", "changes owner, mask and others");
	works(set("f", ACCESS, "uo=6 go=4 o=4"), "a list that says no more than a mode");
	is_text(get("f", ACCESS), "-", "is not kept");
	is(mode_of("f"), 0644, "but the mode says it");
	works(set("f", ACCESS, "uo=6 go=6 m=4 o=4"), "one with a mask");
	is_text(get("f", ACCESS), "uo=6 go=6 m=4 o=4", "is kept");
	is(mode_of("f"), 0644, "and the mode has the mask");
	is(getxattr("f", ACCESS, NULL, 0), 36, "its size");
	fails(getxattr("f", ACCESS, buf, 35), ERANGE, "too small a buffer");
	works(removexattr("f", ACCESS), "removed");
	works(removexattr("f", ACCESS), "what is not there is removed, too");
	is(mode_of("f"), 0644, "the mode stays");
	is(listxattr("f", NULL, 0), 0, "nothing is listed");
	must(set("f", ACCESS, "uo=6 u1=4 go=6 m=4 o=4"));
	is(listxattr("f", buf, sizeof(buf)), sizeof(ACCESS), "a list is");
	is_text(buf, ACCESS, "by its name");
}

TEST(bad_lists)
{
	struct list l = parse("uo=6 go=6 o=4");

	close(tap_file("f", "x"));
	must(mkdir("d", 0755));
	fails(set("f", ACCESS, "uo=6 go=4"), EINVAL, "without others");
	fails(set("f", ACCESS, "go=4 uo=6 o=4"), EINVAL, "out of order");
	fails(set("f", ACCESS, "uo=6 u1000=7 go=4 o=4"), EINVAL, "a user without a mask");
	fails(set("f", ACCESS, "uo=6 uo=6 go=4 o=4"), EINVAL, "two owners");
	fails(set("f", ACCESS, "uo=6 go=4 m=4 m=4 o=4"), EINVAL, "two masks");
	fails(set("f", ACCESS, "uo=6 go=14 o=4"), EINVAL, "unknown permissions");
	fails(set("f", ACCESS, "uo=6 u4294967295=4 go=4 m=4 o=4"), EINVAL, "no user");
	fails(setxattr("f", ACCESS, &l, 3, 0), EINVAL, "no version");
	fails(setxattr("f", ACCESS, &l, 4 + 3 * 8 - 1, 0), EINVAL, "half an entry");
	l.e[0].tag = 3;
	fails(setxattr("f", ACCESS, &l, 4 + 3 * 8, 0), EINVAL, "an unknown tag");
	l.version = 1;
	fails(setxattr("f", ACCESS, &l, 4 + 3 * 8, 0), EOPNOTSUPP, "another version");
	fails(set("f", DEFAULT, "uo=6 go=4 o=4"), EACCES, "a default list of a file");
	works(removexattr("f", DEFAULT), "which may be removed");
	must(symlink("f", "link"));
	fails(lgetxattr("link", ACCESS, NULL, 0), EOPNOTSUPP, "a link has none");
	works(set("d", ACCESS, ""), "an empty list");
	is_text(get("d", ACCESS), "-", "is none");
}

static int can(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

static int user_1000(void *unused)
{
	struct stat before, after;

	(void)unused;
	ok(can("named", R_OK) && !can("named", W_OK), "a named user: what entry and mask have");
	ok(!can("denied", R_OK), "a named user is denied what others may");
	ok(can("group", R_OK) && !can("group", W_OK), "a named group");
	ok(can("groups", R_OK) && can("groups", W_OK), "one of two groups allows it");
	ok(!can("groups", R_OK | X_OK | W_OK), "no group allows all of it");
	ok(!can("no_group", R_OK), "a group that denies keeps others' bits away");
	ok(can("other", R_OK), "no entry: as others");
	ok(can("masked", X_OK) == 0, "the mask limits");
	fails(open("dir/f", O_RDONLY), EACCES, "a directory not to be searched");
	works(open("open_dir/f", O_RDONLY), "and one that may be");
	fails(set("named", ACCESS, "uo=6 go=4 o=4"), EPERM, "only the owner sets a list");
	is_text(get("named", ACCESS), "uo=6 u1000=6 go=0 m=4 o=0", "all may read it");
	must(stat("other", &before));
	works(removexattr("other", DEFAULT), "a file's default list, which never is, removed");
	must(stat("other", &after));
	ok(before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
	   before.st_ctim.tv_nsec == after.st_ctim.tv_nsec, "changes nothing of somebody else's");
	return 0;
}

static void make(const char *path, const char *list)
{
	close(tap_file(path, "x"));
	must(set(path, ACCESS, list));
}

TEST(who_may)
{
	make("named", "uo=6 u1000=6 go=0 m=4 o=0");
	make("denied", "uo=6 u1000=0 go=4 m=7 o=4");
	make("group", "uo=6 go=0 g1000=4 m=6 o=0");
	make("groups", "uo=6 go=0 g1000=6 g1001=1 m=7 o=0");
	make("no_group", "uo=6 go=4 g1000=0 m=6 o=4");
	make("other", "uo=6 u1=0 go=0 m=6 o=4");
	make("masked", "uo=6 u1000=7 go=0 m=6 o=0");
	must(mkdir("dir", 0755));
	must(mkdir("open_dir", 0700));
	close(tap_file("dir/f", "x"));
	close(tap_file("open_dir/f", "x"));
	must(chmod("dir/f", 0644));
	must(chmod("open_dir/f", 0644));
	must(set("dir", ACCESS, "uo=7 u1000=4 go=5 m=7 o=7"));
	must(set("open_dir", ACCESS, "uo=7 u1000=1 go=0 m=7 o=0"));
	must(chmod(".", 0755));
	tap_as_user(user_1000, NULL);
}

TEST(inherited)
{
	int fd;

	must(umask(022));
	must(mkdir("d", 0755));
	works(set("d", DEFAULT, "uo=7 u1000=7 go=5 m=7 o=0"), "a default list");
	is(mode_of("d"), 0755, "does not change the mode");
	is_text(get("d", ACCESS), "-", "nor the access list");
	close(must(open("d/f", O_CREAT | O_WRONLY, 0666)));
	is_text(get("d/f", ACCESS), "uo=6 u1000=7 go=5 m=6 o=0", "a new file's list");
	is(mode_of("d/f"), 0660, "and mode, the umask being left out");
	is_text(get("d/f", DEFAULT), "-", "and no default list");
	must(mkdir("d/d", 0777));
	is_text(get("d/d", ACCESS), "uo=7 u1000=7 go=5 m=7 o=0", "a new directory's list");
	is_text(get("d/d", DEFAULT), "uo=7 u1000=7 go=5 m=7 o=0", "and default list");
	is(mode_of("d/d"), 0770, "and mode");
	must(mknod("d/fifo", S_IFIFO | 0604, 0));
	is_text(get("d/fifo", ACCESS), "uo=6 u1000=7 go=5 m=0 o=0", "a FIFO's list");
	fd = open("d", O_TMPFILE | O_RDWR, 0640);
	if (fd >= 0) {
		char path[40];

		sprintf(path, "/proc/self/fd/%d", fd);
		is_text(get(path, ACCESS), "uo=6 u1000=7 go=5 m=4 o=0", "a file without a name");
	}
	must(set("d", DEFAULT, "uo=7 go=5 o=1"));
	close(must(open("d/g", O_CREAT | O_WRONLY, 0777)));
	is_text(get("d/g", ACCESS), "-", "a default list that a mode can say");
	is(mode_of("d/g"), 0751, "is the new mode");
	must(removexattr("d", DEFAULT));
	close(must(open("d/h", O_CREAT | O_WRONLY, 0666)));
	is(mode_of("d/h"), 0644, "without one the umask counts");
	must(link("d/f", "d/f2"));
	is_text(get("d/f2", ACCESS), "uo=6 u1000=7 go=5 m=6 o=0", "a list is the file's");
}

static int drops_sgid(void *unused)
{
	(void)unused;
	close(tap_file("mine/f", "x"));
	must(chown("mine/f", -1, 1000));
	must(chmod("mine/f", 02750));
	must(set("mine/f", ACCESS, "uo=7 u5=7 go=5 m=7 o=0"));
	is(mode_of("mine/f"), 02770, "a member of the group keeps set-group-ID");
	return 0;
}

TEST(set_group_id)
{
	must(mkdir("mine", 0777));
	must(chmod("mine", 0777));
	must(chmod(".", 0755));
	tap_as_user(drops_sgid, NULL);
}
