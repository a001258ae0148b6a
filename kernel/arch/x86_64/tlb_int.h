/* TLB invalidation between CPUs. */
#pragma once

/* The handler of VECTOR_TLB. */
void tlb_interrupt(void *arg);
