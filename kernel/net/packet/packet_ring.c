/*
 * Rings of packet sockets: memory that the kernel fills with frames and a program reads in place
 * (packet(7), PACKET_RX_RING). Versions 1 and 2 are a ring of frames of one size; 3 one of blocks,
 * in which frames follow each other, and which is handed over when it is full or some time has
 * passed since its first frame.
 *
 * A program may also fill frames to be sent (PACKET_TX_RING, packet_transmit.c). Both rings lie in
 * one object, so that they can be mapped together: the one to receive ends where the other begins,
 * in the middle.
 *
 * Who owns a frame or block is said by a status word in it: the kernel's (0) or the user's. The
 * memory belongs to a shared memory object, all of whose pages are held here, so it can be written
 * by soft work; what the user writes there is read for nothing but that word.
 *
 * Locks: the socket's lock for all of the ring's state. The timer's end and the tap's are waited
 * for before a ring is freed.
 */
#include "abi/errno.h"
#include "abi/if_ether.h"
#include "abi/poll.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "net/packet/packet_int.h"
#include "net/packet/packet_ring_int.h"
#include "vm/pagecache.h"
#include "vm/shmem.h"

#define RING_BYTES_MAX MIB(256)
#define MIDDLE (RING_BYTES_MAX >> PAGE_SHIFT) /* page where the ring to send from begins */

void packet_ring_write(struct packet_ring *r, u64 at, const void *from, u32 n)
{
	for (u32 done = 0; done < n;) {
		u32 in_page = (u32)((at + done) & (PAGE_SIZE - 1));
		u32 take = min(n - done, (u32)PAGE_SIZE - in_page);

		memcpy((u8 *)page_to_virt(r->pages[(at + done) >> PAGE_SHIFT]) + in_page,
		       (const u8 *)from + done, take);
		done += take;
	}
}

void packet_ring_read(struct packet_ring *r, u64 at, void *to, u32 n)
{
	for (u32 done = 0; done < n;) {
		u32 in_page = (u32)((at + done) & (PAGE_SIZE - 1));
		u32 take = min(n - done, (u32)PAGE_SIZE - in_page);

		memcpy((u8 *)to + done,
		       (u8 *)page_to_virt(r->pages[(at + done) >> PAGE_SHIFT]) + in_page, take);
		done += take;
	}
}

void packet_ring_copy(struct packet_ring *r, u64 at, const struct packet *p, u32 skip, u32 n)
{
	for (u32 done = 0; done < n;) {
		u32 in_page = (u32)((at + done) & (PAGE_SIZE - 1));
		u32 take = min(n - done, (u32)PAGE_SIZE - in_page);

		packet_read(p, skip + done,
			    (u8 *)page_to_virt(r->pages[(at + done) >> PAGE_SHIFT]) + in_page,
			    take);
		done += take;
	}
}

/* A status word; it lies in one page, being aligned. */
static u32 *word(struct packet_ring *r, u64 at)
{
	return (u32 *)((u8 *)page_to_virt(r->pages[at >> PAGE_SHIFT]) + (at & (PAGE_SIZE - 1)));
}

u32 packet_ring_status(struct packet_ring *r, u64 at)
{
	return load_acquire(word(r, at));
}

void packet_ring_set_status(struct packet_ring *r, u64 at, u32 status)
{
	store_release(word(r, at), status);
}

u64 packet_ring_frame(const struct packet_ring *r, u32 n)
{
	return (u64)(n / r->per_block) * r->block_size + (u64)(n % r->per_block) * r->frame_size;
}

/* Where the link and network headers lie behind a frame's header of `header` bytes. */
void packet_ring_offsets(const struct packet_sock *ps, const struct packet_note *note, u32 header,
			 u16 *mac, u16 *net)
{
	u32 link = ps->sock.type == SOCK_DGRAM ? 0 : note->network;
	u32 n = align_up(header + max(link, 16u), (u32)TPACKET_ALIGNMENT) + ps->reserve;

	*net = (u16)n;
	*mac = (u16)(n - link);
}

u32 packet_ring_header(const struct packet_sock *ps)
{
	return ps->version == TPACKET_V1 ? sizeof(struct tpacket_hdr) :
	       ps->version == TPACKET_V2 ? sizeof(struct tpacket2_hdr) :
					   sizeof(struct tpacket3_hdr);
}

/* Writes a header of version 1, whose beginning has other places, as its status is longer. */
static void write_header1(struct packet_ring *r, u64 at, const struct tpacket2_hdr *h)
{
	struct tpacket_hdr one = { .tp_len = h->tp_len, .tp_snaplen = h->tp_snaplen,
				   .tp_mac = h->tp_mac, .tp_net = h->tp_net, .tp_sec = h->tp_sec,
				   .tp_usec = h->tp_nsec / 1000 };

	packet_ring_write(r, at + 4, (u8 *)&one + 4, sizeof(one) - 4);
}

