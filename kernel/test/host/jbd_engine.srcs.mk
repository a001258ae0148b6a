# The journal on disks that keep a diary: jbd_host*.c stand in for the rooms below it.
JBD_HOST := $(addprefix jbd_,host_mem host_os host_disk host_cache host_replay model) $(HOST_SHARED)
JBD_HOST_TESTS := jbd_cuts jbd_faults jbd_threads jbd_tools
$(foreach t,$(JBD_HOST_TESTS),$(eval HOST_SRCS_$(t) := $(wildcard kernel/fs/jbd/*.c) \
	kernel/fs/ext/jbd_replay.c kernel/dev/bcache.c kernel/dev/blkdev_cache.c))
$(JBD_HOST_TESTS:%=$(HOST_O)/test_%): $(JBD_HOST:%=$(HOST_O)/%.o)

$(HOST_O)/src/fs/jbd/%.o $(HOST_O)/src/dev/bcache.o $(HOST_O)/src/dev/blkdev_cache.o \
	$(HOST_O)/test_jbd_%.o $(HOST_O)/jbd_%.o: \
	HOST_CFLAGS := -Ikernel/test/host/ext_shim $(HOST_CFLAGS)
