/*
 * The soft work of the network: polls what interrupt handlers scheduled, and delivers the frames
 * that interfaces of this CPU answered themselves (loopback). Each round does a fair share, and
 * raises itself again if there is more. What the frames of a round ask for in common (the ACK of a
 * connection, its next data) is done at its end: netif_after_round().
 *
 * A source is scheduled once however often it is asked for, on the CPU that asked first, and polled
 * there alone. States: SCHEDULED: on a list or being polled; AGAIN: asked for meanwhile, so the end
 * of the round is the begin of the next; DISABLED: not to be polled, AGAIN remembers who asked.
 */
#include "dev/netif_int.h"

#include "abi/if.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "sched/wait.h"

enum { POLL_SCHEDULED = 1 << 0, POLL_AGAIN = 1 << 1, POLL_DISABLED = 1 << 2 };

#define POLL_BUDGET  64    /* frames of one source at a time */
#define ROUND_BUDGET 512   /* of all before others get their turn */
#define LATER_MAX    4096  /* packets that may wait to be delivered */

/* i: interrupts off, own CPU.  o: own CPU, soft work or thread. */
struct netif_cpu {
	struct list polls;          /* i */
	struct packet_queue later;  /* o */
	struct netif_after *after, **after_last; /* o: in the order they came */
	bool running;               /* o: a round looks at `later` by itself */
};

static DEFINE_PERCPU(struct netif_cpu, netif_cpu);
static struct wait_queue disabled = WAIT_QUEUE_INIT(disabled); /* who waits for a poll to end */

void netif_poll_init(struct netif_poll *np, struct netif *nif,
		     int (*poll)(struct netif_poll *np, int budget))
{
	np->nif = nif;
	np->poll = poll;
	np->state = 0;
	list_init(&np->link);
}

/* Puts it on this CPU's list. */
static void poll_queue(struct netif_poll *np)
{
	u64 flags = irq_save();

	list_add_tail(&np->link, &this_cpu_ptr(netif_cpu)->polls);
	irq_restore(flags);
}

void netif_poll_schedule(struct netif_poll *np)
{
	u32 state = READ_ONCE(np->state), new;

	do {
		new = state & (POLL_SCHEDULED | POLL_DISABLED) ? state | POLL_AGAIN :
								 state | POLL_SCHEDULED;
	} while (!__atomic_compare_exchange_n(&np->state, &state, new, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	if (state & (POLL_SCHEDULED | POLL_DISABLED))
		return;
	poll_queue(np);
	soft_raise(SOFT_NET);
}

bool netif_poll_done(struct netif_poll *np)
{
	u32 state = READ_ONCE(np->state), new;

	do {
		new = state & POLL_DISABLED ? state & ~(u32)POLL_SCHEDULED :
		      state & POLL_AGAIN    ? state & ~(u32)POLL_AGAIN :
					      0;
	} while (!__atomic_compare_exchange_n(&np->state, &state, new, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	if (unlikely(state & POLL_DISABLED)) {
		wait_wake(&disabled, 0);
		return !(state & POLL_AGAIN);
	}
	if (!(state & POLL_AGAIN))
		return true;
	poll_queue(np);
	soft_raise(SOFT_NET);
	return false;
}

void netif_poll_disable(struct netif_poll *np)
{
	__atomic_fetch_or(&np->state, POLL_DISABLED, __ATOMIC_SEQ_CST);
	wait_until(&disabled, !(READ_ONCE(np->state) & POLL_SCHEDULED));
}

void netif_poll_enable(struct netif_poll *np)
{
	u32 old = __atomic_fetch_and(&np->state, ~(u32)(POLL_DISABLED | POLL_AGAIN),
				     __ATOMIC_SEQ_CST);

	if (old & POLL_AGAIN)
		netif_poll_schedule(np);
}

/* Polls one source: how much it did. */
static int poll_one(struct netif_poll *np)
{
	int n;

	if (unlikely(READ_ONCE(np->state) & POLL_DISABLED)) {
		u32 state = READ_ONCE(np->state);

		while (!__atomic_compare_exchange_n(&np->state, &state,
						    (state & ~(u32)POLL_SCHEDULED) | POLL_AGAIN,
						    false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
		wait_wake(&disabled, 0);
		return 0;
	}
	n = np->poll(np, POLL_BUDGET);
	if (n >= POLL_BUDGET)
		poll_queue(np);
	return n;
}

/* The next source to poll, or NULL. */
static struct netif_poll *poll_next(struct netif_cpu *c)
{
	struct netif_poll *np = NULL;
	u64 flags;

	if (list_empty(&c->polls))
		return NULL;
	flags = irq_save();
	if (!list_empty(&c->polls)) {
		np = list_first_entry(&c->polls, struct netif_poll, link);
		list_del_init(&np->link);
	}
	irq_restore(flags);
	return np;
}

/* Whether a packet that waits has a reference to its interface: all can go but loopback, and may
 * when more packets wait than one round takes. */
static bool is_counted(const struct netif *nif)
{
	return !(nif->flags & IFF_LOOPBACK);
}

static int deliver_later(struct netif_cpu *c, int budget)
{
	struct packet *p;
	int n = 0;

	while (n < budget && (p = packet_dequeue(&c->later))) {
		struct netif *nif = p->nif;

		netif_receive(nif, p);
		if (unlikely(is_counted(nif)))
			netif_put(nif);
		n++;
	}
	return n;
}

void netif_after_round(struct netif_after *a)
{
	struct netif_cpu *c = this_cpu_ptr(netif_cpu);

	a->next = NULL;
	*c->after_last = a;
	c->after_last = &a->next;
	if (unlikely(!c->running))
		soft_raise(SOFT_NET);
}

static void do_after(struct netif_cpu *c)
{
	struct netif_after *a = c->after, *next;

	c->after = NULL;
	c->after_last = &c->after;
	for (; a; a = next) {
		next = a->next;
		a->fn(a);
	}
}

static void netif_soft(void)
{
	struct netif_cpu *c = this_cpu_ptr(netif_cpu);
	int left = ROUND_BUDGET, since = 0;

	c->running = true;
	while (left > 0) {
		struct netif_poll *np;
		int n = 0;

		if (c->later.first)
			n += deliver_later(c, POLL_BUDGET);
		np = poll_next(c);
		if (np)
			n += poll_one(np) + 1;
		left -= n;
		since += n;
		if (c->after && (!n || since >= POLL_BUDGET)) {
			do_after(c);
			since = 0;
		} else if (!n) {
			break;
		}
	}
	if (c->after)
		do_after(c);
	c->running = false;
	if (c->later.first || !list_empty(&c->polls))
		soft_raise(SOFT_NET);
}

void netif_receive_later(struct netif *nif, struct packet *p)
{
	struct netif_cpu *c = this_cpu_ptr(netif_cpu);

	if (unlikely(c->later.n >= LATER_MAX)) {
		netif_counts(nif)->rx_dropped++;
		packet_free(p);
		return;
	}
	if (unlikely(is_counted(nif)))
		netif_get(nif);
	p->nif = nif;
	packet_enqueue(&c->later, p);
	if (c->later.n == 1 && !c->running)
		soft_raise(SOFT_NET);
}

void netif_poll_start(void)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct netif_cpu *c = percpu_ptr(netif_cpu, cpu);

		list_init(&c->polls);
		packet_queue_init(&c->later);
		c->after_last = &c->after;
	}
	soft_register(SOFT_NET, netif_soft);
}
