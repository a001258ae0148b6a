/* Private to mm: frames that a device with so many address bits reaches. */
#pragma once

#include "mm/dma.h"

struct page *dma_frames(unsigned order, unsigned address_bits, unsigned flags);
