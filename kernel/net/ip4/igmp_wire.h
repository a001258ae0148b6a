/*
 * IGMP on the wire (RFC 1112, 2236, 3376). Pure.
 */
#pragma once

#include "net/ip4/ip4_wire.h"

struct igmp_header { u8 type, code; be16 sum; be32 group; } __packed;
struct igmp_query3 { struct igmp_header header; u8 qrv, qqic; be16 n; be32 source[]; } __packed;
struct igmp_record { u8 type, aux; be16 n; be32 group; be32 source[]; } __packed;
struct igmp_report3 { u8 type, reserved; be16 sum, reserved2, n; } __packed;

enum igmp_type { IGMP_QUERY = 0x11, IGMP_REPORT1 = 0x12, IGMP_REPORT2 = 0x16, IGMP_LEAVE = 0x17,
		 IGMP_REPORT3 = 0x22 };

/* What a message asks; pure. */
struct igmp_heard {
	u8 type;                 /* IGMP_QUERY, or a report of another host */
	u8 version;              /* of a query: 1, 2, 3 */
	be32 group;              /* 0: all */
	u32 within_ms;           /* a query's: answer within */
	u8 robustness;           /* of version 3; 0: as we please */
};
/* Reads n bytes, whose sum is checked: false if it is none of ours to know. */
bool igmp_parse(const u8 *bytes, u32 n, struct igmp_heard *out);
