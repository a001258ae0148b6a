/* test/host/ahci_shim/arch/io.h - stands in for arch/io.h: registers are those of the model HBA. */
#pragma once

#include "lib/types.h"

u32 mmio_read32(const volatile void *p);
void mmio_write32(volatile void *p, u32 v);
