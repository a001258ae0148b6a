/*
 * timerfd_create(2): a timer whose expirations are read as a count. An interval costs nothing
 * while nobody reads: the timer fires once, and who looks next counts how often it would have, and
 * arms it again.
 *
 * Relative times run by the monotonic clock whatever the timer's clock is: setting the real-time
 * clock does not change how long something takes.
 */
#include "abi/poll.h"
#include "abi/time.h"
#include "ipc/timerfd.h"
#include "core/gaps.h"
#include "lib/format.h"
#include "mm/slab.h"
#include "sched/clock_timer.h"

/* l: lock.  I: constant. */
struct timerfd {
	struct spinlock lock;      /* RANK_EPOLL, interrupts off */
	int clock;                 /* I */
	bool realtime;             /* l: value_ns is of the real-time clock */
	bool fired;                /* l: has run out and was not armed again */
	u32 flags;                 /* l: of the last setting */
	u64 value_ns;              /* l: when it runs out next, 0: disarmed */
	u64 interval_ns;           /* l */
	u64 ticks;                 /* l: expirations not read so far */
	bool cancels;              /* l: TFD_TIMER_CANCEL_ON_SET */
	u64 set_count;             /* l: clock_set_count() when that was asked for, or told last */
	struct clock_timer timer;  /* l */
	struct clock_watch watch;  /* on the list while it cancels */
	struct wait_queue queue;   /* readers and pollers */
};

static const struct file_ops timerfd_ops;

static bool is_realtime(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
}

static bool canceled(const struct timerfd *t)
{
	return READ_ONCE(t->cancels) && READ_ONCE(t->set_count) != clock_set_count();
}

/* Timer interrupt. The timer may have been set anew meanwhile: only the time itself counts. */
static void timer_fired(struct clock_timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	bool tell = false;
	u64 flags = spin_lock_irq(&t->lock);

	if (t->value_ns && !t->fired && clock_timer_now(t->realtime) >= t->value_ns) {
		t->fired = tell = true;
		t->ticks++;
	}
	spin_unlock_irq(&t->lock, flags);
	if (tell)
		wait_wake_one(&t->queue, POLLIN | POLLRDNORM);
}

static void clock_was_set(struct clock_watch *watch)
{
	wait_wake_one(&container_of(watch, struct timerfd, watch)->queue, POLLIN | POLLRDNORM);
}

/* After it fired: counts what the interval made of the time since, and goes on. t held. */
static void advance(struct timerfd *t)
{
	u64 now, n;

	if (!t->fired)
		return;
	t->fired = false;
	if (!t->interval_ns) {
		t->value_ns = 0;
		return;
	}
	now = clock_timer_now(t->realtime);
	n = now < t->value_ns ? 1 : (now - t->value_ns) / t->interval_ns + 1;
	t->ticks += n - 1;
	t->value_ns += n * t->interval_ns;
	clock_timer_arm(&t->timer, t->value_ns, t->realtime);
}

/* What is left of a timer; t held. */
static void setting_get(struct timerfd *t, struct timerfd_setting *out)
{
	u64 now;

	advance(t);
	now = clock_timer_now(t->realtime);
	out->interval_ns = t->interval_ns;
	out->value_ns = !t->value_ns ? 0 : t->value_ns > now ? t->value_ns - now : 1;
}

static struct timerfd *timerfd_of(struct file *f)
{
	return f->ops == &timerfd_ops ? f->private : NULL;
}

int timerfd_get(struct file *f, struct timerfd_setting *out)
{
	struct timerfd *t = timerfd_of(f);
	u64 flags;

	if (!t)
		return -EINVAL;
	flags = spin_lock_irq(&t->lock);
	setting_get(t, out);
	spin_unlock_irq(&t->lock, flags);
	return 0;
}

/* t held. */
static void setting_start(struct timerfd *t, u32 how, const struct timerfd_setting *new)
{
	u64 now;

	t->fired = false;
	t->ticks = 0;
	t->flags = how;
	t->interval_ns = new->interval_ns;
	t->realtime = how & TFD_TIMER_ABSTIME && is_realtime(t->clock);
	t->value_ns = new->value_ns;
	if (!t->value_ns) {
		clock_timer_cancel(&t->timer);
		return;
	}
	now = clock_monotonic();
	if (!(how & TFD_TIMER_ABSTIME) && add_overflow(now, new->value_ns, &t->value_ns))
		t->value_ns = ~0ull / 2;
	clock_timer_arm(&t->timer, t->value_ns, t->realtime);
}

