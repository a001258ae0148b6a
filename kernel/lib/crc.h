/*
 * lib/crc.h - cyclic redundancy checks, reflected, table driven.
 *
 * The functions take and return the running register, so that data may come in pieces; the
 * starting value and the final complement belong to the format that uses them.
 */
#ifndef LIB_CRC_H
#define LIB_CRC_H

#include "lib/types.h"

/* The register after `len` more bytes, polynomial 0x04c11db7 (IEEE 802.3). */
u32 crc32_update(u32 crc, const void *data, size_t len);
/* The same, polynomial 0x1edc6f41 (Castagnoli): ext4 metadata, starting from ~0. */
u32 crc32c_update(u32 crc, const void *data, size_t len);
/* The same, 16 bits, polynomial 0x8005: ext4 group descriptors, starting from ~0. */
u16 crc16_update(u16 crc, const void *data, size_t len);

/* The whole CRC-32 of zlib, GPT headers and Ethernet: start ~0, final complement. */
static inline u32 crc32(const void *data, size_t len)
{
	return ~crc32_update(~0u, data, len);
}

#endif
