/* Between the files of core dumps. */
#pragma once

#include "proc/core.h"
#include "vfs/path.h"
#include "vfs/text.h"

/* Where a dump goes. */
struct core_out {
	struct file *file;
	struct process *process;  /* whose SIGKILL breaks it off */
	bool seeks;               /* holes stay holes */
	loff_t pos;               /* what is written, and what is to be left out behind that */
	u64 hole;
	u64 limit, fsize_limit;   /* bytes: RLIMIT_CORE, RLIMIT_FSIZE */
};

/* core_out.c: false: the dump ends here (limit, error, killed). */
bool core_emit(struct core_out *out, const void *bytes, size_t n);
bool core_zeros(struct core_out *out, u64 n);
/* The end: a hole at the end is there, too. */
void core_finish(struct core_out *out);

/* A part of memory, as it was when the dump began. */
struct core_area {
	u64 start, end, dump;     /* dump: bytes from start that are in it */
	u64 page;                 /* of the file */
	u32 flags;                /* AREA_* */
	u32 name;                 /* offset in names, ~0: none */
};

struct core_image {
	struct core_area *areas;
	u32 n_areas;
	struct path root;         /* of who dumps: from there files have their names */
	struct text names;        /* of files, each with its NUL */
	u32 n_names;
	struct text notes;
};

/* core_areas.c: 0, -ENOMEM or -ERESTARTSYS; core_image_free() in any case. */
int core_areas_take(struct core_image *image, struct aspace *as, u32 filter);
void core_image_free(struct core_image *image);
/* core_notes.c: 0 or -ENOMEM. All other threads stand still. */
int core_notes_make(struct core_image *image, const struct abi_siginfo *info);
/* core_elf.c: writes the file, as far as that goes. */
void core_write(struct core_out *out, const struct core_image *image, struct aspace *as);

/* core_name.c: what the pattern becomes for the current thread: a path, or (the pattern began with
 * '|') words with their NULs. 0, -ENOMEM. */
int core_name(struct text *t, const char *pattern, int signo, u64 limit);

/* core_file.c: a file for the dump; `safe`: the process is set-user-ID or the like. 0 or -errno. */
int core_file_open(const char *name, bool safe, struct file **out);
