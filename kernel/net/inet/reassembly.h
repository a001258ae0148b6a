/*
 * Packets that come in fragments, of either version: kept by sender, destination, identification
 * and protocol until they are whole, for 30 seconds (IPv6: 60) at most, within a limit of memory
 * for all of a version; above it the oldest go first.
 *
 * Lock: one for the table and all that is in it (RANK_FRAGMENTS); nothing else is taken under it
 * but memory.
 */
#pragma once

#include "net/inet/inet.h"

struct frag_key {
	struct ipaddr from, to;
	u32 id, nif;             /* nif: 0 where the addresses say it all */
	u8 protocol;
};

/*
 * A fragment, whose data begin behind its headers, with the bytes from p->network to p->data kept
 * of the one at offset 0: when it completes the packet, that packet, linear, with that header in
 * front of p->data and that ip_info; else NULL. `more`: not the last; `most`: bytes that the whole
 * may have. Takes it. Soft work, or a thread.
 */
struct packet *reassembly_add(const struct frag_key *key, struct packet *p, u32 offset, bool more,
			      u32 most);
/* Who is told that one was not whole in time: takes the piece at offset 0, data at its network
 * header. */
void reassembly_set_expired(bool six, void (*expired)(struct packet *first));
/* An interface goes, and IPv4 and IPv6 are off it already: packets with pieces from there are given
 * up. Thread context. */
void reassembly_forget(struct netif *nif);
/* Bytes and packets now, for /proc/net/sockstat. */
void reassembly_usage(bool six, u32 *packets, u64 *bytes);
