/* The memory devices (mem(4), null(4), random(4), rtc(4)). */
#pragma once

#include "vfs/file.h"

void mem_null_register(void);
void mem_random_register(void);
void mem_hwrng_register(void); /* if there is one */
void mem_kmsg_register(void);
void mem_rtc_register(void);
