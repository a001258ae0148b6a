/*
 * From two sets of packages, as it is and as it is to be, to changes of files: reads all new
 * packages once without changing anything, refuses what cannot be, and writes the journal. Then
 * unpack.c reads them again.
 *
 * Files are `incoming` (of packages that are installed or take another's place), `leaving` (of
 * those that go or are replaced), or `staying`.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM (1 << 20) /* stays free for directories and the like */

/* Where a package has nothing to put. */
static const char *const forbidden[] = {DB_DIR, STATE_DIR, CACHE_DIR, "proc", "sys", "dev", "run"};

static bool has(const struct packages *packages, const struct package *package)
{
	for (size_t i = 0; i < packages->count; i++)
		if (packages->all[i] == package)
			return true;
	return false;
}

/* What there is room for on the root file system. */
static uint64_t room(void)
{
	struct statvfs status;

	if (statvfs(".", &status))
		fail("/: %s", strerror(errno));
	return (uint64_t)status.f_bavail * status.f_frsize;
}

static void check_place(const struct package *package, const char *path)
{
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		size_t length = strlen(forbidden[i]);

		if (!strncmp(path, forbidden[i], length) && (!path[length] || path[length] == '/'))
			fail("%s: refused: /%s is no place for packages", package->name, path);
	}
}

/* Read the package of an index or a file: all that it has, with sums, looked at by tar.c. */
static void read_package(struct plan *plan, struct package *package)
{
	char data[65536], *control;
	struct package *inside;
	struct sha256 sum;
	struct deb deb;
	struct tar tar;
	size_t count;

	deb_open(&deb, package->path);
	inside = deb_package(&deb);
	if (strcmp(inside->name, package->name) || strcmp(inside->version, package->version))
		fail("%s: refused: it is %s %s, not %s %s", deb.name, inside->name,
		     inside->version, package->name, package->version);
	control = package->control;
	package->control = inside->control;
	free(control);
	deb_data(&deb, &tar);
	tar.limit = room() + 16 * ROOM;
	for (size_t order = 0; tar_next(&tar); order++) {
		if (order == FILES_LIMIT)
			fail("%s: refused: more than %d files", deb.name, FILES_LIMIT);
		check_place(package, tar.entry.path);
		tar.entry.owner = package;
		tar.entry.order = order;
		sha256_init(&sum);
		while ((count = tar_read(&tar, data, sizeof(data)))) {
			sha256_add(&sum, data, count);
			progress_add(count);
		}
		if (tar.entry.kind == 'f')
			sha256_end(&sum, tar.entry.sum);
		files_add(&plan->incoming, tar.entry);
	}
	tar_end(&tar);
	deb_close(&deb);
}

/* Two that have the same path, both of which may have it only if it is a directory. */
static void check_pair(const struct file *a, const struct file *b)
{
	if (a->kind == 'd' && b->kind == 'd')
		return;
	if (a->owner == b->owner)
		fail("%s: refused: it has /%s twice", a->owner->name, a->path);
	fail("%s and %s both have /%s", a->owner->name, b->owner->name, a->path);
}

static void check_owners(struct plan *plan)
{
	for (size_t i = 0; i < plan->incoming.count; i++) {
		struct file *file = &plan->incoming.all[i], *other;

		if (i && !strcmp(file[-1].path, file->path))
			check_pair(&file[-1], file);
		other = files_find(&plan->staying, file->path);
		if (other)
			check_pair(file, other);
	}
}

/* A hard link is one to a file before it in its own package; both have what that has. */
static void check_hard_links(struct plan *plan)
{
	for (size_t i = 0; i < plan->incoming.count; i++) {
		struct file *file = &plan->incoming.all[i], *target;

		if (file->kind != 'h')
			continue;
		target = files_find(&plan->incoming, file->target);
		if (!target || target->owner != file->owner || target->kind != 'f' ||
		    target->order > file->order)
			fail("%s: refused: /%s is a hard link to /%s, no file of it before",
			     file->owner->name, file->path, file->target);
		if (is_configuration(file->path) || is_configuration(target->path))
			fail("%s: refused: a hard link in /etc, /%s", file->owner->name,
			     file->path);
		file->mode = target->mode;
		file->uid = target->uid;
		file->gid = target->gid;
		memcpy(file->sum, target->sum, SHA256_TEXT);
	}
}

