/*
 * Multicast listener discovery on the wire (RFC 2710, RFC 3810), and the reading of it. Pure.
 */
#pragma once

#include "net/ip6/ip6_wire.h"

struct mld_header {
	u8 type, code;
	be16 sum, delay, reserved;
	struct ipaddr group;
} __packed;
/* A query of version 2 (RFC 3810, 5.1). */
struct mld_query2 {
	struct mld_header header;
	u8 qrv, qqic;
	be16 n;
	struct ipaddr source[];
} __packed;
struct mld_record { u8 type, aux; be16 n; struct ipaddr group; struct ipaddr source[]; } __packed;
struct mld_report2 { u8 type, code; be16 sum, reserved, n; } __packed;
static_assert(sizeof(struct mld_header) == 24 && sizeof(struct mld_record) == 20, "mld");

/* What a message says. */
struct mld_heard {
	bool query;              /* else a report of version 1 of another host */
	u8 version;              /* of a query */
	struct ipaddr group;     /* any: all */
	u32 within_ms;           /* a query's: answer within */
	u8 robustness;           /* of version 2; 0: as we please */
};
/* Reads a message of n bytes, whose sum is right: false if it is none of ours to know. */
bool mld_parse(const u8 *bytes, u32 n, struct mld_heard *out);
