/*
 * send(2) and its kin: bytes of user space, or pages, into the send buffer.
 *
 * Under send_lock bytes are copied into pages of the writer's own (write_page, filled up before the
 * next one is taken; large ones for large writes), then, with the spinlock, hung into the send
 * buffer, where the engine finds them. Nobody copies with the spinlock held, nobody waits for room
 * with send_lock held.
 */
#include "abi/net_tstamp.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_mem.h"
#include "net/tcp/tcp_setting.h"
#include "vm/iov.h"

#define LARGE_ORDER 3          /* 32 KiB */
#define BATCH 65536u           /* bytes copied between two takings of the lock */
#define BATCH_PIECES 4

struct batch {
	struct { struct page *page; u32 offset, length; } piece[BATCH_PIECES];
	unsigned n;
	u32 bytes;
};

/* Room in the write page, a new one if it is full: 0 or -ENOMEM. */
static int write_page_ready(struct tcp_sock *t, size_t want)
{
	if (t->write_page) {
		if (t->write_offset < t->write_size)
			return 0;
		/* Nobody else has it any more: from the start. */
		if (READ_ONCE(t->write_page->refs) == 1) {
			t->write_offset = 0;
			return 0;
		}
		page_put(t->write_page);
		t->write_page = NULL;
	}
	if (want > 2 * PAGE_SIZE) {
		t->write_page = page_alloc_order(LARGE_ORDER, MM_WAIT | MM_NORETRY);
		t->write_size = PAGE_SIZE << LARGE_ORDER;
	}
	if (!t->write_page) {
		t->write_page = page_alloc(MM_WAIT);
		t->write_size = PAGE_SIZE;
	}
	t->write_offset = 0;
	return t->write_page ? 0 : -ENOMEM;
}

/* Copies up to `most` bytes: 0, or why not even one. Pieces have references of the batch's. */
static int batch_fill(struct tcp_sock *t, struct msg *m, u32 most, struct batch *b)
{
	b->n = b->bytes = 0;
	while (b->bytes < most && b->n < BATCH_PIECES && iov_left(m->iter)) {
		u32 room, n;
		int err = write_page_ready(t, iov_left(m->iter));

		if (err)
			return b->n ? 0 : err;
		room = min(t->write_size - t->write_offset, most - b->bytes);
		room = (u32)min((size_t)room, iov_left(m->iter));
		n = (u32)iov_copy_from(m->iter, (u8 *)page_to_virt(t->write_page) + t->write_offset,
				       room);
		if (!n)
			return b->n ? 0 : -EFAULT;
		page_get(t->write_page);
		b->piece[b->n].page = t->write_page;
		b->piece[b->n].offset = t->write_offset;
		b->piece[b->n].length = n;
		b->n++;
		b->bytes += n;
		t->write_offset += n;
		if (n < room)
			break;
	}
	return 0;
}

static void batch_drop(struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++)
		page_put(b->piece[i].page);
}

/* Whether bytes may be added; with the lock: 0, -EPIPE, or the pending error. */
static int may_send(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);

	if (unlikely(s->error))
		return sock_take_error(s);
	if (unlikely(s->shut & SOCK_SHUT_WR ||
		     !TCP_IN(t, S_(ESTABLISHED) | S_(CLOSE_WAIT) | S_(SYN_SENT) | S_(SYN_RECV))))
		return -EPIPE;
	return 0;
}

/* If all connections together have too much, each is granted the least. */
static u32 send_limit(const struct tcp_sock *t)
{
	u32 limit = READ_ONCE(t->inet.sock.send_limit);

	return tcp_mem_full() ? min(limit, READ_ONCE(tcp_wmem[0])) : limit;
}

static u32 room_left(const struct tcp_sock *t)
{
	const struct sock *s = &t->inet.sock;
	u32 used = READ_ONCE(s->send_used), limit = send_limit(t);

	return used < limit ? limit - used : 0;
}

static void account(struct tcp_sock *t)
{
	WRITE_ONCE(tcp_base(t)->send_used, sendbuf_charge(&t->buf));
	tcp_mem_update(t);
}

/* Hangs the batch into the buffer and sends what may go: 0, or why the bytes were not taken. */
static int batch_commit(struct tcp_sock *t, struct batch *b, u32 flags, bool last, u32 stamps)
{
	struct sock *s = tcp_base(t);
	int err;

	spin_lock(&s->lock);
	err = may_send(t);
	if (!err) {
		for (unsigned i = 0; i < b->n; i++)
			sendbuf_append(&t->buf, b->piece[i].page, b->piece[i].offset,
				       b->piece[i].length);
		account(t);
		if (last && flags & MSG_OOB) {
			t->urgent_sending = true;
			t->snd_urgent = t->buf.end;
		}
		if (unlikely(last && stamps))
			tcp_mark(t, stamps);
		if (last && !(flags & MSG_MORE))
			t->push_seq = t->buf.end;
		tcp_push(t, !last || flags & MSG_MORE);
	}
	spin_unlock(&s->lock);
	return err;
}

