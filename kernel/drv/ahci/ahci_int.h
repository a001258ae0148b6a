/*
 * Private to drv/ahci: an HBA and its ports.
 *
 * A port with a disk is in one of these states. UP: commands run. RECOVERING: it takes none;
 * whoever took it out of UP (the interrupt, a time-out) has recovery run once, in thread context,
 * which gives back all that was in flight. GONE: the disk is not there any more.
 */
#pragma once

#include "core/spinlock.h"
#include "dev/blk.h"
#include "dev/pci.h"
#include "drv/ahci/ahci_regs.h"
#include "drv/ahci/ata_identify.h"
#include "sched/rcu.h"
#include "sched/work.h"

struct ahci_port;

enum ahci_port_state { AHCI_UP, AHCI_RECOVERING, AHCI_GONE };

/* Why a port recovers. */
enum ahci_trouble {
	AHCI_DEVICE_ERROR = 1 << 0, /* the device said so: PORT_IS_TFES */
	AHCI_LINK_ERROR   = 1 << 1, /* link or memory errors: PORT_IS_BROKEN */
	AHCI_LINK_CHANGE  = 1 << 2, /* PORT_IS_LINK */
	AHCI_TIMED_OUT    = 1 << 3,
	AHCI_HBA_RESET    = 1 << 4,
};
/* Some command may be at fault. */
#define AHCI_BLAME (AHCI_DEVICE_ERROR | AHCI_LINK_ERROR | AHCI_TIMED_OUT)

/* I: constant after probe. */
struct ahci_hba {
	struct pci_device *pci;      /* I */
	u8 *regs;                    /* I */
	u32 cap, ports_implemented;  /* I */
	unsigned n_slots, index;     /* I */
	/* Written in thread context, read by the interrupt; freed after an RCU grace period. */
	struct ahci_port *ports[32];
};

/* I: constant after probe.  p: lock.  r: recovery, one at a time. */
struct ahci_port {
	struct ahci_hba *hba;        /* I */
	u8 *regs;                    /* I */
	unsigned number;             /* I */
	struct disk disk;            /* I; its own lock inside */
	struct ata_identity id;      /* I */
	struct ahci_area *area;      /* p: device memory; answer: r */
	struct ahci_table *tables;   /* p */
	dma_addr_t area_bus, tables_bus; /* I */

	struct spinlock lock;        /* RANK_DRIVER */
	enum ahci_port_state state;  /* p */
	unsigned trouble;            /* p: enum ahci_trouble bits, while recovering */
	u32 status, serr;            /* p: PORT_TFD and PORT_SERR as the error left them */
	struct blk_request *running[32]; /* p */
	u32 issued;                  /* p: slots in use */
	u32 queued;                  /* p: those with NCQ commands */
	bool exclusive;              /* p: a command that must be alone is running */
	unsigned careful;            /* p: replays to come, one at a time and not queued */
	struct dma_segment segments[AHCI_PRDS]; /* p: scratch */

	struct work recovery;        /* runs ahci_port_recover() */
	struct work removal;         /* runs disk_unregister() */
	struct rcu_head rcu;         /* for the end */
	u64 n_errors, n_resets;      /* r */
};

u32 ahci_port_read(struct ahci_port *p, unsigned reg);
void ahci_port_write(struct ahci_port *p, unsigned reg, u32 v);
/* Sleeps. Thread context. */
void ahci_sleep_us(u64 us);
/* Waits until (register & mask) == value: 0 or -ETIMEDOUT. Thread context. */
int must_check ahci_port_wait(struct ahci_port *p, unsigned reg, u32 mask, u32 value,
			      u64 timeout_ms);

/* ahci_port.c: the port's life. Thread context. */
/* A port's memory and first settings; its link begins to come up. NULL: no memory, or the port is
 * stuck. */
struct ahci_port *ahci_port_create(struct ahci_hba *hba, unsigned number);
void ahci_port_destroy(struct ahci_port *p);
/* Where the port's structures are, FIS reception, power. Used after any reset. */
void ahci_port_setup(struct ahci_port *p);
/* Runs commands; the device is ready. Stops: 0 or -ETIMEDOUT. */
void ahci_port_start(struct ahci_port *p);
int must_check ahci_port_stop(struct ahci_port *p);
/* Asks the device what it is, polling: 0, -ENODEV, -EIO. */
int must_check ahci_port_identify(struct ahci_port *p);
/* Makes the disk known. 0, or an error, after which the port is gone. */
int must_check ahci_port_attach(struct ahci_port *p);

/* ahci_command.c */
/* disk_ops.start */
int ahci_start(struct disk *disk, struct blk_request *req);
/* Runs a command that reads 512 bytes into area->answer, polling; no other command may run. `lba`:
 * what the command understands by it. 0, -EIO, -ETIMEDOUT. Thread context. */
int must_check ahci_command_ask(struct ahci_port *p, u8 command, u64 lba, u64 timeout_ms);

/* ahci_irq.c */
irq_handler ahci_interrupt;
/* Takes the slots that have ended off the port: how many requests in `out`. Port lock. */
unsigned ahci_port_reap_locked(struct ahci_port *p, struct blk_request *out[32]);

/* ahci_error.c */
/* Takes the port out of UP because of `trouble`, if it is UP; whether it was. Port lock. */
bool ahci_port_fail_locked(struct ahci_port *p, unsigned trouble);
void ahci_port_recover(struct work *work);
/* Gives up the disk: everything in flight and to come fails. The port is not UP. */
void ahci_port_lose(struct ahci_port *p);
void ahci_port_remove(struct work *work);
/* disk_ops.timeout */
void ahci_timeout(struct disk *disk, struct blk_request *req);
/* Takes everything in flight off the port: how many requests in `out`. Port lock. */
unsigned ahci_port_take_all_locked(struct ahci_port *p, struct blk_request *out[32]);

/* ahci.c: resets the HBA and makes it ready: 0, -ETIMEDOUT. Thread context. */
int must_check ahci_hba_reset(struct ahci_hba *hba);
/* Finds the disks. */
void ahci_hba_probe_ports(struct ahci_hba *hba);
