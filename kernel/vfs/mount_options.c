/*
 * Flags of mounts and superblocks in their three spellings: mount(2)'s MS_*, our own, and the words
 * of /proc/mounts.
 */
#include "abi/mount.h"
#include "lib/format.h"
#include "lib/string.h"
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
	if (ms & (MS_STRICTATIME | MS_NOATIME))
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
	return flags;
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
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (flags & table[i].mnt)
			strlcat(buf, table[i].word, size);
	n = strlen(buf);
	if (sb->ops->show_options && n + 1 < size)
		sb->ops->show_options(sb, buf + n, size - n);
}
