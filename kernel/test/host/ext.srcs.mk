# The file system driver on images made by mke2fs: ext_host*.c stand in for the rooms below it.
EXT_HOST := mem os io record vfs names file image
EXT_HOST_TESTS := ext_names ext_files ext_model ext_read ext_faults ext_journal ext_extents
EXT_HOST_SRCS := $(wildcard kernel/fs/ext/*.c) kernel/fs/jbd/jbd_check.c
EXT_HOST_SRCS += kernel/vfs/acl.c kernel/vfs/acl_inode.c
$(foreach t,$(EXT_HOST_TESTS),$(eval HOST_SRCS_$(t) := $(EXT_HOST_SRCS)))
$(EXT_HOST_TESTS:%=$(HOST_O)/test_%): $(EXT_HOST:%=$(HOST_O)/ext_host_%.o)
# The power-cut checker's helper (ci/cuts).
CUTS_HELPER := $(HOST_O)/cuts
CUTS_OBJS := $(HOST_O)/cuts.o $(HOST_O)/cuts_ops.o
$(CUTS_HELPER): $(CUTS_OBJS) $(HOST_O)/unit.o $(EXT_HOST:%=$(HOST_O)/ext_host_%.o) \
		$(patsubst kernel/%.c,$(HOST_O)/src/%.o,$(HOST_LIB) $(HOST_SRCS_ext_names))
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -o $@ $^
HOST_SRCS_ext_check := kernel/fs/ext/ext_check.c kernel/fs/ext/ext_csum.c kernel/fs/ext/ext_hash.c
HOST_SRCS_ext := $(HOST_SRCS_ext_check)

# Pages lie elsewhere here: the stand-in for arch/mmu.h comes first.
$(HOST_O)/src/fs/ext/%.o $(HOST_O)/test_ext_%.o $(HOST_O)/ext_host_%.o $(CUTS_OBJS): \
	HOST_CFLAGS := -Ikernel/test/host/ext_shim $(HOST_CFLAGS)
$(HOST_O)/src/vfs/acl%.o: HOST_CFLAGS := -Ikernel/test/host/ext_shim $(HOST_CFLAGS)
