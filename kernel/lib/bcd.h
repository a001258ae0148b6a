/*
 * lib/bcd.h - binary coded decimal, two digits to the byte.
 */
#ifndef LIB_BCD_H
#define LIB_BCD_H

#include "lib/types.h"

static inline unsigned bcd_to_bin(u8 v)
{
	return (v >> 4) * 10u + (v & 15);
}

/* v is 0..99. */
static inline u8 bcd_from_bin(unsigned v)
{
	return (u8)((v / 10) << 4 | v % 10);
}

#endif
