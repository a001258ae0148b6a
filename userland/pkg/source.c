/*
 * Where packages come from. Each line of etc/pkg/sources is one of
 *
 *	/DIRECTORY	of this system
 *	LABEL=NAME	a disk whose file system has this label; mounted while it is read
 *	http://ADDRESS	a server
 *
 * and holds Release, Release.sig, Packages and the packages. Release names the sum of Packages and
 * has a serial number; signify(1) verifies its signature with one of the keys in etc/pkg/keys.
 * An index whose serial is below that of the last one from the same source is refused. What was
 * accepted is kept in var/lib/pkg/lists, with a paragraph in front that has the serial.
 */
#include "pkg.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define INDEX_LIMIT (64 << 20)

struct lines {
	char **all;
	size_t count;
};

static char *mounted;

static bool is_http(const char *source)
{
	return !strncmp(source, "http://", 7);
}

static struct lines read_sources(void)
{
	struct lines sources = {0};
	struct buffer text = {0};
	char *at, *line;

	if (!read_file(SOURCES, &text))
		fail("/%s: there is no such file", SOURCES);
	for (at = text.data; (line = strsep(&at, "\n"));) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = '\0';
		if (*line && *line != '#') {
			sources.all = grow(sources.all, sources.count, sizeof(*sources.all));
			sources.all[sources.count++] = line;
		}
	}
	return sources;
}

/* The file that keeps a source's index. */
static char *list_of(const char *source)
{
	char *path = format("%s/%s", LIST_DIR, source);

	for (char *at = path + strlen(LIST_DIR) + 1; *at; at++)
		if (*at == '/')
			*at = '_';
	return path;
}

/* At an end with an error, packages are still open there: then it goes when they are closed. */
static void unmount(void)
{
	if (mounted && umount2(mounted, 0))
		umount2(mounted, MNT_DETACH);
	mounted = NULL;
}

/* The directory of a source that is not a server; NULL if it is not there. */
static char *directory_of_source(const char *source)
{
	char *place;

	if (strncmp(source, "LABEL=", 6))
		return access(source, F_OK) ? NULL : copy(source);
	place = format("%s/%s", MOUNT_DIR, source + 6);
	if (mounted && !strcmp(mounted, place))
		return place;
	unmount();
	make_directories(place);
	/* What a pkg that was killed left. */
	while (!umount2(place, UMOUNT_NOFOLLOW))
		;
	if (!ended_well(start((const char *[]){"mount", "-o", "ro,nosuid,nodev", source, place,
					       NULL}, -1, -1, true))) {
		free(place);
		return NULL;
	}
	if (!mounted)
		atexit(unmount);
	mounted = copy(place);
	return place;
}

/* A small file of a source; false if it cannot be had. */
static bool read_source(const char *source, const char *name, struct buffer *text)
{
	char *directory, *path;
	bool found;

	if (is_http(source)) {
		path = format("%s/%s", source, name);
		found = !command((const char *[]){"wget", "-q", "-T", "30", "-O", "-", path, NULL},
				 text, INDEX_LIMIT, false);
		free(path);
		return found && text->data;
	}
	directory = directory_of_source(source);
	if (!directory)
		return false;
	path = format("%s/%s", directory, name);
	found = read_file(path, text);
	free(directory);
	free(path);
	return found;
}

/* Whether one of the keys made this signature of this file. */
static bool signature_fits(const char *file, const char *signature)
{
	struct buffer output = {0};
	bool fits = false;
	glob_t keys;

	if (glob(KEY_DIR "/*.pub", 0, NULL, &keys))
		fail("no keys in /%s", KEY_DIR);
	for (size_t i = 0; i < keys.gl_pathc && !fits; i++)
		fits = !command((const char *[]){"signify", "-V", "-q", "-p", keys.gl_pathv[i],
						 "-x", signature, "-m", file, NULL},
				&output, 4096, true);
	globfree(&keys);
	return fits;
}

static uint64_t serial_of(const char *paragraph)
{
	char *text = field(paragraph, "Serial");
	uint64_t serial = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	return serial;
}

/* The serial of what was last accepted from this source; 0 for nothing. */
static uint64_t serial_seen(const char *list)
{
	struct buffer text = {0};
	uint64_t serial = 0;
	char *end;

	if (read_file(list, &text)) {
		end = strstr(text.data, "\n\n");
		if (end)
			*end = '\0';
		serial = serial_of(text.data);
	}
	free(text.data);
	return serial;
}

/* Whether Release, which is as signed, names these contents of Packages. */
static bool release_names(const char *release, const struct buffer *packages)
{
	char sum[SHA256_TEXT], *sums = field(release, "SHA256"), *wanted;
	struct sha256 state;
	bool named;

	sha256_init(&state);
	sha256_add(&state, packages->data, packages->length);
	sha256_end(&state, sum);
	wanted = format("%s %zu Packages", sum, packages->length);
	named = sums && strstr(sums, wanted);
	free(wanted);
	free(sums);
	return named;
}

