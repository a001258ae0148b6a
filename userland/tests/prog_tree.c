/*
 * tree write|compare|change DIR SEED COUNT [changed] [coarse] - writes the tree of tree.h into DIR,
 * finds out whether it is there, or changes it as one kernel changes what another wrote. What a
 * kernel cannot do is left out, and noted in DIR.able for the one that compares. `changed`: the
 * tree was changed since; `coarse`: inodes have 128 bytes, so that times are whole seconds.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tree.h"

enum { ABLE_ACL = 1, ABLE_FLAGS = 2, ABLE_FALLOCATE = 4 };
enum { FLAGS_SEEN = FS_NODUMP_FL | FS_NOATIME_FL | FS_APPEND_FL | FS_IMMUTABLE_FL | FS_SYNC_FL };

static struct tree tree;
static const char *top;
static bool coarse;
static int able = ABLE_ACL | ABLE_FLAGS | ABLE_FALLOCATE;
static unsigned n_wrong;
static uint8_t data[65536], seen[65536];

/* user::rw-, user:12345:r--, group::r--, mask::r--, other::--- as the attribute has it. */
static const uint32_t acl[] = { 2, 0x00060001, ~0u, 0x00040002, 12345, 0x00040004, ~0u,
				0x00040010, ~0u, 0x00000020, ~0u };
#define ACL_NAME "system.posix_acl_access"

static void die(const char *what)
{
	printf("tree: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wrong(const char *path, const char *format, ...)
{
	va_list ap;

	if (n_wrong++ > 40)
		return;
	printf("tree: %.300s: ", path);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
}

static void able_file(bool write)
{
	char path[TREE_PATH];
	FILE *f;

	snprintf(path, sizeof(path), "%s.able", top);
	f = fopen(path, write ? "w" : "r");
	if (!f || (write ? fprintf(f, "%d\n", able) < 0 : fscanf(f, "%d", &able) != 1) || fclose(f))
		die(path);
}

static bool has_acl(uint32_t i)
{
	return able & ABLE_ACL && tree.nodes[i].kind == TREE_FILE &&
	       draw(&tree, i, FOR_XATTR) % 11 == 3;
}

static int flags_of(uint32_t i)
{
	static const int flags[] = { FS_NODUMP_FL, FS_NOATIME_FL, FS_APPEND_FL, FS_IMMUTABLE_FL,
				     FS_SYNC_FL | FS_NODUMP_FL };
	uint64_t r = draw(&tree, i, FOR_FLAGS);

	if (!(able & ABLE_FLAGS) || tree.nodes[i].kind != TREE_FILE || tree.nodes[i].linked ||
	    r % 9)
		return 0;
	return flags[(r >> 8) % 5];
}

static void fill(uint32_t i, uint64_t at, size_t n)
{
	uint64_t key = draw(&tree, i, FOR_DATA);

	for (size_t k = 0; k < n; k++)
		data[k] = tree_byte(key, at + k);
}

static void make_file(const char *path, uint32_t i)
{
	struct tree_run runs[TREE_RUNS];
	unsigned n;
	uint64_t size = tree_runs(&tree, i, runs, &n);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		die(path);
	for (unsigned k = 0; k < n; k++) {
		if (runs[k].unwritten) {
			if (fallocate(fd, 0, (off_t)runs[k].at, runs[k].n))
				able &= ~ABLE_FALLOCATE;
			continue;
		}
		fill(i, runs[k].at, runs[k].n);
		if (pwrite(fd, data, runs[k].n, (off_t)runs[k].at) != (ssize_t)runs[k].n)
			die(path);
	}
	if (ftruncate(fd, (off_t)size))
		die(path);
	close(fd);
}

static void make_node(uint32_t i)
{
	char path[TREE_PATH], other[TREE_PATH];
	mode_t type = tree_mode(&tree, i) & S_IFMT;
	int err = 0;

	tree_path(&tree, i, top, path);
	switch (tree.nodes[i].kind) {
	case TREE_DIR: err = mkdir(path, 0700); break;
	case TREE_FILE: make_file(path, i); break;
	case TREE_LINK:
		tree_path(&tree, tree.nodes[i].target, top, other);
		err = link(other, path);
		break;
	case TREE_SYMLINK:
		tree_target_text(&tree, i, other);
		err = symlink(other, path);
		break;
	default:
		err = mknod(path, type | 0600, type == S_IFCHR || type == S_IFBLK ?
			    makedev(i % 4000, i * 17 % 1000000) : 0);
	}
	if (err)
		die(path);
}

static void set_flags(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	int now;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &now))
		able &= ~ABLE_FLAGS;
	else if (now = (now & ~FLAGS_SEEN) | flags, ioctl(fd, FS_IOC_SETFLAGS, &now))
		die(path);
	if (fd >= 0)
		close(fd);
}

