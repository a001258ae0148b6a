/* Making sessions: private to proc but for the terminal, which reads struct session. */
#pragma once

#include "proc/process.h"

/* A session named by `pid`, with one reference, or NULL. */
struct session *session_create(struct pid *pid);
