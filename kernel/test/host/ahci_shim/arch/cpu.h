/* test/host/ahci_shim/arch/cpu.h - stands in for arch/cpu.h: a process has no interrupt flag. */
#pragma once

#include "lib/types.h"

static inline u64 irq_save(void) { return 0; }
static inline void irq_enable(void) { }
static inline void irq_disable(void) { }
static inline bool irq_enabled(void) { return true; }
static inline void irq_restore(u64 flags) { (void)flags; }
static inline void cpu_relax(void) { }
