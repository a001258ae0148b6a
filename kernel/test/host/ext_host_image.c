/*
 * test/host/ext_host_image.c - images, made by mke2fs and judged by e2fsck.
 */
#include "test/host/ext_host_int.h"

#include "fs/ext/ext.h"

void host_types_init(void)
{
	fs_ext_init();
}

const char *host_dir(void)
{
	return os_temp_dir();
}

const char *host_mkfs(const char *name, unsigned mib, const char *args)
{
	static char path[300];

	strlcpy(path, host_dir(), sizeof(path));
	strlcat(path, "/", sizeof(path));
	strlcat(path, name, sizeof(path));
	CHECK_EQ(host_run("rm -f '%s'; truncate -s %uM '%s' && mke2fs -q -F "
			  "-U 6b1f8f6e-0c5e-4a6e-9a35-52f2c3a7d001 "
			  "-E hash_seed=0f0e0d0c-0b0a-4908-8706-050403020100 "
			  "%s '%s' >'%s.log' 2>&1 || "
			  "{ cat '%s.log'; exit 1; }", path, mib, path, args, path, path, path), 0);
	return path;
}

bool host_fsck(const char *path)
{
	return host_run("e2fsck -fn '%s' >'%s.log' 2>&1 || { cat '%s.log' | head -60; exit 1; }",
			path, path, path) == 0;
}

bool host_fsck_mounted(const char *path)
{
	/* A copy that is called clean must be so; the journal here has no log. */
	return host_run("cp --sparse=always '%s' '%s.copy' && "
			"{ debugfs -w -R 'set_super_value state 1' '%s.copy' >/dev/null 2>&1; "
			"debugfs -w -R 'feature ^needs_recovery' '%s.copy' >/dev/null 2>&1; "
			"e2fsck -fn '%s.copy' >'%s.log' 2>&1 || "
			"{ cat '%s.log' | head -60; exit 1; }; }",
			path, path, path, path, path, path, path) == 0;
}
