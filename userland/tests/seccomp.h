/*
 * What the tests of seccomp(2) share: the call, and filters of one system call.
 */
#ifndef SECCOMP_H
#define SECCOMP_H

#include "tap.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define RET(what)    BPF_STMT(BPF_RET | BPF_K, what)
#define IF(value)    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define PROGRAM(f)   (&(struct sock_fprog){ .len = sizeof(f) / sizeof((f)[0]), .filter = (f) })

static inline long seccomp(unsigned op, unsigned flags, void *arg)
{
	return syscall(SYS_seccomp, op, flags, arg);
}

static inline long filter(unsigned flags, long nr, unsigned action)
{
	struct sock_filter f[] = { LOAD(nr), IF((unsigned)nr), RET(action),
				   RET(SECCOMP_RET_ALLOW) };

	return seccomp(SECCOMP_SET_MODE_FILTER, flags, PROGRAM(f));
}

static inline void no_new_privs(void)
{
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

#endif
