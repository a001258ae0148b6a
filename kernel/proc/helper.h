/* Programs that the kernel runs on its own account. */
#pragma once

#include "lib/types.h"

struct file;
struct process;

/*
 * Runs a program as root: `words`, n bytes with a NUL behind each, are its path and arguments,
 * `input` its descriptor 0 (it takes a reference), its RLIMIT_CORE `core_limit`. 0 and its process,
 * referenced; -ENOMEM, -EAGAIN, -E2BIG. Whether there is such a program shows later. Thread
 * context, no lock.
 */
int helper_pipe(const char *words, u32 n, struct file *input, u64 core_limit,
		struct process **out);

/* Boot: events of devices may have a helper (dev/uevent.h). */
void helper_init(void);
