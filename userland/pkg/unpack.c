/* Unpacks a package that plan.c has read, under the temporary names that it has given. */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void unpack_file(struct tar *tar, const struct file *file)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = file->mtime}};
	char data[65536], text[SHA256_TEXT];
	struct sha256 sum;
	size_t count;
	int fd;

	unlink(file->temporary);
	fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		fail("/%s: %s", file->path, strerror(errno));
	sha256_init(&sum);
	while ((count = tar_read(tar, data, sizeof(data)))) {
		write_all(fd, data, count, file->path);
		sha256_add(&sum, data, count);
		progress_add(count);
	}
	sha256_end(&sum, text);
	if (strcmp(text, file->sum))
		fail("%s: changed while it was unpacked", tar->name);
	if (fchown(fd, file->uid, file->gid) || fchmod(fd, file->mode) || futimens(fd, times) ||
	    close(fd))
		fail("/%s: %s", file->path, strerror(errno));
}

static void unpack_link(const struct file *file)
{
	unlink(file->temporary);
	if (symlink(file->target, file->temporary) ||
	    lchown(file->temporary, file->uid, file->gid))
		fail("/%s: %s", file->path, strerror(errno));
}

static void unpack_hard_link(const struct plan *plan, const struct file *file)
{
	const struct file *target = files_find(&plan->incoming, file->target);

	unlink(file->temporary);
	if (link(target->temporary, file->temporary))
		fail("/%s: %s", file->path, strerror(errno));
}

/* A directory that was made gets what the package says of it. */
static void set_directory(const struct plan *plan, const struct file *file)
{
	for (size_t i = 0; i < plan->directories.count; i++)
		if (plan->directories.all[i].kind == 'd' &&
		    !strcmp(plan->directories.all[i].path, file->path)) {
			if (lchown(file->path, file->uid, file->gid) ||
			    chmod(file->path, file->mode))
				fail("/%s: %s", file->path, strerror(errno));
			return;
		}
}

/* Unpack one package of the plan, whose journal has begun. */
void unpack(const struct plan *plan, const struct package *package)
{
	const struct file *file;
	struct deb deb;
	struct tar tar;

	deb_open(&deb, package->path);
	deb_data(&deb, &tar);
	while (tar_next(&tar)) {
		file = files_find(&plan->incoming, tar.entry.path);
		if (!file || file->kind != tar.entry.kind)
			fail("%s: changed while it was unpacked", deb.name);
		if (file->kind == 'd')
			set_directory(plan, file);
		else if (file->temporary && file->kind == 'f')
			unpack_file(&tar, file);
		else if (file->temporary && file->kind == 'l')
			unpack_link(file);
		else if (file->temporary)
			unpack_hard_link(plan, file);
	}
	tar_end(&tar);
	deb_close(&deb);
}
