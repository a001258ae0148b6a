/*
 * A model of an AHCI HBA with one port and a disk, which can be told to fail; and the little of the
 * block layer that the driver needs. Nothing happens by itself: ahci_host_run() lets the device
 * execute commands in random order, the interrupt run, works run and time pass.
 */
#pragma once

#include "test/host/unit.h"

#include "abi/errno.h"
#include "drv/ahci/ahci_int.h"

#define MODEL_SECTORS 4096
#define MODEL_IO      8 /* sectors of each request */

enum model_kind { MODEL_DISK, MODEL_MULTIPLIER, MODEL_CDROM };

struct model {
	/* What the test sets. */
	enum model_kind kind;
	bool plugged;
	bool has_log;          /* READ LOG EXT */
	bool dead;             /* is busy for ever after a reset of the link */
	bool wedged;           /* dead is over when the HBA is reset */
	bool write_hangs;      /* writes of hang_lba only */
	char serial;           /* what distinguishes disks */
	u64 bad_lba;           /* commands that touch it fail, n_bad times */
	unsigned n_bad;
	u8 bad_error;          /* the error register then; of a drive: sense key and code, */
	u8 bad_code;           /* told to whom asks next */
	u64 hang_lba;          /* commands that touch it never end, n_hang times */
	unsigned n_hang;
	unsigned n_short;      /* so many transfers lack a sector */
	bool link_errors;      /* the next command ends with an interface error */
	/* What it counts. */
	unsigned n_resets, n_hba_resets, n_logs, n_queued, n_plain, n_fua, n_senses, n_notes, most;
	unsigned n_trimmed;    /* sectors */
	/* The hardware. */
	u32 ghc, is, port[32];
	u32 taken;             /* slots that the device has not executed */
	bool halted;           /* by an error: nothing is executed */
	bool sulking;          /* it was a queued command: until it is asked why, or reset */
	u8 log[512];
	u8 medium[MODEL_SECTORS][512];
};
extern struct model model;
extern struct ahci_hba hba;

struct io {
	struct blk_request req;
	u8 buf[MODEL_IO * 512];
	int result;            /* 1: not done */
};

/* The registered disk, NULL if there is none. */
extern struct disk *the_disk;
/* Called once, when the driver gives requests back after an error. */
extern void (*ahci_host_at_requeue)(void);

/* Called once, when the driver reads the signature. */
extern void (*ahci_host_at_signature)(void);

/* A new HBA with its device plugged in or not; the driver finds it. */
void ahci_host_begin(bool plugged, bool has_log);
void ahci_host_begin_kind(enum model_kind kind);
void ahci_host_end(void);
/* The device comes or goes; the link tells. */
void ahci_host_plug(bool plugged);
/* What the next request has besides. */
extern bool fua_next, staggered_next; /* (the HBA) */
extern struct blk_packet *packet_next;
void ahci_host_submit(struct io *io, enum blk_op op, u64 lba, u8 fill);
/* Until nothing is left to do; commands that never end time out. */
void ahci_host_run(void);
/* One event: whether there was one. */
bool ahci_host_step(void);

/* ahci_host.c, for ahci_host_blk.c: the device executes one command; whether there was one. */
bool model_step(void);
void model_reset(void);
