/*
 * The buffer of a pipe: a ring of bytes over pages that come when they are first needed and stay
 * until the pipe ends. head counts bytes written and tail bytes read; both begin again at 0 when
 * the ring runs empty, so that small exchanges stay on one page.
 */
#pragma once

#include "abi/limits.h"
#include "ipc/pipe.h"
#include "sched/mutex.h"

#define PIPE_SIZE_DEFAULT 65536u

/* Bytes that were written as one packet: the ring's positions from, to. */
struct pipe_packet { u32 from, to; };

/* p: lock.  i: the inode's spin.  a: atomic. */
struct pipe {
	struct mutex lock;         /* RANK_PIPE */
	union {
		struct { u32 head, tail; }; /* p: head - tail bytes are inside */
		u64 both;                   /* p: the two in one, to be read without the lock */
	};
	u32 size;                  /* p: bytes, a power of two of at least a page */
	u32 limit;                 /* p: size; 0 while there are as many packets as pages */
	void **pages;              /* p: size / 4096 of them, NULL where none is needed so far */
	struct pipe_packet *packets; /* p: a ring of size / 4096; NULL until the first comes */
	u32 first_packet, n_packets; /* p */
	u32 readers, writers;      /* p: open ends */
	u32 reader_opens;          /* p: counted up, for FIFO opens that wait for the other end */
	u32 writer_opens;          /* p: the same */
	u32 users;                 /* i: files that hold the structure */
	bool taking, filling;      /* p: a splice is at the bytes, the free space: nobody else may
				    * be */
	bool polled;               /* a: somebody polled: announce each change, even if nobody
				    * waits */
	struct wait_queue can_read, can_write;
	void *first[PIPE_SIZE_DEFAULT / 4096]; /* pages, for the default size */
};

static inline u32 pipe_used(const struct pipe *p)
{
	u64 both = READ_ONCE(p->both);

	return (u32)both - (u32)(both >> 32);
}

static inline u32 pipe_space(const struct pipe *p)
{
	u32 limit = READ_ONCE(p->limit), used = pipe_used(p);

	return limit > used ? limit - used : 0;
}

/* What sleeping readers and writers wait for, without the lock. */
static inline bool pipe_may_read(const struct pipe *p)
{
	return pipe_used(p) ? !READ_ONCE(p->taking) : !READ_ONCE(p->writers);
}

static inline bool pipe_may_write(const struct pipe *p)
{
	return (pipe_space(p) >= PIPE_BUF && !READ_ONCE(p->filling)) || !READ_ONCE(p->readers);
}

struct pipe *pipe_alloc(void);
void pipe_free(struct pipe *p);
/*
 * Moves up to n bytes in or out, p held: bytes, -EFAULT if not even one could be copied, -ENOMEM.
 */
ssize_t pipe_copy_in(struct pipe *p, struct iov_iter *from, u32 n);
ssize_t pipe_copy_out(struct pipe *p, struct iov_iter *to, u32 n);
/*
 * Of the bytes inside from number `skip` on, or of the free space, what lies in one page: its
 * address, and in *n its length. The pages stay while p is held, or is `taking` or `filling`.
 * pipe_room() gives NULL if there is no memory for the page.
 */
void *pipe_data(struct pipe *p, u32 skip, u32 *n);
void *pipe_room(struct pipe *p, u32 skip, u32 *n);
/* The first n bytes are gone. p held. */
void pipe_consume(struct pipe *p, u32 n);
/* A ring of another size with the same bytes: 0, -EBUSY, -ENOMEM. p held. */
int pipe_resize(struct pipe *p, u32 size);

/* pipe_packet.c; p held. */
/* The next packet of `from` goes in: bytes, 0 if there is no room, -EFAULT, -ENOMEM. */
ssize_t pipe_packet_in(struct pipe *p, struct iov_iter *from);
/* There are packets: the first one goes out, and the stream before it: bytes or -EFAULT. */
ssize_t pipe_packet_out(struct pipe *p, struct iov_iter *to);
/* The tail has moved on. */
void pipe_packets_consumed(struct pipe *p);
/* Of len bytes of a pipe, how many can be copied to another without too many packets: 0: no
 * memory. Then len bytes were copied to its position `at`: they are packets there, too. */
u32 pipe_packets_fit(struct pipe *from, struct pipe *to, u32 len);
void pipe_packets_copied(struct pipe *from, struct pipe *to, u32 len, u32 at);
/* The ring gets so many pages, and positions change by `by`: 0, -EBUSY, -ENOMEM. */
int pipe_packets_move(struct pipe *p, u32 n_places, u32 by);
/* The number of packets or the size has changed. */
static inline void pipe_limit_set(struct pipe *p)
{
	WRITE_ONCE(p->limit, p->n_packets == p->size >> PAGE_SHIFT ? 0 : p->size);
}

extern const struct file_ops pipe_ops;
extern const struct file_ops fifo_ops;
