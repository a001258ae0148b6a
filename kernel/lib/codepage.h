/*
 * Character sets of one byte per character whose lower half is ASCII.
 */
#pragma once

#include "lib/types.h"

struct codepage {
	u32 number;
	u16 upper[128];		/* Unicode of 0x80 … 0xff */
};
/* IBM's: North America (also the font of VGA text modes), and Western Europe. */
extern const struct codepage codepage_437, codepage_850;

/* The byte of a Unicode character; 0: the set has no such. */
u8 codepage_encode(const struct codepage *cp, u32 c);
