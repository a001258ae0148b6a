/* Spellings of mount flags. */
#pragma once

#include "vfs/mount_int.h"

/* MNT_F_* of mount(2)'s flags, for a new mount and for a change of one that had `old`. */
u32 mount_flags_from_ms(u64 ms);
u32 mount_flags_for_remount(u64 ms, u32 old);
/* SB_* of mount(2)'s flags. */
u32 super_flags_from_ms(u64 ms);
/*
 * Takes the words that mean the same everywhere ("ro", "lazytime" …) out of the text of options and
 * into SB_*: 0 and *rest, to be freed, or -ENOMEM.
 */
int must_check mount_words_take(const char *options, u32 *flags, char **rest);
