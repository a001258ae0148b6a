/* pivot_root(2)'s way to everybody's root and working directory. */
#pragma once

#include "vfs/path.h"

/*
 * Whoever has its root or working directory at `from` has it at `to` afterwards. The caller holds
 * references to both.
 */
void fs_context_move_all(const struct path *from, const struct path *to);
