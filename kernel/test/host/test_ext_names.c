/* Directories: great numbers of names, hash trees, every form of rename, links, attributes. */
#include "test/host/ext_host.h"

#include "fs/ext/ext_dir.h"
#include "vfs/acl.h"

#include "abi/dirent.h"
#include "abi/xattr.h"

static struct superblock *mount(const char *path)
{
	struct superblock *sb;

	CHECK_EQ(host_mount(path, "ext2", 0, "", &sb), 0);
	return sb;
}

static void name_of(char *name, unsigned i)
{
	lib_snprintf(name, 64, "%x-file-%u", i * 2654435761u >> 24, i);
}

struct seen {
	u8 *times;	/* by number, below limit */
	unsigned limit, n, dots, others;
};

static void count_name(const char *name, u64 ino, u8 type, void *arg)
{
	struct seen *s = arg;
	const char *last = strrchr(name, '-');

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		s->dots++;
		CHECK_EQ(type, DT_DIR);
	} else if (last && strstr(name, "-file-")) {
		if ((unsigned)atoi(last + 1) < s->limit)
			s->times[atoi(last + 1)]++;
		CHECK_EQ(type, DT_FIFO);
		s->n++;
	} else {
		s->others++;
	}
}

static void check_list(struct inode *dir, unsigned n, unsigned chunk, u8 expected)
{
	struct seen s = { .times = calloc(n, 1), .limit = n };

	CHECK_EQ(host_readdir(dir, chunk, count_name, &s), 0);
	CHECK_EQ(s.dots, 2);
	for (unsigned i = 0; i < n; i++)
		if (s.times[i] != expected) {
			CHECK_EQ(s.times[i], expected);
			break;
		}
	free(s.times);
}

static void add(struct inode *dir, unsigned i)
{
	char name[64];

	name_of(name, i);
	CHECK_EQ(host_mknod(dir, name, S_IFIFO | 0600, 0), 0);
}

