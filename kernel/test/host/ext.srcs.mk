# The file system driver on images made by mke2fs: ext_host*.c stand in for the rooms below it.
# HOST_SHARED is for other harnesses, too.
HOST_SHARED := host_os host_mem host_pages
EXT_HOST_BASE := $(HOST_SHARED) $(addprefix ext_host_,mem os io record vfs names file tail image \
	walk compare)
EXT_HOST := $(EXT_HOST_BASE) $(addprefix ext_host_,bcache alone jbd)
EXT_HOST_TESTS := ext_names ext_files ext_space ext_model ext_read ext_faults ext_journal
EXT_HOST_TESTS += ext_extents ext_crafted ext_matrix ext_trouble ext_full ext_range ext_delayed
EXT_HOST_TESTS += ext_placing ext_order ext_fragmented ext_resize
EXT_HOST_SRCS := $(wildcard kernel/fs/ext/*.c) kernel/fs/jbd/jbd_check.c
HOST_VFS_SRCS := $(addprefix kernel/vfs/,acl.c acl_inode.c page_io.c super_log.c)
EXT_HOST_SRCS += $(HOST_VFS_SRCS)
$(foreach t,$(EXT_HOST_TESTS),$(eval HOST_SRCS_$(t) := $(EXT_HOST_SRCS)))
$(EXT_HOST_TESTS:%=$(HOST_O)/test_%): $(EXT_HOST:%=$(HOST_O)/%.o)
# The power-cut checker's helper (ci/cuts), which has the real buffers and journal.
CUTS_HELPER := $(HOST_O)/cuts
CUTS_OBJS := $(HOST_O)/cuts.o $(HOST_O)/cuts_ops.o
CUTS_SRCS := $(sort $(EXT_HOST_SRCS) $(wildcard kernel/fs/jbd/*.c)) kernel/dev/bcache.c \
	kernel/dev/blkdev_cache.c
$(CUTS_HELPER): $(CUTS_OBJS) $(HOST_O)/unit.o $(EXT_HOST_BASE:%=$(HOST_O)/%.o) \
		$(HOST_O)/ext_host_threads.o \
		$(patsubst kernel/%.c,$(HOST_O)/src/%.o,$(HOST_LIB) $(CUTS_SRCS))
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -o $@ $^
HOST_SRCS_ext_check := kernel/fs/ext/ext_check.c kernel/fs/ext/ext_csum.c kernel/fs/ext/ext_hash.c
HOST_SRCS_ext := $(HOST_SRCS_ext_check)

$(HOST_O)/test_ext_trouble $(HOST_O)/test_ext_full $(HOST_O)/test_ext_resize: $(HOST_O)/ext_work.o
# It counts the runs of free blocks that are looked at.
$(HOST_O)/test_ext_fragmented: private HOST_CFLAGS += -Wl,--wrap=bitmap_find_next_zero
EXT_CRAFTED := ext_crafted ext_mutate ext_mutate_scan
$(HOST_O)/test_ext_crafted: $(EXT_CRAFTED:%=$(HOST_O)/%.o)
HOST_SRCS_extfs := $(EXT_HOST_SRCS) $(EXT_HOST:%=kernel/test/host/%.c) \
	$(EXT_CRAFTED:%=kernel/test/host/%.c)

HOST_SRCS_part := kernel/dev/partition_gpt.c kernel/dev/partition_mbr.c $(HOST_SRCS_ext_check) \
	$(EXT_CRAFTED:%=kernel/test/host/%.c)

# Pages lie elsewhere here: the stand-in for arch/mmu.h comes first.
$(HOST_O)/src/fs/ext/%.o $(HOST_O)/test_ext_%.o $(HOST_O)/ext_host_%.o $(CUTS_OBJS) \
$(HOST_SHARED:%=$(HOST_O)/%.o) \
$(HOST_O)/ext_work.o: \
	HOST_CFLAGS := -Ikernel/test/host/ext_shim $(HOST_CFLAGS)
$(HOST_VFS_SRCS:kernel/%.c=$(HOST_O)/src/%.o): \
	HOST_CFLAGS := -Ikernel/test/host/ext_shim $(HOST_CFLAGS)
$(HOST_O)/fuzz/fs/ext/%.o $(HOST_O)/fuzz/vfs/%.o $(HOST_O)/fuzz/test/host/%.o: \
	FUZZ_CC := $(subst -Ikernel,-Ikernel/test/host/ext_shim -Ikernel,$(FUZZ_CC))

# What damaged images are made of.
$(HOST_O)/bases/stamp: $(HOST_DIR)/crafted-bases
	$(Q)$(HOST_DIR)/crafted-bases $(@D) >/dev/null 2>&1 && touch $@

# The disk of damaged images for a guest (ci/crafted).
$(HOST_O)/crafted-disk: $(EXT_CRAFTED:%=$(HOST_O)/%.o) $(HOST_O)/crafted_disk.o \
		$(patsubst kernel/%.c,$(HOST_O)/src/%.o,$(HOST_LIB) $(HOST_SRCS_ext_check))
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -o $@ $^
