/* Between packet_ring.c and packet_block.c. */
#pragma once

#include "net/packet/packet_int.h"
#include "sched/soft.h"

struct shmem;

/* I: constant.  l: the socket's lock. */
struct packet_ring {
	struct packet_sock *ps;      /* I */
	struct shmem *memory;        /* I: that of the socket's other ring, too */
	pgoff_t first;               /* I: index of its first page there */
	struct page **pages;         /* I: each with a reference */
	u64 n_pages;                 /* I */
	u32 block_size, n_blocks, frame_size, per_block, n_frames; /* I */
	u32 head;                    /* l: frame, or block, that is filled next; to send (s: the
				      * socket's send_lock): that is sent next */
	/* Blocks: */
	u32 private_size;            /* I: bytes of each that are the user's own */
	u64 retire_ns;               /* I */
	struct soft_timer timer;     /* l */
	bool open;                   /* l: the block has frames, or may get some */
	bool frozen;                 /* l: the next block was not free */
	u32 used, last, n;           /* l: bytes; where its last frame is; how many */
	u64 seq;                     /* l */
	struct tpacket_bd_ts first_stamp, last_stamp; /* l */
};

#define BLOCK_STATUS   offsetof(struct tpacket_block_desc, hdr.block_status)
#define BLOCK_FIRST(private_size) \
	((u64)align_up(sizeof(struct tpacket_block_desc), (size_t)8) + \
	 align_up((u64)(private_size), (u64)8))

void packet_ring_write(struct packet_ring *r, u64 at, const void *from, u32 n);
void packet_ring_copy(struct packet_ring *r, u64 at, const struct packet *p, u32 skip, u32 n);
void packet_ring_read(struct packet_ring *r, u64 at, void *to, u32 n);
u32 packet_ring_status(struct packet_ring *r, u64 at);
void packet_ring_set_status(struct packet_ring *r, u64 at, u32 status);
void packet_ring_offsets(const struct packet_sock *ps, const struct packet_note *note, u32 header,
			 u16 *mac, u16 *net);
/* The header's bytes in rings of the socket's version. */
u32 packet_ring_header(const struct packet_sock *ps);
/* Where the frame of a number begins. */
u64 packet_ring_frame(const struct packet_ring *r, u32 n);
/* packet_block.c */
bool packet_block_put(struct packet_sock *ps, struct packet *p, const struct packet_note *note,
		      u32 skip, u32 keep, bool *wake);
void packet_block_timeout(struct soft_timer *timer);
