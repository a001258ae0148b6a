/*
 * Flags of mounts and superblocks in their three spellings: mount(2)'s MS_*, our own, and the words
 * of /proc/mounts.
 */
#include "abi/mount.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/mount_options_int.h"

static const struct { u64 ms; u32 mnt; const char *word; } table[] = {
	{ MS_NOSUID, MNT_F_NOSUID, ",nosuid" },
	{ MS_NODEV, MNT_F_NODEV, ",nodev" },
	{ MS_NOEXEC, MNT_F_NOEXEC, ",noexec" },
	{ MS_NOATIME, MNT_F_NOATIME, ",noatime" },
	{ MS_NODIRATIME, MNT_F_NODIRATIME, ",nodiratime" },
	{ MS_RELATIME, MNT_F_RELATIME, ",relatime" },
	{ MS_NOSYMFOLLOW, MNT_F_NOSYMFOLLOW, ",nosymfollow" },
};

#define ATIME_FLAGS (MNT_F_NOATIME | MNT_F_NODIRATIME | MNT_F_RELATIME)

u32 mount_flags_from_ms(u64 ms)
{
	u32 flags = ms & MS_RDONLY ? MNT_F_READONLY : 0;

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (ms & table[i].ms)
			flags |= table[i].mnt;
	if (ms & MS_STRICTATIME)
		flags &= ~(MNT_F_RELATIME | MNT_F_NOATIME);
	else if (ms & MS_NOATIME)
		flags &= ~MNT_F_RELATIME;
	else
		flags |= MNT_F_RELATIME; /* mount(8): the default */
	return flags;
}

u32 mount_flags_for_remount(u64 ms, u32 old)
{
	u32 flags = mount_flags_from_ms(ms);

	/* mount(2): a remount that says nothing of access times keeps what there is. */
	if (!(ms & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)))
		flags = (flags & ~ATIME_FLAGS) | (old & ATIME_FLAGS);
	return flags;
}

u32 super_flags_from_ms(u64 ms)
{
	u32 flags = 0;

	if (ms & MS_RDONLY)
		flags |= SB_READ_ONLY;
	if (ms & MS_SYNCHRONOUS)
		flags |= SB_SYNC;
	if (ms & MS_DIRSYNC)
		flags |= SB_DIRSYNC;
	if (ms & MS_LAZYTIME)
		flags |= SB_LAZYTIME;
	return flags;
}

/* Words that mean the same for every file system. */
static const struct { const char *word; u32 set, clear; } words[] = {
	{ "ro", SB_READ_ONLY, 0 }, { "rw", 0, SB_READ_ONLY }, { "sync", SB_SYNC, 0 },
	{ "async", 0, SB_SYNC }, { "dirsync", SB_DIRSYNC, 0 }, { "lazytime", SB_LAZYTIME, 0 },
	{ "nolazytime", 0, SB_LAZYTIME }, { "mand", 0, 0 }, { "nomand", 0, 0 },
};

static bool word_take(const char *text, size_t n, u32 *flags)
{
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i].word) != n || memcmp(words[i].word, text, n) != 0)
			continue;
		*flags = (*flags & ~words[i].clear) | words[i].set;
		return true;
	}
	return false;
}

int mount_words_take(const char *options, u32 *flags, char **rest)
{
	size_t n;
	char *to;

	*rest = to = kmalloc(strlen(options) + 1, MM_KERNEL);
	if (!to)
		return -ENOMEM;
	for (; *options; options += n + (options[n] == ',')) {
		n = strcspn(options, ",");
		if (!n || word_take(options, n, flags))
			continue;
		if (to != *rest)
			*to++ = ',';
		memcpy(to, options, n);
		to += n;
	}
	*to = '\0';
	return 0;
}

void mount_show_options(struct mount *m, char *buf, size_t size)
{
	struct superblock *sb = m->sb;
	u32 flags = READ_ONCE(m->flags);
	size_t n;

	strlcpy(buf, mount_is_readonly(m) ? "ro" : "rw", size);
	if (sb->flags & SB_SYNC)
		strlcat(buf, ",sync", size);
	if (sb->flags & SB_DIRSYNC)
		strlcat(buf, ",dirsync", size);
	if (sb->flags & SB_LAZYTIME)
		strlcat(buf, ",lazytime", size);
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (flags & table[i].mnt)
			strlcat(buf, table[i].word, size);
	n = strlen(buf);
	if (sb->ops->show_options && n + 1 < size)
		sb->ops->show_options(sb, buf + n, size - n);
}
