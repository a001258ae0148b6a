/*
 * fs/fat/fat_readdir.c - listing directories.
 *
 * A position is the byte behind an entry, plus FIRST: "." and ".." are made up, as the root has
 * none on the disk. Entries stay where they are, so a position always means the same.
 *
 * A long name that the user's character set cannot show, or that is longer than a name may be
 * here, is shown as its alias: by that the file can be reached.
 */
#include "fs/fat/fat_int.h"

#include "abi/dirent.h"
#include "abi/limits.h"

#define FIRST FAT_DIR_FIRST

void fat_entry_show(const struct fat_fs *fs, const struct fat_scan *s, struct fat_shown *out)
{
	const struct fat_entry *e = &s->entry;
	u16 text[FAT_SHORT_CHARS + 1];
	u32 n;

	out->n_name = 0;
	if (!fs->opt.vfat) {
		out->n_alias = fat_msdos_decode(&e->de, fs->opt.dots, fs->opt.nocase, out->alias);
	} else {
		n = fat_short_decode(&fs->opt.names, &e->de, text);
		out->n_alias = fat_text_encode(fs->opt.names.charset, text, n, out->alias,
					       sizeof(out->alias));
	}
	if (e->n_long)
		out->n_name = fat_text_encode(fs->opt.names.charset, s->lfn.text, e->n_long,
					      out->name, NAME_MAX);
}

/* The number of a directory's parent; the directory is locked, so it does not move. */
static u64 parent_ino(struct file *file)
{
	struct dentry *d = file->path.dentry;

	return d ? READ_ONCE(d->parent)->inode->ino : file->inode->ino;
}

static bool list_dots(struct file *file, struct dir_sink *sink)
{
	if (file->pos == 0) {
		if (!sink->emit(sink, ".", 1, file->inode->ino, DT_DIR, FAT_ENTRY_SIZE))
			return false;
		file->pos = FAT_ENTRY_SIZE;
	}
	if (file->pos < FIRST) {
		if (!sink->emit(sink, "..", 2, parent_ino(file), DT_DIR, FIRST))
			return false;
		file->pos = FIRST;
	}
	return true;
}

/* 1 if the sink is full. */
static int list_one(struct file *file, struct dir_sink *sink, const struct fat_scan *s)
{
	struct fat_fs *fs = fat_fs_of(file->inode);
	u8 type = s->entry.de.attr & FAT_ATTR_DIR ? DT_DIR : DT_REG;
	u64 next = FIRST + s->pos, ino = fat_ino_of(fs, s->entry.position);
	struct fat_shown shown;
	bool room = true;

	fat_entry_show(fs, s, &shown);
	if (shown.n_name)
		room = sink->emit(sink, shown.name, shown.n_name, ino, type, next);
	else if (shown.n_alias)
		room = sink->emit(sink, shown.alias, shown.n_alias, ino, type, next);
	if (room)
		file->pos = (loff_t)next;
	return !room;
}

int fat_readdir(struct file *file, struct dir_sink *sink)
{
	struct inode *dir = file->inode;
	struct fat_scan s;
	int err;

	if (file->pos < 0)
		return -EINVAL;
	if (!list_dots(file, sink))
		return 0;
	if (file->pos - FIRST >= dir->size)
		return 0;
	fat_scan_begin(&s, dir, (u32)(file->pos - FIRST) & ~(FAT_ENTRY_SIZE - 1));
	while ((err = fat_scan_next(&s)) == 1)
		if (list_one(file, sink, &s))
			break;
	fat_scan_end(&s);
	return err < 0 ? err : 0;
}
