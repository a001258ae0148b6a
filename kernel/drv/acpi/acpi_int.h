/*
 * Private to the ACPI driver: what its files share. acpi_register() (acpi_power.c) brings them up
 * in the order in which they stand here.
 */
#pragma once

#include "drv/acpi/acpi_fadt.h"
#include "drv/acpi/aml.h"
#include "sched/mutex.h"

/* Constant after acpi_register(). */
extern struct acpi_fixed acpi_fixed;

/* acpi_reg.c: a register of the fixed hardware, at a port or in memory; constant once open. */
struct acpi_reg {
	void *memory; /* NULL: a port */
	u16 port;     /* 0 and no memory: not there */
};

/* Opens the register block `bytes` long that is `offset` bytes into `address`. Thread context. */
void acpi_reg_open(struct acpi_reg *r, const struct acpi_address *address, unsigned offset,
		   unsigned bytes);
static inline bool acpi_reg_exists(const struct acpi_reg *r) { return r->memory || r->port; }
/* Any context. What is not there reads 0. */
u8 acpi_reg_read8(const struct acpi_reg *r, unsigned offset);
void acpi_reg_write8(const struct acpi_reg *r, unsigned offset, u8 v);
u16 acpi_reg_read16(const struct acpi_reg *r);
void acpi_reg_write16(const struct acpi_reg *r, u16 v);

/* acpi_mode.c */
/* Opens the PM1 control registers, if there are any, and leaves legacy mode: whether ACPI's
 * registers obey. Thread context. */
bool acpi_mode_enter(void);
extern struct acpi_reg acpi_pm1_control[2]; /* a, b */
/* Takes or gives back the lock that the firmware competes for (5.2.10.1): 0 or -ETIMEDOUT. Thread
 * context. */
int acpi_global_lock(bool take);

/* acpi_aml.c: the one AML machine; NULL until acpi_aml_init() or without a DSDT. */
extern struct aml_machine *acpi_aml;
extern struct mutex acpi_lock; /* held around every call of the machine */
/* Loads the tables and initialises the devices. Thread context. */
void acpi_aml_init(void);

/* acpi_prt.c: tells dev/ how interrupt pins are routed. */
void acpi_prt_init(void);

/* acpi_event.c: the SCI, the power button, general-purpose events. */
void acpi_event_init(void);
/* What a Notify does. acpi_lock is held. */
void acpi_notify(struct aml_node *node, u64 value);
