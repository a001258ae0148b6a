/*
 * Scan code set 1, that of the first PC: how most keyboards reach the kernel, and what programs get
 * that want keys raw (K_RAW). Pure.
 */
#pragma once

#include "lib/types.h"

#define INPUT_SET1_BYTES 6

/* The key of a code without its release bit; extended: after the prefix 0xe0. 0: none. */
unsigned input_set1_key(bool extended, u8 code);
/* The bytes that a key sends when it goes down or up: how many; 0: it has no code. */
size_t input_set1_bytes(unsigned key, bool down, u8 out[INPUT_SET1_BYTES]);