/* Everything else about a node, once nothing is made in it any more. */
static void dress_node(uint32_t i)
{
	struct timespec times[2] = { tree_time(&tree, i, coarse), tree_time(&tree, i, coarse) };
	char path[TREE_PATH], name[100];
	size_t n;

	if (tree.nodes[i].kind == TREE_LINK)
		return;
	tree_path(&tree, i, top, path);
	for (unsigned k = 0; tree_xattr(&tree, i, k, name, data, &n); k++)
		if (lsetxattr(path, name, data, n, 0))
			die(path);
	if (lchown(path, tree_owner(&tree, i, false), tree_owner(&tree, i, true)))
		die(path);
	if (tree.nodes[i].kind != TREE_SYMLINK && chmod(path, tree_mode(&tree, i) & 07777))
		die(path);
	if (has_acl(i) && lsetxattr(path, ACL_NAME, acl, sizeof(acl), 0)) {
		if (errno != EOPNOTSUPP)
			die(path);
		able &= ~ABLE_ACL;
	}
	times[0].tv_sec /= 2;
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW))
		die(path);
	if (flags_of(i))
		set_flags(path, flags_of(i));
}

static int write_tree(void)
{
	if (mkdir(top, 0700))
		die(top);
	for (uint32_t i = 1; i < tree.n; i++)
		make_node(i);
	for (uint32_t i = tree.n; i-- > 0;)
		dress_node(i);
	able_file(true);
	return 0;
}

static void check_data(const char *path, uint32_t i, const struct stat *st)
{
	struct tree_run runs[TREE_RUNS + 1];
	unsigned n;
	uint64_t at = 0, allowed = 0;
	int fd = open(path, O_RDONLY);

	tree_runs(&tree, i, runs, &n);
	if (tree.nodes[i].longer)
		runs[n++] = (struct tree_run){ (uint64_t)st->st_size - 777, 777, false };
	for (unsigned k = 0; fd >= 0 && k < n; k++) {
		size_t gap = runs[k].at - at < sizeof(seen) ? runs[k].at - at : 4000;

		memset(data, 0, gap);
		if (pread(fd, seen, gap, (off_t)at) != (ssize_t)gap || memcmp(seen, data, gap))
			wrong(path, "the hole at %llu", (unsigned long long)at);
		fill(i, runs[k].at, runs[k].n);
		if (runs[k].unwritten)
			memset(data, 0, runs[k].n);
		if (pread(fd, seen, runs[k].n, (off_t)runs[k].at) != (ssize_t)runs[k].n ||
		    memcmp(seen, data, runs[k].n))
			wrong(path, "the data at %llu", (unsigned long long)runs[k].at);
		at = runs[k].at + runs[k].n;
		allowed += runs[k].n + 8192;
	}
	if (fd < 0)
		wrong(path, "cannot be opened: %s", strerror(errno));
	else
		close(fd);
	/* Blocks of indexes and attributes come on top. */
	if ((uint64_t)st->st_blocks * 512 > allowed + 65536)
		wrong(path, "%llu blocks", (unsigned long long)st->st_blocks);
}

static void check_xattrs(const char *path, uint32_t i)
{
	char name[100], list[4096];
	size_t n, want = 0;
	ssize_t got;

	for (unsigned k = 0; tree_xattr(&tree, i, k, name, data, &n); k++) {
		got = lgetxattr(path, name, seen, sizeof(seen));
		if (got != (ssize_t)n || memcmp(seen, data, n))
			wrong(path, "attribute %s: %zd %s", name, got, strerror(errno));
		want += strlen(name) + 1;
	}
	if (has_acl(i)) {
		got = lgetxattr(path, ACL_NAME, seen, sizeof(seen));
		if (got != sizeof(acl) || memcmp(seen, acl, sizeof(acl)))
			wrong(path, "ACL: %zd %s", got, got < 0 ? strerror(errno) : "");
		want += sizeof(ACL_NAME);
	}
	got = llistxattr(path, list, sizeof(list));
	if (got != (ssize_t)want)
		wrong(path, "attributes of %zd bytes, not %zu", got, want);
}

static void check_stat(const char *path, uint32_t i, const struct stat *st)
{
	const struct tree_node *node = &tree.nodes[i];
	struct timespec time = tree_time(&tree, i, coarse);
	mode_t mode = tree_mode(&tree, i);
	struct tree_run runs[TREE_RUNS];
	unsigned n;

	/* The entry of an ACL that is the group's, is the mode's, too. */
	if (has_acl(i))
		mode = (mode & ~0777u) | 0640;
	if (st->st_mode != mode)
		wrong(path, "mode %o, not %o", st->st_mode, mode);
	if (st->st_uid != tree_owner(&tree, i, false) || st->st_gid != tree_owner(&tree, i, true))
		wrong(path, "owner %u:%u", st->st_uid, st->st_gid);
	if (st->st_nlink != (node->kind == TREE_DIR ? 2 + node->subdirs : 1 + node->links))
		wrong(path, "%u links", (unsigned)st->st_nlink);
	if (!node->longer && (node->kind != TREE_DIR || !tree.nodes[0].gone) &&
	    (st->st_mtim.tv_sec != time.tv_sec || st->st_mtim.tv_nsec != time.tv_nsec))
		wrong(path, "modified %lld.%09ld, not %lld.%09ld", (long long)st->st_mtim.tv_sec,
		      st->st_mtim.tv_nsec, (long long)time.tv_sec, time.tv_nsec);
	if (node->kind == TREE_FILE &&
	    (uint64_t)st->st_size != tree_runs(&tree, i, runs, &n) + (node->longer ? 777 : 0))
		wrong(path, "size %llu", (unsigned long long)st->st_size);
	if ((node->kind == TREE_CHR || node->kind == TREE_BLK) &&
	    st->st_rdev != makedev(i % 4000, i * 17 % 1000000))
		wrong(path, "device %llx", (unsigned long long)st->st_rdev);
}

