/*
 * abi/seccomp.h - filters of system calls: seccomp(2), seccomp_unotify(2).
 */
#ifndef ABI_SECCOMP_H
#define ABI_SECCOMP_H

#include "abi/ioctl.h"

/* prctl(2), PR_SET_SECCOMP */
#define SECCOMP_MODE_DISABLED	0
#define SECCOMP_MODE_STRICT	1
#define SECCOMP_MODE_FILTER	2

#define SECCOMP_SET_MODE_STRICT		0
#define SECCOMP_SET_MODE_FILTER		1
#define SECCOMP_GET_ACTION_AVAIL	2
#define SECCOMP_GET_NOTIF_SIZES		3

#define SECCOMP_FILTER_FLAG_TSYNC		(1UL << 0)
#define SECCOMP_FILTER_FLAG_LOG			(1UL << 1)
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW		(1UL << 2)
#define SECCOMP_FILTER_FLAG_NEW_LISTENER	(1UL << 3)
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH		(1UL << 4)
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV	(1UL << 5)

/* What a filter returns: an action and 16 bits of data; as signed numbers, the least counts. */
#define SECCOMP_RET_KILL_PROCESS	0x80000000U
#define SECCOMP_RET_KILL_THREAD		0x00000000U
#define SECCOMP_RET_TRAP		0x00030000U
#define SECCOMP_RET_ERRNO		0x00050000U
#define SECCOMP_RET_USER_NOTIF		0x7fc00000U
#define SECCOMP_RET_TRACE		0x7ff00000U
#define SECCOMP_RET_LOG			0x7ffc0000U
#define SECCOMP_RET_ALLOW		0x7fff0000U
#define SECCOMP_RET_ACTION_FULL		0xffff0000U
#define SECCOMP_RET_DATA		0x0000ffffU

#define AUDIT_ARCH_X86_64	0xC000003EU
#define SYS_SECCOMP		1	/* si_code of SIGSYS */
#define SYS_USER_DISPATCH	2

/* What a filter sees. */
struct seccomp_data {
	s32 nr;
	u32 arch;
	u64 instruction_pointer;
	u64 args[6];
};
static_assert(sizeof(struct seccomp_data) == 64, "struct seccomp_data");

struct seccomp_notif_sizes {
	u16 seccomp_notif;
	u16 seccomp_notif_resp;
	u16 seccomp_data;
};

struct seccomp_notif {
	u64 id;
	u32 pid;
	u32 flags;
	struct seccomp_data data;
};
static_assert(sizeof(struct seccomp_notif) == 80, "struct seccomp_notif");

#define SECCOMP_USER_NOTIF_FLAG_CONTINUE	(1UL << 0)

struct seccomp_notif_resp {
	u64 id;
	s64 val;
	s32 error;
	u32 flags;
};
static_assert(sizeof(struct seccomp_notif_resp) == 24, "struct seccomp_notif_resp");

#define SECCOMP_ADDFD_FLAG_SETFD	(1UL << 0)
#define SECCOMP_ADDFD_FLAG_SEND		(1UL << 1)

struct seccomp_notif_addfd {
	u64 id;
	u32 flags;
	u32 srcfd;
	u32 newfd;
	u32 newfd_flags;
};
static_assert(sizeof(struct seccomp_notif_addfd) == 24, "struct seccomp_notif_addfd");

#define SECCOMP_IOC_MAGIC		'!'
#define SECCOMP_IOCTL_NOTIF_RECV	_IOWR(SECCOMP_IOC_MAGIC, 0, struct seccomp_notif)
#define SECCOMP_IOCTL_NOTIF_SEND	_IOWR(SECCOMP_IOC_MAGIC, 1, struct seccomp_notif_resp)
#define SECCOMP_IOCTL_NOTIF_ID_VALID	_IOW(SECCOMP_IOC_MAGIC, 2, u64)
#define SECCOMP_IOCTL_NOTIF_ADDFD	_IOW(SECCOMP_IOC_MAGIC, 3, struct seccomp_notif_addfd)

#endif
