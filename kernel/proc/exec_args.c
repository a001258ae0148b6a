/*
 * Arguments and environment of execve(2): copied into one growing kernel buffer while the old image
 * is still there, then written to the new stack. Layout at the top of the stack, from high to low:
 * file name, environment strings, argument strings, platform and random bytes, then 16-byte aligned
 * the auxiliary vector, envp, argv, argc.
 */
#include "proc/exec_args.h"

#include "abi/elf.h"
#include "abi/errno.h"
#include "abi/limits.h"
#include "arch/usercopy.h"
#include "core/random.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"

#define ARGS_FLOOR  (ARG_MAX)          /* bytes always allowed */
#define ARGS_CEIL   (6ull << 20)       /* and never exceeded: 3/4 of the default stack */
#define PLATFORM    "x86_64"

static u64 args_limit(void)
{
	u64 limit = rlimit_current(RLIMIT_STACK) / 4;

	return clamp(limit, (u64)ARGS_FLOOR, (u64)ARGS_CEIL);
}

/* Makes room for at least `more` bytes. */
static int args_grow(struct exec_args *a, size_t more)
{
	size_t room = a->room ? a->room : 2048;
	char *text;

	if (a->used + more > a->limit)
		return -E2BIG;
	while (room < a->used + more)
		room *= 2;
	if (room == a->room)
		return 0;
	text = kvmalloc(room, MM_KERNEL);
	if (!text)
		return -ENOMEM;
	memcpy(text, a->text, a->used);
	kvfree(a->text);
	a->text = text;
	a->room = room;
	return 0;
}

static int pointer_fetch(const u64 *array, u32 i, bool kernel, u64 *out)
{
	if (kernel) {
		*out = array[i];
		return 0;
	}
	return copy_in(out, (const void __user *)(array + i), sizeof(*out));
}

/* Appends one string. */
static int string_append(struct exec_args *a, u64 pointer, bool kernel)
{
	ssize_t n;
	int error;

	if (kernel) {
		size_t size = strlen((const char *)pointer) + 1;

		error = args_grow(a, size);
		if (error)
			return error;
		memcpy(a->text + a->used, (const char *)pointer, size);
		a->used += size;
		return 0;
	}
	for (;;) {
		size_t room = min(a->room - a->used, (size_t)MAX_ARG_STRLEN);

		n = room ? copy_in_string(a->text + a->used, (const char __user *)pointer, room) :
			   -ENAMETOOLONG;
		if (n != -ABI_ENAMETOOLONG)
			break;
		if (room == MAX_ARG_STRLEN)
			return -E2BIG;
		error = args_grow(a, a->room - a->used + 1);
		if (error)
			return error;
	}
	if (n < 0)
		return (int)n;
	a->used += (size_t)n + 1;
	return 0;
}

static int strings_copy(struct exec_args *a, const u64 *array, bool kernel, u32 *count)
{
	for (u32 i = 0; array; i++) {
		u64 pointer;
		int error = pointer_fetch(array, i, kernel, &pointer);

		if (error)
			return error;
		if (!pointer)
			break;
		if ((u64)(a->argc + a->envc + 1) * sizeof(u64) + a->used > a->limit)
			return -E2BIG;
		error = string_append(a, pointer, kernel);
		if (error)
			return error;
		(*count)++;
	}
	return 0;
}

int exec_args_copy(struct exec_args *a, const u64 *argv, const u64 *envp, bool kernel)
{
	int error;

	*a = (struct exec_args){ .limit = args_limit() };
	error = args_grow(a, 1);
	if (!error)
		error = strings_copy(a, argv, kernel, &a->argc);
	if (!error && a->argc == 0) { /* nobody starts without a name */
		error = string_append(a, (u64)"", true);
		a->argc = 1;
	}
	a->env_start = a->used;
	if (!error)
		error = strings_copy(a, envp, kernel, &a->envc);
	return error;
}

void exec_args_fini(struct exec_args *a)
{
	for (u32 i = 0; i < a->n_prefix; i++)
		kfree(a->prefix[i]);
	kvfree(a->text);
}

