/*
 * The database of what is installed, in dpkg's places: var/lib/dpkg/status has the paragraph of
 * each package, info/NAME.list its paths. info/NAME.manifest is ours; it has a line for each path,
 * with tabs between:
 *
 *	KIND MODE UID GID SUM PATH	f and d; the sum is "-" for directories
 *	l 0777 UID GID TARGET PATH
 *
 * A package that dpkg has installed has a list only; what is known of its files is their names.
 */
#include "pkg.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void add_installed(struct packages *packages, struct package *package, void *argument)
{
	char *status = field(package->control, "Status");

	(void)argument;
	if (status && strstr(status, " installed"))
		packages_add(packages, package);
	free(status);
}

/* All that is installed, by name. */
void installed_read(struct packages *installed)
{
	struct buffer status = {0};

	if (!read_file(STATUS, &status))
		return;
	packages_parse(installed, status.data, add_installed, NULL);
	packages_sort(installed);
	free(status.data);
}

/* The status file of these packages. */
void installed_print(struct buffer *buffer, const struct packages *packages)
{
	for (size_t i = 0; i < packages->count; i++) {
		const char *control = packages->all[i]->control;

		buffer_print(buffer, "Package: %s\nStatus: install ok installed\n",
			     packages->all[i]->name);
		while (*control) {
			size_t length = strcspn(control, "\n") + 1;

			if (strncasecmp(control, "Package:", 8) &&
			    strncasecmp(control, "Status:", 7))
				buffer_add(buffer, control, length);
			control += length;
		}
		buffer_print(buffer, "\n");
	}
	if (!buffer->data)
		buffer_add(buffer, "", 0);
}

void files_add(struct files *files, struct file file)
{
	files->all = grow(files->all, files->count, sizeof(*files->all));
	files->all[files->count++] = file;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

/* By path: a directory is before what is in it. */
void files_sort(struct files *files)
{
	if (files->count)
		qsort(files->all, files->count, sizeof(*files->all), compare);
}

/* One with this path among sorted ones, or NULL; the first, if there are several. */
struct file *files_find(const struct files *files, const char *path)
{
	struct file key = {.path = (char *)path}, *found = NULL;

	if (files->count)
		found = bsearch(&key, files->all, files->count, sizeof(key), compare);
	while (found && found > files->all && !strcmp(found[-1].path, path))
		found--;
	return found;
}

/* Whether it is for the administrator to change. */
bool is_configuration(const char *path)
{
	return !strncmp(path, "etc/", 4);
}

void manifest_print(struct buffer *buffer, const struct file *file)
{
	const char *about = file->kind == 'l' ? file->target : file->kind == 'd' ? "-" : file->sum;

	buffer_print(buffer, "%c\t%04o\t%u\t%u\t%s\t%s\n", file->kind == 'h' ? 'f' : file->kind,
		     file->mode, file->uid, file->gid, about, file->path);
}

static void read_manifest_line(const struct package *package, char *line, struct files *files)
{
	struct file file = {.owner = package};
	char *fields[6];

	for (int i = 0; i < 6; i++) {
		fields[i] = strsep(&line, "\t");
		if (!fields[i])
			fail("%s/%s.manifest: damaged", INFO_DIR, package->name);
	}
	file.kind = fields[0][0];
	file.mode = strtoul(fields[1], NULL, 8);
	file.uid = strtoul(fields[2], NULL, 10);
	file.gid = strtoul(fields[3], NULL, 10);
	if (file.kind == 'l')
		file.target = fields[4];
	else if (strlen(fields[4]) == SHA256_TEXT - 1)
		memcpy(file.sum, fields[4], SHA256_TEXT);
	file.path = fields[5];
	files_add(files, file);
}

/* A line of dpkg's list: what is there tells what it is. */
static void read_list_line(const struct package *package, char *line, struct files *files)
{
	struct file file = {.owner = package, .path = line + (*line == '/'), .kind = 'f'};
	struct stat status;

	if (!*file.path || !strcmp(file.path, "."))
		return;
	if (!lstat(file.path, &status) && S_ISDIR(status.st_mode))
		file.kind = 'd';
	files_add(files, file);
}

/* Add what a package has, as it was installed. */
void installed_files(const struct package *package, struct files *files)
{
	char *manifest = format("%s/%s.manifest", INFO_DIR, package->name);
	char *list = format("%s/%s.list", INFO_DIR, package->name);
	struct buffer text = {0};
	bool ours = read_file(manifest, &text);
	char *at, *line;

	if (!ours)
		read_file(list, &text);
	/* The text stays: what is added points into it. */
	for (at = text.data; at && (line = strsep(&at, "\n"));)
		if (*line)
			(ours ? read_manifest_line : read_list_line)(package, line, files);
	free(manifest);
	free(list);
}
