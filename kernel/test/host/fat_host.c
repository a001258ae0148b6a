/*
 * test/host/fat_host.c - images for the tests of fs/fat.
 */
#include "test/host/fat_host.h"

#include "fs/fat/fat.h"
#include "test/host/ext_host_int.h"

void host_types_init(void)
{
	fs_fat_init();
}

const char *host_dir(void)
{
	return os_temp_dir();
}

const char *fat_mkfs(const char *name, unsigned kib, const char *args)
{
	static char path[300];

	strlcpy(path, host_dir(), sizeof(path));
	strlcat(path, "/", sizeof(path));
	strlcat(path, name, sizeof(path));
	CHECK_EQ(host_run("rm -f '%s'; mkfs.fat --invariant %s -C '%s' %u >'%s.log' 2>&1 || "
			  "{ cat '%s.log'; exit 1; }", path, args, path, kib, path, path), 0);
	return path;
}

bool fat_fsck(const char *path)
{
	return host_run("fsck.fat -n '%s' >'%s.log' 2>&1 || { cat '%s.log' | head -40; exit 1; }",
			path, path, path) == 0;
}

void fat_patch(const char *path, u64 at, const void *bytes, size_t n)
{
	int fd = os_open(path, false);

	CHECK(os_pwrite(fd, bytes, n, at));
	os_close(fd);
}

void fat_peek(const char *path, u64 at, void *bytes, size_t n)
{
	int fd = os_open(path, true);

	CHECK(os_pread(fd, bytes, n, at));
	os_close(fd);
}
