/*
 * abi/wait.h - waiting for children: wait4(2), waitid(2).
 */
#ifndef ABI_WAIT_H
#define ABI_WAIT_H

#define WNOHANG		0x1
#define WUNTRACED	0x2
#define WSTOPPED	0x2
#define WEXITED		0x4
#define WCONTINUED	0x8
#define WNOWAIT		0x1000000
#define __WNOTHREAD	0x20000000
#define __WALL		0x40000000
#define __WCLONE	0x80000000
#define P_ALL	0
#define P_PID	1
#define P_PGID	2
#define P_PIDFD	3

/* Building the status word that wait4 stores. */
#define W_EXITCODE(code, sig)	(((code) & 0xff) << 8 | (sig))
#define W_STOPCODE(sig)		((sig) << 8 | 0x7f)
#define W_CONTINUED		0xffff
#define W_COREFLAG		0x80

#endif
