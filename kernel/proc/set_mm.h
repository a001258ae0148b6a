/* What /proc and the kernel know of a program's memory, told by the program (prctl(2)). */
#pragma once

#include "abi/prctl.h"
#include "lib/types.h"

struct aspace;
struct file;

/*
 * PR_SET_MM with PR_SET_MM_*, of the current process: 0, -EINVAL (what it is, addresses that cannot
 * be, beyond RLIMIT_DATA), -EPERM, -EFAULT, -EBADF, -EACCES (no program), -EBUSY (the old program
 * is mapped still), -ERESTARTSYS. Thread context, no locks.
 */
long set_mm(u64 what, u64 addr, u64 size);

/* The program that a space runs, referenced, or NULL. No lock of the space held. */
struct file *aspace_exe_get(struct aspace *as);
/* Gives it a program, to which writing is denied; it has none, or who replaces it holds the space's
 * lock for writing. */
void aspace_exe_give(struct aspace *as, struct file *exe);
/* A copy of the space, nobody else's yet, runs the same. No lock of either held. */
void aspace_exe_share(struct aspace *from, struct aspace *to);
