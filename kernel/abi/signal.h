/*
 * abi/signal.h - signals: numbers, actions, siginfo, alternate stacks (signal(7), sigaction(2)).
 */
#ifndef ABI_SIGNAL_H
#define ABI_SIGNAL_H

#include "abi/types.h"

#define SIGHUP		1
#define SIGINT		2
#define SIGQUIT		3
#define SIGILL		4
#define SIGTRAP		5
#define SIGABRT		6
#define SIGBUS		7
#define SIGFPE		8
#define SIGKILL		9
#define SIGUSR1		10
#define SIGSEGV		11
#define SIGUSR2		12
#define SIGPIPE		13
#define SIGALRM		14
#define SIGTERM		15
#define SIGSTKFLT	16
#define SIGCHLD		17
#define SIGCONT		18
#define SIGSTOP		19
#define SIGTSTP		20
#define SIGTTIN		21
#define SIGTTOU		22
#define SIGURG		23
#define SIGXCPU		24
#define SIGXFSZ		25
#define SIGVTALRM	26
#define SIGPROF		27
#define SIGWINCH	28
#define SIGIO		29
#define SIGPWR		30
#define SIGSYS		31
#define SIGIOT		SIGABRT
#define SIGPOLL		SIGIO
#define SIGRTMIN	32
#define SIGRTMAX	64
#define NSIG		64	/* signals are numbered 1..NSIG */

/* A set of signals in one word: signal n is bit n - 1. */
#define SIGMASK(n)	(1ULL << ((n) - 1))
#define SIGSET_SIZE	8	/* the sigsetsize that every rt_sig* call must be given */

#define SIG_DFL		0UL
#define SIG_IGN		1UL
#define SIG_ERR		(~0UL)

/* sigprocmask(2) */
#define SIG_BLOCK	0
#define SIG_UNBLOCK	1
#define SIG_SETMASK	2

/* sigaction(2) */
#define SA_NOCLDSTOP		0x00000001
#define SA_NOCLDWAIT		0x00000002
#define SA_SIGINFO		0x00000004
#define SA_UNSUPPORTED		0x00000400
#define SA_EXPOSE_TAGBITS	0x00000800
#define SA_RESTORER		0x04000000
#define SA_ONSTACK		0x08000000
#define SA_RESTART		0x10000000
#define SA_NODEFER		0x40000000
#define SA_RESETHAND		0x80000000

struct abi_sigaction {
	u64 sa_handler;		/* SIG_DFL, SIG_IGN or a user address */
	u64 sa_flags;
	u64 sa_restorer;
	u64 sa_mask;
};
static_assert(sizeof(struct abi_sigaction) == 32, "struct sigaction");

/* sigaltstack(2) */
#define SS_ONSTACK	1
#define SS_DISABLE	2
#define SS_AUTODISARM	(1u << 31)
#define MINSIGSTKSZ	2048
#define SIGSTKSZ	8192

struct abi_sigaltstack {
	u64 ss_sp;
	s32 ss_flags;
	u32 __pad;
	u64 ss_size;
};
static_assert(sizeof(struct abi_sigaltstack) == 24, "stack_t");

union abi_sigval {
	s32 sival_int;
	u64 sival_ptr;
};

/* siginfo_t: which members of the union hold depends on si_signo and si_code. */
struct abi_siginfo {
	s32 si_signo;
	s32 si_errno;
	s32 si_code;
	s32 __pad;
	union {
		/* SI_USER, SI_QUEUE, SI_TKILL, SI_MESGQ: the sender */
		struct {
			s32 si_pid;
			u32 si_uid;
			union abi_sigval si_value;
		};
		/* SIGCHLD: the child (si_pid and si_uid as above) */
		struct {
			s32 si_chld_pid;
			u32 si_chld_uid;
			s32 si_status;
			s32 __pad_chld;
			s64 si_utime;	/* clock ticks */
			s64 si_stime;
		};
		/* SI_TIMER */
		struct {
			s32 si_timerid;
			s32 si_overrun;
			union abi_sigval si_timer_value;
			s32 si_sys_private;
		};
		/* SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP: the fault */
		struct {
			u64 si_addr;
			union {
				s16 si_addr_lsb;	/* BUS_MCEERR_* */
				struct {
					u64 __pad_bnd;	/* SEGV_BNDERR */
					u64 si_lower;
					u64 si_upper;
				};
				struct {
					u64 __pad_pkey;	/* SEGV_PKUERR */
					u32 si_pkey;
				};
			};
		};
		/* SIGIO */
		struct {
			s64 si_band;
			s32 si_fd;
		};
		/* SIGSYS */
		struct {
			u64 si_call_addr;
			s32 si_syscall;
			u32 si_arch;
		};
		u8 __size[112];
	};
};
static_assert(sizeof(struct abi_siginfo) == 128, "siginfo_t");

