/*
 * The core of the terminals, private to the room. A struct tty is one terminal: a line discipline,
 * waiters, and the operations of what is behind it (a serial port, a virtual console, a pseudo
 * terminal's slave side). Serial ports and consoles live for good; a slave lives as long as its
 * master, files and session.
 *
 * Input. Whoever has input (an interrupt, the keyboard, a master's writer) puts it into the ring by
 * tty_input(), from any context; a work item or a reader moves it through the discipline
 * (tty_input_run()), which echoes, edits and sends signals. When the discipline is full it stays in
 * the ring, and the other side is throttled. In rings whose bytes may bear errors (`marked`)
 * TTY_MARK escapes: twice it is itself, else enum ldisc_error and the byte follow.
 *
 * Output. Writers take write_lock for the length of a write(2), and pass their bytes through the
 * discipline piece by piece; they wait on write_wait for room.
 *
 * Hanging up counts `generation` up: files of an older one are dead (they read end of file). Files
 * of /dev/console survive.
 *
 * Locks, in this order: lock, read_lock or write_lock; ldisc_lock; session->lock (proc); ctl;
 * input_lock.
 */
#pragma once

#include "abi/signal.h"
#include "abi/termios.h"
#include "core/refcount.h"
#include "lib/ring.h"
#include "proc/process.h"
#include "sched/mutex.h"
#include "sched/work.h"
#include "tty/ldisc.h"
#include "vfs/file.h"

struct tty;

/* What a kind of terminal does. NULL: what the comment says. */
struct tty_ops {
	/* The first open, or the first after a hang-up, and the last close, or a hang-up (of a
	 * slave: only the last close). lock held. NULL: nothing. */
	int (*open)(struct tty *t);
	void (*close)(struct tty *t);
	/* Output: room (any context), and n <= room bytes (ldisc_lock held). They must not
	 * sleep. */
	size_t (*room)(struct tty *t);
	void (*put)(struct tty *t, const u8 *data, size_t n);
	/* Input was taken out of the ring. NULL: nothing. ldisc_lock held. */
	void (*input_taken)(struct tty *t);
	/* Bytes that were put and are not sent; whether all have left. NULL: 0, true. Any
	 * context. */
	size_t (*pending)(struct tty *t);
	bool (*idle)(struct tty *t);
	/* Drops them. ldisc_lock held. NULL: nothing. */
	void (*flush)(struct tty *t);
	/* Output stops or goes on. ldisc_lock held. NULL: the core holds further output back, that
	 * is all. */
	void (*flow)(struct tty *t, bool stopped);
	/* The ring is nearly full, or has room again. NULL: nothing. ldisc_lock held. */
	void (*throttle)(struct tty *t, bool full);
	/* Input was dropped (packet mode). NULL: nothing. ldisc_lock held. */
	void (*input_flushed)(struct tty *t);
	/* termios to be (it may be corrected) and as it was. NULL: anything goes. lock held. */
	void (*set_termios)(struct tty *t, struct termios2 *termios, const struct termios2 *old);
	/* Modem lines and break. NULL: -ENOTTY; for break: nothing happens. */
	unsigned (*get_modem)(struct tty *t);
	void (*set_modem)(struct tty *t, unsigned set, unsigned clear);
	void (*set_break)(struct tty *t, bool on);
	/* Window size set by TIOCSWINSZ: 0 or -errno. NULL: any. */
	int (*resize)(struct tty *t, const struct winsize *size);
	/* Requests of its own: TTY_IOCTL_UNKNOWN: not one of them. NULL: none. */
	long (*ioctl)(struct tty *t, struct file *file, u32 request, u64 arg);
	/* The last reference is gone. NULL: nothing to free. */
	void (*free)(struct tty *t);
};

#define TTY_IOCTL_UNKNOWN (-0x7000L)
#define TTY_MARK          0xff
#define TTY_ROOM_LEAST    64 /* usual room_least */

/* I: constant.  l: lock.  d: ldisc_lock.  c: ctl.  i: input_lock.  a: atomic or torn reads
 * harmless. */
