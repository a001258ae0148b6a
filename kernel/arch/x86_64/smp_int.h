/* What the start of other processors shares with assembly and with the other files of arch. */
#pragma once

/* Offsets in struct ap_start (smp.c asserts them). */
#define AP_STATE   0
#define AP_APIC_ID 4
#define AP_CR3     8
#define AP_GS_BASE 16
#define AP_STACK   24

/* ap_start.state */
#define AP_NOBODY  0 /* nobody is being started, or it took too long: who comes now is stopped */
#define AP_CALLED  1 /* start-up interrupt sent */
#define AP_ALIVE   2 /* the processor runs */
#define AP_ONLINE  3 /* it has set itself up and counts */

#ifndef __ASSEMBLER__

#include "lib/types.h"

/* A processor told of by the MADT. */
void smp_cpu_found(u32 apic_id);
/* The greatest APIC id found. */
u32 smp_max_apic_id(void);

/* Takes the boot CPU out of the list, cuts it to what is wanted, and sends the rest INIT. */
void smp_init(void);

/* ap_start.S: what a processor runs first, to be copied to a page below 1 MiB. */
extern const char ap_trampoline[], ap_trampoline_end[];

/*
 * tsc_sync.c: two CPUs compare their counters, the boot CPU by _boot, the other by _other at the
 * same time, interrupts off. The former returns by how much, in cycles, they were seen to disagree.
 */
u64 tsc_sync_boot(void);
void tsc_sync_other(void);

#endif
