/*
 * test/host/fuzz_initrd.c - throws bytes at the cpio reader and the decompressor, one behind the
 * other as an initramfs is read, and checks what their headers promise.
 */
#include "test/host/fuzz.h"

#include "abi/stat.h"
#include "lib/cpio.h"
#include "lib/inflate.h"

struct run {
	struct cpio cpio;
	struct inflate inflate;
	u32 expected; /* bytes still to come of the file */
	bool open;
	u64 total;
};

static int on_entry(void *arg, const struct cpio_entry *e)
{
	struct run *r = arg;

	INSIST(!r->open && strlen(e->name) < CPIO_NAME_MAX);
	INSIST(!S_ISLNK(e->mode) == !e->target);
	INSIST(!e->target || strlen(e->target) <= e->size);
	r->open = true;
	r->expected = S_ISREG(e->mode) ? e->size : 0;
	return 0;
}

static int on_data(void *arg, const u8 *data, size_t n)
{
	struct run *r = arg;

	INSIST(r->open && n && n <= r->expected);
	r->expected -= (u32)n;
	return 0;
}

static int on_end(void *arg, const struct cpio_entry *e)
{
	struct run *r = arg;

	INSIST(r->open && !r->expected);
	r->open = false;
	return 0;
}

static const struct cpio_ops ops = { .entry = on_entry, .data = on_data, .end = on_end };

static int feed(void *arg, const u8 *data, size_t n)
{
	struct run *r = arg;

	INSIST(n && n <= INFLATE_WINDOW);
	r->total += n;
	while (n) {
		ssize_t used = cpio_feed(&r->cpio, data, n);

		if (used < 0)
			return (int)used;
		INSIST((size_t)used <= n && ((size_t)used == n || r->cpio.state == CPIO_DONE));
		if (r->cpio.state == CPIO_DONE)
			cpio_restart(&r->cpio);
		data += used;
		n -= (size_t)used;
	}
	return r->total > 1 << 24 ? -1 : 0; /* no long work for a small input */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *r = calloc(1, sizeof(*r));
	size_t used = 0;

	if (!size)
		goto out;
	cpio_init(&r->cpio, &ops, r);
	if (data[0] == 0x1f) {
		if (gunzip(&r->inflate, data, size, feed, r, &used) == 0)
			INSIST(used <= size);
	} else if (data[0] == '0') {
		(void)feed(r, data, size);
	} else {
		if (inflate(&r->inflate, data + 1, size - 1, feed, r, &used) == 0)
			INSIST(used <= size - 1);
	}
out:
	free(r);
	return 0;
}
