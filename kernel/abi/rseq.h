/*
 * abi/rseq.h - restartable sequences: rseq(2).
 */
#ifndef ABI_RSEQ_H
#define ABI_RSEQ_H

#include "abi/types.h"

#define RSEQ_CPU_ID_UNINITIALIZED	(-1)
#define RSEQ_CPU_ID_REGISTRATION_FAILED	(-2)
#define RSEQ_FLAG_UNREGISTER		1
#define RSEQ_CS_FLAG_NO_RESTART_ON_PREEMPT	1
#define RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL	2
#define RSEQ_CS_FLAG_NO_RESTART_ON_MIGRATE	4

struct rseq_cs {
	u32 version;
	u32 flags;
	u64 start_ip;
	u64 post_commit_offset;
	u64 abort_ip;
} __aligned(32);

struct rseq {
	u32 cpu_id_start;
	u32 cpu_id;
	u64 rseq_cs;		/* user address, or 0 */
	u32 flags;
	u32 node_id;
	u32 mm_cid;
} __aligned(32);

#endif
