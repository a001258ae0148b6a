/*
 * Imaginary Ethernets for self-tests of the network: interfaces whose other end is the test. Not
 * for two tests at a time; the tests' thread only.
 */
#pragma once

#include "dev/netif.h"

struct ktest_wire {
	struct netif *nif;
	u8 own[6], theirs[6];     /* link addresses: the interface's, the other end's */
	struct spinlock lock;
	struct packet_queue sent; /* lock: frames on the wire, each followed by a copy */
};

/* Makes an interface, up and with a carrier, and its wire; `number`: tells them apart. */
void ktest_wire_make(struct ktest_wire *w, u8 number);
void ktest_wire_unmake(struct ktest_wire *w);
/* The next frame of a protocol (ETH_P_*) that was sent, linear, its data behind the Ethernet
 * header; NULL: none came within three seconds. */
struct packet *ktest_wire_frame(struct ktest_wire *w, u16 protocol);
/* A frame arrives for the interface; `group`: for a group of IPv6 instead. */
void ktest_wire_arrive(struct ktest_wire *w, u16 protocol, const void *data, u32 n, bool group);
/* Lets five milliseconds pass. */
void ktest_nap(void);
