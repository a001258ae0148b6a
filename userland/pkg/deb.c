/*
 * The package file, deb(5): an ar(5) archive of debian-binary, control.tar and data.tar, the latter
 * two perhaps packed.
 */
#include "pkg.h"

#include <ar.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTROL_LIMIT (1 << 20)

static const struct {
	const char *suffix, *program;
} packings[] = {{"", NULL}, {".xz", "xz"}, {".gz", "gzip"}, {".bz2", "bzip2"}};

static void read_at(struct deb *deb, off_t offset, void *data, size_t length)
{
	if (pread(deb->fd, data, length, offset) != (ssize_t)length)
		fail("%s: damaged: it ends early", deb->name);
}

/* The number in a field of ar's header: digits, then blanks. */
static off_t number(struct deb *deb, const char *text, size_t length)
{
	off_t value = 0;
	size_t i = 0;

	while (i < length && text[i] >= '0' && text[i] <= '9')
		value = value * 10 + text[i++] - '0';
	if (!i)
		fail("%s: damaged: a size is no number", deb->name);
	return value;
}

/* A member's name without blanks and the slash that some put behind it. */
static void member_name(const struct ar_hdr *header, char name[17])
{
	size_t length = sizeof(header->ar_name);

	while (length && header->ar_name[length - 1] == ' ')
		length--;
	if (length && header->ar_name[length - 1] == '/')
		length--;
	memcpy(name, header->ar_name, length);
	name[length] = '\0';
}

/* Remember where a tar is if the member is one: `stem` with a suffix that we can unpack. */
static void note(struct deb *deb, const char *name, const char *stem, off_t offset, off_t size)
{
	bool control = stem[0] == 'c';

	if (strncmp(name, stem, strlen(stem)))
		return;
	if (control ? deb->control.size : deb->data.size)
		fail("%s: damaged: two members %s", deb->name, stem);
	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		if (strcmp(name + strlen(stem), packings[i].suffix))
			continue;
		if (control) {
			deb->control.offset = offset;
			deb->control.size = size;
			deb->control.unpacker = packings[i].program;
		} else {
			deb->data.offset = offset;
			deb->data.size = size;
			deb->data.unpacker = packings[i].program;
		}
		return;
	}
	fail("%s: its %s is packed in a way that pkg does not know", deb->name, stem);
}

/* Open a package file and find its members. */
void deb_open(struct deb *deb, const char *path)
{
	char magic[SARMAG], name[17];
	struct ar_hdr header;
	struct stat status;
	off_t offset = SARMAG, size;

	*deb = (struct deb){.name = base_of(path)};
	deb->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (deb->fd < 0 || fstat(deb->fd, &status))
		fail("%s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		fail("%s: not a file", path);
	if (status.st_size < SARMAG)
		fail("%s: not a package", deb->name);
	read_at(deb, 0, magic, SARMAG);
	if (memcmp(magic, ARMAG, SARMAG))
		fail("%s: not a package", deb->name);
	while (offset < status.st_size) {
		read_at(deb, offset, &header, sizeof(header));
		if (memcmp(header.ar_fmag, ARFMAG, sizeof(header.ar_fmag)))
			fail("%s: damaged: not an ar header", deb->name);
		size = number(deb, header.ar_size, sizeof(header.ar_size));
		offset += sizeof(header);
		if (size > status.st_size - offset)
			fail("%s: damaged: it ends early", deb->name);
		member_name(&header, name);
		note(deb, name, "control.tar", offset, size);
		note(deb, name, "data.tar", offset, size);
		offset += size + (size & 1);
	}
	if (!deb->control.size || !deb->data.size)
		fail("%s: not a package: control.tar or data.tar is missing", deb->name);
}

/* Programs that a package wants to have run: nothing that could be taken back. */
static bool is_script(const char *name)
{
	static const char *const names[] = {"preinst", "postinst", "prerm", "postrm", "config"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* What the package says of itself; one that would run scripts is refused. */
struct package *deb_package(struct deb *deb)
{
	struct buffer control = {0};
	struct package *package;
	char data[4096], *architecture;
	struct tar tar;
	size_t count;

	tar_begin(&tar, deb->name, deb->fd, deb->control.offset, deb->control.size,
		  deb->control.unpacker);
	tar.limit = 8 * CONTROL_LIMIT;
	while (tar_next(&tar)) {
		if (is_script(tar.entry.path))
			fail("%s: has a script to run (%s), which pkg does not do", deb->name,
			     tar.entry.path);
		if (strcmp(tar.entry.path, "control") || tar.entry.kind != 'f')
			continue;
		if (tar.entry.size > CONTROL_LIMIT)
			fail("%s: damaged: its control file is too large", deb->name);
		while ((count = tar_read(&tar, data, sizeof(data))))
			buffer_add(&control, data, count);
	}
	tar_end(&tar);
	if (!control.data)
		fail("%s: damaged: no control file", deb->name);
	package = package_new(control.data, control.length);
	free(control.data);
	if (!package)
		fail("%s: damaged: a control file without name or version", deb->name);
	architecture = field(package->control, "Architecture");
	if (!architecture || (strcmp(architecture, "amd64") && strcmp(architecture, "all")))
		fail("%s: for another architecture: %s", deb->name,
		     architecture ? architecture : "it does not say which");
	free(architecture);
	return package;
}

/* Begin to read the files. */
void deb_data(struct deb *deb, struct tar *tar)
{
	tar_begin(tar, deb->name, deb->fd, deb->data.offset, deb->data.size, deb->data.unpacker);
}

void deb_close(struct deb *deb)
{
	close(deb->fd);
}
