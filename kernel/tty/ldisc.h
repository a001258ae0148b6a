/*
 * The line discipline (termios(3), POSIX chapter 11): what stands between the wire of a terminal
 * and the programs that read and write it. It edits lines, echoes, turns characters into signals
 * and newlines into pairs. Pure: it knows neither threads nor devices, but calls the host it is
 * given.
 *
 * Vocabulary. The input buffer is a ring of free-running positions: [read_tail, canon_head) can be
 * read in canonical mode, [canon_head, read_head) is the line being edited; otherwise all of
 * [read_tail, read_head) can. A bit in line_end marks the position of a line's last character; the
 * mark on a character 0 is an end of file. Echo is queued, since output may be stopped, and gives
 * way to nothing but itself when the queue overflows.
 *
 * Lock: the caller's, one per discipline, around every call.
 */
#pragma once

#include "abi/termios.h"
#include "lib/types.h"

#define LDISC_BUF      4096u /* bytes of input, a power of two; the longest line (termios(3)) */
#define LDISC_ECHO     1024u /* echo steps queued, a power of two */
#define LDISC_OUT      256u
#define LDISC_DISABLED 0     /* this control character is off */

struct ldisc;

/* What the terminal does for its discipline. Called with the discipline's lock; must not call back
 * into it. */
struct ldisc_host {
	/* Bytes that put() takes now; 0 while output is stopped. */
	size_t (*room)(struct ldisc *l);
	/* Sends n bytes, at most as many as room() said. */
	void (*put)(struct ldisc *l, const u8 *data, size_t n);
	/* A signal to the foreground process group. */
	void (*signal)(struct ldisc *l, int signo);
	/* What was put and is not sent is dropped. */
	void (*flush_output)(struct ldisc *l);
	/* Input was dropped. NULL: nothing. */
	void (*input_flushed)(struct ldisc *l);
	/* l->stopped changed: hold the output or let it go on. */
	void (*flow)(struct ldisc *l, bool stopped);
	/* There is something to read. */
	void (*readable)(struct ldisc *l);
};

struct ldisc {
	const struct ldisc_host *host;
	struct termios2 termios;
	u64 special[4];            /* bit c: receiving c takes the long way */
	bool raw;                  /* nothing is special, nothing echoed */
	bool canon;                /* lines: ICANON without EXTPROC */
	bool lnext;                /* the next character is taken as it is */
	bool erasing;              /* between the '\' and '/' of ECHOPRT */
	bool stopped;              /* output is stopped, by VSTOP or by call */
	bool stopped_by_call;      /* tcflow(TCOOFF): only tcflow(TCOON) ends it */
	u32 column, canon_column;  /* the cursor's; and where the line being edited began */
	u32 read_tail, canon_head, read_head;
	u32 echo_tail, echo_head;
	u32 out_n, out_room;       /* bytes gathered in `out`, and the host's room for them */
	u64 line_end[LDISC_BUF / 64];
	u8 buf[LDISC_BUF];
	u16 echo[LDISC_ECHO];
	u8 out[LDISC_OUT];
};

enum ldisc_error { LDISC_BREAK, LDISC_PARITY /* or framing */ };

void ldisc_init(struct ldisc *l, const struct ldisc_host *host, const struct termios2 *termios);
/* As after ldisc_init(), but keeps host and termios: the terminal is opened anew. */
void ldisc_reset(struct ldisc *l);
/* Takes new modes; what is buffered becomes readable or a line by their rules. */
void ldisc_set_termios(struct ldisc *l, const struct termios2 *termios);

/* Input came in: takes as much as there is room for and says how much. */
size_t ldisc_receive(struct ldisc *l, const u8 *data, size_t n);
/* A break, or a byte with wrong parity. */
void ldisc_receive_error(struct ldisc *l, enum ldisc_error error, u8 byte);
/* Bytes that ldisc_receive() would take now. */
size_t ldisc_room(const struct ldisc *l);

/* Output of a program: how many of its n bytes were processed and put. */
size_t ldisc_write(struct ldisc *l, const u8 *data, size_t n);
/* Sends queued echo, when output goes on or there is room again. */
void ldisc_echo_send(struct ldisc *l);
static inline bool ldisc_echo_pending(const struct ldisc *l)
{
	return l->echo_head != l->echo_tail;
}

/* Whether a read has something: a line (or end of file) in canonical mode, else `least` bytes. */
bool ldisc_can_read(const struct ldisc *l, u32 least);
/*
 * Takes up to n bytes: in canonical mode at most one line. *end: a line's end, or end of file, was
 * reached, so that the read is complete; only then may the result be 0.
 */
size_t ldisc_read(struct ldisc *l, u8 *to, size_t n, bool *end);
/* FIONREAD: bytes that could be read without waiting. */
u32 ldisc_input_count(const struct ldisc *l);
/* Drops all input. */
void ldisc_flush_input(struct ldisc *l);

/* Stops and starts output: VSTOP and VSTART, tcflow(3) with by_call. TCOOFF takes a stop by VSTOP
 * over; what VSTOP alone stopped TCOON does not start. */
void ldisc_stop(struct ldisc *l, bool by_call);
void ldisc_start(struct ldisc *l, bool by_call);
/* Starts it, whatever stopped it. */
void ldisc_resume(struct ldisc *l);
