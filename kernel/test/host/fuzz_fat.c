/*
 * Fuzz target of FAT: the pure parts on foreign bytes, and the whole driver on small volumes that
 * were good before the input was written over them in pieces. It walks through them, reads, writes,
 * renames and removes what it finds; whatever is on the disk, nothing but errors may come of it,
 * and nothing may stay behind.
 */
#include "test/host/fat_host.h"

#include "test/host/ext_host_int.h"

#define IMAGE_SIZE 65536u
#define SECTORS (IMAGE_SIZE / 512)
#define DEPTH 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INSIST(promise) \
	do { \
		if (!(promise)) { \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #promise); \
			abort(); \
		} \
	} while (0)

/* What the stand-ins ask of the frame of unit tests. */
void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	host_vsnprintf((char[400]){ 0 }, 400, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s\n", fmt);
	abort();
}

static u64 random_state;

u64 unit_rand(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return random_state >> 16;
}

u64 unit_below(u64 n)
{
	return unit_rand() % n;
}

static u8 image[IMAGE_SIZE];

static void put_entry(unsigned width, u32 cluster, u32 value)
{
	struct fat_geo geo = { .width = width };
	u8 *at = image + 512 + fat_entry_byte(&geo, cluster);
	u32 raw;

	memcpy(&raw, at, 4);
	raw = width == 32 ? value : (raw & 0xffff0000) |
				    fat_entry_encode(&geo, cluster, raw & 0xffff, value);
	memcpy(at, &raw, 4);
}

static struct fat_dirent *put_dirent(u32 at, const char *name, u8 attr, u32 start, u32 size)
{
	struct fat_dirent *de = (void *)(image + at);

	*de = (struct fat_dirent){ .attr = attr, .start = (u16)start, .size = size };
	memcpy(de->name, name, 11);
	return de + 1;
}

/*
 * A boot sector, one FAT of two sectors, and a root directory of one. FILE has clusters 3 to 5,
 * DIR 6, in it a file with a long name 7, and a directory 8. FAT16 is larger than its device.
 */
static void image_make(unsigned width)
{
	struct fat_boot *boot = (void *)image;
	u32 root = 3 * 512, first = width == 32 ? root - 512 : root;
	u16 name[20];
	struct fat_slot slot;

	memset(image, 0, sizeof(image));
	*boot = (struct fat_boot){ .sector_size = 512, .sectors_per_cluster = 1,
				   .reserved_sectors = 1, .n_fats = 1, .media = 0xf8,
				   .sectors16 = width == 16 ? 5000 : SECTORS };
	if (width == 32) {
		boot->fat32.fat_sectors = 2;
		boot->fat32.root_cluster = 2;
		put_entry(width, 2, FAT_END);
	} else {
		boot->root_entries = 16;
		boot->fat_sectors16 = 2;
	}
	for (u32 i = 3; i <= 8; i++)
		put_entry(width, i, i < 5 ? i + 1 : FAT_END);
	put_dirent(root, "FILE       ", 0, 3, 1400);
	put_dirent(root + 32, "DIR        ", FAT_ATTR_DIR, 6, 0);
	put_dirent(first + 5 * 512, ".          ", FAT_ATTR_DIR, 6, 0);
	put_dirent(first + 5 * 512 + 32, "..         ", FAT_ATTR_DIR, 0, 0);
	fat_long_slot(name, (u32)fat_text_decode(FAT_UTF8, "A long name", 11, name), 1,
		      fat_short_checksum((const u8 *)"ALONGN~1   "), &slot);
	memcpy(image + first + 5 * 512 + 64, &slot, sizeof(slot));
	put_dirent(first + 5 * 512 + 96, "ALONGN~1   ", 0, 7, 100);
	put_dirent(first + 5 * 512 + 128, "SUB        ", FAT_ATTR_DIR, 8, 0);
	put_dirent(first + 7 * 512, ".          ", FAT_ATTR_DIR, 8, 0);
	put_dirent(first + 7 * 512 + 32, "..         ", FAT_ATTR_DIR, 6, 0);
}

static struct names { char text[12][256]; unsigned n; } found[DEPTH];

