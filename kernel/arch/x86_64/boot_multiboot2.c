/*
 * The multiboot2 boot information (Multiboot2 specification 2.0, 3.6): a list of tags. It is read
 * where the loader put it; each tag is bounds-checked against the total size.
 */
#include "arch/mmu.h"
#include "arch/x86_64/boot_int.h"
#include "lib/string.h"

enum mb2_tag_type {
	MB2_END = 0, MB2_CMDLINE = 1, MB2_LOADER = 2, MB2_MODULE = 3, MB2_MMAP = 6,
		MB2_FRAMEBUFFER = 8,
	MB2_ACPI_OLD = 14, MB2_ACPI_NEW = 15,
};

#define MB2_MMAP_AVAILABLE 1
#define MB2_SIZE_MAX       MIB(1)

struct mb2_tag {
	u32 type, size; /* size: header included, padding to 8 excluded */
};

struct mb2_string {
	struct mb2_tag tag;
	char text[];
};

struct mb2_module {
	struct mb2_tag tag;
	u32 start, end;
};

struct mb2_mmap_entry {
	u64 base, length;
	u32 type, reserved;
};

struct mb2_mmap {
	struct mb2_tag tag;
	u32 entry_size, entry_version;
	u8 entries[];
};

struct mb2_framebuffer {
	struct mb2_tag tag;
	u64 base;
	u32 pitch, width, height;
	u8 bpp, type; /* type: 0 indexed, 1 direct colour, 2 text */
	u16 reserved;
	u8 red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
} __packed;

static void parse_mmap(const struct mb2_mmap *t)
{
	if (t->entry_size < sizeof(struct mb2_mmap_entry))
		return;
	for (u32 off = sizeof(*t); off + t->entry_size <= t->tag.size; off += t->entry_size) {
		const struct mb2_mmap_entry *e = (const void *)((const u8 *)t + off);
		u64 end;

		if (add_overflow(e->base, e->length, &end))
			end = ~0ull;
		if (e->type == MB2_MMAP_AVAILABLE)
			boot_ram_add(e->base, end);
		else
			boot_ram_exclude(e->base, end);
	}
}

static void parse_framebuffer(const struct mb2_framebuffer *t)
{
	struct boot_framebuffer *fb = &boot_info.fb;

	if (t->type == 0)
		return;
	if (t->type == 1 && t->tag.size < sizeof(*t))
		return;
	fb->base = t->base;
	fb->width = t->width;
	fb->height = t->height;
	fb->pitch = t->pitch;
	fb->text = t->type == 2;
	fb->bpp = t->bpp;
	if (fb->text)
		return;
	fb->red_shift = t->red_shift;
	fb->red_bits = t->red_bits;
	fb->green_shift = t->green_shift;
	fb->green_bits = t->green_bits;
	fb->blue_shift = t->blue_shift;
	fb->blue_bits = t->blue_bits;
}

static void parse_tag(const struct mb2_tag *tag)
{
	static char loader[64];
	const struct mb2_string *string = (const void *)tag;
	const struct mb2_module *module = (const void *)tag;

	switch (tag->type) {
	case MB2_CMDLINE:
		boot_cmdline_set(string->text, tag->size - sizeof(*tag));
		break;
	case MB2_LOADER:
		memcpy(loader, string->text, min(sizeof(loader) - 1, tag->size - sizeof(*tag)));
		boot_info.loader = loader;
		break;
	case MB2_MODULE:
		if (tag->size >= sizeof(*module) && !boot_info.initrd.end &&
		    module->start < module->end)
			boot_info.initrd = (struct boot_range){ module->start, module->end };
		break;
	case MB2_MMAP:
		if (tag->size >= sizeof(struct mb2_mmap))
			parse_mmap((const void *)tag);
		break;
	case MB2_FRAMEBUFFER:
		if (tag->size >= offsetof(struct mb2_framebuffer, red_shift))
			parse_framebuffer((const void *)tag);
		break;
	case MB2_ACPI_OLD:
		if (!boot_info.rsdp)
			boot_rsdp_keep(tag + 1, tag->size - sizeof(*tag));
		break;
	case MB2_ACPI_NEW:
		boot_rsdp_keep(tag + 1, tag->size - sizeof(*tag));
		break;
	}
}

void boot_multiboot2_parse(paddr_t info)
{
	const u8 *base = phys_to_virt(info);
	u32 total = *(const u32 *)base;

	if (total > MB2_SIZE_MAX)
		total = MB2_SIZE_MAX;
	for (u32 off = 8; off + sizeof(struct mb2_tag) <= total;) {
		const struct mb2_tag *tag = (const void *)(base + off);

		if (tag->type == MB2_END || tag->size < sizeof(*tag) || tag->size > total - off)
			return;
		parse_tag(tag);
		off = align_up(off + tag->size, 8);
	}
}
