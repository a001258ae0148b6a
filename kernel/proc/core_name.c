/*
 * What core_pattern says, with its specifiers (core(5), "Naming of core dump files").
 */
#include "abi/errno.h"
#include "abi/limits.h"
#include "core/clock.h"
#include "lib/ctype.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/core_int.h"
#include "proc/set_mm.h"
#include "proc/uts.h"

#define ULL(x) ((unsigned long long)(x))

/* A text in which nothing is a directory. */
static void put_plain(struct text *t, const char *s)
{
	for (; *s; s++)
		text_write(t, *s == '/' ? "!" : s, 1);
}

/* The program's path, or the last part of it. */
static void put_program(struct text *t, bool whole)
{
	struct file *exe = aspace_exe_get(aspace_current());
	char *buf = kmalloc(PATH_MAX, MM_KERNEL), *path = NULL;
	struct path root, cwd;

	fs_context_get_paths(task_current()->fs, &root, &cwd);
	if (buf && exe && path_to_string(&exe->path, &root, buf, PATH_MAX, &path) >= 0) {
		char *slash = strrchr(path, '/');

		put_plain(t, whole || !slash ? path : slash + 1);
	} else {
		put_plain(t, thread_current()->name);
	}
	path_put(&root);
	path_put(&cwd);
	if (exe)
		file_put(exe);
	kfree(buf);
}

static void put_host(struct text *t)
{
	struct utsname u;

	uts_read(&u);
	put_plain(t, u.nodename);
}

/* One specifier; what is not known is left out. */
static void put(struct text *t, char what, int signo, u64 limit)
{
	const struct task *task = task_current();

	switch (what) {
	case '%':
		text_write(t, "%", 1);
		break;
	case 'p':
	case 'P':
		text_printf(t, "%d", task->process->pid->nr);
		break;
	case 'i':
	case 'I':
		text_printf(t, "%d", task->thread->tid);
		break;
	case 'u':
		text_printf(t, "%u", task->cred->uid);
		break;
	case 'g':
		text_printf(t, "%u", task->cred->gid);
		break;
	case 'd':
		text_printf(t, "%u", READ_ONCE(task->process->dumpable));
		break;
	case 's':
		text_printf(t, "%d", signo);
		break;
	case 't':
		text_printf(t, "%llu", ULL(clock_realtime() / NSEC_PER_SEC));
		break;
	case 'c':
		text_printf(t, "%llu", ULL(limit));
		break;
	case 'h':
		put_host(t);
		break;
	case 'e':
		put_plain(t, task->thread->name);
		break;
	case 'f':
		put_program(t, false);
		break;
	case 'E':
		put_program(t, true);
		break;
	}
}

int core_name(struct text *t, const char *pattern, int signo, u64 limit)
{
	bool words = pattern[0] == '|', has_pid = false;

	for (const char *at = pattern + words; *at; at++) {
		if (words && char_is_space(*at)) { /* between words; a specifier is never divided */
			if (t->used && t->buf[t->used - 1])
				text_write(t, "", 1);
		} else if (*at != '%') {
			text_write(t, at, 1);
		} else if (*++at) {
			has_pid |= *at == 'p';
			put(t, *at, signo, limit);
		} else {
			break;
		}
	}
	if (!words && !has_pid && READ_ONCE(core_uses_pid))
		text_printf(t, ".%d", process_current()->pid->nr);
	if (!words || (t->used && t->buf[t->used - 1]))
		text_write(t, "", 1);
	return t->error;
}
