/*
 * The kernel's log: a ring of records that dmesg and /dev/kmsg read, echoed to the consoles that
 * registered. Any context may log, also with interrupts off. A message begins with its speaker:
 * log_info("ahci0: …"); no newline at the end.
 */
#pragma once

#include "lib/format.h"
#include "lib/list.h"
#include "lib/types.h"

enum log_level {
	LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG,
};

void log_emit(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_err(...)   log_emit(LOG_ERR, __VA_ARGS__)
#define log_warn(...)  log_emit(LOG_WARNING, __VA_ARGS__)
#define log_info(...)  log_emit(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_emit(LOG_DEBUG, __VA_ARGS__)

/*
 * A place that shows log lines. write() is called with interrupts off and no lock of the log held,
 * one call at a time; it must not sleep or log; text is not NUL-terminated, lines end in '\n'
 * alone. A driver that takes a lock in write() must not log while holding it.
 */
struct log_console {
	struct list link;
	void (*write)(struct log_console *console, const char *text, size_t n);
	const char *name; /* as in console=: "ttyS0", "tty0" */
	bool early;       /* polled, from before the drivers: gives way to a later one of the same
			   * name */
	u64 next_seq;     /* private to the log: first record not yet shown */
};

/*
 * Registers a console (link, next_seq need no initialisation); it is first given what the ring
 * holds, or what an early console of the same name has not shown.
 */
void log_console_add(struct log_console *console);
void log_console_remove(struct log_console *console);
/* Records at or above this level are kept but not echoed (syslog(2) action 8, loglevel=, quiet). */
void log_console_level_set(int level);
int log_console_level(void);
/*
 * The other settings of proc(5), sys/kernel/printk: the level of what is written to /dev/kmsg
 * without one, the least level that syslog(2) gives the consoles, and the one they had at boot.
 */
struct log_levels { int message, console_least, console_boot; };
extern struct log_levels log_levels; /* each a */

#define LOG_RING_SIZE (128u << 10) /* bytes of text kept */

/* One record read back from the ring. */
struct log_record {
	u64 seq;      /* counts records since boot */
	u64 time_ns;  /* CLOCK_MONOTONIC */
	u8 level;
	u8 facility;  /* 0 kernel, 1 user (written to /dev/kmsg) */
	u16 length;
	char text[1000];
};

/*
 * Copies the first record with seq >= *seq and sets *seq to the one after it: 0, or -EAGAIN when
 * there is none (then log_wait_seq() tells the next).
 */
int log_read(u64 *seq, struct log_record *out);
/* Sequence number of the oldest record kept, and of the next one to be written. */
u64 log_first_seq(void);
u64 log_next_seq(void);
/* Appends a record that user space wrote to /dev/kmsg. */
void log_user(enum log_level level, const char *text, size_t n);
/*
 * Between these two only this CPU logs: what it says stays together. Others wait for it, but not
 * for ever. They nest; interrupts are off in between.
 */
u64 must_check log_hold(void);
void log_release(u64 flags);
/*
 * From now on the log ignores its locks and echoes everything: the other CPUs have stopped. For
 * panic only.
 */
void log_panic_begin(void);
/* Whether that has happened. Any context. */
bool log_in_panic(void);
/* The names of the registered consoles, in order of registration: how many, at most max. */
unsigned log_console_names(const char **names, unsigned max);
/* Whether a console is registered. */
bool log_has_console(void);
/*
 * Called (from any context, so it must only schedule work or wake without sleeping) after each
 * record: set once by whoever lets readers wait.
 */
void log_set_notify(void (*notify)(void));
