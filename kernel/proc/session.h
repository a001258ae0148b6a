/* Making sessions: private to proc but for the terminal, which reads struct session. */
#pragma once

#include "proc/process.h"

/* A session named by `pid`, with one reference, or NULL. */
struct session *session_create(struct pid *pid);
/* The session's terminal for /proc/[pid]/stat: device number (0: none) and foreground group (-1:
 * none). Any lock below RANK_FILE may be held. */
void session_tty_numbers(struct session *s, s32 *dev, s32 *group);