/* The directory is one, or will be made; no link leads elsewhere. */
static void check_directory(struct plan *plan, const char *path, const struct package *package)
{
	struct file *file;
	struct stat status;
	char *parent;

	if (!strcmp(path, "."))
		return;
	for (size_t i = plan->directories.count; i-- > 0;)
		if (!strcmp(plan->directories.all[i].path, path))
			return;
	parent = directory_of(path);
	check_directory(plan, parent, package);
	free(parent);
	file = files_find(&plan->incoming, path);
	if (file && file->kind != 'd')
		fail("%s: refused: /%s is to be a directory, and %s has something else there",
		     package->name, path, file->owner->name);
	file = files_find(&plan->staying, path);
	if (file && file->kind != 'd')
		fail("%s: refused: /%s is to be a directory, and %s has something else there",
		     package->name, path, file->owner->name);
	bool found = !lstat(path, &status);
	if (found && !S_ISDIR(status.st_mode))
		fail("%s: refused: /%s is to be a directory, and is %s", package->name, path,
		     S_ISLNK(status.st_mode) ? "a symbolic link" : "something else");
	if (!found)
		journal_make(path);
	files_add(&plan->directories, (struct file){.path = copy(path), .kind = found ? 'o' : 'd'});
}

/* The directory will be made: it belongs to packages, and goes with the last of them. */
static bool is_made(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->directories.count; i++)
		if (plan->directories.all[i].kind == 'd' &&
		    !strcmp(plan->directories.all[i].path, path))
			return true;
	return false;
}

/*
 * The name under which an incoming configuration file is put: its own, or with .new behind if the
 * administrator changed it. NULL if what is there is as good, or was removed on purpose. deb-
 * conffiles(5) has the same idea.
 */
static char *configuration_place(struct plan *plan, const struct file *file, bool present)
{
	struct file *before = files_find(&plan->leaving, file->path);
	char now[SHA256_TEXT] = "";

	if (before && !*before->sum)
		before = NULL;
	if (!present) {
		if (!before)
			return copy(file->path);
		printf("/%s: stays removed\n", file->path);
		return NULL;
	}
	if (!sha256_file(file->path, now))
		now[0] = '\0';
	if (!strcmp(now, file->sum) || (before && !strcmp(now, before->sum)))
		return copy(file->path);
	if (before && !strcmp(before->sum, file->sum))
		return NULL;
	printf("/%s: kept as it is; the package's is /%s.new\n", file->path, file->path);
	return format("%s.new", file->path);
}

static void check_not_directory(const struct package *package, const char *path,
				struct stat *status, bool *present)
{
	*present = !lstat(path, status);
	if (*present && S_ISDIR(status->st_mode))
		fail("%s: refused: /%s is a directory", package->name, path);
}

/* Decide where an incoming file or link goes. */
static void place_file(struct plan *plan, struct file *file)
{
	char *directory = directory_of(file->path), *place;
	struct file *before = files_find(&plan->leaving, file->path);
	struct stat status;
	bool present;

	check_directory(plan, directory, file->owner);
	check_not_directory(file->owner, file->path, &status, &present);
	if (is_configuration(file->path) && file->kind == 'f')
		place = configuration_place(plan, file, present);
	else
		place = copy(file->path);
	if (place) {
		bool same = !strcmp(place, file->path);

		if (!same)
			check_not_directory(file->owner, place, &status, &present);
		file->temporary = format("%s/" NEW_PREFIX "%zu", directory, plan->next++);
		journal_put(file->temporary, place,
			    same && present && !before && !is_configuration(place));
		if (file->kind == 'f')
			plan->needed += (file->size + 4095) / 4096 * 4096;
	}
	free(directory);
	free(place);
}

