/*
 * What is to run: the file that execve(2) names, or, while that is a script or of a registered
 * format (proc/binfmt.h), its interpreter, which may be such a file again. Each puts itself and the
 * path of what it interprets before the arguments.
 */
#include "proc/exec_interp.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/binfmt.h"

#define INTERP_DEPTH_MAX 5 /* interpreters of interpreters */

struct search {
	const struct exec_request *req;
	struct walk plain;      /* for paths of interpreters */
	struct exec_args *args;
	struct exec_program *program;
	char *path;             /* of the image, kmalloc'ed, once it is an interpreter */
};

static const char *path_of(const struct search *s)
{
	return s->path ? s->path : s->req->shown;
}

/* Splits "#! interpreter [argument]": 0, or -ENOEXEC. */
static int script_parse(struct exec_image *image, char **interp, char **arg)
{
	char *line = image->head + 2, *end;
	size_t n = min(image->head_size, sizeof(image->head) - 1);

	image->head[n] = 0;
	end = line + strcspn(line, "\n");
	line += strspn(line, " \t");
	if (*end == 0 && image->head_size == sizeof(image->head) &&
	    line + strcspn(line, " \t") == end)
		return -ENOEXEC; /* cut off in the path; a cut argument is used as it is */
	*end = 0;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = 0;
	if (!*line)
		return -ENOEXEC;
	*interp = line;
	line += strcspn(line, " \t");
	if (*line)
		*line++ = 0;
	line += strspn(line, " \t");
	*arg = *line ? line : NULL;
	return 0;
}

/* The program of a "#!" line becomes what is to run. */
static int script_enter(struct search *s)
{
	struct exec_program *p = s->program;
	const char *strings[3];
	char *interp, *arg, *next;
	int error = script_parse(&p->image, &interp, &arg);
	u32 n = 0;

	if (error)
		return error;
	strings[n++] = interp;
	if (arg)
		strings[n++] = arg;
	strings[n++] = path_of(s);
	error = exec_args_put_first(s->args, strings, n, true);
	next = error ? NULL : kstrdup(interp, MM_KERNEL);
	if (!next)
		return error ? error : -ENOMEM;
	kfree(s->path);
	s->path = next;
	exec_image_close(&p->image);
	return exec_image_open(&s->plain, next, WALK_FOLLOW, &p->image);
}

/* The interpreter of a registered format becomes what is to run, in the same way. */
static int format_enter(struct search *s, const struct binfmt *b)
{
	struct exec_program *p = s->program;
	const char *strings[2] = { b->interpreter, path_of(s) };
	char *next;
	int error;

	error = exec_args_put_first(s->args, strings, 2, !(b->flags & BINFMT_PRESERVE_ARGV0));
	next = error ? NULL : kstrdup(b->interpreter, MM_KERNEL);
	if (!next)
		return error ? error : -ENOMEM;
	kfree(s->path);
	s->path = next;
	p->preserved |= b->flags & BINFMT_PRESERVE_ARGV0;
	if ((b->flags & BINFMT_OPEN) && !p->opened) {
		p->opened = file_get(p->image.file);
		p->opened_cred = b->flags & BINFMT_CREDENTIALS;
	}
	exec_image_close(&p->image);
	return b->fixed.file ? exec_image_reopen(&b->fixed, &p->image) :
			       exec_image_open(&s->plain, next, WALK_FOLLOW, &p->image);
}

/*
 * One interpreter, the `depth`-th behind the first. One that got a file cannot itself be
 * interpreted: -ENOEXEC. As on Linux the interpreter is looked for before there are too many.
 */
static int interp_enter(struct search *s, const struct binfmt *format, int depth)
{
	bool opened = s->program->opened;
	int error = format ? format_enter(s, format) : script_enter(s);

	if (!error && opened)
		error = -ENOEXEC;
	if (!error && depth >= INTERP_DEPTH_MAX)
		error = -ELOOP;
	return error;
}

int exec_program_find(const struct exec_request *req, struct exec_args *args,
		      struct exec_program *out)
{
	struct search s = { .req = req, .plain = { .cred = req->walk->cred, .fs = req->walk->fs },
			    .args = args, .program = out };
	const struct exec_image *image = &out->image;
	int error = exec_image_open(req->walk, req->name, req->walk_flags, &out->image);

	for (int depth = 0; !error; depth++) {
		struct binfmt *format = binfmt_find(image->head, image->head_size, path_of(&s));
		bool script = image->head_size >= 2 && !memcmp(image->head, "#!", 2);

		if (!format && !script)
			break;
		error = req->unnamable ? -ENOENT : interp_enter(&s, format, depth);
		binfmt_put(format);
	}
	kfree(s.path);
	return error;
}

void exec_program_close(struct exec_program *program)
{
	exec_image_close(&program->image);
	if (program->opened)
		file_put(program->opened);
	program->opened = NULL;
}
