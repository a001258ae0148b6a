/*
 * abi/sysinfo.h - sysinfo(2).
 */
#ifndef ABI_SYSINFO_H
#define ABI_SYSINFO_H

#include "abi/types.h"

#define SI_LOAD_SHIFT	16	/* loads are fixed point with this many fraction bits */

struct abi_sysinfo {
	s64 uptime;
	u64 loads[3];
	u64 totalram;		/* this and the next ones in units of mem_unit */
	u64 freeram;
	u64 sharedram;
	u64 bufferram;
	u64 totalswap;
	u64 freeswap;
	u16 procs;
	u16 __pad;
	u64 totalhigh;
	u64 freehigh;
	u32 mem_unit;
};
static_assert(sizeof(struct abi_sysinfo) == 112, "struct sysinfo");

#endif
