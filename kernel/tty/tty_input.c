/* Input of terminals: the ring between whoever has it and the discipline. See tty_int.h. */
#include "tty/tty_int.h"

#define THROTTLE_ROOM 128 /* with less in the discipline the other side is asked to wait */

size_t tty_input_quiet(struct tty *t, const u8 *data, size_t n)
{
	u64 flags = spin_lock_irq(&t->input_lock);
	size_t taken = 0;

	if (!t->marked) {
		taken = ring_write(&t->input, data, (u32)n);
	} else {
		while (taken < n && ring_space(&t->input) >= 2) {
			if (data[taken] == TTY_MARK)
				ring_put(&t->input, TTY_MARK);
			ring_put(&t->input, data[taken++]);
		}
	}
	t->n_dropped += n - taken;
	spin_unlock_irq(&t->input_lock, flags);
	return taken;
}

size_t tty_input(struct tty *t, const u8 *data, size_t n)
{
	size_t taken = tty_input_quiet(t, data, n);

	if (taken)
		work_queue(&t->input_work);
	return taken;
}

void tty_input_error(struct tty *t, enum ldisc_error error, u8 byte)
{
	const u8 marked[] = { TTY_MARK, (u8)error, byte };
	u64 flags = spin_lock_irq(&t->input_lock);

	if (ring_space(&t->input) >= sizeof(marked))
		ring_write(&t->input, marked, sizeof(marked));
	else
		t->n_dropped++;
	spin_unlock_irq(&t->input_lock, flags);
	work_queue(&t->input_work);
}

/* An escape stands at the ring's tail: whether it could be passed on. */
static bool run_marked(struct tty *t)
{
	u8 escape[3];
	u32 n = ring_peek(&t->input, 0, escape, sizeof(escape));

	if (n >= 2 && escape[1] == TTY_MARK) {
		if (!ldisc_receive(&t->ldisc, escape, 1))
			return false;
		ring_skip(&t->input, 2);
		return true;
	}
	if (n < 3 || !ldisc_room(&t->ldisc))
		return false;
	ldisc_receive_error(&t->ldisc, (enum ldisc_error)escape[1], escape[2]);
	ring_skip(&t->input, 3);
	return true;
}

/* Good bytes before the next escape. */
static u32 good_span(const struct tty *t, const u8 *span, u32 n)
{
	u32 i = 0;

	if (!t->marked)
		return n;
	while (i < n && span[i] != TTY_MARK)
		i++;
	return i;
}

static void send_control(struct tty *t, unsigned index)
{
	u8 c = t->ldisc.termios.c_cc[index];

	if (c != LDISC_DISABLED && t->ops->room(t))
		t->ops->put(t, &c, 1);
}

/* Asks the other side to wait, or to go on. */
static void throttle(struct tty *t, bool full)
{
	if (t->throttled == full)
		return;
	t->throttled = full;
	if (t->ops->throttle)
		t->ops->throttle(t, full);
	if (t->ldisc.termios.c_iflag & IXOFF)
		send_control(t, full ? VSTOP : VSTART);
}

void tty_input_unthrottle_locked(struct tty *t)
{
	if (t->throttled && ldisc_room(&t->ldisc) > LDISC_BUF - THROTTLE_ROOM &&
	    ring_used(&t->input) < t->input.size / 4)
		throttle(t, false);
}

void tty_input_run_locked(struct tty *t)
{
	struct ldisc *l = &t->ldisc;
	bool moved = false;

	while (!ring_empty(&t->input)) {
		u32 n, good;
		const u8 *span = ring_read_span(&t->input, &n);
		size_t taken;

		good = good_span(t, span, n);
		if (!good) {
			if (!run_marked(t))
				break;
			moved = true;
			continue;
		}
		taken = ldisc_receive(l, span, good);
		ring_skip(&t->input, (u32)taken);
		moved |= taken > 0;
		if (taken < good)
			break;
	}
	if (moved && t->ops->input_taken)
		t->ops->input_taken(t);
	if (ldisc_room(l) < THROTTLE_ROOM && !(l->canon && l->canon_head == l->read_tail))
		throttle(t, true);
}

void tty_input_run(struct tty *t)
{
	mutex_lock(&t->ldisc_lock);
	tty_input_run_locked(t);
	mutex_unlock(&t->ldisc_lock);
}
