/*
 * Between the files of the neighbour table: neighbour.c (table), neighbour_state.c (states, timer),
 * neighbour_send.c (packets).
 */
#pragma once

#include "net/link/neighbour.h"

extern const struct neighbour_protocol *neighbour_protocols[2];

static inline bool neighbour_six(const struct neighbour *n) { return !ipaddr_is4(&n->address); }
static inline const struct neighbour_settings *neighbour_set(const struct neighbour *n)
{
	return neighbour_netif_settings(n->nif, neighbour_six(n));
}
static inline const struct neighbour_protocol *neighbour_protocol(const struct neighbour *n)
{
	return neighbour_protocols[neighbour_six(n)];
}

/* Takes it out of the table, its packets to `lost`; with neither lock. False: it was out. */
bool neighbour_unlink(struct neighbour *n, struct packet_queue *lost);
/* Answers packets that waited for one that failed. */
void neighbour_fail(struct neighbour *n, struct packet_queue *lost);
/* neighbour_tell.c: it is to be told of. With its lock. */
void neighbour_changed(struct neighbour *n);
/* A new entry's first state: computed ones are ready at once. Not in the table yet. */
void neighbour_begin(struct neighbour *n);
/* Sets address and header of an entry. With its lock (or not in the table yet). */
void neighbour_set_address(struct neighbour *n, const u8 *link_address);
/* The timer; the entry's reference for being armed is dropped in it. */
void neighbour_timer(struct soft_timer *timer);
/* Begins to ask: with the lock, sets state and timer; the caller then calls solicit(). */
void neighbour_ask_locked(struct neighbour *n, u32 state);
/* Arms the timer; with the lock. */
void neighbour_arm_locked(struct neighbour *n, u64 delay_ns);
/* Sends what waited. Takes the queue. */
void neighbour_flush_queue(struct neighbour *n, struct packet_queue *queue);
