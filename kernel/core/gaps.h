/*
 * Gaps on show: what programs asked for that this kernel does not know. Whoever refuses something
 * because it is unknown, and not because it is wrong, counts it here; /proc/abi_gaps shows the
 * counts by program. A program that sees ENOSYS or EINVAL goes another way and says nothing: this
 * is where one finds out what it wanted.
 *
 * A refusal is one function call on a path that fails; what is known pays nothing.
 */
#pragma once

#include "lib/types.h"

enum gap_kind {
	GAP_CALL,     /* a system call; a: its number */
	GAP_COMMAND,  /* an operation of a system call; a: the operation */
	GAP_FLAGS,    /* flags of a system call; a: those that are not known */
	GAP_IOCTL,    /* a: the request */
	GAP_OPTION,   /* of a socket; a: level, b: name */
	GAP_SOCKET,   /* a kind of socket; a: family, b: type, c: protocol */
	GAP_PATH,     /* below /proc; text */
	GAP_FS,       /* a type of file system; text */
};

/* Who asks: the running program and the system call that it is in. */
struct gap_asker {
	char program[16];
	u32 call;
};

struct gap {
	struct gap_asker asker;
	u8 kind;      /* enum gap_kind */
	u64 a;
	u32 b, c;
	char text[40]; /* cut, if longer */
	u64 count;
};

/* The name of a system call that there is, NULL for others: what sys has for us. */
const char *gap_call_name(u32 call);

/* Set once by sched: tells who is running. */
void gaps_set_asker(void (*who)(struct gap_asker *asker));
/* Whether gaps are counted; they are from the beginning. Any thread. */
void gaps_enable(bool on);
bool gaps_enabled(void);

/* Counts one more. In the context of the thread that asked; spinlocks may be held. */
void gap_count(enum gap_kind kind, u64 a, u32 b, u32 c, const char *text);
/* All of them are forgotten. */
void gaps_clear(void);
/* The n-th, from 0, as it is now: false: there are fewer. Order: the first seen first. */
bool gap_get(unsigned n, struct gap *out);
/* How many more were met for which there was no room. */
u64 gaps_lost(void);

/* Whether `flags` has others than `known`; if so, that is counted. */
static inline bool gap_flags(u64 flags, u64 known)
{
	if (likely(!(flags & ~known)))
		return false;
	gap_count(GAP_FLAGS, flags & ~known, 0, 0, NULL);
	return true;
}

/* For the end of a switch over commands: counts, and gives `err` back. */
static inline int gap_command(u64 command, int err)
{
	gap_count(GAP_COMMAND, command, 0, 0, NULL);
	return err;
}