static void check_names(const char *path, uint32_t i)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	while (d && (e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	if (n != tree.nodes[i].children)
		wrong(path, "%u names, not %u", n, tree.nodes[i].children);
	if (d)
		closedir(d);
}

static void check_flags(const char *path, uint32_t i)
{
	int fd = open(path, O_RDONLY), flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) || (flags & FLAGS_SEEN) != flags_of(i))
		wrong(path, "flags %x, not %x", flags & FLAGS_SEEN, flags_of(i));
	if (fd >= 0)
		close(fd);
}

static void check_node(uint32_t i)
{
	const struct tree_node *node = &tree.nodes[i];
	char path[TREE_PATH], text[TREE_PATH];
	struct stat st, other;
	size_t n;

	tree_path(&tree, i, top, path);
	if (lstat(path, &st)) {
		if (!node->gone || errno != ENOENT)
			wrong(path, "%s", strerror(errno));
		return;
	}
	if (node->gone && i) {
		wrong(path, "is still there");
		return;
	}
	if (node->kind == TREE_LINK) {
		tree_path(&tree, node->target, top, text);
		if (lstat(text, &other) || other.st_ino != st.st_ino)
			wrong(path, "is another file than %s", text);
		return;
	}
	check_stat(path, i, &st);
	check_xattrs(path, i);
	if (node->kind == TREE_DIR)
		check_names(path, i);
	if (node->kind == TREE_FILE)
		check_data(path, i, &st);
	if (node->kind == TREE_FILE && able & ABLE_FLAGS)
		check_flags(path, i);
	if (node->kind == TREE_SYMLINK) {
		n = tree_target_text(&tree, i, text);
		if (readlink(path, (char *)seen, sizeof(seen)) != (ssize_t)n ||
		    memcmp(seen, text, n))
			wrong(path, "target");
	}
}

static int compare_tree(void)
{
	able_file(false);
	for (uint32_t i = 0; i < tree.n; i++)
		check_node(i);
	printf("tree: %u of %u wrong\n", n_wrong, tree.n);
	return n_wrong != 0;
}

static void change_node(uint32_t i, const struct tree_node *old)
{
	struct tree_node *node = &tree.nodes[i];
	char from[TREE_PATH], to[TREE_PATH];
	struct stat st;
	bool renamed = node->renamed;
	int fd;

	node->renamed = old->renamed;
	tree_path(&tree, i, top, from);
	node->renamed = renamed;
	tree_path(&tree, i, top, to);
	if (flags_of(i) && (node->gone || node->renamed || node->longer))
		set_flags(from, 0);
	if (node->gone && unlink(from))
		die(from);
	if (node->renamed && rename(from, to))
		die(from);
	if (node->longer) {
		fd = open(to, O_WRONLY);
		if (fd < 0 || fstat(fd, &st))
			die(to);
		fill(i, (uint64_t)st.st_size, 777);
		/* Whoever writes takes the bits for other identities away. */
		if (pwrite(fd, data, 777, st.st_size) != 777 ||
		    fchmod(fd, (has_acl(i) ? st.st_mode : tree_mode(&tree, i)) & 07777))
			die(to);
		close(fd);
	}
	if (flags_of(i) && !node->gone && (node->renamed || node->longer))
		set_flags(to, flags_of(i));
}

/* Each step finds the directories above as the steps before left them: parents come first. */
static int change_tree(void)
{
	static const struct tree_node untouched;

	able_file(false);
	for (uint32_t i = 1; i < tree.n; i++)
		change_node(i, &untouched);
	return 0;
}

int main(int argc, char **argv)
{
	bool changed = false;

	if (argc < 5)
		return 2;
	umask(0);
	top = argv[2];
	for (int i = 5; i < argc; i++) {
		coarse |= strcmp(argv[i], "coarse") == 0;
		changed |= strcmp(argv[i], "changed") == 0;
	}
	tree_plan(&tree, strtoull(argv[3], NULL, 0), (uint32_t)strtoul(argv[4], NULL, 0));
	if (strcmp(argv[1], "write") == 0)
		return write_tree();
	if (changed || strcmp(argv[1], "change") == 0)
		tree_plan_change(&tree);
	/* The directories' own times are not what they were. */
	tree.nodes[0].gone = changed;
	return strcmp(argv[1], "change") == 0 ? change_tree() : compare_tree();
}
