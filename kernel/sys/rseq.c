/* rseq(2). */
#include "abi/rseq.h"
#include "proc/rseq.h"
#include "sys/sys_int.h"

long sys_rseq(struct rseq __user *area, unsigned len, int flags, unsigned signature)
{
	if (flags == RSEQ_FLAG_UNREGISTER)
		return rseq_unregister((u64)area, len, signature);
	return flags ? -EINVAL : rseq_register((u64)area, len, signature);
}
