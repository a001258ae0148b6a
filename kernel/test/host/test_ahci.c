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
	CHECK(!the_disk && model.n_resets == 6 && model.n_hba_resets == 2);
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
	ahci_scan(&hba.ports[0]->host);
	CHECK(the_disk);
	ahci_scan(&hba.ports[0]->host);
	CHECK(the_disk);
	ahci_host_end();
}

static void replace(void)
{
	model.kind = MODEL_DISK;
	ahci_host_plug(true);
}

/* What is refused is pulled out for a disk at the moment when it is looked at. */
TEST(plugged_while_refused)
{
	ahci_host_begin(false, true);
	model.kind = MODEL_MULTIPLIER;
	ahci_host_at_signature = replace;
	ahci_host_plug(true);
	ahci_host_run();
	CHECK(the_disk && !ahci_host_at_signature);
	ahci_host_end();
}

static void unplug(void) { ahci_host_plug(false); }

/* The device goes while it is looked at, and comes back. */
TEST(unplugged_while_probed)
{
	ahci_host_begin(false, true);
	ahci_host_at_signature = unplug;
	ahci_host_plug(true);
	ahci_host_run();
	CHECK(!the_disk && hba.ports[0]->state == AHCI_EMPTY);
	ahci_host_plug(true);
	ahci_host_run();
	CHECK(the_disk);
	ahci_host_end();
}

/* Staggered spin-up or not, devices are told to spin up, and links not to sleep by themselves. */
TEST(power)
{
	for (unsigned i = 0; i < 2; i++) {
		staggered_next = i;
		ahci_host_begin(true, true);
		staggered_next = false;
		CHECK((model.port[PORT_SCTL / 4] & 0x300) == 0x300);
		CHECK((model.port[PORT_CMD / 4] & PORT_CMD_SUD) &&
		      !(model.port[PORT_CMD / 4] & (3u << 26))); /* ALPE, ASP */
		CHECK_EQ(model.port[PORT_CMD / 4] >> 28, 1);
		load();
		ahci_host_run();
		load_check(N, 0);
		ahci_host_end();
	}
}

/* When nothing else helps the HBA is reset, once; and the disk is lost if that does not either. */
TEST(controller_reset)
{
	ahci_host_begin(true, true);
	load();
	model.dead = model.wedged = true;
	model.hang_lba = 0;
	model.n_hang = 1;
	ahci_host_run();
	load_check(N, 0);
	CHECK(the_disk && model.n_resets == 4 && model.n_hba_resets == 2);
	model.dead = true;
	model.wedged = false;
	model.n_hang = 1;
	load();
	ahci_host_run();
	CHECK(!the_disk && model.n_hba_resets == 3);
	ahci_host_end();
}

/* It may be asked for at any time. */
TEST(controller_restarted)
{
	for (unsigned steps = 0; steps < 40; steps += 3) {
		ahci_host_begin(true, true);
		load();
		for (unsigned i = 0; i < steps; i++)
			ahci_host_step();
		CHECK_EQ(ahci_hba_restart(&hba), 0);
		ahci_host_run();
		load_check(N, 0);
		ahci_host_end();
	}
}

/* A write that never ends while reads keep coming, which go before it: it ends with an error. */
TEST(reads_do_not_hide_who_hangs)
{
	static struct io reads[40], write;

	ahci_host_begin(true, true);
	model.hang_lba = 0;
	model.n_hang = ~0u;
	model.write_hangs = true;
	memset(reads, 0, sizeof(reads));
	ahci_host_submit(&write, BLK_WRITE, 0, 1);
	for (unsigned i = 0; i < 3000 && write.result == 1; i++) {
		for (unsigned k = 0; k < 40; k++)
			if (reads[k].result != 1)
				ahci_host_submit(&reads[k], BLK_READ, (k + 1) * MODEL_IO, 0);
		ahci_host_step();
	}
	CHECK_EQ(write.result, (u64)-EIO);
	ahci_host_run();
	CHECK_EQ(hba.ports[0]->careful, 0);
	ahci_host_end();
}