/* A file goes with its package, unless it is the administrator's by now. */
static void leave_file(struct plan *plan, const struct file *file)
{
	char *directory, *saved, now[SHA256_TEXT];
	struct stat status;

	if (files_find(&plan->incoming, file->path) || files_find(&plan->staying, file->path) ||
	    lstat(file->path, &status) || S_ISDIR(status.st_mode))
		return;
	if (is_configuration(file->path) && *file->sum &&
	    (!sha256_file(file->path, now) || strcmp(now, file->sum))) {
		printf("/%s: kept, since it was changed\n", file->path);
		return;
	}
	directory = directory_of(file->path);
	saved = format("%s/" BASE_PREFIX "%s", directory, base_of(file->path));
	if (!lstat(saved, &status))
		journal_restore(saved, file->path);
	else
		journal_drop(file->path);
	free(directory);
	free(saved);
}

static void plan_files(struct plan *plan)
{
	for (size_t i = 0; i < plan->incoming.count; i++) {
		struct file *file = &plan->incoming.all[i];

		if (file->kind == 'd')
			check_directory(plan, file->path, file->owner);
		else
			place_file(plan, file);
	}
	for (size_t i = 0; i < plan->leaving.count; i++)
		if (plan->leaving.all[i].kind != 'd')
			leave_file(plan, &plan->leaving.all[i]);
	for (size_t i = plan->leaving.count; i-- > 0;) {
		const struct file *file = &plan->leaving.all[i];

		if (file->kind == 'd' && !files_find(&plan->incoming, file->path) &&
		    !files_find(&plan->staying, file->path))
			journal_prune(file->path);
	}
	plan->needed += plan->incoming.count * 128 + ROOM;
	if (plan->incoming.count && plan->needed > room())
		fail("not enough room on the disk: %llu KiB are needed, %llu are free",
		     (unsigned long long)plan->needed >> 10, (unsigned long long)room() >> 10);
}

/* The database's files: names in the journal now, contents when it has begun. */
static void plan_database(struct plan *plan, const struct packages *final)
{
	static const char *const kinds[] = {"list",    "manifest", "md5sums", "conffiles",
					    "control", "shlibs",   "symbols", "triggers"};
	struct stat status;

	for (size_t i = 0; i < plan->coming.count; i++) {
		const char *name = plan->coming.all[i]->name;

		for (size_t kind = 0; kind < 2; kind++) {
			char *path = format("%s/%s.%s", INFO_DIR, name, kinds[kind]);
			char *temporary = format("%s/" NEW_PREFIX "%s.%s", INFO_DIR, name,
						 kinds[kind]);

			journal_put(temporary, path, false);
			free(temporary);
			free(path);
		}
	}
	for (size_t i = 0; i < plan->going.count; i++) {
		const char *name = plan->going.all[i]->name;

		for (size_t kind = packages_find(final, name) ? 2 : 0;
		     kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
			char *path = format("%s/%s.%s", INFO_DIR, name, kinds[kind]);

			if (!lstat(path, &status))
				journal_drop(path);
			free(path);
		}
	}
	journal_put(NEW_STATUS, STATUS, false);
}

/* Which directories a package's lists name: those that packages made. */
static bool is_listed(const struct plan *plan, const struct file *file)
{
	struct file *other;

	if (file->kind != 'd' || is_made(plan, file->path))
		return true;
	other = files_find(&plan->leaving, file->path);
	if (!other)
		other = files_find(&plan->staying, file->path);
	return other && other->kind == 'd';
}

