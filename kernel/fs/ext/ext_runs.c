/*
 * fs/ext/ext_runs.c - what searches for long runs of free blocks found out.
 *
 * On a disk whose free blocks lie apart a search for a long run looks at every short one, in vain.
 * So of each group, and of the whole file system, it is remembered how long a run was not found,
 * and when: all that may make runs longer without the group's lock moves the time on, which makes
 * what was found before worthless, also where a search has not ended yet. It is no more than a
 * hint: who looks for a single block does not ask.
 */
#include "fs/ext/ext_alloc.h"

u32 ext_runs_begin(const struct ext_runs *runs)
{
	return __atomic_load_n(&runs->grown, __ATOMIC_ACQUIRE);
}

void ext_runs_none(struct ext_runs *runs, u32 begun, u32 least)
{
	__atomic_store_n(&runs->none, (u64)begun << 32 | least, __ATOMIC_RELAXED);
}

bool ext_runs_lack(const struct ext_runs *runs, u32 least)
{
	u64 none = __atomic_load_n(&runs->none, __ATOMIC_RELAXED);

	return (u32)none && least >= (u32)none && none >> 32 == ext_runs_begin(runs);
}

void ext_runs_grew(struct ext_fs *fs, u32 group)
{
	__atomic_add_fetch(&ext_group_nth(fs, group)->runs.grown, 1, __ATOMIC_RELEASE);
	__atomic_add_fetch(&fs->runs.grown, 1, __ATOMIC_RELEASE);
}

void ext_runs_appeared(struct ext_fs *fs, u64 start, u64 end)
{
	u32 group = ext_block_group(&fs->geo, start), n = (u32)(end - start);

	if (ext_runs_lack(&ext_group_nth(fs, group)->runs, n) || ext_runs_lack(&fs->runs, n))
		ext_runs_grew(fs, group);
}