static bool put_frame(struct packet_sock *ps, struct packet *p, const struct packet_note *note,
		      u32 skip, u32 keep)
{
	struct packet_ring *r = ps->ring;
	u64 at = packet_ring_frame(r, r->head), stamp = p->stamp_ns ?: clock_realtime();
	u32 header = align_up(packet_ring_header(ps), (u32)TPACKET_ALIGNMENT);
	struct tpacket2_hdr h = { .tp_len = note->length };

	if (packet_ring_status(r, at) != TP_STATUS_KERNEL)
		return false;
	packet_ring_offsets(ps, note, header + (u32)sizeof(struct sockaddr_ll), &h.tp_mac,
			    &h.tp_net);
	if (h.tp_mac > r->frame_size)
		return false;
	h.tp_snaplen = min(keep, r->frame_size - h.tp_mac);
	h.tp_sec = (u32)(stamp / NSEC_PER_SEC);
	h.tp_nsec = (u32)(stamp % NSEC_PER_SEC);
	if (p->has_vlan) {
		h.tp_vlan_tci = p->vlan;
		h.tp_vlan_tpid = ETH_P_8021Q;
	}
	if (ps->version == TPACKET_V1)
		write_header1(r, at, &h);
	else
		packet_ring_write(r, at + 4, (u8 *)&h + 4, sizeof(h) - 4);
	packet_ring_write(r, at + header, &note->from, sizeof(note->from));
	packet_ring_copy(r, at + h.tp_mac, p, skip, h.tp_snaplen);
	packet_ring_set_status(r, at, note->status | (ps->n_drops ? TP_STATUS_LOSING : 0));
	r->head = r->head + 1 == r->n_frames ? 0 : r->head + 1;
	return true;
}

bool packet_ring_put(struct packet_sock *ps, struct packet *p, const struct packet_note *note,
		     u32 skip, u32 keep, bool *wake)
{
	if (ps->version == TPACKET_V3)
		return packet_block_put(ps, p, note, skip, keep, wake);
	*wake = put_frame(ps, p, note, skip, keep);
	return *wake;
}

/* Whether a frame or block of a ring to receive is the kernel's. */
static bool is_kernels(const struct packet_sock *ps, u32 n)
{
	struct packet_ring *r = ps->ring;
	u64 at = ps->version == TPACKET_V3 ? (u64)n * r->block_size + BLOCK_STATUS :
					     packet_ring_frame(r, n);

	return packet_ring_status(r, at) == TP_STATUS_KERNEL;
}

/* The frame or block before the one that is filled next is the user's. */
bool packet_ring_ready(struct packet_sock *ps)
{
	struct packet_ring *r;
	bool ready = false;
	u32 n;

	spin_lock(&ps->sock.lock);
	r = ps->ring;
	if (r) {
		n = ps->version == TPACKET_V3 ? r->n_blocks : r->n_frames;
		ready = !is_kernels(ps, (r->head ?: n) - 1);
	}
	spin_unlock(&ps->sock.lock);
	return ready;
}

bool packet_ring_free_next(struct packet_sock *ps)
{
	bool free;

	spin_lock(&ps->sock.lock);
	free = ps->ring && is_kernels(ps, ps->ring->head);
	spin_unlock(&ps->sock.lock);
	return free;
}

/* Whether the numbers of a request agree with each other. */
static bool request_valid(const struct packet_sock *ps, const struct tpacket_req3 *q)
{
	u32 least = (u32)align_up(packet_ring_header(ps) + sizeof(struct sockaddr_ll),
				  (size_t)TPACKET_ALIGNMENT);

	if (!q->tp_block_size || !is_aligned(q->tp_block_size, (u32)PAGE_SIZE) ||
	    (s32)q->tp_block_size < 0)
		return false;
	if (ps->version == TPACKET_V3 &&
	    (u64)q->tp_block_size < BLOCK_FIRST(q->tp_sizeof_priv) + least + 16 + ps->reserve)
		return false;
	if (q->tp_frame_size < least + ps->reserve ||
	    !is_aligned(q->tp_frame_size, (u32)TPACKET_ALIGNMENT) ||
	    q->tp_frame_size > q->tp_block_size)
		return false;
	return (u64)(q->tp_block_size / q->tp_frame_size) * q->tp_block_nr == q->tp_frame_nr;
}

void packet_ring_stop(struct packet_ring *r)
{
	soft_timer_cancel(&r->timer);
}

void packet_ring_free(struct packet_ring *r)
{
	if (!r)
		return;
	rcu_synchronize(); /* who may still have it: the tap, the timer */
	for (u64 i = 0; r->pages && i < r->n_pages; i++)
		if (r->pages[i])
			page_put(r->pages[i]);
	kvfree(r->pages);
	if (r->memory)
		shmem_put(r->memory);
	kfree(r);
}

/* The object for all rings of a socket, with a reference. */
static int memory_get(struct packet_sock *ps, struct shmem **out)
{
	const struct packet_ring *other = ps->ring ?: ps->tx_ring;
	int err;

	if (other) {
		shmem_get(other->memory);
		*out = other->memory;
		return 0;
	}
	err = shmem_create(2 * RING_BYTES_MAX, false, out);
	if (!err)
		shmem_set_locked(*out, true);
	return err;
}

