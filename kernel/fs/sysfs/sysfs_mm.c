/*
 * /sys/kernel/mm/transparent_hugepage: who gets large pages (vm/large.h).
 *
 *   enabled          "always", "madvise" or "never", the one that holds in brackets
 *   hpage_pmd_size   bytes of a large page
 */
#include "abi/errno.h"
#include "abi/stat.h"
#include "arch/mmu.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/string.h"
#include "vm/large.h"

static int show_enabled(struct text *t, unsigned index)
{
	enum vm_large_mode mode = vm_large_mode();

	for (unsigned i = VM_LARGE_ALWAYS; i <= VM_LARGE_NEVER; i++)
		text_printf(t, i == mode ? "%s[%s]" : "%s%s", i ? " " : "",
			    vm_large_name((enum vm_large_mode)i));
	text_printf(t, "\n");
	return 0;
}

static int store_enabled(char *text, unsigned index)
{
	enum vm_large_mode mode;
	int err;

	text[strcspn(text, "\n")] = 0;
	err = vm_large_parse(text, &mode);
	if (!err)
		vm_large_set_mode(mode);
	return err;
}

static int show_size(struct text *t, unsigned index)
{
	text_printf(t, "%llu\n", LARGE_PAGE_SIZE);
	return 0;
}

static const struct sysfs_node large_children[] = {
	{ .name = "enabled", .mode = S_IFREG | 0644, .show = show_enabled, .store = store_enabled },
	{ .name = "hpage_pmd_size", .mode = S_IFREG | 0444, .show = show_size },
	{ 0 },
};

const struct sysfs_node sysfs_mm_children[] = {
	{ .name = "transparent_hugepage", .mode = S_IFDIR | 0755, .children = large_children },
	{ 0 },
};