static void remember(const char *name, u64 ino, u8 type, void *arg)
{
	struct names *names = arg;

	INSIST(*name && strlen(name) < 256 && !strchr(name, '/'));
	if (names->n < ARRAY_SIZE(names->text) && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		strlcpy(names->text[names->n++], name, 256);
}

static void use_file(struct inode *inode)
{
	static u8 bytes[20000];

	(void)host_read(inode, bytes, sizeof(bytes), 0);
	(void)host_write(inode, bytes, 700, 1300);
	if (inode->size < 100000)
		(void)host_write(inode, bytes, 600, inode->size + 900);
	(void)host_truncate(inode, 800);
}

static void use_dir(struct inode *dir, struct inode *root, unsigned depth)
{
	struct names *names = &found[depth];
	struct inode *inode = NULL;

	names->n = 0;
	(void)host_readdir(dir, 5, remember, names);
	for (unsigned i = 0; i < names->n; i++) {
		if (host_lookup(dir, names->text[i], &inode))
			continue;
		if (S_ISREG(inode->mode))
			use_file(inode);
		else if (depth + 1 < DEPTH && inode != dir && inode != root)
			use_dir(inode, root, depth + 1);
		inode_put(inode);
	}
	if (host_create(dir, "another file, with a name of three slots", 0644, &inode) == 0) {
		use_file(inode);
		inode_put(inode);
	}
	if (names->n > 1)
		(void)host_rename(dir, names->text[0], dir, names->text[1], 0);
	if (names->n)
		(void)host_rename(dir, names->text[names->n - 1], root, "moved", 0);
	for (unsigned i = 0; i < names->n; i++)
		if (host_unlink(dir, names->text[i]) == -EISDIR)
			(void)host_rmdir(dir, names->text[i]);
}

static void fuzz_driver(const u8 *data, size_t size, unsigned width)
{
	static char path[300];
	struct superblock *sb;
	int fd;

	image_make(width);
	/* Pieces: where, how long, and what. */
	while (size > 3) {
		u32 at = data[0] | data[1] << 8, n = min((u32)data[2] % 64 + 1, (u32)size - 3);

		memcpy(image + at, data + 3, min(n, IMAGE_SIZE - at));
		data += 3 + n;
		size -= 3 + n;
	}
	if (!*path) {
		strlcpy(path, host_dir(), sizeof(path));
		strlcat(path, "/image", sizeof(path));
		INSIST(host_run("truncate -s %u '%s'", IMAGE_SIZE, path) == 0);
	}
	fd = os_open(path, false);
	INSIST(os_pwrite(fd, image, IMAGE_SIZE, 0));
	os_close(fd);
	if (host_mount(path, width == 16 ? "msdos" : "vfat", 0, "errors=continue", &sb) == 0) {
		use_dir(sb->root_inode, sb->root_inode, 0);
		host_drop_caches(sb);
		host_unmount(sb);
	}
	(void)host_log();
}

static void fuzz_names(const u8 *data, size_t size)
{
	static const struct fat_names how = { FAT_UTF8, &codepage_850, FAT_SHORT_WINNT, false };
	struct fat_long l = { .open = false };
	u16 text[FAT_LONG_MAX];
	struct fat_alias alias;
	char out[800];
	int n = fat_text_decode(FAT_UTF8, (const char *)data, (u32)size, text);

	if (n > 0) {
		INSIST(fat_text_encode(FAT_UTF8, text, (u32)n, out, sizeof(out)) == size);
		INSIST(memcmp(out, data, size) == 0);
		if (fat_name_check(text, (u32)n) == 0 &&
		    fat_alias_make(how.codepage, text, (u32)n, &alias) == 0) {
			struct fat_dirent de = { .attr = 0 };

			fat_alias_tail(&alias, 1 + data[0] % 20, (u16)size);
			memcpy(de.name, alias.name, 11);
			INSIST(fat_short_decode(&how, &de, text) > 0);
		}
	}
	(void)fat_msdos_encode((const char *)data, (u32)size, size & 1, size & 2,
			       (u8[11]){ 0 });
	for (size_t at = 0; at + 32 <= size; at += 32) {
		struct fat_dirent de;

		memcpy(&de, data + at, 32);
		fat_long_feed(&l, (const struct fat_slot *)&de, (u32)at);
		INSIST(fat_short_decode(&how, &de, text) <= FAT_SHORT_CHARS);
		INSIST(fat_msdos_decode(&de, true, false, out) <= FAT_SHORT_CHARS + 1);
		INSIST(fat_long_end(&l, de.name) <= FAT_LONG_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fat_geo geo;
	u8 sector[512];

	host_quiet = true;
	random_state = size;
	if (size < 2 || size > 4096)
		return 0;
	switch (data[0] & 7) {
	case 0:
		fuzz_names(data + 1, size - 1);
		break;
	case 1:
		memset(sector, 0, sizeof(sector));
		memcpy(sector, data + 1, min(size - 1, sizeof(sector)));
		if (fat_check_boot(sector, 1 << 20, &geo) == NULL) {
			INSIST(geo.end_cluster > FAT_FIRST && geo.active < geo.n_fats);
			INSIST(fat_cluster_sector(&geo, geo.end_cluster - 1) + 1 <=
			       (1u << 20) >> (geo.sector_bits - 9));
		}
		break;
	case 2: case 3:
		fuzz_driver(data + 1, size - 1, 12);
		break;
	case 4: case 5:
		fuzz_driver(data + 1, size - 1, 16);
		break;
	default:
		fuzz_driver(data + 1, size - 1, 32);
	}
	return 0;
}
