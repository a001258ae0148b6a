/* Kernel virtual ranges: memory that need not be contiguous, kernel stacks with guard pages, device
 * registers. Thread context. */
#pragma once

#include "arch/context.h"
#include "lib/types.h"

/* `size` bytes of mapped frames, zeroed if MM_ZERO, or NULL. */
void *vmalloc(size_t size, unsigned flags);
void vfree(void *p);
/* kmalloc() when small, else vmalloc(); kvfree() knows which. */
void *kvmalloc(size_t size, unsigned flags);
void kvfree(void *p);

/* A kernel stack of KSTACK_SIZE bytes with an unmapped page below: its lowest address, or NULL.
 * Freed stacks are kept warm per CPU. */
void *kstack_alloc(void);
void kstack_free(void *stack);
/* Debug builds: how many bytes of the stack have ever been used; and the most that any stack has
 * that was freed since boot, in `worst`. 0 in others. */
size_t kstack_used(const void *stack);
size_t kstack_worst(void);

/* Maps `size` bytes of device memory at pa (any alignment) with MMU_NOCACHE or MMU_WC, or 0 for
 * write-back (firmware tables): pointer to pa's byte, or NULL. */
void *ioremap(paddr_t pa, size_t size, unsigned mmu_prot);
void iounmap(void *p);
