/* TLB invalidation between CPUs. */
#pragma once

/* Drops everything that this CPU has cached. */
void tlb_flush_self(void);
