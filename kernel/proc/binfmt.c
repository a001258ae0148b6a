/*
 * The registry of program formats (binfmt.h). Lock: `registry` guards the list; an entry that is
 * found keeps by its reference what it says.
 */
#include "proc/binfmt.h"

#include "abi/errno.h"
#include "core/spinlock.h"
#include "lib/ctype.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/slab.h"

#define TEXT_MIN 11   /* bytes: less cannot be a format */
#define TEXT_MAX 1920
#define PADDING  8    /* colons behind the text: the last fields may be left out */

static struct spinlock registry = SPINLOCK_INIT(RANK_INODE_SPIN, "binfmt");
static LIST_HEAD(formats);        /* registry */
static u64 last_number;           /* registry */
static bool formats_off;          /* a */

void binfmt_put(struct binfmt *b)
{
	if (!b || !ref_put(&b->refs))
		return;
	exec_image_close(&b->fixed);
	kfree(b);
}

/* ---- Finding ---- */

static bool magic_fits(const struct binfmt *b, const char *head, size_t n)
{
	if (b->offset + b->size > n)
		return false;
	for (u32 i = 0; i < b->size; i++)
		if ((head[b->offset + i] ^ b->magic[i]) & (b->mask ? b->mask[i] : 0xff))
			return false;
	return true;
}

static bool extension_fits(const struct binfmt *b, const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && !strcmp(dot + 1, b->extension);
}

struct binfmt *binfmt_find(const char *head, size_t n, const char *path)
{
	struct binfmt *b, *found = NULL;

	if (likely(list_empty(&formats)) || READ_ONCE(formats_off))
		return NULL;
	spin_lock(&registry);
	list_for_each_entry(b, &formats, link) {
		if (!READ_ONCE(b->enabled))
			continue;
		if (b->extension ? extension_fits(b, path) : magic_fits(b, head, n)) {
			ref_get(&b->refs);
			found = b;
			break;
		}
	}
	spin_unlock(&registry);
	return found;
}

static struct binfmt *named_locked(const char *name, size_t length)
{
	struct binfmt *b;

	list_for_each_entry(b, &formats, link)
		if (strlen(b->name) == length && !memcmp(b->name, name, length))
			return b;
	return NULL;
}

struct binfmt *binfmt_named(const char *name, size_t length)
{
	struct binfmt *b;

	spin_lock(&registry);
	b = named_locked(name, length);
	if (b)
		ref_get(&b->refs);
	spin_unlock(&registry);
	return b;
}

struct binfmt *binfmt_from(u64 from)
{
	struct binfmt *b, *found = NULL;

	spin_lock(&registry);
	list_for_each_entry_reverse(b, &formats, link) {
		if (b->number >= from) {
			ref_get(&b->refs);
			found = b;
			break;
		}
	}
	spin_unlock(&registry);
	return found;
}

/* ---- Registering ---- */

/* The field at *at, which ends at the next colon; *at moves behind that. NULL: there is none. */
static char *field(char **at, char colon)
{
	char *start = *at, *end = strchr(start, colon);

	if (!end)
		return NULL;
	*end = 0;
	*at = end + 1;
	return start;
}

/* The same for bytes, in which \xHH does not stand for a colon, whatever it is. */
static char *bytes_field(char **at, char colon)
{
	char *start = *at, *p = start;

	while (*p && *p != colon) {
		bool escape = *p == '\\' && p[1] == 'x';

		if (escape && (char_hex_value(p[2]) < 0 || char_hex_value(p[3]) < 0))
			return NULL;
		p += escape ? 4 : 1;
	}
	if (!*p)
		return NULL;
	*p = 0;
	*at = p + 1;
	return start;
}

/* Puts bytes in place of \xHH: how many bytes there are. */
static u32 unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		if (p[0] == '\\' && p[1] == 'x') {
			*to++ = (char)(char_hex_value(p[2]) << 4 | char_hex_value(p[3]));
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	return (u32)(to - text);
}

static int magic_parse(struct binfmt *b, char **at, char colon)
{
	char *offset = field(at, colon), *magic = offset ? bytes_field(at, colon) : NULL;
	char *mask = magic ? bytes_field(at, colon) : NULL;

	if (!mask || !*magic || (*offset && parse_u32(offset, 10, &b->offset, NULL)))
		return -EINVAL;
	b->size = unescape(magic);
	b->magic = magic;
	b->mask = *mask ? mask : NULL;
	if ((*mask && unescape(mask) != b->size) || b->size > EXEC_HEAD_SIZE)
		return -EINVAL;
	return b->offset > EXEC_HEAD_SIZE - b->size ? -EINVAL : 0;
}