int exec_args_put_first(struct exec_args *a, const char *const *strings, u32 n, bool replace)
{
	char *copies[EXEC_PREFIX_MAX];
	u32 gone = replace && a->n_prefix ? 1 : 0;

	if (a->n_prefix - gone + n > EXEC_PREFIX_MAX)
		return -E2BIG;
	for (u32 i = 0; i < n; i++) {
		copies[i] = kstrdup(strings[i], MM_KERNEL);
		if (!copies[i]) {
			while (i-- > 0)
				kfree(copies[i]);
			return -ENOMEM;
		}
	}
	if (gone) {
		a->prefix_bytes -= strlen(a->prefix[0]) + 1;
		kfree(a->prefix[0]);
	} else if (replace) {
		a->skip = strlen(a->text) + 1;
		a->argc--;
	}
	memmove(a->prefix + n, a->prefix + gone, (a->n_prefix - gone) * sizeof(a->prefix[0]));
	memcpy(a->prefix, copies, n * sizeof(copies[0]));
	a->n_prefix += n - gone;
	for (u32 i = 0; i < n; i++)
		a->prefix_bytes += strlen(copies[i]) + 1;
	return 0;
}

/* Fills `slots` with the user addresses of consecutive strings. */
static void pointers_fill(u64 *slots, u32 n, const char *text, vaddr_t at)
{
	for (u32 i = 0; i < n; i++) {
		size_t size = strlen(text) + 1;

		slots[i] = at;
		at += size;
		text += size;
	}
}

/* Writes all strings that end at `top`; returns where the lowest began through out->arg_start. */
static int strings_write(const struct exec_args *a, vaddr_t top, const char *name,
			 struct exec_stack *out, vaddr_t *name_at)
{
	size_t name_size = strlen(name) + 1, text_size = a->used - a->skip;
	vaddr_t at;

	*name_at = top - sizeof(u64) - name_size;
	out->env_end = *name_at;
	out->arg_start = out->env_end - text_size - a->prefix_bytes;
	out->arg_end = out->env_start = out->env_end - (a->used - a->env_start);
	at = out->arg_start;
	for (u32 i = 0; i < a->n_prefix; i++) {
		size_t size = strlen(a->prefix[i]) + 1;

		if (copy_out((void __user *)at, a->prefix[i], size) < 0)
			return -EFAULT;
		at += size;
	}
	if (copy_out((void __user *)at, a->text + a->skip, text_size) < 0)
		return -EFAULT;
	return copy_out((void __user *)*name_at, name, name_size);
}

static void auxv_set(struct auxv *auxv, unsigned n, u64 type, u64 value)
{
	for (unsigned i = 0; i < n; i++)
		if (auxv[i].type == type)
			auxv[i].value = value;
}

int exec_stack_write(const struct exec_args *a, vaddr_t top, const char *name, struct auxv *auxv,
		     unsigned n, struct exec_stack *out)
{
	u32 argc = a->n_prefix + a->argc;
	size_t words = 1 + argc + 1 + a->envc + 1 + 2 * (size_t)n, at = 0;
	u64 random[2], *vector;
	vaddr_t name_at, low;
	int error = strings_write(a, top, name, out, &name_at);

	if (error)
		return error;
	low = align_down(out->arg_start - sizeof(PLATFORM) - sizeof(random), 16);
	random_bytes(random, sizeof(random));
	if (copy_out((void __user *)low, random, sizeof(random)) < 0 ||
	    copy_out((void __user *)(low + sizeof(random)), PLATFORM, sizeof(PLATFORM)) < 0)
		return -EFAULT;
	auxv_set(auxv, n, AT_RANDOM, low);
	auxv_set(auxv, n, AT_PLATFORM, low + sizeof(random));
	auxv_set(auxv, n, AT_EXECFN, name_at);
	vector = kvmalloc(words * sizeof(u64), MM_KERNEL);
	if (!vector)
		return -ENOMEM;
	vector[at++] = argc;
	for (u32 i = 0; i < a->n_prefix; i++) {
		vector[at] = i ? vector[at - 1] + strlen(a->prefix[i - 1]) + 1 : out->arg_start;
		at++;
	}
	pointers_fill(vector + at, a->argc, a->text + a->skip, out->arg_start + a->prefix_bytes);
	at += a->argc;
	vector[at++] = 0;
	pointers_fill(vector + at, a->envc, a->text + a->env_start, out->env_start);
	at += a->envc;
	vector[at++] = 0;
	memcpy(vector + at, auxv, n * sizeof(*auxv));
	out->sp = align_down(low - words * sizeof(u64), 16);
	out->auxv = out->sp + at * sizeof(u64);
	error = copy_out((void __user *)out->sp, vector, words * sizeof(u64));
	kvfree(vector);
	return error;
}
