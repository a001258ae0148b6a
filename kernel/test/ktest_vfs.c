/*
 * Self-tests of names and places: walk, symlinks, making, removing and renaming, on a tmpfs that
 * nobody else sees.
 */
#include "abi/fcntl.h"
#include "abi/limits.h"
#include "lib/format.h"
#include "test/ktest_vfs_int.h"

bool vfs_place_init(struct vfs_place *p, const char *options)
{
	struct fs_type *type = fs_find("tmpfs");

	memset(p, 0, sizeof(*p));
	if (!type || mount_kernel(type, options, &p->mount) < 0)
		return false;
	spin_init(&p->fs.lock, RANK_FILE, "ktest");
	list_init(&p->fs.all_link);
	ref_set(&p->fs.refs, 1);
	p->fs.root = p->fs.cwd = (struct path){ p->mount, p->mount->root };
	p->walk = (struct walk){ .cred = cred_root, .fs = &p->fs };
	return true;
}

void vfs_place_fini(struct vfs_place *p)
{
	mount_put(p->mount);
}

struct file *vfs_place_open(struct vfs_place *p, const char *name, u32 flags, int *err)
{
	struct file *f = NULL;

	*err = vfs_open(&p->walk, name, flags, 0644, 0, &f);
	return *err < 0 ? NULL : f;
}

ssize_t vfs_place_write(struct file *f, const void *buf, size_t n)
{
	struct iov_iter from;

	iov_init_kernel(&from, (void *)buf, n);
	return file_write(f, &from, NULL, ~0ull);
}

ssize_t vfs_place_read(struct file *f, void *buf, size_t n)
{
	struct iov_iter to;

	iov_init_kernel(&to, buf, n);
	return file_read(f, &to, NULL);
}

