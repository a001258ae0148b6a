/*
 * A journal under power cuts: at every flush, and with whatever unflushed writes chance keeps, a
 * disk replays to what some handle left, and to no less than was promised.
 */
#include "test/host/jbd_model.h"

#define SUMS_3 JBD_INCOMPAT_CSUM_V3
#define SUMS_2 JBD_INCOMPAT_CSUM_V2

/* Several mounts, one after the other, of one journal. */
static void one_round(u32 block_size, u32 n_log, u32 features, unsigned n_handles, unsigned ops,
		      unsigned commit_every)
{
	struct model m;

	model_create(&m, block_size, n_log, features);
	for (unsigned mount = 0; mount < 2; mount++) {
		CHECK_EQ(model_open(&m), 0);
		for (unsigned i = 0; i < n_handles; i++) {
			CHECK_EQ(model_step(&m, 1 + (unsigned)unit_below(ops)), 0);
			model_noise(&m);
			if (unit_below(commit_every) == 0)
				CHECK_EQ(model_commit(&m), 0);
		}
		CHECK_EQ(jbd_close(m.j), 0);
		model_check_closed(&m);
	}
	model_check_cuts(&m, unit_full_form() ? 4 : 1);
	model_destroy(&m);
}

static void cuts(u32 block_size, u32 n_log, u32 features, unsigned n_handles, unsigned ops,
		 unsigned commit_every)
{
	for (u64 seed = 1; seed <= (unit_full_form() ? 20 : 2); seed++) {
		unit_seed(seed);
		one_round(block_size, n_log, features, n_handles, ops, commit_every);
	}
}

TEST(plain)
{
	cuts(1024, 128, 0, 200, 6, 10);
}

TEST(sums_of_version_3)
{
	cuts(1024, 128, SUMS_3, 200, 6, 10);
	cuts(4096, 100, SUMS_3 | JBD_INCOMPAT_64BIT, 100, 6, 10);
}

TEST(sums_of_version_2)
{
	cuts(1024, 128, SUMS_2, 100, 6, 10);
	cuts(1024, 128, SUMS_2 | JBD_INCOMPAT_64BIT, 100, 6, 10);
}

TEST(addresses_of_64_bits)
{
	cuts(2048, 128, JBD_INCOMPAT_64BIT, 100, 6, 10);
}

/* Each handle stable at once, as with fsync. */
TEST(commits_of_one_handle)
{
	cuts(1024, 128, SUMS_3, 150, 3, 1);
}

/* Nobody asks for a commit: the log's size does. */
TEST(commits_when_full)
{
	cuts(1024, 96, SUMS_3, 300, 8, 1000000);
}

/* Descriptors and revoke blocks of which several are needed. */
TEST(large_transactions)
{
	cuts(1024, 1024, SUMS_3, 200, 60, 30);
}
