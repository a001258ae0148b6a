/*
 * read(2) from a terminal. In canonical mode a read returns one line, or what fits of it. Otherwise
 * MIN and TIME (termios(3)) say when it returns: MIN bytes are there; or, TIME being set, so many
 * tenths of a second have passed since the last byte (MIN above 0) or since the call (MIN 0).
 *
 * The bytes go through a small buffer on the stack: no lock is held but the readers' own while user
 * memory is touched.
 */
#include "abi/signal.h"
#include "core/clock.h"
#include "tty/tty_int.h"

#define PIECE     256
#define TIME_UNIT (100 * NSEC_PER_MSEC)

/* When a read is complete. */
struct read_rule {
	bool canon;
	size_t least;      /* bytes */
	u64 between_ns;    /* after a byte: so long; 0: for ever */
	u64 deadline_ns;   /* ~0: none */
};

static void rule_get(struct tty *t, struct read_rule *rule)
{
	u64 time = t->ldisc.termios.c_cc[VTIME] * (u64)TIME_UNIT;

	*rule = (struct read_rule){
		.canon = t->ldisc.termios.c_lflag & ICANON,
		.least = t->ldisc.termios.c_cc[VMIN],
		.deadline_ns = ~0ull,
	};
	if (rule->canon) {
		rule->least = 1;
	} else if (rule->least) {
		rule->between_ns = time;
	} else {
		rule->least = 1;
		rule->deadline_ns = time ? clock_monotonic() + time : 0;
	}
}

static bool input_there(struct tty *t, const struct tty_file *tf)
{
	return ldisc_can_read(&t->ldisc, 1) || !ring_empty(&t->input) || tty_file_hung(tf) ||
		READ_ONCE(t->other_closed);
}

/* Sleeps until there may be input: 0 try again; 1 the read ends with what it has; or -errno. */
static int wait_input(struct tty *t, const struct tty_file *tf, struct file *file,
	const struct read_rule *rule)
{
	int err;

	if (READ_ONCE(t->other_closed))
		return -EIO;
	if (tty_file_hung(tf) || rule->deadline_ns == 0)
		return 1;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_interruptible_timeout(&t->read_wait, input_there(t, tf), rule->deadline_ns);
	return err == -ABI_ETIMEDOUT ? 1 : err;
}

static size_t take_piece(struct tty *t, u8 *piece, size_t n, bool *end)
{
	size_t got;

	mutex_lock(&t->ldisc_lock);
	if (!ring_empty(&t->input))
		tty_input_run_locked(t);
	got = ldisc_read(&t->ldisc, piece, n, end);
	if ((got || *end) && !ring_empty(&t->input))
		tty_input_run_locked(t);
	tty_input_unthrottle_locked(t);
	mutex_unlock(&t->ldisc_lock);
	return got;
}

static ssize_t read_loop(struct tty *t, const struct tty_file *tf, struct file *file,
	struct iov_iter *to)
{
	struct read_rule rule;
	u8 piece[PIECE];
	ssize_t done = 0;

	rule_get(t, &rule);
	while (iov_left(to)) {
		size_t want = min(iov_left(to), sizeof(piece)), got;
		bool end;
		int err;

		got = take_piece(t, piece, want, &end);
		if (got) {
			size_t copied = iov_copy_to(to, piece, got);

			done += (ssize_t)copied;
			if (copied < got)
				return done ? done : -EFAULT;
			if (rule.between_ns)
				rule.deadline_ns = clock_monotonic() + rule.between_ns;
		}
		if (end || (got < want && (size_t)done >= rule.least))
			break;
		if (got)
			continue;
		err = wait_input(t, tf, file, &rule);
		if (err)
			return done || err == 1 ? done : err;
	}
	return done;
}

ssize_t tty_read_body(struct tty *t, const struct tty_file *tf, struct file *file,
	struct iov_iter *to)
{
	ssize_t n;
	int err;

	if (file->flags & O_NONBLOCK) {
		if (!mutex_try_lock(&t->read_lock))
			return -EAGAIN;
	} else {
		err = mutex_lock_interruptible(&t->read_lock);
		if (err)
			return err;
	}
	n = read_loop(t, tf, file, to);
	mutex_unlock(&t->read_lock);
	return n;
}