/* Its pages, all of them in place. */
static int ring_fill(struct packet_ring *r, bool tx)
{
	int err;

	r->n_pages = (u64)r->block_size * r->n_blocks >> PAGE_SHIFT;
	r->first = tx ? MIDDLE : MIDDLE - r->n_pages;
	r->pages = kvmalloc(r->n_pages * sizeof(*r->pages), MM_KERNEL | MM_ZERO);
	if (!r->pages)
		return -ENOMEM;
	err = memory_get(r->ps, &r->memory);
	for (u64 i = 0; i < r->n_pages && !err; i++) {
		err = pagecache_get_locked(&r->memory->cache, r->first + i, false, &r->pages[i]);
		if (err) {
			r->pages[i] = NULL;
			break;
		}
		page_dirty(r->pages[i]);
		page_unlock(r->pages[i]);
	}
	return err;
}

/* Gives back a ring and its pages; the other ring's stay. Nobody has them mapped. */
static void ring_drop(struct packet_sock *ps, struct packet_ring *old)
{
	struct packet_ring *other = ps->ring ?: ps->tx_ring;
	pgoff_t first = old->first, last = first + old->n_pages - 1;
	struct pagecache *cache;

	packet_ring_free(old);
	if (!other)
		return;
	cache = &other->memory->cache;
	rwsem_write(&cache->invalidate);
	pagecache_drop_range(cache, first, last);
	rwsem_write_end(&cache->invalidate);
}

static int ring_make(struct packet_sock *ps, const struct tpacket_req3 *q, bool tx,
		     struct packet_ring **out)
{
	u64 bytes = (u64)q->tp_block_size * q->tp_block_nr;
	struct packet_ring *r;
	int err;

	if (!request_valid(ps, q) || (tx && (q->tp_retire_blk_tov || q->tp_sizeof_priv ||
					     q->tp_feature_req_word)))
		return -EINVAL;
	if (bytes > RING_BYTES_MAX || bytes >> PAGE_SHIFT > mm_free_frames() / 2)
		return -ENOMEM;
	r = kzalloc(sizeof(*r), MM_KERNEL);
	if (!r)
		return -ENOMEM;
	r->ps = ps;
	r->block_size = q->tp_block_size;
	r->n_blocks = q->tp_block_nr;
	r->frame_size = q->tp_frame_size;
	r->per_block = q->tp_block_size / q->tp_frame_size;
	r->n_frames = q->tp_frame_nr;
	r->private_size = q->tp_sizeof_priv;
	r->retire_ns = (q->tp_retire_blk_tov ? q->tp_retire_blk_tov : 8) * (u64)NSEC_PER_MSEC;
	soft_timer_init(&r->timer, packet_block_timeout);
	err = ring_fill(r, tx);
	if (err)
		ring_drop(ps, r);
	else
		*out = r;
	return err;
}

/* How many references to the rings' memory are their own. */
static u32 rings(const struct packet_sock *ps)
{
	return !!ps->ring + !!ps->tx_ring;
}

int packet_ring_set(struct packet_sock *ps, const struct tpacket_req3 *q, bool tx)
{
	struct packet_ring **slot = tx ? &ps->tx_ring : &ps->ring;
	struct packet_ring *fresh = NULL, *old = ps->ring ?: ps->tx_ring;
	int err;

	if (old && ref_read(&old->memory->refs) > rings(ps))
		return -EBUSY; /* somebody has them mapped */
	if (!q->tp_block_nr && q->tp_frame_nr)
		return -EINVAL;
	if (q->tp_block_nr) {
		if (*slot)
			return -EBUSY;
		err = ring_make(ps, q, tx, &fresh);
		if (err)
			return err;
	}
	if (!tx && !fresh != !ps->ring)
		netif_want_stamps(fresh ? 1 : -1);
	mutex_lock(&ps->sock.send_lock);
	spin_lock(&ps->sock.lock);
	old = *slot;
	*slot = fresh;
	if (old)
		packet_ring_stop(old);
	spin_unlock(&ps->sock.lock);
	mutex_unlock(&ps->sock.send_lock);
	if (old)
		ring_drop(ps, old);
	return 0;
}

static void memory_put(void *memory)
{
	shmem_put(memory);
}

/* The ring may be dropped as soon as the lock is: the request keeps its memory. */
int packet_ring_mmap(struct sock *s, struct map_request *req)
{
	struct packet_sock *ps = packet_sock(s);
	struct packet_ring *r;
	int err = -EINVAL;
	u64 pages;

	netif_config_lock();
	r = ps->ring ?: ps->tx_ring;
	pages = (ps->ring ? ps->ring->n_pages : 0) + (ps->tx_ring ? ps->tx_ring->n_pages : 0);
	if (r && !req->index && req->length == pages << PAGE_SHIFT) {
		req->index = r->first;
		req->cache = &r->memory->cache;
		req->source = &shmem_source;
		req->source_data = r->memory;
		req->release = memory_put;
		shmem_get(r->memory);
		err = 0;
	}
	netif_config_unlock();
	return err;
}