/* Between reads and writes that are queued; what is trimmed is empty, and nothing else. */
TEST(trimmed)
{
	static struct io io;

	ahci_host_begin(true, true);
	CHECK(the_disk->discard && the_disk->max_discard_sectors == 64 * 0xffff);
	memset(model.medium, 9, sizeof(model.medium));
	load();
	ahci_host_submit(&io, BLK_DISCARD, 2000, 0);
	ahci_host_run();
	load_check(N, 0);
	CHECK(!io.result && model.n_trimmed == MODEL_IO);
	CHECK(model.medium[1999][0] == 9 && model.medium[2000][0] == 0);
	CHECK(model.medium[1999 + MODEL_IO][511] == 0 && model.medium[2000 + MODEL_IO][0] == 9);
	ahci_host_end();
}

/* A write that shall be stable when it is done says so to the disk. */
TEST(force_unit_access)
{
	static struct io io[4];

	ahci_host_begin(true, true);
	CHECK(the_disk->fua);
	for (unsigned i = 0; i < 4; i++) {
		hba.ports[0]->device->id.ncq = i < 2;
		fua_next = i & 1;
		ahci_host_submit(&io[i], BLK_WRITE, 0, (u8)i);
		fua_next = false;
		ahci_host_run();
		CHECK_EQ(model.n_fua, (i + 1) / 2);
	}
	ahci_host_end();
}

/* A drive that takes packets: the reason of each error is asked for, and says what comes of it. */
TEST(packets)
{
	static const struct { u8 key, code; int result; } answers[] = {
		{ 2, 0x3a, -ENOMEDIUM }, { 3, 0x11, -EIO }, { 6, 0x28, -ENOMEDIUM },
		{ 6, 0x29, 0 }, { 5, 0x21, -EIO }, { 11, 0, 0 },
	};
	static struct io io, order;
	static struct blk_packet packet;

	ahci_host_begin_kind(MODEL_CDROM);
	CHECK(the_disk->cdrom && the_disk->depth == 1);
	memset(model.medium[3 * MODEL_IO], 55, MODEL_IO * 512);
	for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
		model.bad_lba = 3 * MODEL_IO;
		model.n_bad = 1;
		model.bad_error = answers[i].key;
		model.bad_code = answers[i].code;
		ahci_host_submit(&io, BLK_READ, 3 * MODEL_IO, 0);
		ahci_host_run();
		CHECK_EQ(io.result, (u64)answers[i].result);
		CHECK(io.buf[0] == (answers[i].result ? 0 : 55));
	}
	CHECK(model.n_senses == ARRAY_SIZE(answers) && model.n_notes == model.n_senses);
	CHECK_EQ(model.n_resets, 0);
	ahci_host_submit(&io, BLK_WRITE, 0, 0);
	CHECK_EQ(io.result, (u64)-EROFS);
	/* A packet of its own has its error once, and the reason. */
	packet.cdb[5] = 3 * MODEL_IO / 4;
	packet_next = &packet;
	model.n_bad = ~0u;
	ahci_host_submit(&order, BLK_PACKET, 0, 0);
	packet_next = NULL;
	ahci_host_run();
	CHECK(order.result == -EIO && packet.sense[2] == 11);
	/* What did not come whole is no success. */
	model.n_bad = 0;
	model.n_short = 1;
	ahci_host_submit(&io, BLK_READ, 3 * MODEL_IO, 0);
	ahci_host_run();
	CHECK_EQ(io.result, (u64)-EIO);
	/* One that never ends is tried again after resets. */
	model.hang_lba = 3 * MODEL_IO;
	model.n_hang = 2;
	ahci_host_submit(&io, BLK_READ, 3 * MODEL_IO, 0);
	ahci_host_run();
	CHECK(io.result == 0 && io.buf[0] == 55 && model.n_resets == 2);
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
