/* Strings of a new program image: copied out of the old one first, laid out on the new stack
 * last. */
#pragma once

#include "lib/types.h"
#include "proc/process.h"

#define EXEC_PREFIX_MAX 16 /* strings that #! lines may put in front */

struct exec_args {
	char *text;             /* argv strings, then envp strings, each with its NUL */
	size_t used, room, limit; /* bytes; limit as execve(2) says: E2BIG */
	size_t env_start;       /* where the environment begins in text */
	size_t skip;            /* bytes of text that a script's interpreter line replaced (the old
				 * argv[0]) */
	u32 argc, envc;         /* strings in text (skipped one not counted) */
	char *prefix[EXEC_PREFIX_MAX]; /* kmalloc'ed */
	u32 n_prefix;
	size_t prefix_bytes;
};

/* Copies both arrays: 0, -EFAULT, -E2BIG, -ENOMEM. exec_args_fini() in any case. */
int exec_args_copy(struct exec_args *a, const u64 *argv, const u64 *envp, bool kernel);
void exec_args_fini(struct exec_args *a);
/*
 * Puts `n` strings before the arguments, or (`replace`) in the place of argv[0], the first prefix
 * string if there is any: 0, -ENOMEM, -E2BIG.
 */
int exec_args_put_first(struct exec_args *a, const char *const *strings, u32 n, bool replace);

/* Where the parts of the initial stack went. */
struct exec_stack { vaddr_t sp, arg_start, arg_end, env_start, env_end, auxv; };
struct auxv { u64 type, value; };
/*
 * Writes strings, `name` for AT_EXECFN, 16 random bytes, auxv and the pointer arrays below `top` of
 * the current address space (System V ABI AMD64, 3.4.1). The values of AT_EXECFN, AT_RANDOM and
 * AT_PLATFORM in auxv (ends with AT_NULL, n entries) are filled in. 0, -EFAULT, -E2BIG, -ENOMEM.
 */
int exec_stack_write(const struct exec_args *a, vaddr_t top, const char *name, struct auxv *auxv,
		     unsigned n, struct exec_stack *out);
