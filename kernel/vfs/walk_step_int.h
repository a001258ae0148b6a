/* Between walk.c and walk_step.c: single steps of the walk. */
#pragma once

#include "vfs/walk_int.h"

void walk_set_root(struct walk_state *ws);
/*
 * Goes from path to its child `last`, and down the mounts on it. If that is a symlink and `follow`
 * is set, path stays and *link is the symlink, referenced (rcu mode is left). 0, -ENOENT, -EXDEV,
 * WALK_RETRY, or the directory's error.
 */
int walk_step(struct walk_state *ws, bool follow, struct inode **link);
/* "..": 0, -EXDEV, WALK_RETRY. */
int walk_up(struct walk_state *ws);
/*
 * The text of the symlink entry->inode, moving to the root first if it is absolute; or *text NULL
 * and path moved to the place a magic link names.
 */
int walk_link_text(struct walk_state *ws, struct walk_text *entry, const char **text);