static void many(const char *args, const char *hash, unsigned mib, unsigned n)
{
	const char *path = host_mkfs("names.img", mib, args);
	int set = host_run("tune2fs -E hash_alg=%s '%s' >/dev/null", hash, path);
	struct superblock *sb = mount(path);
	struct inode *dir, *inode;
	char name[64];

	CHECK_EQ(set, 0);
	CHECK_EQ(host_mkdir(sb->root_inode, "dir", 0755, &dir), 0);
	for (unsigned i = 0; i < n; i++)
		add(dir, i);
	check_list(dir, n, 100, 1);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	host_drop_caches(sb);
	for (unsigned i = 0; i < n; i += 7) {
		name_of(name, i);
		CHECK_EQ(host_lookup(dir, name, &inode), 0);
		inode_put(inode);
		name[0] = 'x';
		CHECK_EQ(host_lookup(dir, name, &inode), (u64)-ENOENT);
	}
	/* Half of them go, in an order of their own; then come back into the gaps. */
	for (unsigned i = 0; i < n; i += 2) {
		name_of(name, (i * 7919) % n & ~1u);
		(void)host_unlink(dir, name);
	}
	for (unsigned i = 0; i < n; i += 2) {
		name_of(name, i);
		(void)host_unlink(dir, name);
	}
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	CHECK_EQ(host_rmdir(sb->root_inode, "dir"), (u64)-ENOTEMPTY);
	for (unsigned i = 0; i < n; i += 2)
		add(dir, i);
	check_list(dir, n, 33, 1);
	for (unsigned i = 0; i < n; i++) {
		name_of(name, i);
		CHECK_EQ(host_unlink(dir, name), 0);
	}
	check_list(dir, n, 33, 0);
	inode_put(dir);
	CHECK_EQ(host_rmdir(sb->root_inode, "dir"), 0);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(hundred_thousand_names_by_index)
{
	many("-t ext2 -b 4096 -N 101000", "half_md4", 48, 100000);
}

TEST(two_levels_of_index)
{
	many("-t ext2 -b 1024 -N 31000", "tea", 24, 30000);
}

TEST(names_without_index)
{
	many("-t ext2 -b 1024 -N 4100 -O ^dir_index", "half_md4", 8, 2500);
}

TEST(legacy_hash)
{
	many("-t ext2 -b 2048 -N 9000", "legacy", 16, 8000);
	many("-t ext2 -b 1024 -N 31000 -O metadata_csum", "half_md4", 24, 30000);
}

TEST(hashes_with_unsigned_characters)
{
	const char *path = host_mkfs("names.img", 8, "-t ext2 -b 1024 -N 2000");
	struct superblock *sb;
	char name[64];

	CHECK_EQ(host_run("debugfs -w -R 'set_super_value flags 2' '%s' >/dev/null 2>&1", path), 0);
	sb = mount(path);
	for (unsigned i = 0; i < 1500; i++) {
		lib_snprintf(name, sizeof(name), "%u-\xc3\xa4\xff-%u", i, i);
		CHECK_EQ(host_mknod(sb->root_inode, name, S_IFIFO | 0600, 0), 0);
	}
	CHECK(ext_dir_indexed(sb->root_inode));
	host_unmount(sb);
	CHECK(host_fsck(path));
}

static struct inode *growing;
static unsigned grown;

static void grow(void)
{
	for (unsigned i = 0; i < 40; i++)
		add(growing, 2000 + grown++);
}

/* Takes five names a call. */
struct five {
	struct dir_sink sink;
	struct seen seen;
	unsigned left;
};

static bool five_emit(struct dir_sink *sink, const char *name, u32 length, u64 ino, u8 type,
		      u64 next)
{
	struct five *f = container_of(sink, struct five, sink);
	char text[256];

	if (f->left == 0)
		return false;
	f->left--;
	memcpy(text, name, length);
	text[length] = '\0';
	count_name(text, ino, type, &f->seen);
	return true;
}

TEST(listing_while_the_tree_splits)
{
	const char *path = host_mkfs("names.img", 16, "-t ext2 -b 1024 -N 9000");
	struct superblock *sb = mount(path);
	struct five f = {
		.sink.emit = five_emit, .seen = { .times = calloc(20000, 1), .limit = 20000 },
	};
	struct file file = { 0 };

	CHECK_EQ(host_mkdir(sb->root_inode, "dir", 0755, &growing), 0);
	for (unsigned i = 0; i < 30; i++)
		add(growing, i);
	file.inode = growing;
	/* A call at a time, with new names between: each old one exactly once. */
	for (unsigned calls = 0; file.pos != EXT_DIR_END && calls < 3000; calls++) {
		f.left = 5;
		CHECK_EQ(growing->fops->readdir(&file, &f.sink), 0);
		if (grown < 4000)
			grow();
	}
	CHECK_EQ(file.pos, EXT_DIR_END);
	for (unsigned i = 0; i < 30; i++)
		CHECK_EQ(f.seen.times[i], 1);
	for (unsigned i = 2000; i < 2000 + grown; i++)
		CHECK(f.seen.times[i] <= 1);
	free(f.seen.times);
	inode_put(growing);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* The names in a directory, sorted into one string. */
static char listed[2000];

static void names_append(const char *name, u64 ino, u8 type, void *arg)
{
	if (strcmp(name, ".") && strcmp(name, "..")) {
		strlcat(listed, name, sizeof(listed));
		strlcat(listed, " ", sizeof(listed));
	}
}

static bool has(struct inode *dir, const char *name)
{
	struct inode *inode;

	if (host_lookup(dir, name, &inode))
		return false;
	inode_put(inode);
	return true;
}

static u64 ino_of(struct inode *dir, const char *name)
{
	struct inode *inode;
	u64 ino;

	if (host_lookup(dir, name, &inode))
		return 0;
	ino = inode->ino;
	inode_put(inode);
	return ino;
}

TEST(every_form_of_rename)
{
	const char *path = host_mkfs("names.img", 8, "-t ext2 -b 1024");
	struct superblock *sb = mount(path);
	struct inode *root = sb->root_inode, *a, *b, *file;
	u64 ino, other;

	CHECK_EQ(host_mkdir(root, "a", 0755, &a), 0);
	CHECK_EQ(host_mkdir(root, "b", 0755, &b), 0);
	CHECK_EQ(host_create(a, "f", 0644, &file), 0);
	CHECK_EQ(host_mkdir(a, "d", 0755, NULL), 0);
	/* Within a directory, to another, onto itself by another link. */
	CHECK_EQ(host_rename(a, "f", a, "g", 0), 0);
	CHECK(!has(a, "f") && ino_of(a, "g") == file->ino);
	CHECK_EQ(host_rename(a, "g", b, "h", 0), 0);
	CHECK(!has(a, "g") && ino_of(b, "h") == file->ino);
	CHECK_EQ(host_link(a, "l", file), 0);
	CHECK_EQ(host_rename(a, "l", b, "h", 0), 0);
	CHECK(has(a, "l") && has(b, "h"));
	/* Replacing a file: it goes. */
	CHECK_EQ(host_create(a, "r", 0644, NULL), 0);
	ino = ino_of(a, "r");
	CHECK_EQ(host_rename(a, "r", b, "h", 0), 0);
	CHECK(ino_of(b, "h") == ino && !has(a, "r"));
	CHECK_EQ(file->nlink, 1);
	/* Directories: parents' links and "..". */
	CHECK(a->nlink == 3 && b->nlink == 2);
	CHECK_EQ(host_rename(a, "d", b, "d", 0), 0);
	CHECK(a->nlink == 2 && b->nlink == 3);
	CHECK_EQ(ino_of(b, "d") != 0, 1);
	CHECK_EQ(host_mkdir(a, "e", 0755, NULL), 0);
	CHECK_EQ(host_rename(a, "e", b, "d", 0), 0); /* over an empty one */
	CHECK(a->nlink == 2 && b->nlink == 3);
	CHECK_EQ(host_mkdir(b, "x", 0755, NULL), 0);
	CHECK_EQ(host_rename(b, "x", b, "d", 0), 0); /* the same within one */
	CHECK_EQ(b->nlink, 3);
	CHECK_EQ(host_rename(root, "a", root, "b", 0), (u64)-ENOTEMPTY);
	CHECK_EQ(host_rename(a, "l", b, "d", 0), (u64)-EISDIR);
	/* Exchange: files, a file and a directory, two directories with different parents. */
	ino = ino_of(a, "l");
	other = ino_of(b, "h");
	CHECK_EQ(host_rename(a, "l", b, "h", RENAME_EXCHANGE), 0);
	CHECK(ino_of(a, "l") == other && ino_of(b, "h") == ino);
	CHECK_EQ(host_rename(a, "l", b, "d", RENAME_EXCHANGE), 0);
	CHECK(a->nlink == 3 && b->nlink == 2);
	CHECK_EQ(host_mkdir(b, "z", 0755, NULL), 0);
	CHECK_EQ(host_rename(a, "l", b, "z", RENAME_EXCHANGE), 0);
	CHECK(a->nlink == 3 && b->nlink == 3);
	CHECK_EQ(host_rename(a, "l", a, "missing", RENAME_EXCHANGE), (u64)-ENOENT);
	CHECK_EQ(host_readdir(b, 10, names_append, NULL), 0);
	CHECK(strstr(listed, "d ") && strstr(listed, "z ") && strstr(listed, "h "));
	inode_put(file);
	inode_put(a);
	inode_put(b);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(rename_in_a_crowded_tree)
{
	const char *path = host_mkfs("names.img", 16, "-t ext2 -b 1024 -N 9000");
	struct superblock *sb = mount(path);
	struct inode *a, *b;
	char from[64], to[64];

	CHECK_EQ(host_mkdir(sb->root_inode, "a", 0755, &a), 0);
	CHECK_EQ(host_mkdir(sb->root_inode, "b", 0755, &b), 0);
	for (unsigned i = 0; i < 4000; i++)
		add(a, i);
	for (unsigned i = 0; i < 4000; i++) {
		name_of(from, i);
		name_of(to, i + 4000);
		CHECK_EQ(host_rename(a, from, i & 1 ? a : b, to, 0), 0);
	}
	check_list(a, 4000, 100, 0);
	for (unsigned i = 0; i < 4000; i += 2) {
		name_of(from, i + 4000);
		name_of(to, i + 4001);
		CHECK_EQ(host_rename(b, from, a, to, 0), 0); /* each replaces one */
	}
	CHECK_EQ(host_rmdir(sb->root_inode, "b"), 0);
	inode_put(a);
	inode_put(b);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(limits_of_links)
{
	const char *path = host_mkfs("names.img", 64, "-t ext2 -b 1024 -N 33000");
	struct superblock *sb = mount(path);
	struct inode *file, *dir, *many_dirs;
	char name[32];
	int err = 0;
	unsigned i;

	CHECK_EQ(host_create(sb->root_inode, "file", 0644, &file), 0);
	CHECK_EQ(host_mkdir(sb->root_inode, "links", 0755, &dir), 0);
	for (i = 0; i < 40000 && !err; i++) {
		lib_snprintf(name, sizeof(name), "%u", i);
		err = host_link(dir, name, file);
	}
	CHECK_EQ(err, (u64)-EMLINK);
	CHECK_EQ(file->nlink, 32000);
	CHECK_EQ(host_mkdir(sb->root_inode, "dirs", 0755, &many_dirs), 0);
	many_dirs->nlink = 32000; /* as if: 32,000 directories are a lot of blocks */
	CHECK_EQ(host_mkdir(many_dirs, "one", 0755, NULL), (u64)-EMLINK);
	many_dirs->nlink = 2;
	CHECK_EQ(host_mkdir(many_dirs, "one", 0755, NULL), 0);
	inode_put(many_dirs);
	inode_put(dir);
	inode_put(file);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(links_and_devices)
{
	static const u32 devices[] = { 0x103, 0x801, 0x8ff, 0xfff00 | 1 << 20 };
	const char *path = host_mkfs("names.img", 8, "-t ext2 -b 1024");
	struct superblock *sb = mount(path);
	struct inode *inode;
	char target[1100], text[1100], name[16];

	memset(target, 'x', sizeof(target));
	for (unsigned n = 1; n < 1024; n += n == 58 || n == 59 || n == 60 ? 1 : n < 58 ? 57 : 961) {
		lib_snprintf(name, sizeof(name), "l%u", n);
		target[n] = '\0';
		CHECK_EQ(host_symlink(sb->root_inode, name, target), 0);
		target[n] = 'x';
	}
	target[1024] = '\0';
	CHECK_EQ(host_symlink(sb->root_inode, "long", target), (u64)-ENAMETOOLONG);
	for (unsigned i = 0; i < 4; i++) {
		lib_snprintf(name, sizeof(name), "d%u", i);
		CHECK_EQ(host_mknod(sb->root_inode, name, S_IFCHR | 0600, devices[i]), 0);
	}
	CHECK_EQ(host_mknod(sb->root_inode, "sock", S_IFSOCK | 0600, 0), 0);
	CHECK_EQ(host_mknod(sb->root_inode, "fifo", S_IFIFO | 0600, 0), 0);
	host_unmount(sb);
	CHECK(host_fsck(path));
	sb = mount(path);
	for (unsigned n = 58; n < 62; n++) {
		lib_snprintf(name, sizeof(name), "l%u", n);
		if (host_lookup(sb->root_inode, name, &inode))
			continue;
		CHECK_EQ(host_readlink(inode, text, sizeof(text)), n);
		CHECK(strlen(text) == n && mem_is_all(text, 'x', n));
		CHECK_EQ((u64)inode->size, n);
		CHECK_EQ(inode->link_target != NULL, n < 60);
		inode_put(inode);
		CHECK_EQ(host_unlink(sb->root_inode, name), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		lib_snprintf(name, sizeof(name), "d%u", i);
		CHECK_EQ(host_lookup(sb->root_inode, name, &inode), 0);
		CHECK_EQ(inode->rdev, devices[i]);
		inode_put(inode);
	}
	host_unmount(sb);
	CHECK(host_fsck(path));
}

static void attributes_of(const char *args)
{
	const char *path = host_mkfs("names.img", 8, args);
	struct superblock *sb = mount(path);
	struct inode *inode;
	char big[800], out[2000], text[64];
	static const char huge[5000];
	const struct inode_ops *ops;

	CHECK_EQ(host_create(sb->root_inode, "f", 0644, &inode), 0);
	ops = inode->ops;
	memset(big, 'b', sizeof(big));
	CHECK_EQ(ops->setxattr(inode, "user.one", "1", 1, 0), 0);
	CHECK_EQ(ops->setxattr(inode, "trusted.two", "22", 2, XATTR_CREATE), 0);
	CHECK_EQ(ops->setxattr(inode, "security.three", "333", 3, 0), 0);
	CHECK_EQ(ops->setxattr(inode, "user.big", big, sizeof(big), 0), 0);
	CHECK_EQ(ops->setxattr(inode, "user.empty", "", 0, 0), 0);
	CHECK_EQ(ops->setxattr(inode, "user.one", "x", 1, XATTR_CREATE), (u64)-EEXIST);
	CHECK_EQ(ops->setxattr(inode, "user.none", "x", 1, XATTR_REPLACE), (u64)-ENODATA);
	CHECK_EQ(ops->setxattr(inode, "user.toobig", huge, sizeof(huge), 0), (u64)-ENOSPC);
	CHECK_EQ(ops->setxattr(inode, "other.x", "x", 1, 0), (u64)-EOPNOTSUPP);
	CHECK_EQ(ops->setxattr(inode, "user.one", "one", 3, 0), 0);
	CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
	host_drop_caches(sb);
	CHECK_EQ(ops->getxattr(inode, "user.one", out, sizeof(out)), 3);
	CHECK(memcmp(out, "one", 3) == 0);
	CHECK_EQ(ops->getxattr(inode, "user.big", out, sizeof(out)), sizeof(big));
	CHECK(mem_is_all(out, 'b', sizeof(big)));
	CHECK_EQ(ops->getxattr(inode, "user.big", out, 10), (u64)-ERANGE);
	CHECK_EQ(ops->getxattr(inode, "user.big", NULL, 0), sizeof(big));
	CHECK_EQ(ops->getxattr(inode, "user.empty", out, 10), 0);
	CHECK_EQ(ops->getxattr(inode, "user.none", out, 10), (u64)-ENODATA);
	CHECK_EQ(ops->listxattr(inode, NULL, 0), 9 + 12 + 15 + 9 + 11);
	CHECK_EQ(ops->listxattr(inode, out, sizeof(out)), 9 + 12 + 15 + 9 + 11);
	CHECK_EQ(ops->listxattr(inode, out, 20), (u64)-ERANGE);
	CHECK_EQ(ops->removexattr(inode, "user.big"), 0);
	CHECK_EQ(ops->removexattr(inode, "user.big"), (u64)-ENODATA);
	for (unsigned i = 0; i < 30; i++) {
		lib_snprintf(text, sizeof(text), "user.n%u", i * 7 % 30);
		int err = ops->setxattr(inode, text, big, i, 0);
		CHECK(err == 0 || err == -ENOSPC);
	}
	host_unmount((inode_put(inode), sb));
	CHECK(host_fsck(path));
	sb = mount(path);
	CHECK_EQ(host_unlink(sb->root_inode, "f"), 0);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(extended_attributes)
{
	attributes_of("-t ext2 -b 1024 -I 256");
	attributes_of("-t ext2 -b 1024 -I 128");
	attributes_of("-t ext2 -b 4096 -I 1024");
	attributes_of("-t ext2 -b 1024 -I 256 -O metadata_csum");
	attributes_of("-t ext2 -b 1024 -I 128 -O metadata_csum");
}

/* Lists that debugfs finds and gave; inherited ones; and one that is damaged. */
TEST(access_control_lists)
{
	static const struct acl_entry list[] = {
		{ ACL_USER_OBJ, 7, ~0u }, { ACL_USER, 5, 1000 }, { ACL_GROUP_OBJ, 5, ~0u },
		{ ACL_MASK, 5, ~0u }, { ACL_OTHER, 0, ~0u },
	};
	const char *path = host_mkfs("names.img", 8, "-t ext2 -b 1024 -I 256");
	struct superblock *sb = mount(path);
	struct inode *dir, *inode;

	CHECK_EQ(host_mkdir(sb->root_inode, "dir", 0755, &dir), 0);
	CHECK_EQ(dir->ops->set_acl(dir, true, list, ARRAY_SIZE(list)), 0);
	CHECK_EQ(inode_acls_publish(dir, NULL, 0, list, ARRAY_SIZE(list)), 0);
	CHECK_EQ(host_create(dir, "f", 0666, &inode), 0);
	CHECK_EQ(inode->mode, S_IFREG | 0640);
	CHECK(inode->acls && inode->acls->n_access == ARRAY_SIZE(list));
	inode_put(inode);
	CHECK_EQ(host_mkdir(dir, "d", 0777, &inode), 0);
	CHECK(inode->acls && inode->acls->n_access && inode->acls->n_default);
	CHECK_EQ(inode->mode, S_IFDIR | 0750);
	inode_put(inode);
	host_unmount((inode_put(dir), sb));
	CHECK(host_fsck(path));
	CHECK_EQ(host_run("debugfs -R 'ea_get -x dir/f system.posix_acl_access' '%s' 2>/dev/null |"
			  " grep -q '02 00 00 00 01 00 06 00 00 00 00 00 02 00 05 00 e8 03'", path),
		 0);
	sb = mount(path);
	CHECK_EQ(host_lookup(sb->root_inode, "dir", &dir), 0);
	CHECK_EQ(host_lookup(dir, "f", &inode), 0);
	CHECK_EQ(inode->ops->set_acl(inode, false, list, ARRAY_SIZE(list) - 1), 0);
	inode_put(inode);
	host_unmount((inode_put(dir), sb));
	sb = mount(path);
	CHECK_EQ(host_lookup(sb->root_inode, "dir", &dir), 0);
	CHECK(dir->acls && !dir->acls->n_access && dir->acls->n_default == ARRAY_SIZE(list));
	CHECK(dir->acls && memcmp(dir->acls->entries, list, sizeof(list)) == 0);
	host_quiet = true;
	CHECK_EQ(host_lookup(dir, "f", &inode), 0);
	CHECK_EQ(inode_acls_permission(inode, &host_cred, MAY_READ), (u64)-EIO);
	CHECK(strstr(host_log(), "access control list is damaged") != NULL);
	host_quiet = false;
	inode_put(inode);
	host_unmount((inode_put(dir), sb));
}

TEST(nameless_file)
{
	const char *path = host_mkfs("names.img", 8, "-t ext2 -b 1024");
	struct superblock *sb = mount(path);
	struct inode *root = sb->root_inode, *inode, *other;

	rwsem_write(&root->lock);
	CHECK_EQ(root->ops->tmpfile(root, 0600, &host_cred, &inode), 0);
	CHECK_EQ(root->ops->tmpfile(root, 0600, &host_cred, &other), 0);
	rwsem_write_end(&root->lock);
	CHECK_EQ(host_write(inode, "text", 4, 0), 4);
	CHECK_EQ(host_link(root, "named", inode), 0);
	CHECK_EQ(inode->nlink, 1);
	inode_put(inode);
	inode_put(other);
	host_unmount(sb);
	CHECK(host_fsck(path));
}