int timerfd_set(struct file *f, u32 how, const struct timerfd_setting *new,
		struct timerfd_setting *old)
{
	const u32 both = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	struct timerfd *t = timerfd_of(f);
	bool cancels = (how & both) == both;
	int err = 0;
	u64 flags;

	if (!t || how & ~both)
		return -EINVAL;
	if (!is_realtime(t->clock))
		cancels = false;
	flags = spin_lock_irq(&t->lock);
	if (cancels && canceled(t))
		err = -ECANCELED;
	t->cancels = cancels;
	t->set_count = clock_set_count();
	if (cancels)
		clock_watch_add(&t->watch);
	else
		clock_watch_remove(&t->watch);
	setting_get(t, old);
	setting_start(t, how, new);
	spin_unlock_irq(&t->lock, flags);
	return err;
}

/* What a read gets: 0 with *count (0: nothing), or -ECANCELED. */
static int take(struct timerfd *t, u64 *count)
{
	u64 flags = spin_lock_irq(&t->lock);
	int err = 0;

	*count = 0;
	if (canceled(t)) {
		t->set_count = clock_set_count();
		t->ticks = 0;
		err = -ECANCELED;
	} else if (t->ticks) {
		advance(t);
		*count = t->ticks;
		t->ticks = 0;
	}
	spin_unlock_irq(&t->lock, flags);
	return err;
}

static ssize_t timerfd_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct timerfd *t = f->private;
	u64 count;
	int err;

	if (iov_left(to) < sizeof(count))
		return -EINVAL;
	for (;;) {
		err = take(t, &count);
		if (err < 0)
			return err;
		if (count)
			break;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_interruptible(&t->queue, READ_ONCE(t->ticks) || canceled(t));
		if (err < 0)
			return err;
	}
	if (iov_copy_to(to, &count, sizeof(count)) != sizeof(count))
		return -EFAULT;
	return (ssize_t)sizeof(count);
}

static u32 timerfd_poll(struct file *f, struct poll_table *table)
{
	struct timerfd *t = f->private;

	poll_wait(table, &t->queue);
	return READ_ONCE(t->ticks) || canceled(t) ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;

	clock_watch_remove(&t->watch);
	clock_timer_fini(&t->timer);
	kfree(t);
}

static void timerfd_show_info(struct file *f, char *buf, size_t size)
{
	struct timerfd *t = f->private;
	struct timerfd_setting s;
	struct timespec value, interval;
	u64 flags = spin_lock_irq(&t->lock), ticks;
	u32 how;

	ticks = t->ticks;
	how = t->flags;
	setting_get(t, &s);
	spin_unlock_irq(&t->lock, flags);
	value = ns_to_timespec(s.value_ns);
	interval = ns_to_timespec(s.interval_ns);
	snprintf(buf, size,
		 "clockid: %d\nticks: %llu\nsettime flags: 0%o\n"
		 "it_value: (%lld, %lld)\nit_interval: (%lld, %lld)\n",
		 t->clock, (unsigned long long)ticks, how, (long long)value.tv_sec,
		 (long long)value.tv_nsec, (long long)interval.tv_sec, (long long)interval.tv_nsec);
}

int timerfd_create(int clock, u32 flags, struct file **out)
{
	struct timerfd *t;
	int err;

	if (gap_flags(flags, TFD_NONBLOCK | TFD_CLOEXEC))
		return -EINVAL;
	if (!is_realtime(clock) && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
	    clock != CLOCK_BOOTTIME_ALARM)
		return -EINVAL;
	t = kzalloc(sizeof(*t), MM_KERNEL);
	if (!t)
		return -ENOMEM;
	spin_init(&t->lock, RANK_EPOLL, "timerfd");
	wait_init(&t->queue);
	t->clock = clock;
	clock_timer_init(&t->timer, timer_fired);
	clock_watch_init(&t->watch, clock_was_set);
	err = file_create_anon("timerfd", &timerfd_ops, t, O_RDWR | (flags & TFD_NONBLOCK), out);
	if (err < 0)
		kfree(t);
	return err;
}

static const struct file_ops timerfd_ops = {
	.release = timerfd_release,
	.read = timerfd_read,
	.poll = timerfd_poll,
	.show_info = timerfd_show_info,
};
