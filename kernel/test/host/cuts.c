/*
 * test/host/cuts.c - the power-cut checker's helper: the ext driver behind a line of commands.
 *
 * ci/cuts/ decides what is run and cut, and judges; this mounts. A command is a line of fields with
 * tabs between them, the answer is "done STATUS":
 *
 *	run TYPE OPTIONS BASE DISK LOG SEQUENCE	a copy of BASE as DISK is mounted, the operations
 *						run and what reaches the disk recorded in LOG
 *	lose TYPE OPTIONS BASE DISK LOG SEQUENCE	the same, and flushes get lost
 *	dump TYPE MODE DISK OUT			mounted "ro" or "rw", its tree goes to OUT
 *
 * What the driver's harness finds wrong (memory, locks, errors logged) is printed before that.
 */
#include "test/host/cuts.h"

#define FIELDS 8

static bool copy(const char *from, const char *to)
{
	size_t size;
	void *data = unit_read_file(from, &size);
	FILE *f = fopen(to, "r+b");
	bool ok;

	if (!f)
		f = fopen(to, "wb");
	ok = data && f && fwrite(data, 1, size, f) == size;
	if (f)
		ok = fclose(f) == 0 && ok;
	free(data);
	return ok;
}

static int command_run(char **field)
{
	struct superblock *sb;
	int err;

	if (!copy(field[3], field[4]))
		return -EIO;
	host_lose_flushes = field[0][0] == 'l';
	unit_seed(1);
	host_now_ns = 1700000000ull * NSEC_PER_SEC;
	if (!host_record_start(field[5]))
		return -EIO;
	err = host_mount(field[4], field[1], 0, field[2], &sb);
	if (err == 0) {
		host_record_mark("op 0 0");
		cuts_run(sb, field[6]);
		host_unmount(sb);
		host_record_mark("end");
	}
	host_record_stop();
	host_lose_flushes = false;
	return err;
}

static int command_dump(char **field)
{
	u32 flags = strcmp(field[2], "ro") == 0 ? SB_READ_ONLY : 0;
	FILE *out = fopen(field[4], "wb");
	struct superblock *sb;
	int err;

	if (!out)
		return -EIO;
	unit_seed(1);
	err = host_mount(field[3], field[1], flags, "", &sb);
	if (err == 0) {
		err = cuts_dump(sb, out);
		host_unmount(sb);
	}
	fclose(out);
	return err;
}

TEST(commands)
{
	static char line[8192];

	while (fgets(line, sizeof(line), stdin)) {
		char *field[FIELDS + 1] = { 0 }, *at = line;
		int status = -EINVAL;

		line[strlen(line) - 1] = '\0';
		for (unsigned i = 0; i < FIELDS && at; i++) {
			field[i] = at;
			at = strchr(at, '\t');
			if (at)
				*at++ = '\0';
		}
		if (strcmp(field[0], "dump") == 0 && field[4])
			status = command_dump(field);
		else if (field[6])
			status = command_run(field);
		(void)host_log();
		printf("done %d\n", status);
	}
}