/* What is wrong with the index that a source offers now; NULL if it was accepted. */
static const char *take_index(const char *source, const struct buffer *release,
			      const struct buffer *signature)
{
	struct buffer packages = {0}, text = {0};
	char *list = list_of(source);
	uint64_t serial;

	write_durably(LIST_DIR "/.Release", release);
	write_durably(LIST_DIR "/.Release.sig", signature);
	if (!signature_fits(LIST_DIR "/.Release", LIST_DIR "/.Release.sig"))
		return "refused: no key of ours signed this index";
	serial = serial_of(release->data);
	if (serial < serial_seen(list))
		return "refused: this index is older than the last one from there";
	if (!read_source(source, "Packages", &packages))
		return "no Packages there";
	if (!release_names(release->data, &packages))
		return "refused: Packages is not what was signed";
	if (strlen(packages.data) != packages.length)
		return "refused: Packages is not text";
	buffer_print(&text, "Source: %s\nSerial: %llu\n\n", source, (unsigned long long)serial);
	buffer_add(&text, packages.data, packages.length);
	write_durably(list, &text);
	free(packages.data);
	free(text.data);
	free(list);
	return NULL;
}

static void count_one(struct packages *packages, struct package *package, void *argument)
{
	(void)argument;
	packages_add(packages, package);
}

/* Ask one source: 1 accepted, 0 not to be had, -1 something is wrong with it. */
static int update_source(const char *source)
{
	struct buffer release = {0}, signature = {0}, text = {0};
	struct packages packages = {0};
	char *list = list_of(source);
	const char *wrong;

	if (!read_source(source, "Release", &release) ||
	    !read_source(source, "Release.sig", &signature)) {
		printf("%s: no packages there\n", source);
		/* A server may be back; what was on this machine is not here now. */
		if (!is_http(source))
			unlink(list);
		return 0;
	}
	wrong = take_index(source, &release, &signature);
	if (wrong) {
		fflush(stdout);
		fprintf(stderr, "pkg: %s: %s\n", source, wrong);
		return -1;
	}
	read_file(list, &text);
	packages_parse(&packages, text.data, count_one, NULL);
	printf("%s: %zu packages\n", source, packages.count);
	return 1;
}

/* Read the indexes of all sources. False if none could be had or one was not as it should be: then
 * what was accepted before stays. */
bool sources_update(void)
{
	struct lines sources = read_sources();
	bool wrong = false, any = false;

	for (size_t i = 0; i < sources.count; i++) {
		int result = update_source(sources.all[i]);

		wrong |= result < 0;
		any |= result > 0;
	}
	return any && !wrong;
}

static void add_listed(struct packages *available, struct package *package, void *source)
{
	char *size = field(package->control, "Size");

	package->source = source;
	package->file = field(package->control, "Filename");
	package->sha256 = field(package->control, "SHA256");
	package->size = size ? strtoull(size, NULL, 10) : 0;
	free(size);
	for (size_t i = 0; i < available->count; i++)
		if (!strcmp(available->all[i]->name, package->name) &&
		    !strcmp(available->all[i]->version, package->version))
			return;
	if (package->file && package->sha256)
		packages_add(available, package);
}

/* All that the accepted indexes list. Of what is in several, the first source's counts. update: ask
 * the sources if none was ever asked. */
void sources_read(struct packages *available, bool update)
{
	struct lines sources = read_sources();
	bool any = false;

	for (size_t i = 0; i < sources.count; i++) {
		struct buffer text = {0};
		char *list = list_of(sources.all[i]);

		if (read_file(list, &text)) {
			any = true;
			packages_parse(available, text.data, add_listed, sources.all[i]);
		}
		free(list);
		free(text.data);
	}
	if (!any && update) {
		sources_update();
		sources_read(available, false);
	}
}

/* Copy what wget brings to a file, as far as the index says that it goes. */
static void download(struct package *package, const char *path)
{
	char *url = format("%s/%s", package->source, package->file), data[65536];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	uint64_t total = 0;
	ssize_t count;
	int ends[2];
	pid_t child;

	if (fd < 0 || pipe2(ends, O_CLOEXEC))
		fail("%s: %s", path, strerror(errno));
	progress_begin(package->file, package->size);
	child = start((const char *[]){"wget", "-q", "-T", "30", "-O", "-", url, NULL}, -1,
		      ends[1], false);
	close(ends[1]);
	while ((count = read(ends[0], data, sizeof(data))) > 0 && total <= package->size) {
		write_all(fd, data, count, path);
		total += count;
		progress_add(count);
	}
	close(ends[0]);
	close(fd);
	progress_end();
	if (!ended_well(child) && total <= package->size) {
		unlink(path);
		fail("%s: cannot be fetched", url);
	}
	free(url);
}

/* Have the package's file here, and be sure that it is the one that the index names. */
void package_fetch(struct package *package)
{
	char *directory, sum[SHA256_TEXT];
	struct stat status;

	if (!package->source) {
		package->path = package->file;
		return;
	}
	if (package->file[0] == '/' || strstr(package->file, ".."))
		fail("%s: refused: the index names the file %s", package->source, package->file);
	if (is_http(package->source)) {
		make_directories(CACHE_DIR);
		package->path = format("%s/%s_%s.deb", CACHE_DIR, package->name, package->version);
		download(package, package->path);
	} else {
		directory = directory_of_source(package->source);
		if (!directory)
			fail("%s: is not there any more", package->source);
		package->path = format("%s/%s", directory, package->file);
		free(directory);
	}
	if (stat(package->path, &status))
		fail("%s: %s", package->path, strerror(errno));
	if ((uint64_t)status.st_size == package->size && sha256_file(package->path, sum) &&
	    !strcmp(sum, package->sha256))
		return;
	package_release(package);
	fail("%s/%s: refused: not the file that the index names", package->source, package->file);
}

/* The file is not needed any more. */
void package_release(struct package *package)
{
	if (package->source && package->path && is_http(package->source))
		unlink(package->path);
}