static int extension_parse(struct binfmt *b, char **at, char colon)
{
	if (!field(at, colon))
		return -EINVAL;
	b->extension = field(at, colon);
	if (!b->extension || !*b->extension || strchr(b->extension, '/'))
		return -EINVAL;
	return field(at, colon) ? 0 : -EINVAL;
}

/* The flags at p: where they end. */
static const char *flags_parse(struct binfmt *b, const char *p)
{
	for (;; p++) {
		switch (*p) {
		case 'P':
			b->flags |= BINFMT_PRESERVE_ARGV0;
			break;
		case 'O':
			b->flags |= BINFMT_OPEN;
			break;
		case 'C':
			b->flags |= BINFMT_CREDENTIALS | BINFMT_OPEN;
			break;
		case 'F':
			b->flags |= BINFMT_FIXED;
			break;
		default:
			return p;
		}
	}
}

/* Takes b->text apart, of which n bytes were said. */
static int format_parse(struct binfmt *b, size_t n)
{
	char colon = b->text[0], *at = b->text + 1, *type;
	const char *end;
	int err;

	b->name = field(&at, colon);
	type = b->name ? field(&at, colon) : NULL;
	if (!type || !*b->name || !strcmp(b->name, ".") || !strcmp(b->name, "..") ||
	    strchr(b->name, '/') || (strcmp(type, "M") && strcmp(type, "E")))
		return -EINVAL;
	err = *type == 'M' ? magic_parse(b, &at, colon) : extension_parse(b, &at, colon);
	if (err)
		return err;
	b->interpreter = field(&at, colon);
	if (!b->interpreter || !*b->interpreter)
		return -EINVAL;
	end = flags_parse(b, at);
	if (*end == '\n')
		end++;
	return end == b->text + n ? 0 : -EINVAL;
}

static int format_add(struct binfmt *b)
{
	int err = 0;

	spin_lock(&registry);
	if (named_locked(b->name, strlen(b->name))) {
		err = -EEXIST;
	} else {
		b->number = ++last_number;
		list_add(&b->link, &formats);
	}
	spin_unlock(&registry);
	return err;
}

int binfmt_register(const char *text, size_t n, const struct walk *walk)
{
	struct binfmt *b;
	int err;

	if (n < TEXT_MIN || n > TEXT_MAX || memchr(text, 0, n))
		return -EINVAL;
	b = kzalloc(sizeof(*b) + n + PADDING + 1, MM_KERNEL);
	if (!b)
		return -ENOMEM;
	ref_set(&b->refs, 1);
	memcpy(b->text, text, n);
	memset(b->text + n, text[0], PADDING);
	b->enabled = true;
	err = format_parse(b, n);
	if (!err && b->flags & BINFMT_FIXED)
		err = exec_image_open(walk, b->interpreter, WALK_FOLLOW, &b->fixed);
	if (!err)
		err = format_add(b);
	if (err)
		binfmt_put(b);
	return err;
}

void binfmt_remove(struct binfmt *b)
{
	bool mine;

	spin_lock(&registry);
	mine = !b->removed;
	if (mine) {
		WRITE_ONCE(b->removed, true);
		list_del(&b->link);
	}
	spin_unlock(&registry);
	if (mine)
		binfmt_put(b); /* the registry's */
}

void binfmt_remove_all(void)
{
	struct binfmt *b;

	while ((b = binfmt_from(0))) {
		binfmt_remove(b);
		binfmt_put(b);
	}
}

bool binfmt_is_on(void)
{
	return !READ_ONCE(formats_off);
}

void binfmt_turn(bool on)
{
	WRITE_ONCE(formats_off, !on);
}

static void show_bytes(struct text *t, const char *what, const char *bytes, u32 n)
{
	text_printf(t, "%s ", what);
	for (u32 i = 0; i < n; i++)
		text_printf(t, "%02x", (unsigned char)bytes[i]);
	text_printf(t, "\n");
}

void binfmt_show(const struct binfmt *b, struct text *t)
{
	text_printf(t, "%s\ninterpreter ", READ_ONCE(b->enabled) ? "enabled" : "disabled");
	text_write(t, b->interpreter, strlen(b->interpreter));
	text_printf(t, "\nflags: %s%s%s%s\n", b->flags & BINFMT_PRESERVE_ARGV0 ? "P" : "",
		    b->flags & BINFMT_OPEN ? "O" : "", b->flags & BINFMT_CREDENTIALS ? "C" : "",
		    b->flags & BINFMT_FIXED ? "F" : "");
	if (b->extension) {
		text_printf(t, "extension .");
		text_write(t, b->extension, strlen(b->extension));
		text_printf(t, "\n");
		return;
	}
	text_printf(t, "offset %u\n", b->offset);
	show_bytes(t, "magic", b->magic, b->size);
	if (b->mask)
		show_bytes(t, "mask", b->mask, b->size);
}
