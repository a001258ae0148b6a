/*
 * The initial RAM disk: one or more archives behind each other, each as it is or compressed by
 * gzip, with zeros between them. They are unpacked in order into a file system in memory that
 * becomes the first root; then the boot loader's memory goes to the allocator.
 *
 * If the program that shall run there (/init, or rdinit=) is not there, the root of root= is
 * mounted as without an initramfs, and what was unpacked is thrown away. An archive that is damaged
 * counts up to where it is; the log tells.
 */
#include "init/initramfs.h"

#include "abi/errno.h"
#include "abi/kdev.h"
#include "abi/stat.h"
#include "arch/boot.h"
#include "arch/mmu.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "core/panic.h"
#include "fs/tmpfs/tmpfs.h"
#include "lib/cpio.h"
#include "lib/inflate.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/slab.h"

#define PADDING 4 /* archives begin at multiples of this */

struct loading {
	struct cpio cpio;
	struct inflate inflate;
	struct initramfs *unpacking;
};

/* Feeds bytes that hold whole archives and nothing else but zeros. */
static int feed_all(void *arg, const u8 *data, size_t n)
{
	struct loading *l = arg;

	while (n) {
		ssize_t used = cpio_feed(&l->cpio, data, n);

		if (used < 0)
			return (int)used;
		data += used;
		n -= (size_t)used;
		if (l->cpio.state == CPIO_DONE) {
			initramfs_archive_end(l->unpacking);
			cpio_restart(&l->cpio);
		}
	}
	return 0;
}

/* An archive that is not compressed: how many bytes it had, or an error. */
static ssize_t load_plain(struct loading *l, const u8 *data, size_t n)
{
	ssize_t used = cpio_feed(&l->cpio, data, n);

	if (used < 0)
		return used;
	if (l->cpio.state != CPIO_DONE)
		return -ENODATA;
	initramfs_archive_end(l->unpacking);
	cpio_restart(&l->cpio);
	return used;
}

static ssize_t load_compressed(struct loading *l, const u8 *data, size_t n)
{
	size_t used;
	int err = gunzip(&l->inflate, data, n, feed_all, l, &used);

	if (err == 0 && !cpio_is_whole(&l->cpio))
		err = -ENODATA;
	return err < 0 ? err : (ssize_t)used;
}

/* What makes the bytes at `at` no archive, for the log. */
static const char *kind_of(const u8 *p, size_t n)
{
	static const struct { const char *magic, *name; } others[] = {
		{ "\xfd" "7zXZ", "compressed by xz" },
		{ "\x28\xb5\x2f\xfd", "compressed by zstd" },
		{ "\x02\x21\x4c\x18", "compressed by lz4" },
		{ "BZh", "compressed by bzip2" },
		{ "\x5d\x00\x00", "compressed by lzma" },
		{ "\x89LZO", "compressed by lzop" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		size_t length = max(strlen(others[i].magic), (size_t)3);

		if (n >= length && !memcmp(p, others[i].magic, length))
			return others[i].name;
	}
	return "neither a cpio archive nor one compressed by gzip";
}

static const char *reason_of(const struct loading *l, ssize_t err)
{
	if (l->cpio.why)
		return l->cpio.why;
	switch (err) {
	case -ABI_ENODATA:
		return "it ends too early";
	case -ABI_EBADMSG:
		return "its sum is wrong";
	case -ABI_EINVAL:
		return "it is damaged";
	case -ABI_ENOMEM:
	case -ABI_ENOSPC:
		return "there is not enough memory for it";
	default:
		return "it could not be unpacked";
	}
}

static void load_archives(struct loading *l, const u8 *data, size_t n)
{
	size_t at = 0;

	while (at < n) {
		ssize_t used;

		if (!data[at]) {
			at++;
			continue;
		}
		if (data[at] == '0' && at % PADDING == 0) {
			used = load_plain(l, data + at, n - at);
		} else if (n - at >= 2 && data[at] == 0x1f && data[at + 1] == 0x8b) {
			used = load_compressed(l, data + at, n - at);
		} else {
			log_err("initramfs: at byte %zu: %s", at, kind_of(data + at, n - at));
			return;
		}
		if (used < 0) {
			log_err("initramfs: the archive at byte %zu: %s (error %d)", at,
				reason_of(l, used), (int)-used);
			return;
		}
		at += (size_t)used;
	}
}

/* What is there before anything is unpacked: enough for a console. */
static void prepare(const struct walk *walk)
{
	if (vfs_mkdir(walk, "/dev", 0755) < 0 || vfs_mkdir(walk, "/root", 0700) < 0 ||
	    vfs_mknod(walk, "/dev/console", S_IFCHR | 0600, dev_make(TTYAUX_MAJOR, 1)) < 0)
		log_warn("initramfs: no memory for /dev/console");
}

static bool may_run(const struct walk *walk, const char *program)
{
	struct path path;
	int err = path_lookup(walk, program, WALK_FOLLOW, &path);

	if (err == 0) {
		err = S_ISREG(path.dentry->inode->mode) ?
			vfs_access(&path, walk->cred, MAY_EXEC) : -EACCES;
		path_put(&path);
	}
	if (err < 0)
		log_info("initramfs: no %s there (error %d): going on to root=", program, -err);
	return err == 0;
}

bool initramfs_load(char *program, size_t size)
{
	struct boot_range image = boot_info.initrd;
	struct loading *l;
	struct walk walk = { .cred = cred_root };
	bool found;

	if (image.start >= image.end)
		return false;
	l = kmalloc(sizeof(*l), MM_KERNEL);
	if (!l || vfs_mount_first(&tmpfs_first_root) < 0 || !(walk.fs = fs_context_boot()) ||
	    !(l->unpacking = initramfs_begin(&walk)))
		panic("initramfs: no memory");
	prepare(&walk);
	log_info("initramfs: unpacking %llu KiB",
		 (unsigned long long)(image.end - image.start) >> 10);
	cpio_init(&l->cpio, &initramfs_ops, l->unpacking);
	load_archives(l, phys_to_virt(image.start), image.end - image.start);
	initramfs_end(l->unpacking);
	kfree(l);
	mm_give(align_down(image.start, PAGE_SIZE), align_up(image.end, PAGE_SIZE));
	if (!cmdline_get("rdinit", program, size) || !*program)
		strlcpy(program, "/init", size);
	found = may_run(&walk, program);
	fs_context_put(walk.fs);
	return found;
}