struct tty {
	struct refcount refs;
	u32 dev;                    /* I: device number, dev_make() form */
	const struct tty_ops *ops;  /* I */
	void *data;                 /* I: ops' own */
	bool reset_termios;         /* I: each first open starts with init_termios */
	bool marked;                /* I: see above */
	u32 room_least;             /* I: writers and pollers wait for so much room */
	bool is_pty;                /* I: the slave side of a pseudo terminal */
	struct termios2 init_termios; /* I */
	struct mutex lock;          /* RANK_TTY: opening, closing, hanging up, changing modes */
	/* RANK_TTY: one reader, one writer at a time; not together with `lock` */
	struct mutex read_lock, write_lock;
	struct mutex ldisc_lock;    /* RANK_TTY_LDISC */
	struct ldisc ldisc;         /* d */
	struct termios2 locked;     /* l: bits that TCSETS may not change (TIOCSLCKTRMIOS) */
	bool throttled;             /* d */
	bool exclusive;             /* l: TIOCEXCL */
	bool other_closed;          /* a: a slave whose master has gone */
	u32 n_open, n_console;      /* l: files that are not hung up, by /dev/console or else */
	u32 n_hung;                 /* l: files that are */
	u32 generation;             /* l to change, a */
	struct spinlock ctl;        /* RANK_TTY_STATE */
	/* c to change: whose controlling terminal it is, referenced, or NULL */
	struct session *session;
	const struct pid *foreground; /* c: session->tty_group, to be compared only; NULL: none */
	struct winsize winsize;     /* c */
	struct wait_queue read_wait, write_wait;
	struct spinlock input_lock; /* RANK_TTY_PORT, interrupts off */
	struct ring input;          /* i to write; d to read */
	struct work input_work;
	u64 n_dropped;              /* i: bytes that the ring had no room for */
};

/* What file->private points at. */
struct tty_file {
	struct tty *tty;            /* I: referenced */
	u32 generation;             /* I */
	bool console;               /* I: opened as /dev/console */
};

static inline bool tty_file_hung(const struct tty_file *tf)
{
	return !tf->console && READ_ONCE(tf->tty->generation) != tf->generation;
}

/* tty.c: storage. A terminal with one reference and a ring of `ring_size` bytes (a power of two);
 * NULL: no memory. */
struct tty *tty_alloc(u32 dev, const struct tty_ops *ops, void *data,
	const struct termios2 *termios, u32 ring_size);
static inline struct tty *tty_get(struct tty *t) { ref_get(&t->refs); return t; }
void tty_put(struct tty *t);
/* termios(3)'s usual modes at 38400 baud. */
extern const struct termios2 tty_termios_default;

/* tty_input.c */
/* Bytes from the wire; what finds no room is lost and counted. Returns how many were taken. Any
 * context. */
size_t tty_input(struct tty *t, const u8 *data, size_t n);
/* The same without waking the worker: the caller calls tty_input_run(). */
size_t tty_input_quiet(struct tty *t, const u8 *data, size_t n);
/* Of a marked ring: a break or a bad byte. */
void tty_input_error(struct tty *t, enum ldisc_error error, u8 byte);
/* Moves input from the ring through the discipline as far as there is room. Thread context; the
 * second with ldisc_lock held. */
void tty_input_run(struct tty *t);
void tty_input_run_locked(struct tty *t);
/* After something was read. ldisc_lock held. */
void tty_input_unthrottle_locked(struct tty *t);

/* tty_output.c */
/* Whether a writer may go on. Any context. */
bool tty_writable(struct tty *t);
/* Room appeared: queued echo goes out and writers are woken. Any context. */
void tty_output_ready(struct tty *t);
/* Waits until all output has left, as tcdrain(3): 0, or -ERESTARTSYS; gives up at deadline_ns (~0:
 * never). */
int tty_drain(struct tty *t, u64 deadline_ns);
ssize_t tty_write_body(struct tty *t, const struct tty_file *tf, struct file *file,
	struct iov_iter *from);

/* tty_read.c */
ssize_t tty_read_body(struct tty *t, const struct tty_file *tf, struct file *file,
	struct iov_iter *to);