/* What a sender waits for. No lock held. */
static bool can_go_on(struct tcp_sock *t)
{
	const struct sock *s = &t->inet.sock;
	u32 state = 1u << READ_ONCE(t->state);

	if (READ_ONCE(s->error) || READ_ONCE(s->shut) & SOCK_SHUT_WR)
		return true;
	if (state & (S_(SYN_SENT) | S_(SYN_RECV)))
		return false;
	return !(state & (S_(ESTABLISHED) | S_(CLOSE_WAIT))) || tcp_writable(t);
}

/* Whether a sender has to wait first; takes and drops the lock: 1, 0, or the error. */
static int has_to_wait(struct tcp_sock *t)
{
	struct sock *s = tcp_base(t);
	int err;

	spin_lock(&s->lock);
	err = may_send(t);
	if (!err)
		err = TCP_IN(t, S_(SYN_SENT) | S_(SYN_RECV)) || !room_left(t);
	if (err == 1)
		tcp_push(t, false);
	spin_unlock(&s->lock);
	return err;
}

/* Waits for room with neither lock held. */
static int wait_room(struct tcp_sock *t, u64 deadline)
{
	struct sock *s = tcp_base(t);
	int err;

	mutex_unlock(&s->send_lock);
	err = sock_wait_for(s, POLLOUT, can_go_on(t), deadline);
	mutex_lock(&s->send_lock);
	return err;
}

ssize_t tcp_send(struct sock *s, struct msg *m)
{
	struct tcp_sock *t = tcp_sock(s);
	u64 deadline = sock_send_deadline(s, m->flags);
	struct batch b;
	u32 stamps = READ_ONCE(s->stamping) & SOF_TIMESTAMPING_TX_RECORD_MASK;
	ssize_t done = 0;
	int err;

	if (m->flags & MSG_FASTOPEN)
		return -EOPNOTSUPP;
	err = unlikely(m->control_length) ? sock_send_control(s, m, &stamps) : 0;
	if (err)
		return err;
	mutex_lock(&s->send_lock);
	do {
		u32 room;

		err = has_to_wait(t);
		if (err == 1) {
			err = wait_room(t, deadline);
			if (err)
				break;
			continue;
		}
		if (err || !iov_left(m->iter))
			break;
		room = min(room_left(t), BATCH);
		err = sendbuf_reserve(&t->buf, BATCH_PIECES, &s->lock);
		if (!err && room)
			err = batch_fill(t, m, room, &b);
		if (err)
			break;
		if (!room)
			continue;
		err = batch_commit(t, &b, m->flags, !iov_left(m->iter), stamps);
		if (!err)
			done += b.bytes;
		batch_drop(&b);
	} while (!err && iov_left(m->iter));
	mutex_unlock(&s->send_lock);
	return done ? done : err;
}

ssize_t tcp_send_page(struct sock *s, struct page *page, u32 offset, u32 n, u32 flags)
{
	struct tcp_sock *t = tcp_sock(s);
	u64 deadline = sock_send_deadline(s, flags);
	int err;

	mutex_lock(&s->send_lock);
	while ((err = has_to_wait(t)) == 1) {
		err = wait_room(t, deadline);
		if (err)
			break;
	}
	if (!err)
		err = sendbuf_reserve(&t->buf, 1, &s->lock);
	if (!err) {
		spin_lock(&s->lock);
		err = may_send(t);
		if (!err) {
			n = min(n, max(room_left(t), 1u));
			sendbuf_append(&t->buf, page, offset, n);
			account(t);
			if (!(flags & MSG_MORE))
				t->push_seq = t->buf.end;
			tcp_push(t, flags & MSG_MORE);
		}
		spin_unlock(&s->lock);
	}
	mutex_unlock(&s->send_lock);
	return err ? err : (ssize_t)n;
}

bool tcp_writable(const struct tcp_sock *t)
{
	const struct sock *s = &t->inet.sock;
	u32 used = READ_ONCE(s->send_used), limit = send_limit(t), low;

	/* A third of the buffer, as Linux has it: worth waking somebody. */
	if (used >= limit || limit - used < used / 2)
		return false;
	low = t->notsent_low == ~0u ? READ_ONCE(tcp_notsent_lowat) : t->notsent_low;
	return low == ~0u || tcp_unsent(t) < low;
}

void tcp_wake_writer(struct tcp_sock *t)
{
	if (tcp_writable(t))
		sock_wake(tcp_base(t), POLLOUT | POLLWRNORM);
}
