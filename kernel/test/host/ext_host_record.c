/*
 * test/host/ext_host_record.c - writes down what reaches a device, in order: ci/cuts/log.py reads
 * it and rebuilds the disk as a power cut would have left it.
 *
 * A record is a header of 16 bytes and its bytes. A flush covers the writes before it that were
 * done when it began; requests that are still queued come after it, as they run.
 */
#include "test/host/ext_host_int.h"

#define RECORD_WRITE	1u
#define RECORD_FLUSH	2u
#define RECORD_MARK	4u
#define RECORD_FUA	0x100u

struct record_header {
	u32 kind;
	u32 length;	/* bytes that follow */
	u64 offset;	/* in bytes, on the disk */
};

static int record_fd = -1;
static u64 record_end;
bool host_lose_flushes;

bool host_record_start(const char *path)
{
	record_fd = os_create(path);
	record_end = 0;
	return record_fd >= 0;
}

void host_record_stop(void)
{
	if (record_fd >= 0)
		os_close(record_fd);
	record_fd = -1;
}

static void record(u32 kind, u64 offset, const void *data, u32 length)
{
	struct record_header h = { kind, length, offset };

	if (record_fd < 0)
		return;
	if (!os_pwrite(record_fd, &h, sizeof(h), record_end) ||
	    (length && !os_pwrite(record_fd, data, length, record_end + sizeof(h))))
		abort();
	record_end += sizeof(h) + length;
}

void host_record_write(u64 offset, const void *data, u32 length, bool fua)
{
	record(fua ? RECORD_WRITE | RECORD_FUA : RECORD_WRITE, offset, data, length);
}

void host_record_flush(void)
{
	if (!host_lose_flushes)
		record(RECORD_FLUSH, 0, NULL, 0);
}

void host_record_mark(const char *text)
{
	record(RECORD_MARK, 0, text, (u32)strlen(text));
}
