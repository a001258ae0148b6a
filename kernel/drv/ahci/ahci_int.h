/*
 * Private to drv/ahci: an HBA, its ports, and the devices on them.
 *
 * A port lives as long as its HBA, a device from plugging in until it is unplugged and the last
 * user of its disk is gone. A port is in one of these states. EMPTY: nothing is there that we use;
 * a change of the link is heard. PROBING: somebody looks what is there. UP: commands run.
 * RECOVERING: it takes none; whoever took it out of UP (the interrupt, a time-out) has recovery run
 * once, in thread context, which gives back all that was in flight.
 */
#pragma once

#include "core/spinlock.h"
#include "dev/blk.h"
#include "dev/cdrom.h"
#include "dev/pci.h"
#include "drv/ahci/ahci_regs.h"
#include "drv/ahci/ata_identify.h"
#include "sched/work.h"

struct ahci_port;

enum ahci_port_state { AHCI_EMPTY, AHCI_PROBING, AHCI_UP, AHCI_RECOVERING };

/* Why a port recovers. */
enum ahci_trouble {
	AHCI_DEVICE_ERROR = 1 << 0, /* the device said so: PORT_IS_TFES */
	AHCI_LINK_ERROR   = 1 << 1, /* link or memory errors: PORT_IS_BROKEN */
	AHCI_LINK_CHANGE  = 1 << 2, /* PORT_IS_LINK */
	AHCI_TIMED_OUT    = 1 << 3,
	AHCI_HBA_RESET    = 1 << 4,
	AHCI_GIVEN_UP     = 1 << 5, /* somebody wants the device gone */
};
/* Some command may be at fault. */
#define AHCI_BLAME (AHCI_DEVICE_ERROR | AHCI_LINK_ERROR | AHCI_TIMED_OUT)

/* Lives for ever.  I: constant after probe. */
struct ahci_hba {
	struct pci_device *pci;      /* I */
	u8 *regs;                    /* I */
	u32 cap, ports_implemented;  /* I */
	unsigned n_slots, index;     /* I */
	struct ahci_port *ports[32]; /* I */
	struct mutex restarting;     /* held while the HBA is reset; RANK_DEV */
	struct work restart;         /* ahci_restart_wanted() */
};

/* What is plugged into a port, and its disk.  I: constant. */
struct ahci_device {
	struct disk disk;            /* its own lock inside */
	struct cdrom cdrom;          /* of a drive that takes packets */
	struct ahci_port *port;      /* I */
	struct ata_identity id;      /* I */
	struct work removal;         /* runs disk_unregister() */
};

/* I: constant after probe.  p: lock.  r: who probes or recovers, one at a time. */
struct ahci_port {
	struct ahci_hba *hba;        /* I */
	u8 *regs;                    /* I */
	unsigned number;             /* I */
	struct disk_host host;       /* I */
	struct ahci_area *area;      /* p: device memory; answer: r */
	struct ahci_table *tables;   /* p: made when the first device comes */
	dma_addr_t area_bus, tables_bus; /* I */

	struct spinlock lock;        /* RANK_DRIVER */
	enum ahci_port_state state;  /* p */
	struct ahci_device *device;  /* p: while UP or RECOVERING */
	unsigned trouble;            /* p: enum ahci_trouble bits, while recovering */
	u32 status, serr;            /* p: PORT_TFD and PORT_SERR as the error left them */
	struct blk_request *running[32]; /* p */
	u32 issued;                  /* p: slots in use */
	u32 queued;                  /* p: those with NCQ commands */
	bool exclusive;              /* p: a command that must be alone is running */
	unsigned careful;            /* p: suspects that have not ended */
	bool parked;                 /* p: RECOVERING until the HBA has been reset */
	bool restarted;              /* p: that has been tried */
	struct dma_segment segments[AHCI_PRDS]; /* p: scratch */

