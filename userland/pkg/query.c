/* What only looks: list, search, info, files, owner, verify. */
#include "pkg.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first line of the description. */
static char *summary(const struct package *package)
{
	char *text = field(package->control, "Description");

	if (!text)
		return copy("");
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static struct package *find_installed(const struct packages *installed, const char *name)
{
	struct package *package = packages_find(installed, name);

	if (!package)
		fail("%s is not installed", name);
	return package;
}

/* The newest of each name, with what is installed in the place of what is listed. */
static struct packages newest(const struct packages *available)
{
	struct packages found = {0};

	for (size_t i = 0; i < available->count; i++) {
		struct package *package = available->all[i];
		struct package *other = packages_find(&found, package->name);

		if (!other)
			packages_add(&found, package);
		else if (version_compare(package->version, other->version) > 0)
			*other = *package;
	}
	packages_sort(&found);
	return found;
}

/* pkg list: what is installed, or those of these names. */
int query_list(char *const *names)
{
	struct packages installed = {0};

	installed_read(&installed);
	for (; *names; names++) {
		const struct package *package = find_installed(&installed, *names);

		printf("%-20s %s\n", package->name, package->version);
		if (!names[1])
			return 0;
	}
	for (size_t i = 0; i < installed.count; i++) {
		char *about = summary(installed.all[i]);

		printf("%-20s %-14s %s\n", installed.all[i]->name, installed.all[i]->version,
		       about);
		free(about);
	}
	return 0;
}

/* pkg search: what can be had, with all of these words in name or description. */
int query_search(char *const *words)
{
	struct packages available = {0}, installed = {0}, found;
	int status = 1;

	installed_read(&installed);
	sources_read(&available, false);
	found = newest(&available);
	for (size_t i = 0; i < found.count; i++) {
		struct package *package = found.all[i];
		char *about = summary(package), *text = format("%s\n%s", package->name, about);
		bool all = true;

		for (char *const *word = words; *word; word++)
			all &= strcasestr(text, *word) != NULL;
		if (all) {
			printf("%c %-18s %-14s %s\n",
			       packages_find(&installed, package->name) ? 'i' : ' ', package->name,
			       package->version, about);
			status = 0;
		}
		free(about);
		free(text);
	}
	return status;
}

static bool info_one(const struct packages *from, const char *name, const char *where)
{
	const struct package *package = packages_find(from, name);

	if (!package)
		return false;
	printf("%s%s", package->control, where);
	return true;
}

/* pkg info: all that is known of these. */
int query_info(char *const *names)
{
	struct packages available = {0}, installed = {0}, found;

	installed_read(&installed);
	sources_read(&available, false);
	found = newest(&available);
	for (; *names; names++)
		if (!info_one(&installed, *names, "") &&
		    !info_one(&found, *names, "Status: not installed\n"))
			fail("%s: no such package", *names);
		else if (names[1])
			putchar('\n');
	return 0;
}

/* pkg files: the paths of these. */
int query_files(char *const *names)
{
	struct packages installed = {0};

	installed_read(&installed);
	for (; *names; names++) {
		struct files files = {0};

		installed_files(find_installed(&installed, *names), &files);
		for (size_t i = 0; i < files.count; i++)
			if (files.all[i].kind != 'd')
				printf("/%s\n", files.all[i].path);
	}
	return 0;
}

static struct files all_files(void)
{
	struct packages installed = {0};
	struct files files = {0};

	installed_read(&installed);
	for (size_t i = 0; i < installed.count; i++)
		installed_files(installed.all[i], &files);
	files_sort(&files);
	return files;
}

/* pkg owner: which packages have these paths. */
int query_owner(char *const *paths)
{
	struct files files = all_files();
	int status = 0;

	for (; *paths; paths++) {
		struct file *file = files_find(&files, *paths + strspn(*paths, "/"));

		if (!file) {
			fprintf(stderr, "pkg: %s belongs to no package\n", *paths);
			status = 1;
			continue;
		}
		for (; file < files.all + files.count &&
		       !strcmp(file->path, *paths + strspn(*paths, "/")); file++)
			printf("%s: %s\n", *paths, file->owner->name);
	}
	return status;
}

/* How a file differs from what was installed; NULL if it does not. */
static const char *difference(const struct file *file)
{
	char sum[SHA256_TEXT], target[4097];
	struct stat status;
	ssize_t length;

	if (lstat(file->path, &status))
		return "missing";
	switch (file->kind) {
	case 'd':
		if (!S_ISDIR(status.st_mode))
			return "not a directory";
		break;
	case 'l':
		length = readlink(file->path, target, sizeof(target) - 1);
		if (length < 0)
			return "not a symbolic link";
		target[length] = '\0';
		return strcmp(target, file->target) ? "leads elsewhere" : NULL;
	default:
		if (!S_ISREG(status.st_mode))
			return "not a file";
		if (!*file->sum)
			return NULL;
		if (!sha256_file(file->path, sum))
			return "cannot be read";
		if (strcmp(sum, file->sum))
			return "changed";
	}
	if ((status.st_mode & 07777) != file->mode)
		return "another mode";
	if (status.st_uid != file->uid || status.st_gid != file->gid)
		return "another owner";
	return NULL;
}

/* pkg verify: whether the files of these, or of all, are as they were installed. Configuration may
 * differ; it is named all the same. */
int query_verify(char *const *names)
{
	struct packages installed = {0}, chosen = {0};
	int status = 0;

	installed_read(&installed);
	for (; *names; names++)
		packages_add(&chosen, find_installed(&installed, *names));
	if (!chosen.count)
		chosen = installed;
	for (size_t n = 0; n < chosen.count; n++) {
		struct files files = {0};

		installed_files(chosen.all[n], &files);
		for (size_t i = 0; i < files.count; i++) {
			bool configuration = is_configuration(files.all[i].path);
			const char *what = difference(&files.all[i]);

			if (!what)
				continue;
			printf("/%s: %s%s (%s)\n", files.all[i].path, what,
			       configuration ? ", configuration" : "", chosen.all[n]->name);
			status |= !configuration;
		}
	}
	return status;
}
