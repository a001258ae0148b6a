/*
 * abi/time.h - clocks, timers and intervals.
 */
#ifndef ABI_TIME_H
#define ABI_TIME_H

#include "abi/types.h"

struct timespec {
	s64 tv_sec;
	s64 tv_nsec;
};

struct timeval {
	s64 tv_sec;
	s64 tv_usec;
};

struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};

struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};

struct timezone {
	s32 tz_minuteswest;
	s32 tz_dsttime;
};

/* utime(2) */
struct utimbuf {
	s64 actime;
	s64 modtime;
};

/* times(2): in units of 1/USER_HZ second */
struct tms {
	s64 tms_utime;
	s64 tms_stime;
	s64 tms_cutime;
	s64 tms_cstime;
};
#define USER_HZ		100

#define NSEC_PER_SEC	1000000000L
#define NSEC_PER_MSEC	1000000L
#define NSEC_PER_USEC	1000L
#define USEC_PER_SEC	1000000L
#define MSEC_PER_SEC	1000L

#define CLOCK_REALTIME			0
#define CLOCK_MONOTONIC			1
#define CLOCK_PROCESS_CPUTIME_ID	2
#define CLOCK_THREAD_CPUTIME_ID		3
#define CLOCK_MONOTONIC_RAW		4
#define CLOCK_REALTIME_COARSE		5
#define CLOCK_MONOTONIC_COARSE		6
#define CLOCK_BOOTTIME			7
#define CLOCK_REALTIME_ALARM		8
#define CLOCK_BOOTTIME_ALARM		9
#define CLOCK_TAI			11
/* A negative clock id names the CPU clock of a process or thread: clock_getcpuclockid(3). */
#define CPUCLOCK_PROF		0
#define CPUCLOCK_VIRT		1
#define CPUCLOCK_SCHED		2
#define CPUCLOCK_PERTHREAD_MASK	4
#define CPUCLOCK_CLOCK_MASK	3
#define CPUCLOCK_FD		3

#define TIMER_ABSTIME	1
#define ITIMER_REAL	0
#define ITIMER_VIRTUAL	1
#define ITIMER_PROF	2

/* timerfd(2) */
#define TFD_CLOEXEC	02000000
#define TFD_NONBLOCK	04000
#define TFD_TIMER_ABSTIME	1
#define TFD_TIMER_CANCEL_ON_SET	2

/* adjtimex(2) */
struct abi_timex {
	u32 modes;
	s32 __pad0;
	s64 offset;
	s64 freq;
	s64 maxerror;
	s64 esterror;
	s32 status;
	s32 __pad1;
	s64 constant;
	s64 precision;
	s64 tolerance;
	struct timeval time;
	s64 tick;
	s64 ppsfreq;
	s64 jitter;
	s32 shift;
	s32 __pad2;
	s64 stabil;
	s64 jitcnt;
	s64 calcnt;
	s64 errcnt;
	s64 stbcnt;
	s32 tai;
	s32 __pad3[11];
};
static_assert(sizeof(struct abi_timex) == 208, "struct timex");

#define ADJ_OFFSET		0x0001
#define ADJ_FREQUENCY		0x0002
#define ADJ_MAXERROR		0x0004
#define ADJ_ESTERROR		0x0008
#define ADJ_STATUS		0x0010
#define ADJ_TIMECONST		0x0020
#define ADJ_TAI			0x0080
#define ADJ_SETOFFSET		0x0100
#define ADJ_MICRO		0x1000
#define ADJ_NANO		0x2000
#define ADJ_TICK		0x4000
#define ADJ_OFFSET_SINGLESHOT	0x8001
#define ADJ_OFFSET_SS_READ	0xa001
#define STA_PLL		0x0001
#define STA_PPSFREQ	0x0002
#define STA_PPSTIME	0x0004
#define STA_FLL		0x0008
#define STA_INS		0x0010
#define STA_DEL		0x0020
#define STA_UNSYNC	0x0040
#define STA_FREQHOLD	0x0080
#define STA_PPSSIGNAL	0x0100
#define STA_PPSJITTER	0x0200
#define STA_PPSWANDER	0x0400
#define STA_PPSERROR	0x0800
#define STA_CLOCKERR	0x1000
#define STA_NANO	0x2000
#define STA_MODE	0x4000
#define STA_CLK		0x8000
#define STA_RONLY	0xff00
#define TIME_OK		0
#define TIME_INS	1
#define TIME_DEL	2
#define TIME_OOP	3
#define TIME_WAIT	4
#define TIME_ERROR	5

/* /dev/rtc: rtc(4) */
struct rtc_time {
	s32 tm_sec;
	s32 tm_min;
	s32 tm_hour;
	s32 tm_mday;
	s32 tm_mon;	/* 0..11 */
	s32 tm_year;	/* since 1900 */
	s32 tm_wday;
	s32 tm_yday;
	s32 tm_isdst;
};
#define RTC_RD_TIME	0x80247009
#define RTC_SET_TIME	0x4024700a

#endif
