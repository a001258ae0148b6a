/*
 * The linker's marks in the kernel image (kernel.ld). Virtual addresses; only their addresses mean
 * anything.
 */
#pragma once

#include "lib/types.h"

extern const char image_start[], image_end[];
extern const char text_start[], text_end[];
extern const char rodata_start[], rodata_end[];
extern const char data_start[], data_end[];
extern const char bss_start[];
extern const char percpu_start[], percpu_end[];