/* si_code: who sent it ... */
#define SI_USER		0
#define SI_KERNEL	128
#define SI_QUEUE	(-1)
#define SI_TIMER	(-2)
#define SI_MESGQ	(-3)
#define SI_ASYNCIO	(-4)
#define SI_SIGIO	(-5)
#define SI_TKILL	(-6)
#define SI_DETHREAD	(-7)
#define SI_ASYNCNL	(-60)
/* ... or what happened */
#define ILL_ILLOPC	1
#define ILL_ILLOPN	2
#define ILL_ILLADR	3
#define ILL_ILLTRP	4
#define ILL_PRVOPC	5
#define ILL_PRVREG	6
#define ILL_COPROC	7
#define ILL_BADSTK	8
#define FPE_INTDIV	1
#define FPE_INTOVF	2
#define FPE_FLTDIV	3
#define FPE_FLTOVF	4
#define FPE_FLTUND	5
#define FPE_FLTRES	6
#define FPE_FLTINV	7
#define FPE_FLTSUB	8
#define FPE_FLTUNK	14
#define SEGV_MAPERR	1
#define SEGV_ACCERR	2
#define SEGV_BNDERR	3
#define SEGV_PKUERR	4
#define BUS_ADRALN	1
#define BUS_ADRERR	2
#define BUS_OBJERR	3
#define BUS_MCEERR_AR	4
#define BUS_MCEERR_AO	5
#define TRAP_BRKPT	1
#define TRAP_TRACE	2
#define TRAP_BRANCH	3
#define TRAP_HWBKPT	4
#define TRAP_UNK	5
#define CLD_EXITED	1
#define CLD_KILLED	2
#define CLD_DUMPED	3
#define CLD_TRAPPED	4
#define CLD_STOPPED	5
#define CLD_CONTINUED	6
#define POLL_IN		1
#define POLL_OUT	2
#define POLL_MSG	3
#define POLL_ERR	4
#define POLL_PRI	5
#define POLL_HUP	6

/* struct sigevent of timer_create(2), mq_notify(2) */
#define SIGEV_SIGNAL	0
#define SIGEV_NONE	1
#define SIGEV_THREAD	2
#define SIGEV_THREAD_ID	4

struct abi_sigevent {
	union abi_sigval sigev_value;
	s32 sigev_signo;
	s32 sigev_notify;
	s32 sigev_tid;
	s32 __pad[11];
};
static_assert(sizeof(struct abi_sigevent) == 64, "struct sigevent");

/* signalfd4(2) */
#define SFD_CLOEXEC	02000000
#define SFD_NONBLOCK	04000

struct signalfd_siginfo {
	u32 ssi_signo;
	s32 ssi_errno;
	s32 ssi_code;
	u32 ssi_pid;
	u32 ssi_uid;
	s32 ssi_fd;
	u32 ssi_tid;
	u32 ssi_band;
	u32 ssi_overrun;
	u32 ssi_trapno;
	s32 ssi_status;
	s32 ssi_int;
	u64 ssi_ptr;
	u64 ssi_utime;
	u64 ssi_stime;
	u64 ssi_addr;
	u16 ssi_addr_lsb;
	u16 __pad2;
	s32 ssi_syscall;
	u64 ssi_call_addr;
	u32 ssi_arch;
	u8 __pad[28];
};
static_assert(sizeof(struct signalfd_siginfo) == 128, "struct signalfd_siginfo");

#endif
