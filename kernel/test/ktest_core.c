/* The log's ring, random numbers, symbols. */
#include "abi/errno.h"
#include "core/log.h"
#include "core/random.h"
#include "core/symbols.h"
#include "lib/bitops.h"
#include "lib/string.h"
#include "test/ktest.h"

#define RECORDS 5000 /* more than the ring holds */

KTEST(core_log_ring)
{
	static struct log_record record;
	int level = log_console_level();
	u64 start = log_next_seq(), seq = start;

	log_console_level_set(LOG_DEBUG);
	for (unsigned i = 0; i < RECORDS; i++)
		log_debug("ring record %u", i);
	log_console_level_set(level);
	KTEST_CHECK(log_next_seq() >= start + RECORDS && log_first_seq() > start);
	KTEST_CHECK(log_read(&seq, &record) == 0 && record.seq == log_first_seq() &&
		    seq == record.seq + 1);
	KTEST_CHECK(record.level == LOG_DEBUG && record.facility == 0 &&
		    !memcmp(record.text, "ring record ", 12));
	seq = log_next_seq();
	KTEST_CHECK(log_read(&seq, &record) == -ABI_EAGAIN);
	log_user(LOG_DEBUG, "from a user", 11);
	KTEST_CHECK(log_read(&seq, &record) == 0 && record.facility == 1 && record.length == 11);
	KTEST_CHECK(!memcmp(record.text, "from a user", 11));
}

KTEST(core_random)
{
	u64 all_or = 0, all_and = ~0ull;
	u8 a[200], b[200];

	for (unsigned i = 0; i < 200; i++) {
		u64 v = random_u64();

		all_or |= v;
		all_and &= v;
		KTEST_CHECK(random_below(7) < 7 && random_below(1) == 0);
	}
	KTEST_CHECK(all_or == ~0ull && all_and == 0);
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	KTEST_CHECK(memcmp(a, b, sizeof(a)) != 0 && memcmp(a, a + 100, 100) != 0);
}

static void count_symbol(u64 address, const char *name, void *arg)
{
	++*(u64 *)arg;
}

KTEST(core_symbols)
{
	u64 n = 0, offset;
	const char *name = symbol_find((u64)&symbol_each + 3, &offset);

	KTEST_CHECK(name && !strcmp(name, "symbol_each") && offset == 3);
	KTEST_CHECK(!symbol_find(0, &offset) && !symbol_find(~0ull, NULL));
	symbol_each(count_symbol, &n);
	KTEST_CHECK(n > 100);
}
