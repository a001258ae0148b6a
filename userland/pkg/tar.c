/*
 * Reading a tar archive, packed or not, within a package: POSIX' ustar and pax (pax(1), "EXTENDED
 * DESCRIPTION") and GNU's long names. What comes out has been looked at: a path is below the root
 * and has neither "." nor "..", a kind is one that packages may have.
 *
 * A feeder process writes the member to the unpacker, another program, whose output is read.
 */
#include "pkg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK	   512
#define NAME_LIMIT 4096

/* POSIX.1-2017, pax: "ustar Interchange Format". */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], rest[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* Names and size that stand before an entry's own header. */
struct extended {
	char *path, *link;
	bool has_size;
	uint64_t size;
};

static pid_t feed(const struct tar *tar, int from, off_t offset, off_t size, int to)
{
	pid_t child = fork();
	char data[65536];

	if (child < 0)
		fail("fork: %s", strerror(errno));
	if (child)
		return child;
	while (size > 0) {
		size_t want = size < (off_t)sizeof(data) ? (size_t)size : sizeof(data);
		ssize_t count = pread(from, data, want, offset);

		if (count <= 0) {
			dprintf(2, "pkg: %s: %s\n", tar->name,
				count ? strerror(errno) : "it ends early");
			_exit(1);
		}
		for (ssize_t done = 0, part; done < count; done += part)
			if ((part = write(to, data + done, count - done)) < 0)
				_exit(1);
		offset += count;
		size -= count;
	}
	_exit(0);
}

/* Begin to read the archive that is `size` bytes at `offset` of the file, packed for `unpacker`. */
void tar_begin(struct tar *tar, const char *name, int fd, off_t offset, off_t size,
	       const char *unpacker)
{
	int packed[2], plain[2];

	*tar = (struct tar){.name = name, .limit = UINT64_MAX};
	if (pipe2(packed, O_CLOEXEC))
		fail("pipe: %s", strerror(errno));
	tar->feeder = feed(tar, fd, offset, size, packed[1]);
	close(packed[1]);
	tar->fd = packed[0];
	if (unpacker) {
		if (pipe2(plain, O_CLOEXEC))
			fail("pipe: %s", strerror(errno));
		tar->unpacker = start((const char *[]){unpacker, "-dc", NULL}, packed[0],
				      plain[1], true);
		close(packed[0]);
		close(plain[1]);
		tar->fd = plain[0];
	}
}

/* Read so many bytes; fewer only at the end. */
static size_t read_some(struct tar *tar, void *data, size_t length)
{
	size_t done = 0;
	ssize_t count;

	while (done < length) {
		count = read(tar->fd, (char *)data + done, length - done);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			fail("%s: %s", tar->name, strerror(errno));
		if (!count)
			break;
		done += count;
	}
	tar->total += done;
	if (tar->total > tar->limit)
		fail("%s: unpacks to more than there is room for", tar->name);
	return done;
}

static void read_block(struct tar *tar, void *block)
{
	if (read_some(tar, block, BLOCK) != BLOCK)
		fail("%s: damaged: the archive ends early", tar->name);
}

/* The next bytes of the present entry's contents; 0 when there are no more. */
size_t tar_read(struct tar *tar, void *data, size_t length)
{
	if (length > tar->left)
		length = tar->left;
	if (read_some(tar, data, length) != length)
		fail("%s: damaged: the archive ends early", tar->name);
	tar->left -= length;
	return length;
}

static void skip(struct tar *tar)
{
	char data[BLOCK * 16];

	while (tar_read(tar, data, sizeof(data)))
		;
	if (read_some(tar, data, tar->padding) != tar->padding)
		fail("%s: damaged: the archive ends early", tar->name);
	tar->padding = 0;
}

/* A number in octal, or in binary with the first bit set (GNU). */
static uint64_t number(struct tar *tar, const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;
	uint64_t value = 0;
	size_t i = 0;

	if (at[0] & 0x80) {
		value = at[0] & 0x3f;
		for (i = 1; i < length; i++) {
			if (value >> 55)
				fail("%s: damaged: a number is too large", tar->name);
			value = value << 8 | at[i];
		}
		return value;
	}
	while (i < length && at[i] == ' ')
		i++;
	for (; i < length && at[i] && at[i] != ' '; i++) {
		if (at[i] < '0' || at[i] > '7')
			fail("%s: damaged: not a number", tar->name);
		value = value << 3 | (at[i] - '0');
	}
	return value;
}

#define NUMBER(tar, field) number(tar, field, sizeof(field))

/* Whether the block is a header at all; a block of zeroes is the end. */
static bool check_header(struct tar *tar, const struct header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0, blanks = ' ' * sizeof(header->sum), any = 0;

	for (size_t i = 0; i < BLOCK; i++) {
		sum += bytes[i];
		any |= bytes[i];
	}
	if (!any)
		return false;
	for (size_t i = 0; i < sizeof(header->sum); i++)
		sum -= (unsigned char)header->sum[i];
	if (sum + blanks != NUMBER(tar, header->sum))
		fail("%s: damaged: a header's sum is wrong", tar->name);
	return true;
}

/* The contents of the present entry as text: a long name, or pax' records. */
static char *read_text(struct tar *tar)
{
	size_t length = tar->left;
	char *text;

	if (length > 2 * NAME_LIMIT)
		fail("%s: damaged: a name is too long", tar->name);
	text = get(length + 1);
	tar_read(tar, text, length);
	skip(tar);
	return text;
}

/* pax: records "LENGTH NAME=VALUE\n". */
static void read_records(struct tar *tar, struct extended *extended)
{
	size_t left = tar->left;
	char *text = read_text(tar), *at = text, *name, *value, *end;

	while (left) {
		unsigned long length = strtoul(at, &name, 10);

		if (length < 4 || length > left || *name != ' ' || at[length - 1] != '\n')
			fail("%s: damaged: a pax record", tar->name);
		end = at + length;
		end[-1] = '\0';
		value = strchr(++name, '=');
		if (!value || strlen(value) != (size_t)(end - 1 - value))
			fail("%s: damaged: a pax record", tar->name);
		*value++ = '\0';
		if (!strcmp(name, "path"))
			extended->path = copy(value);
		else if (!strcmp(name, "linkpath"))
			extended->link = copy(value);
		else if (!strcmp(name, "size")) {
			extended->has_size = true;
			extended->size = strtoull(value, NULL, 10);
		}
		at = end;
		left -= length;
	}
	free(text);
}

/* A path without "./" in front and slashes behind; NULL for the root. Refused is what could lead
 * elsewhere or cannot be written down in a line. */
static char *clean_path(struct tar *tar, const char *raw)
{
	const char *part = raw;
	size_t length;
	char *path;

	for (const char *c = raw; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			fail("%s: refused: a control character in a path", tar->name);
	if (raw[0] == '/')
		fail("%s: refused: an absolute path, %s", tar->name, raw);
	while (!strncmp(part, "./", 2))
		part += 2;
	if (!*part || !strcmp(part, "."))
		return NULL;
	path = copy(part);
	for (length = strlen(path); length && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
	if (strlen(path) >= NAME_LIMIT - 64)
		fail("%s: refused: a path of %zu bytes", tar->name, strlen(path));
	for (const char *at = path;; at += length + 1) {
		length = strcspn(at, "/");
		if (!length || (length == 1 && at[0] == '.') ||
		    (length == 2 && at[0] == '.' && at[1] == '.'))
			fail("%s: refused: the path %s", tar->name, raw);
		if (length >= 240)
			fail("%s: refused: a name of %zu bytes", tar->name, length);
		if (!strncmp(at, ".pkg-", 5))
			fail("%s: refused: %s is pkg's own", tar->name, path);
		if (!at[length])
			break;
	}
	return path;
}

static char kind_of(struct tar *tar, char type, const char *path)
{
	switch (type) {
	case '0':
	case '7':
	case '\0': return 'f';
	case '1': return 'h';
	case '2': return 'l';
	case '5': return 'd';
	case '3':
	case '4': fail("%s: refused: %s is a device", tar->name, path);
	case '6': fail("%s: refused: %s is a named pipe", tar->name, path);
	default: fail("%s: refused: %s is of an unknown kind", tar->name, path);
	}
}

static void entry_set(struct tar *tar, const struct header *header, struct extended *extended,
		      char *path)
{
	struct file *entry = &tar->entry;
	char *link = extended->link;

	*entry = (struct file){.path = path, .kind = kind_of(tar, header->type, path)};
	entry->mode = NUMBER(tar, header->mode) & 07777;
	entry->uid = NUMBER(tar, header->uid);
	entry->gid = NUMBER(tar, header->gid);
	entry->mtime = NUMBER(tar, header->mtime);
	entry->size = entry->kind == 'f' ? tar->left : 0;
	if (entry->kind != 'f' && tar->left)
		fail("%s: damaged: %s has contents", tar->name, path);
	if (entry->kind != 'l' && entry->kind != 'h')
		return;
	if (!link)
		link = format("%.*s", (int)sizeof(header->link), header->link);
	entry->target = entry->kind == 'h' ? clean_path(tar, link) : link;
	if (!entry->target || !*entry->target || strpbrk(entry->target, "\n\t"))
		fail("%s: refused: %s is a link to nothing", tar->name, path);
}

static char *header_path(const struct header *header)
{
	if (!memcmp(header->magic, "ustar", 6) && header->prefix[0])
		return format("%.*s/%.*s", (int)sizeof(header->prefix), header->prefix,
			      (int)sizeof(header->name), header->name);
	return format("%.*s", (int)sizeof(header->name), header->name);
}

/* Go on to the next entry, tar->entry; false at the end. Only files have contents to read. */
bool tar_next(struct tar *tar)
{
	struct extended extended = {0};
	struct header header;
	char *path;

	for (;;) {
		skip(tar);
		read_block(tar, &header);
		if (!check_header(tar, &header)) {
			tar->over = true;
			return false;
		}
		tar->left = NUMBER(tar, header.size);
		if (header.type != 'x' && header.type != 'L' && header.type != 'K' &&
		    extended.has_size)
			tar->left = extended.size;
		tar->padding = -tar->left % BLOCK;
		switch (header.type) {
		case 'L': extended.path = read_text(tar); continue;
		case 'K': extended.link = read_text(tar); continue;
		case 'x': read_records(tar, &extended); continue;
		case 'g': continue;
		}
		path = clean_path(tar, extended.path ? extended.path : header_path(&header));
		if (!path) {
			extended = (struct extended){0};
			continue;
		}
		entry_set(tar, &header, &extended, path);
		return true;
	}
}

/* Read what is left; the unpacker must have found nothing wrong with it. */
void tar_end(struct tar *tar)
{
	char data[BLOCK * 16];

	while (tar->over && read_some(tar, data, sizeof(data)))
		;
	close(tar->fd);
	bool fed = ended_well(tar->feeder), unpacked = !tar->unpacker || ended_well(tar->unpacker);
	if (!fed || !unpacked)
		fail("%s: damaged: it cannot be unpacked", tar->name);
}
