/* Spellings of mount flags. */
#pragma once

#include "vfs/mount_int.h"

/* MNT_F_* of mount(2)'s flags, for a new mount and for a change of one that had `old`. */
u32 mount_flags_from_ms(u64 ms);
u32 mount_flags_for_remount(u64 ms, u32 old);
/* SB_* of mount(2)'s flags. */
u32 super_flags_from_ms(u64 ms);
