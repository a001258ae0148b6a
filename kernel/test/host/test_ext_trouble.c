/*
 * The n-th request to the disk fails, or all from there on as when it was pulled, for every n of
 * each workload: somebody is told, e2fsck can repair what is left, and what was durable stays. A
 * few n of each, and with TEST_FULL all. Besides, a disk that cannot be written.
 */
#include "test/host/ext_work.h"

static struct superblock *sb;

static unsigned step(void)
{
	return unit_full_form() ? 1 : 23;
}

/* One run with request n failing: false if there was no such request. */
static bool run_failing(const char *path, const struct work_format *format,
			const struct workload *w, unsigned n, bool for_good)
{
	char when[100];
	unsigned lost = host_lost_writes;
	int first, sync = 0;
	bool failed;

	lib_snprintf(when, sizeof(when), "%s, %s, request %u%s", format->args, w->name, n,
		     for_good ? " and later ones" : "");
	work_reset();
	host_log();
	if (host_mount(path, format->type, 0, "errors=continue", &sb))
		return false;
	host_fail_io(n, for_good);
	first = w->run(sb);
	sync = host_sync(sb);
	failed = for_good ? host_lost_writes != lost || first : host_io_failed();
	if (first && first != -EIO && first != -EROFS && first != -ENOENT)
		unit_fail(__FILE__, __LINE__, "%s: error %d", when, first);
	if (host_lost_writes != lost && !first && !sync && !strstr(host_log(), "cannot"))
		unit_fail(__FILE__, __LINE__, "%s: nobody was told of a lost write", when);
	if (!for_good)
		host_fail_io(0, false);
	host_unmount(sb);
	host_fail_io(0, false);
	work_repair(format->type, when);
	return failed;
}

static void every_request(const struct work_format *format)
{
	const char *path = work_make(format, 4, "-N 300");

	host_quiet = true;
	for (unsigned i = 0; i < N_WORKLOADS; i++) {
		unsigned n = 1 + i % step();

		while (n < 3000 && run_failing(path, format, &workloads[i], n, false))
			n += step();
		CHECK(n > step());
		for (n = 1 + i % step(); n < 3000; n += step() * 3)
			if (!run_failing(path, format, &workloads[i], n, true))
				break;
	}
	host_quiet = false;
}

TEST(requests_fail_on_ext2)
{
	every_request(&work_formats[0]);
}

TEST(requests_fail_on_ext4)
{
	every_request(&work_formats[1]);
}

TEST(requests_fail_with_checksums)
{
	every_request(&work_formats[2]);
}

TEST(requests_fail_with_a_journal)
{
	every_request(&work_formats[3]);
}

TEST(read_only_disk)
{
	for (unsigned i = 0; i < N_WORK_FORMATS; i++) {
		const char *path = work_make(&work_formats[i], 4, "");

		CHECK_EQ(host_run("cp '%s' '%s.copy'", path, path), 0);
		host_disk_read_only = true;
		host_quiet = true;
		CHECK_EQ(host_mount(path, work_formats[i].type, 0, "", &sb), (u64)-EROFS);
		CHECK(strstr(host_log(), "read-only") != NULL);
		host_quiet = false;
		CHECK_EQ(host_mount(path, work_formats[i].type, SB_READ_ONLY, "", &sb), 0);
		work_check(sb, "read-only disk");
		host_quiet = true;
		CHECK_EQ(sb->ops->remount(sb, 0, ""), (u64)-EROFS);
		host_quiet = false;
		host_unmount(sb);
		host_disk_read_only = false;
		CHECK_EQ(host_run("cmp '%s' '%s.copy'", path, path), 0);
	}
}