	struct work recovery;        /* runs ahci_port_recover() */
	struct work arrival;         /* runs ahci_port_arrive() */
	u32 det_seen;                /* r: PORT_DET() of when it was looked at */
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
 * stuck. It is PROBING. */
struct ahci_port *ahci_port_create(struct ahci_hba *hba, unsigned number);
void ahci_port_destroy(struct ahci_port *p);
/* Where the port's structures are, FIS reception, power. Used after any reset. */
void ahci_port_setup(struct ahci_port *p);
/* Runs commands; the device is ready. Stops: 0 or -ETIMEDOUT. */
void ahci_port_start(struct ahci_port *p);
int must_check ahci_port_stop(struct ahci_port *p);
/* Memory for the port's commands: 0 or -ENOMEM. */
int must_check ahci_port_tables(struct ahci_port *p);
unsigned ahci_address_bits(const struct ahci_hba *hba);

/* ahci_probe.c: what is there. Thread context. */
/* Finds the devices of a new HBA. */
void ahci_hba_probe_ports(struct ahci_hba *hba);
/* An EMPTY port becomes PROBING: whether it was EMPTY. Its interrupts are shut. Port lock. */
bool ahci_port_begin_locked(struct ahci_port *p);
/* Looks what is on a PROBING port, which is UP or EMPTY afterwards. */
void ahci_port_arrive(struct work *work);
/* A PROBING port has nothing of use: it becomes EMPTY, and hears if that changes. */
void ahci_port_listen(struct ahci_port *p);
/* disk_host.scan: looks for a device on the port if it is EMPTY. */
void ahci_scan(struct disk_host *host);

/* ahci_device.c. Thread context. */
/* Asks the device what it is: 0, -ENODEV, -EIO, -ENOMEM. */
int must_check ahci_identify(struct ahci_port *p, bool packet, struct ata_identity *id);
/* Makes a disk of what is on a PROBING port, which becomes UP and is not the caller's any more; on
 * an error it is still PROBING. */
int must_check ahci_device_attach(struct ahci_port *p, const struct ata_identity *id);
/* disk_ops.detach: gives up the device as if it were unplugged. */
int ahci_detach(struct disk *disk);

/* ahci_command.c */
/* disk_ops.start */
int ahci_start(struct disk *disk, struct blk_request *req);
/* A command as the task file has it. */
struct ata_taskfile {
	u8 command, device;
	u16 features, count;
	u64 lba;
};
void ahci_fis_write(struct ahci_table *t, const struct ata_taskfile *f);
/* `flags`: AHCI_HEADER_* */
void ahci_header_write(struct ahci_header *h, u32 flags, unsigned n_prds);
void ahci_prd_write(struct ahci_prd *prd, dma_addr_t bus, u32 bytes);
/* Runs what stands in slot 0, polling; no other command may run: 0, -EIO, -ETIMEDOUT. */
int must_check ahci_command_poll(struct ahci_port *p, u64 timeout_ms);
/* Runs a command that reads 512 bytes into area->answer, polling; no other command may run. `lba`:
 * what the command understands by it. 0, -EIO, -ETIMEDOUT. Thread context. */
int must_check ahci_command_ask(struct ahci_port *p, u8 command, u64 lba, u64 timeout_ms);

/* ahci_packet.c */
/* Fills the slot for a request to a device that takes packets: 0, -EIO, -EROFS. Port lock. */
int must_check ahci_packet_fill(struct ahci_port *p, unsigned slot, struct blk_request *req);
/* The slot's request has ended well, says the device: 0, or -EIO when not all that was to be read
 * came, and memory has something else. Port lock. */
int must_check ahci_packet_done(struct ahci_port *p, unsigned slot, struct blk_request *req);
/* Why the last packet failed; the engine runs: 0, -EIO, -ETIMEDOUT. Thread context. */
int must_check ahci_packet_sense(struct ahci_port *p, u8 sense[18]);

/* ahci_irq.c */
irq_handler ahci_interrupt;
/* Takes the slots that have ended off the port: how many requests in `out`, and the error that they
 * end with, if they do. Port lock. */
unsigned ahci_port_reap_locked(struct ahci_port *p, struct blk_request *out[32], int *error);

/* ahci_error.c */
/* Takes the port out of UP because of `trouble`, if it is UP; whether it was. Port lock. */
bool ahci_port_fail_locked(struct ahci_port *p, unsigned trouble);
void ahci_port_recover(struct work *work);
/* The device is gone: everything in flight and to come fails. The port is RECOVERING and then
 * PROBING. */
void ahci_port_lose(struct ahci_port *p);
/* disk_ops.timeout */
void ahci_timeout(struct disk *disk, struct blk_request *req);
/* Takes everything in flight off the port: how many requests in `out`. Port lock. */
unsigned ahci_port_take_all_locked(struct ahci_port *p, struct blk_request *out[32]);

/* ahci.c. Thread context. */
/* Resets the HBA and makes it ready: 0, -ETIMEDOUT. */
int must_check ahci_hba_reset(struct ahci_hba *hba);
/* Resets it with its ports at work: what was in flight is played again, some time later. 0 or
 * -ETIMEDOUT. */
int ahci_hba_restart(struct ahci_hba *hba);
/* Takes a port out of work: PROBING (nothing was there) or RECOVERING, when nobody else has it. */
void ahci_port_take(struct ahci_port *p, unsigned trouble);
/* Does ahci_hba_restart() for ports that are parked. */
void ahci_restart_wanted(struct work *work);
