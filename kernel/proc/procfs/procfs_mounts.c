/*
 * The mount table as a process sees it: mounts, mountinfo and mountstats (proc(5)), file systems,
 * locks.
 */
#include "abi/errno.h"
#include "abi/kdev.h"
#include "abi/limits.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"

#define SPECIAL " \t\n\\#"

enum mounts_form { FORM_MOUNTS, FORM_INFO, FORM_STATS };

struct printing {
	struct text *text;
	struct path root;  /* of the process */
	char *buf;         /* PATH_MAX bytes */
	enum mounts_form form;
};

/* Where a mount is seen from the process's root, or NULL if it is not. */
static char *mount_place(struct printing *p, struct mount *m)
{
	struct path at = { m, m->root };
	char *start;

	if (path_below_to_string(&at, &p->root, p->buf, PATH_MAX, &start) < 0 || start[0] != '/')
		return NULL;
	return start;
}

static void print_mounts_line(struct printing *p, struct mount *m, const char *place,
			      const char *options)
{
	text_escape(p->text, m->source && *m->source ? m->source : "none", SPECIAL);
	text_printf(p->text, " ");
	text_escape(p->text, place, SPECIAL);
	text_printf(p->text, " %s %s 0 0\n", m->sb->type->name, options);
}

static void print_stats_line(struct printing *p, struct mount *m, const char *place)
{
	text_printf(p->text, m->source && *m->source ? "device " : "no device");
	text_escape(p->text, m->source ? m->source : "", SPECIAL);
	text_printf(p->text, " mounted on ");
	text_escape(p->text, place, SPECIAL);
	text_printf(p->text, " with fstype %s\n", m->sb->type->name);
}

static bool is_seen(struct mount *m, void *arg)
{
	return mount_place(arg, m) != NULL;
}

/* The optional fields: who shares what is mounted here. Overwrites the buffer. */
static void print_peers(struct printing *p, struct mount *m)
{
	u32 seen, master = mount_master_group(m, is_seen, p, &seen);

	if (m->group)
		text_printf(p->text, " shared:%u", m->group);
	if (master)
		text_printf(p->text, " master:%u", master);
	if (seen && seen != master)
		text_printf(p->text, " propagate_from:%u", seen);
	if (m->unbindable)
		text_printf(p->text, " unbindable");
}

static void print_info_line(struct printing *p, struct mount *m, const char *options)
{
	u32 dev = (u32)m->sb->dev_id;
	char *start, *place;

	text_printf(p->text, "%u %u %u:%u ", m->id, m->parent ? m->parent->id : m->id,
		    dev_major(dev), dev_minor(dev));
	if (mount_root_to_string(m, p->buf, PATH_MAX, &start) < 0)
		start = "/";
	text_escape(p->text, start, SPECIAL);
	text_printf(p->text, " ");
	place = mount_place(p, m);
	text_escape(p->text, place ? place : "/", SPECIAL);
	text_printf(p->text, " %s", options);
	print_peers(p, m);
	text_printf(p->text, " - %s ", m->sb->type->name);
	text_escape(p->text, m->source && *m->source ? m->source : "none", SPECIAL);
	text_printf(p->text, " %s\n", m->sb->flags & SB_READ_ONLY ? "ro" : "rw");
}

static bool print_mount(struct mount *m, void *arg)
{
	struct printing *p = arg;
	char options[256];
	char *place = mount_place(p, m);

	if (!place)
		return true;
	mount_show_options(m, options, sizeof(options));
	if (p->form == FORM_INFO)
		print_info_line(p, m, options);
	else if (p->form == FORM_STATS)
		print_stats_line(p, m, place);
	else
		print_mounts_line(p, m, place, options);
	return !p->text->error;
}

static int print_mounts(struct text *t, struct task *task, enum mounts_form form)
{
	struct printing p = { .text = t, .form = form };
	struct fs_context *fs = task_fs_get(task);
	struct path cwd;

	if (!fs)
		return -EINVAL;
	p.buf = kmalloc(PATH_MAX, MM_KERNEL);
	if (!p.buf) {
		fs_context_put(fs);
		return -ENOMEM;
	}
	fs_context_get_paths(fs, &p.root, &cwd);
	mount_each(print_mount, &p);
	path_put(&cwd);
	path_put(&p.root);
	kfree(p.buf);
	fs_context_put(fs);
	return 0;
}

int show_mounts(struct text *t, struct task *task)
{
	return print_mounts(t, task, FORM_MOUNTS);
}

int show_mountinfo(struct text *t, struct task *task)
{
	return print_mounts(t, task, FORM_INFO);
}

int show_mountstats(struct text *t, struct task *task)
{
	return print_mounts(t, task, FORM_STATS);
}

static void print_type(struct fs_type *type, void *arg)
{
	text_printf(arg, "%s\t%s\n", type->flags & FS_NEEDS_DEV ? "" : "nodev", type->name);
}

int show_filesystems(struct text *t, struct task *task)
{
	fs_each(print_type, t);
	return 0;
}

int show_locks(struct text *t, struct task *task)
{
	char *buf = kmalloc(PAGE_SIZE, MM_KERNEL);
	u64 pos = 0;
	int n;

	if (!buf)
		return -ENOMEM;
	while ((n = file_locks_show(buf, PAGE_SIZE, &pos)) > 0)
		text_write(t, buf, (size_t)n);
	kfree(buf);
	return 0;
}