/* tty_open.c */
/* Completes an open of the terminal: takes over the caller's reference, also on failure. 0 or
 * -errno. */
int tty_open_file(struct file *file, struct tty *t, bool console, bool may_control);
/* The last reference to the file is gone. */
void tty_close_file(struct file *file);
/* Hangs up: signals to the session, end of file for all. `leader_ends`: because the session leader
 * ends. */
void tty_hangup(struct tty *t, bool leader_ends);

/* tty_file.c: a family of device numbers; chrdev->data points at it. */
struct tty_family {
	/* The terminal with a reference: 0, or -ENXIO … Thread context. */
	int (*get)(u32 minor, struct file *file, struct tty **out);
	bool never_controls; /* /dev/console, /dev/tty0 */
	bool console;        /* /dev/console */
	const char *driver, *parent; /* as in struct chrdev */
};
extern const struct file_ops tty_file_ops;
/* Registers numbers for a family; panics if they are taken. `name` and mode as in struct chrdev. */
void tty_family_register(const struct tty_family *family, u32 major, u32 minor, u32 n,
	const char *name, u32 mode, u32 gid);
#define TTY_GID 5 /* group "tty" by convention: who may write(1) */

/* tty_job.c: job control. */
/* Whether the terminal controls the current process. */
bool tty_is_mine(struct tty *t);
/* A background process reads (SIGTTIN) or changes something (SIGTTOU): 0 go on, -EIO, -ERESTARTSYS
 * (stopped). */
int tty_check_background(struct tty *t, int signo);
static inline int tty_check_change(struct tty *t) { return tty_check_background(t, SIGTTOU); }
/* A signal to the foreground group, if there is one. */
void tty_signal_foreground(struct tty *t, int signo);

/* tty_session.c: sessions and controlling terminals. */
/* The current process's controlling terminal with a reference, or NULL. */
struct tty *tty_current(void);
/* Makes it the controlling terminal if open(2)'s conditions hold. */
void tty_claim_at_open(struct tty *t, struct file *file);
/* The session loses it without a signal (last close). */
void tty_forget_session(struct tty *t);
/* Signals of a hang-up; the session loses the terminal. */
void tty_session_hangup(struct tty *t, bool leader_ends);
/* TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID; `master`: asked through the master, whose
 * caller need not belong. */
long tty_session_ioctl(struct tty *t, struct file *file, u32 request, u64 arg, bool master);
/* Session end of proc. */
void tty_session_end(struct session *s);

/* tty_modes.c: TCGETS, TCSETS and their kin. */
long tty_modes_ioctl(struct tty *t, u32 request, u64 arg);
/* Sets modes: the driver corrects them, the discipline takes them. */
void tty_set_modes(struct tty *t, struct termios2 *termios);
void tty_get_modes(struct tty *t, struct termios2 *out);
/* tty_speed.c: bits per second by c_cflag and c_ospeed; and the c_cflag bits of a speed. */
u32 tty_baud(u32 cflag, u32 speed);
u32 tty_baud_flag(u32 baud);

/* tty_ioctl.c */
long tty_ioctl(struct file *file, u32 request, u64 arg);
/* What belongs to no other family: TIOCEXCL, TIOCGETD, TIOCVHANGUP … */
long tty_misc_ioctl(struct tty *t, u32 request, u64 arg);
/* Window size: TIOCGWINSZ, TIOCSWINSZ. */
long tty_window_ioctl(struct tty *t, u32 request, u64 arg);
/* A new size from below (a display): SIGWINCH if it differs. */
void tty_set_window(struct tty *t, const struct winsize *size);

/* tty_flow.c: TCXONC, TCFLSH, TCSBRK and their kin, modem lines. */
long tty_flow_ioctl(struct tty *t, u32 request, u64 arg);
long tty_modem_ioctl(struct tty *t, u32 request, u64 arg);

/* Boot, each once. */
void serial_tty_init(void);
void console_init(void);
void ctty_init(void);
/* The serial terminal of that number, referenced, or NULL. */
struct tty *serial_tty_get(unsigned n);
