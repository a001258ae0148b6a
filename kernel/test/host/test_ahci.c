/* The AHCI driver on a model HBA: errors of all kinds with 32 commands in flight, plugging. */
#include "test/host/ahci_host.h"

#define N 100

static struct io ios[N];

/* N reads or writes; those of even numbers write. */
static void load(void)
{
	for (unsigned i = 0; i < N; i++)
		ahci_host_submit(&ios[i], i & 1 ? BLK_READ : BLK_WRITE, i * MODEL_IO, (u8)(i + 1));
}

/* All are well but `bad` (N: none), which ended with this error. */
static void load_check(unsigned bad, int error)
{
	for (unsigned i = 0; i < N; i++) {
		CHECK_EQ(ios[i].result, i == bad ? (u64)error : 0);
		if (i != bad)
			CHECK(!memcmp(ios[i].buf, model.medium[i * MODEL_IO], sizeof(ios[i].buf)));
	}
}

TEST(reads_and_writes)
{
	struct io flush;

	ahci_host_begin(true, true);
	unit_seed(1);
	memset(model.medium[MODEL_IO], 77, MODEL_IO * 512);
	load();
	ahci_host_submit(&flush, BLK_FLUSH, 0, 0);
	ahci_host_run();
	load_check(N, 0);
	CHECK(ios[1].buf[0] == 77 && model.medium[0][0] == 1);
	CHECK(model.most == 32 && model.n_queued == N && model.n_plain == 1 && !flush.result);
	CHECK_EQ(model.n_resets, 0);
	ahci_host_end();
}

/* One sector is bad for ever, and the medium says so: its command ends, no other is touched. */
TEST(medium_error_with_log)
{
	ahci_host_begin(true, true);
	model.bad_lba = 21 * MODEL_IO + 3;
	model.n_bad = ~0u;
	model.bad_error = ATA_ERROR_UNC;
	load();
	ahci_host_run();
	load_check(21, -EIO);
	CHECK(model.n_resets == 0 && model.n_logs == 1 && ~0u - model.n_bad == 1);
	ahci_host_end();
}

TEST(errors_are_tried_again)
{
	for (unsigned has_log = 0; has_log < 2; has_log++)
		for (unsigned n = 1; n < 7; n++) {
			ahci_host_begin(true, has_log);
			model.bad_lba = 40 * MODEL_IO;
			model.n_bad = n;
			model.bad_error = 0x04; /* ABRT */
			load();
			ahci_host_run();
			/* Without the log the first error was nobody's. */
			load_check(n >= (has_log ? 4u : 5u) ? 40 : N, -EIO);
			CHECK_EQ(model.n_resets, has_log ? 0 : 1);
			ahci_host_end();
		}
}

TEST(a_command_that_hangs)
{
	for (unsigned n = 1; n < 7; n++) {
		ahci_host_begin(true, true);
		model.hang_lba = 33 * MODEL_IO;
		model.n_hang = n;
		load();
		ahci_host_run();
		load_check(n >= 5 ? 33 : N, -EIO);
		CHECK(model.n_resets >= min(n, 5u) && hba.ports[0]->state == AHCI_UP);
		ahci_host_end();
	}
}

TEST(link_errors)
{
	ahci_host_begin(true, true);
	load();
	model.link_errors = true;
	ahci_host_run();
	load_check(N, 0);
	CHECK_EQ(model.n_resets, 1);
	ahci_host_end();
}

TEST(unplugged_under_load)
{
	for (unsigned steps = 0; steps < 40; steps += 3) {
		ahci_host_begin(true, true);
		load();
		for (unsigned i = 0; i < steps; i++)
			ahci_host_step();
		ahci_host_plug(false);
		ahci_host_run();
		CHECK(!the_disk);
		for (unsigned i = 0; i < N; i++)
			CHECK(ios[i].result == 0 || ios[i].result == -ENXIO);
		CHECK_EQ(ios[N - 1].result, (u64)-ENXIO);
		/* It comes back. */
		ahci_host_plug(true);
		ahci_host_run();
		CHECK(the_disk);
		load();
		ahci_host_run();
		load_check(N, 0);
		ahci_host_end();
	}
}

