/*
 * abi/uio.h - scattered input and output: readv(2), preadv2(2), process_vm_readv(2).
 */
#ifndef ABI_UIO_H
#define ABI_UIO_H

#include "abi/types.h"

struct iovec {
	void __user *iov_base;
	u64 iov_len;
};

#define RWF_HIPRI	0x00000001
#define RWF_DSYNC	0x00000002
#define RWF_SYNC	0x00000004
#define RWF_NOWAIT	0x00000008
#define RWF_APPEND	0x00000010

#endif
