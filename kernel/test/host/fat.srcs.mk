# The FAT driver on images made by mkfs.fat, on the stand-ins of the ext driver's tests.
FAT_HOST := mem os io bcache alone record vfs names file
FAT_HOST_OBJS := $(FAT_HOST:%=ext_host_%.o) fat_host.o $(HOST_SHARED:%=%.o)
FAT_HOST_TESTS := fat_files fat_model fat_damage
FAT_HOST_SRCS := $(wildcard kernel/fs/fat/*.c) $(HOST_VFS_SRCS)
$(foreach t,$(FAT_HOST_TESTS),$(eval HOST_SRCS_$(t) := $(FAT_HOST_SRCS)))
$(FAT_HOST_TESTS:%=$(HOST_O)/test_%): $(addprefix $(HOST_O)/,$(FAT_HOST_OBJS))
HOST_SRCS_fat_names := $(patsubst %,kernel/fs/fat/fat_%.c,check name short time)

# Pages lie elsewhere here: the stand-in for arch/mmu.h comes first.
$(HOST_O)/src/fs/fat/%.o $(HOST_O)/test_fat_%.o $(HOST_O)/fat_hos%.o: \
	HOST_CFLAGS := -Ikernel/test/host/ext_shim $(HOST_CFLAGS)

# The fuzz target has the whole driver; its stand-ins are compiled with its compiler.
HOST_SRCS_fat := $(FAT_HOST_SRCS)
$(HOST_O)/fuzz_fat: $(addprefix $(HOST_O)/fuzz/test/host/,$(FAT_HOST_OBJS))
$(HOST_O)/fuzz/fs/fat/%.o $(HOST_O)/fuzz/test/host/ext_hos%.o $(HOST_O)/fuzz/test/host/fat_hos%.o \
	$(HOST_O)/fuzz/test/host/fuzz_fa%.o: \
	FUZZ_CC := $(subst -Ikernel,-Ikernel/test/host/ext_shim -Ikernel,$(FUZZ_CC))