/* The link was away for a moment: with the same disk nothing is lost, another one is a new one. */
TEST(replugged)
{
	struct disk *was;

	ahci_host_begin(true, true);
	was = the_disk;
	load();
	ahci_host_plug(false);
	ahci_host_plug(true);
	ahci_host_run();
	load_check(N, 0);
	CHECK(the_disk == was);
	load();
	model.serial = 'B';
	ahci_host_plug(true);
	ahci_host_run();
	CHECK(the_disk && the_disk->serial[0] == 'B');
	CHECK_EQ(ios[N - 1].result, (u64)-ENXIO);
	load();
	ahci_host_run();
	load_check(N, 0);
	ahci_host_end();
}

static void detach(void)
{
	CHECK_EQ(the_disk->ops->detach(the_disk), 0);
}

/* It is given up at the moment when it is repaired. */
TEST(detached_while_it_resumes)
{
	ahci_host_begin(true, true);
	load();
	model.link_errors = true;
	ahci_host_at_requeue = detach;
	ahci_host_run();
	CHECK(!ahci_host_at_requeue && !the_disk);
	for (unsigned i = 0; i < N; i++)
		CHECK(ios[i].result == 0 || ios[i].result == -ENXIO);
	ahci_host_plug(true);
	ahci_host_run();
	CHECK(the_disk);
	load();
	ahci_host_run();
	load_check(N, 0);
	ahci_host_end();
}

TEST(a_dead_device_is_given_up)
{
	ahci_host_begin(true, true);
	load();
	model.dead = true;
	model.hang_lba = 0;
	model.n_hang = 1;
	ahci_host_run();
	CHECK(!the_disk && model.n_resets == 3);
	for (unsigned i = 0; i < N; i++)
		CHECK(ios[i].result == 0 || ios[i].result == -ENXIO);
	model.dead = false;
	ahci_host_plug(true);
	ahci_host_run();
	CHECK(the_disk);
	ahci_host_end();
}

TEST(empty_ports_and_what_is_refused)
{
	ahci_host_begin(false, true);
	CHECK_EQ(hba.ports[0]->state, AHCI_EMPTY);
	model.kind = MODEL_MULTIPLIER;
	ahci_host_plug(true);
	ahci_host_run();
	CHECK(!the_disk && hba.ports[0]->state == AHCI_EMPTY);
	model.kind = MODEL_DISK;
	ahci_host_plug(false);
	ahci_host_run();
	/* Nobody hears it; a scan finds it. */
	model.plugged = true;
	model_reset();
	CHECK(!the_disk);
	ahci_scan(&hba.host);
	CHECK(the_disk);
	ahci_scan(&hba.host);
	CHECK(the_disk);
	ahci_host_end();
}

/* Faults of all kinds at random: whatever does not fail for ever is done, and right. */
TEST(storm)
{
	for (unsigned seed = 1; seed < 200; seed++) {
		unit_seed(seed);
		ahci_host_begin(true, seed & 1);
		load();
		model.bad_error = seed & 2 ? 0x04 : 0x84;
		for (unsigned i = 0; i < 300; i++) {
			if (!model.n_bad && !unit_below(20)) {
				model.bad_lba = unit_below(N) * MODEL_IO;
				model.n_bad = 1;
			}
			if (!model.n_hang && !unit_below(40)) {
				model.hang_lba = unit_below(N) * MODEL_IO;
				model.n_hang = 1;
			}
			model.link_errors |= !unit_below(50);
			if (!unit_below(60)) {
				ahci_host_plug(false);
				ahci_host_plug(true);
			}
			ahci_host_step();
		}
		model.n_bad = model.n_hang = 0;
		ahci_host_run();
		for (unsigned i = 0; i < N; i++)
			CHECK(ios[i].result == 0 || (ios[i].result == -EIO &&
						     ios[i].req.retries > BLK_MAX_RETRIES));
		ahci_host_end();
	}
}