/* Not stable yet: that is all before the journal commits. */
static void write_temporary(const char *directory, const char *name, const struct buffer *text)
{
	char *path = format("%s/" NEW_PREFIX "%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	write_all(fd, text->data, text->length, path);
	if (close(fd))
		fail("%s: %s", path, strerror(errno));
	free(path);
}

static void write_database(const struct plan *plan, const struct packages *final)
{
	struct buffer status = {0};

	for (size_t n = 0; n < plan->coming.count; n++) {
		const struct package *package = plan->coming.all[n];
		struct buffer list = {0}, manifest = {0};
		char *name;

		buffer_print(&list, "/.\n");
		buffer_add(&manifest, "", 0);
		for (size_t i = 0; i < plan->incoming.count; i++) {
			const struct file *file = &plan->incoming.all[i];

			if (file->owner != package || !is_listed(plan, file))
				continue;
			buffer_print(&list, "/%s\n", file->path);
			manifest_print(&manifest, file);
		}
		name = format("%s.list", package->name);
		write_temporary(INFO_DIR, name, &list);
		free(name);
		name = format("%s.manifest", package->name);
		write_temporary(INFO_DIR, name, &manifest);
		free(name);
		free(list.data);
		free(manifest.data);
	}
	installed_print(&status, final);
	write_temporary(DB_DIR, "status", &status);
	free(status.data);
}

/* What is to be done, a line for each package; false if that is nothing. */
static bool tell(const struct plan *plan, const struct packages *installed,
		 const struct packages *final)
{
	int order;

	for (size_t i = 0; i < plan->coming.count; i++) {
		const struct package *package = plan->coming.all[i];
		const struct package *before = packages_find(installed, package->name);

		if (!before)
			printf("install %s %s\n", package->name, package->version);
		else if ((order = version_compare(package->version, before->version)))
			printf("%s to %s %s, which was %s\n", order < 0 ? "downgrade" : "upgrade",
			       package->name, package->version, before->version);
		else
			printf("install %s %s again\n", package->name, package->version);
	}
	for (size_t i = 0; i < plan->going.count; i++)
		if (!packages_find(final, plan->going.all[i]->name))
			printf("remove %s %s\n", plan->going.all[i]->name,
			       plan->going.all[i]->version);
	return plan->coming.count || plan->going.count;
}

/* Programs that act as their owner, whoever starts them. */
static void tell_set_ids(const struct plan *plan)
{
	for (size_t i = 0; i < plan->incoming.count; i++) {
		const struct file *file = &plan->incoming.all[i];

		if (file->kind == 'f' && file->mode & 06000)
			printf("/%s: %s of %u:%u\n", file->path,
			       file->mode & 04000 ? "set-user-ID" : "set-group-ID", file->uid,
			       file->gid);
	}
}

/* The bytes that a package says it unpacks to; only a bar's length depends on it. */
static uint64_t said_size(const struct package *package)
{
	char *text = field(package->control, "Installed-Size");
	uint64_t kib = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	return kib << 10;
}

/* Fetch and read all that comes, and sort what was found. */
static void read_packages(struct plan *plan)
{
	uint64_t total = 0;

	for (size_t i = 0; i < plan->coming.count; i++) {
		package_fetch(plan->coming.all[i]);
		total += said_size(plan->coming.all[i]);
	}
	progress_begin("reading", total);
	for (size_t i = 0; i < plan->coming.count; i++)
		read_package(plan, plan->coming.all[i]);
	progress_end();
	files_sort(&plan->incoming);
	files_sort(&plan->leaving);
	files_sort(&plan->staying);
}

static void change(struct plan *plan, const struct packages *final)
{
	uint64_t total = 0;

	for (size_t i = 0; i < plan->incoming.count; i++)
		total += plan->incoming.all[i].size;
	journal_begin();
	progress_begin("unpacking", total);
	for (size_t i = 0; i < plan->coming.count; i++)
		unpack(plan, plan->coming.all[i]);
	progress_end();
	write_database(plan, final);
	journal_commit();
	for (size_t i = 0; i < plan->coming.count; i++)
		package_release(plan->coming.all[i]);
}

/*
 * Make the set of packages that is installed into another. only_say: print what that would be.
 * The caller has the lock.
 */
void plan_run(const struct packages *installed, const struct packages *final, bool only_say)
{
	struct plan plan = {0};

	for (size_t i = 0; i < final->count; i++)
		if (!has(installed, final->all[i]))
			packages_add(&plan.coming, final->all[i]);
		else
			installed_files(final->all[i], &plan.staying);
	for (size_t i = 0; i < installed->count; i++)
		if (!has(final, installed->all[i])) {
			packages_add(&plan.going, installed->all[i]);
			installed_files(installed->all[i], &plan.leaving);
		}
	if (!tell(&plan, installed, final)) {
		printf("nothing to do\n");
		return;
	}
	if (only_say)
		return;
	hold_signals();
	read_packages(&plan);
	check_owners(&plan);
	check_hard_links(&plan);
	plan_files(&plan);
	plan_database(&plan, final);
	change(&plan, final);
	tell_set_ids(&plan);
}
