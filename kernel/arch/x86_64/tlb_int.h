/* TLB invalidation between CPUs. */
#pragma once

/* The handler of VECTOR_TLB. */
void tlb_interrupt(void *arg);
/* Drops everything that this CPU has cached. */
void tlb_flush_self(void);
