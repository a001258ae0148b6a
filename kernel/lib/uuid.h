/*
 * lib/uuid.h - UUIDs (RFC 4122), and GUIDs as GPT stores them.
 *
 * A UUID is sixteen bytes in the order of its text. A GUID on disk has its first three fields in
 * little endian (UEFI 2.10, appendix A): uuid_from_guid turns one into the other, both ways.
 */
#ifndef LIB_UUID_H
#define LIB_UUID_H

#include "lib/types.h"

struct uuid {
	u8 b[16];
};

#define UUID_TEXT_SIZE	37	/* 36 characters and the terminator */

bool uuid_equal(const struct uuid *a, const struct uuid *b);
bool uuid_is_null(const struct uuid *u);

/* Text in lower case, terminated. */
void uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE]);

/* Exactly 36 characters, either case; what follows them is not looked at. 0 or -EINVAL. */
int must_check uuid_parse(const char *s, struct uuid *out);

void uuid_from_guid(const u8 guid[16], struct uuid *out);

/* Makes sixteen random bytes into a version 4 UUID. */
void uuid_make_v4(const u8 random[16], struct uuid *out);

#endif