int vfs_place_file(struct vfs_place *p, const char *name, const char *text)
{
	int err;
	struct file *f = vfs_place_open(p, name, O_CREAT | O_WRONLY | O_TRUNC, &err);

	if (!f)
		return err;
	err = vfs_place_write(f, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -EIO;
	file_put(f);
	return err;
}

int vfs_place_stat(struct vfs_place *p, const char *name, struct statx_data *out)
{
	struct path path;
	int err = path_lookup(&p->walk, name, 0, &path);

	if (err < 0)
		return err;
	err = vfs_stat(&path, out);
	path_put(&path);
	return err;
}

static int lookup(struct vfs_place *p, const char *name, u32 flags)
{
	struct path path;
	int err = path_lookup(&p->walk, name, flags, &path);

	if (err == 0)
		path_put(&path);
	return err;
}

KTEST(vfs_names)
{
	static char long_name[NAME_MAX + 2];
	struct vfs_place p;
	struct statx_data st;

	if (!vfs_place_init(&p, ""))
		return ktest_fail(__FILE__, __LINE__, "no tmpfs");
	KTEST_CHECK(vfs_mkdir(&p.walk, "d", 0755) == 0);
	KTEST_CHECK(vfs_mkdir(&p.walk, "d", 0755) == -ABI_EEXIST);
	KTEST_CHECK(vfs_mkdir(&p.walk, "d/e/", 0700) == 0);
	KTEST_CHECK(vfs_mkdir(&p.walk, "x/y", 0700) == -ABI_ENOENT);
	KTEST_CHECK(vfs_mkdir(&p.walk, "/", 0700) == -ABI_EEXIST);
	KTEST_CHECK(vfs_place_file(&p, "d/f", "hello") == 0);
	KTEST_CHECK(vfs_mkdir(&p.walk, "d/f/g", 0700) == -ABI_ENOTDIR);
	KTEST_CHECK(lookup(&p, "d/f/", 0) == -ABI_ENOTDIR);
	KTEST_CHECK(lookup(&p, "d/f/.", 0) == -ABI_ENOTDIR);
	KTEST_CHECK(lookup(&p, "/d/./e/../f", 0) == 0);
	KTEST_CHECK(lookup(&p, "../../d", 0) == 0);
	KTEST_CHECK(lookup(&p, "nothing", 0) == -ABI_ENOENT);
	KTEST_CHECK(lookup(&p, "nothing", 0) == -ABI_ENOENT);
	KTEST_CHECK(lookup(&p, "", 0) == -ABI_ENOENT);
	KTEST_CHECK(lookup(&p, "", WALK_EMPTY) == 0);
	KTEST_CHECK(vfs_place_stat(&p, "d", &st) == 0 && S_ISDIR(st.mode) && st.nlink == 3);
	KTEST_CHECK(vfs_place_stat(&p, "d/f", &st) == 0 && st.size == 5 && st.nlink == 1);
	memset(long_name, 'n', NAME_MAX + 1);
	KTEST_CHECK(vfs_mkdir(&p.walk, long_name, 0700) == -ABI_ENAMETOOLONG);
	long_name[NAME_MAX] = 0;
	KTEST_CHECK(vfs_mkdir(&p.walk, long_name, 0700) == 0);
	KTEST_CHECK(lookup(&p, long_name, WALK_DIRECTORY) == 0);
	KTEST_CHECK(vfs_rmdir(&p.walk, long_name) == 0);
	KTEST_CHECK(lookup(&p, long_name, 0) == -ABI_ENOENT);
	KTEST_CHECK(vfs_unlink(&p.walk, "d") == -ABI_EISDIR);
	KTEST_CHECK(vfs_unlink(&p.walk, "d/f/") == -ABI_ENOTDIR);
	KTEST_CHECK(vfs_rmdir(&p.walk, "d") == -ABI_ENOTEMPTY);
	KTEST_CHECK(vfs_rmdir(&p.walk, "d/f") == -ABI_ENOTDIR);
	KTEST_CHECK(vfs_rmdir(&p.walk, "d/.") == -ABI_EINVAL);
	KTEST_CHECK(vfs_rmdir(&p.walk, "d/..") == -ABI_ENOTEMPTY);
	KTEST_CHECK(vfs_link(&p.walk, "d/f", &p.walk, "d/g", 0) == 0);
	KTEST_CHECK(vfs_link(&p.walk, "d", &p.walk, "h", 0) == -ABI_EPERM);
	KTEST_CHECK(vfs_place_stat(&p, "d/g", &st) == 0 && st.nlink == 2);
	KTEST_CHECK(vfs_unlink(&p.walk, "d/f") == 0);
	KTEST_CHECK(vfs_unlink(&p.walk, "d/f") == -ABI_ENOENT);
	KTEST_CHECK(vfs_place_stat(&p, "d/g", &st) == 0 && st.nlink == 1);
	vfs_place_fini(&p);
}

KTEST(vfs_symlinks)
{
	struct vfs_place p;
	struct statx_data st;
	char name[8] = "l0", target[8];
	int err;

	if (!vfs_place_init(&p, ""))
		return ktest_fail(__FILE__, __LINE__, "no tmpfs");
	KTEST_CHECK(vfs_mkdir(&p.walk, "d", 0755) == 0);
	KTEST_CHECK(vfs_place_file(&p, "d/f", "hello") == 0);
	KTEST_CHECK(vfs_symlink(&p.walk, "d", "s") == 0);
	KTEST_CHECK(vfs_symlink(&p.walk, "/s/f", "d/t") == 0);
	KTEST_CHECK(vfs_symlink(&p.walk, "", "e") == -ABI_ENOENT);
	KTEST_CHECK(lookup(&p, "s/t", WALK_FOLLOW) == 0);
	KTEST_CHECK(lookup(&p, "s/t", WALK_FOLLOW | WALK_NO_SYMLINKS) == -ABI_ELOOP);
	KTEST_CHECK(lookup(&p, "s/../s/./t", WALK_FOLLOW) == 0);
	KTEST_CHECK(vfs_place_stat(&p, "s", &st) == 0 && S_ISLNK(st.mode) && st.size == 1);
	KTEST_CHECK(vfs_place_stat(&p, "s/", &st) == 0 && S_ISDIR(st.mode));
	KTEST_CHECK(lookup(&p, "d/t/", WALK_FOLLOW) == -ABI_ENOTDIR);
	KTEST_CHECK(vfs_symlink(&p.walk, "loop", "loop") == 0);
	KTEST_CHECK(lookup(&p, "loop", WALK_FOLLOW) == -ABI_ELOOP);
	KTEST_CHECK(lookup(&p, "loop/x", 0) == -ABI_ELOOP);
	KTEST_CHECK(lookup(&p, "loop", 0) == 0);
	/* Forty links are followed, one more is too many. */
	KTEST_CHECK(vfs_symlink(&p.walk, "d/f", name) == 0);
	for (int i = 1; i <= 40; i++) {
		snprintf(target, sizeof(target), "l%d", i - 1);
		snprintf(name, sizeof(name), "l%d", i);
		KTEST_CHECK(vfs_symlink(&p.walk, target, name) == 0);
	}
	KTEST_CHECK(lookup(&p, "l39", WALK_FOLLOW) == 0);
	KTEST_CHECK(lookup(&p, "l40", WALK_FOLLOW) == -ABI_ELOOP);
	/*
	 * O_CREAT through a dangling link makes what it names; O_EXCL and O_NOFOLLOW do not follow.
	 */
	KTEST_CHECK(vfs_symlink(&p.walk, "d/new", "dangling") == 0);
	KTEST_CHECK(!vfs_place_open(&p, "dangling", O_CREAT | O_EXCL | O_RDWR, &err) &&
		    err == -ABI_EEXIST);
	KTEST_CHECK(!vfs_place_open(&p, "dangling", O_NOFOLLOW | O_RDONLY, &err) &&
		    err == -ABI_ELOOP);
	KTEST_CHECK(vfs_place_file(&p, "dangling", "x") == 0);
	KTEST_CHECK(vfs_place_stat(&p, "d/new", &st) == 0 && S_ISREG(st.mode));
	KTEST_CHECK(lookup(&p, "d/../d/f", WALK_BENEATH) == 0);
	KTEST_CHECK(lookup(&p, "../d/f", WALK_BENEATH) == -ABI_EXDEV);
	KTEST_CHECK(lookup(&p, "d/t", WALK_BENEATH | WALK_FOLLOW) == -ABI_EXDEV);
	KTEST_CHECK(lookup(&p, "/../d/t", WALK_IN_ROOT | WALK_FOLLOW) == 0);
	vfs_place_fini(&p);
}

static int move(struct vfs_place *p, const char *from, const char *to, u32 flags)
{
	return vfs_rename(&p->walk, from, &p->walk, to, flags);
}

KTEST(vfs_rename)
{
	struct vfs_place p;
	struct statx_data st;
	struct path path;
	char buf[64], *text;

	if (!vfs_place_init(&p, ""))
		return ktest_fail(__FILE__, __LINE__, "no tmpfs");
	KTEST_CHECK(!vfs_mkdir(&p.walk, "a", 0755) && !vfs_mkdir(&p.walk, "a/b", 0755) &&
		    !vfs_mkdir(&p.walk, "a/b/c", 0755));
	KTEST_CHECK(!vfs_mkdir(&p.walk, "x", 0755) && !vfs_mkdir(&p.walk, "x/full", 0755));
	KTEST_CHECK(!vfs_place_file(&p, "f", "1") && !vfs_place_file(&p, "g", "22") &&
		    !vfs_place_file(&p, "x/full/h", "333"));
	KTEST_CHECK(move(&p, "a", "a/b/c/d", 0) == -ABI_EINVAL);
	KTEST_CHECK(move(&p, "a", "a/b", 0) == -ABI_EINVAL);
	KTEST_CHECK(move(&p, "a/b/c", "a", 0) == -ABI_ENOTEMPTY);
	KTEST_CHECK(move(&p, "a/b/c", "a", RENAME_EXCHANGE) == -ABI_EINVAL);
	KTEST_CHECK(move(&p, "f", "a", 0) == -ABI_EISDIR);
	KTEST_CHECK(move(&p, "a", "f", 0) == -ABI_ENOTDIR);
	KTEST_CHECK(move(&p, "f/", "k", 0) == -ABI_ENOTDIR);
	KTEST_CHECK(move(&p, "f", "g", RENAME_NOREPLACE) == -ABI_EEXIST);
	KTEST_CHECK(move(&p, "nothing", "g", 0) == -ABI_ENOENT);
	KTEST_CHECK(move(&p, "a/b/c", "x/full", 0) == -ABI_ENOTEMPTY);
	KTEST_CHECK(move(&p, "f", "nothing", RENAME_EXCHANGE) == -ABI_ENOENT);
	KTEST_CHECK(move(&p, ".", "y", 0) == -ABI_EBUSY);
	KTEST_CHECK(move(&p, "f", "f", 0) == 0);
	KTEST_CHECK(move(&p, "f", "g", 0) == 0);
	KTEST_CHECK(vfs_place_stat(&p, "f", &st) == -ABI_ENOENT);
	KTEST_CHECK(vfs_place_stat(&p, "g", &st) == 0 && st.size == 1);
	KTEST_CHECK(move(&p, "a/b", "x/moved-to-a-name-that-is-longer-than-the-inline-one", 0) ==
		    0);
	KTEST_CHECK(vfs_place_stat(&p, "x/moved-to-a-name-that-is-longer-than-the-inline-one/c",
				   &st) == 0);
	KTEST_CHECK(vfs_place_stat(&p, "a/b", &st) == -ABI_ENOENT);
	KTEST_CHECK(vfs_place_stat(&p, "a", &st) == 0 && st.nlink == 2);
	KTEST_CHECK(vfs_place_stat(&p, "x", &st) == 0 && st.nlink == 4);
	KTEST_CHECK(move(&p, "g", "x/full", RENAME_EXCHANGE) == 0);
	KTEST_CHECK(vfs_place_stat(&p, "g/h", &st) == 0 && st.size == 3);
	KTEST_CHECK(vfs_place_stat(&p, "x/full", &st) == 0 && S_ISREG(st.mode));
	KTEST_CHECK(move(&p, "x/moved-to-a-name-that-is-longer-than-the-inline-one", "b", 0) == 0);
	KTEST_CHECK(path_lookup(&p.walk, "b/c", 0, &path) == 0);
	KTEST_CHECK(move(&p, "b", "a/b", 0) == 0);
	KTEST_CHECK(path_to_string(&path, &p.fs.root, buf, sizeof(buf), &text) == 0 &&
		    !strcmp(text, "/a/b/c"));
	KTEST_CHECK(vfs_rmdir(&p.walk, "a/b/c") == 0);
	KTEST_CHECK(path_to_string(&path, &p.fs.root, buf, sizeof(buf), &text) == 0 &&
		    !strcmp(text, "/a/b/c (deleted)"));
	KTEST_CHECK(path_to_string(&path, &p.fs.root, buf, 8, &text) == -ABI_ENAMETOOLONG);
	path_put(&path);
	vfs_place_fini(&p);
}

KTEST(vfs_many_names)
{
	struct vfs_place p;
	char name[16];
	u64 before;
	int bad = 0;

	before = ktest_frames_settle();
	for (int round = 0; round < 2; round++) {
		if (!vfs_place_init(&p, ""))
			return ktest_fail(__FILE__, __LINE__, "no tmpfs");
		for (int i = 0; i < 2000; i++) {
			snprintf(name, sizeof(name), "n%d", i);
			bad += vfs_mknod(&p.walk, name, S_IFREG | 0600, 0) != 0;
			bad += lookup(&p, name, 0) != 0;
		}
		for (int i = 0; i < 2000; i += 2) {
			snprintf(name, sizeof(name), "n%d", i);
			bad += vfs_unlink(&p.walk, name) != 0;
			bad += lookup(&p, name, 0) != -ABI_ENOENT;
		}
		vfs_place_fini(&p);
	}
	KTEST_CHECK(!bad);
	KTEST_CHECK(ktest_frames_settle() + 16 >= before);
}
