/* Pairs of pseudo terminals: their table, and the slave side's operations. See pty.h. */
#include "tty/pty.h"

#include "abi/errno.h"
#include "abi/kdev.h"
#include "core/panic.h"
#include "dev/chr.h"
#include "lib/string.h"
#include "mm/slab.h"

#define TABLE_FIRST 16
#define FLUSH_KEEPS 4095u /* bytes */

static struct spinlock table_lock = SPINLOCK_INIT(RANK_TTY_STATE, "pty_table");
static struct pty **table;     /* t */
static unsigned table_size;    /* t */

static struct pty *pty_of(struct tty *t)
{
	return t->data;
}

void pty_packet_note(struct pty *p, u8 set, u8 clear)
{
	bool news = false;

	spin_lock(&p->lock);
	if (p->packet) {
		p->packet_status = (u8)((p->packet_status & ~clear) | set);
		news = p->packet_status;
	}
	spin_unlock(&p->lock);
	if (news)
		wait_wake_one(&p->read_wait, POLLIN | POLLRDNORM | POLLPRI);
}

static int slave_open(struct tty *t)
{
	WRITE_ONCE(pty_of(t)->slave_closed, false);
	return 0;
}

static void slave_close(struct tty *t)
{
	struct pty *p = pty_of(t);

	WRITE_ONCE(p->slave_closed, true);
	wait_wake(&p->read_wait, POLLIN | POLLRDNORM | POLLHUP);
	wait_wake(&p->write_wait, POLLOUT | POLLHUP);
}

static size_t slave_room(struct tty *t)
{
	return ring_space(&pty_of(t)->out);
}

static void slave_put(struct tty *t, const u8 *data, size_t n)
{
	struct pty *p = pty_of(t);

	spin_lock(&p->lock);
	ring_write(&p->out, data, (u32)n);
	spin_unlock(&p->lock);
	wait_wake_one(&p->read_wait, POLLIN | POLLRDNORM);
}

static void slave_input_taken(struct tty *t)
{
	if (pty_master_writable(pty_of(t)))
		wait_wake_one(&pty_of(t)->write_wait, POLLOUT | POLLWRNORM);
}

/* What the master's reader would have taken by now stays; only a backlog is dropped. */
static void slave_flush(struct tty *t)
{
	struct pty *p = pty_of(t);

	spin_lock(&p->lock);
	p->out.head = p->out.tail + min(ring_used(&p->out), FLUSH_KEEPS);
	spin_unlock(&p->lock);
	pty_packet_note(p, TIOCPKT_FLUSHWRITE, 0);
}

static void slave_input_flushed(struct tty *t)
{
	slave_input_taken(t);
	pty_packet_note(pty_of(t), TIOCPKT_FLUSHREAD, 0);
}

static void slave_flow(struct tty *t, bool stopped)
{
	pty_packet_note(pty_of(t), stopped ? TIOCPKT_STOP : TIOCPKT_START,
		stopped ? TIOCPKT_START : TIOCPKT_STOP);
}

/* Whether the master may do flow control by ^S and ^Q itself. */
static bool usual_flow(const struct termios2 *termios)
{
	return (termios->c_iflag & IXON) && termios->c_cc[VSTOP] == 023 &&
		termios->c_cc[VSTART] == 021;
}

static void slave_set_termios(struct tty *t, struct termios2 *termios, const struct termios2 *old)
{
	struct pty *p = pty_of(t);
	bool before = usual_flow(old), now = usual_flow(termios);

	termios->c_cflag = (termios->c_cflag & ~(u32)(CSIZE | PARENB)) | CS8 | CREAD;
	if (before != now)
		pty_packet_note(p, now ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP,
			TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
	if ((old->c_lflag | termios->c_lflag) & EXTPROC)
		pty_packet_note(p, TIOCPKT_IOCTL, 0);
}

static void slave_free(struct tty *t)
{
	struct pty *p = pty_of(t);

	kfree(p->out.buf);
	kfree(p);
}

static const struct tty_ops slave_ops = {
	.open = slave_open,
	.close = slave_close,
	.room = slave_room,
	.put = slave_put,
	.input_taken = slave_input_taken,
	.flush = slave_flush,
	.input_flushed = slave_input_flushed,
	.flow = slave_flow,
	.set_termios = slave_set_termios,
	.free = slave_free,
};

/* Puts the pair at the first free place, growing the table: 0, -ENOSPC, -ENOMEM. */
static int table_add(struct pty *p)
{
	for (;;) {
		unsigned size, n = 0, grown;
		struct pty **bigger, **old;

		spin_lock(&table_lock);
		size = table_size;
		while (n < size && table[n])
			n++;
		if (n < size) {
			p->index = n;
			table[n] = p;
			spin_unlock(&table_lock);
			return 0;
		}
		spin_unlock(&table_lock);
		if (size == PTY_MAX)
			return -ENOSPC;
		grown = size ? size * 2 : TABLE_FIRST;
		bigger = kmalloc_array(grown, sizeof(struct pty *), MM_KERNEL | MM_ZERO);
		if (!bigger)
			return -ENOMEM;
		spin_lock(&table_lock);
		old = bigger;
		if (table_size == size) {
			memcpy(bigger, table, size * sizeof(struct pty *));
			old = table;
			table = bigger;
			table_size = grown;
		}
		spin_unlock(&table_lock);
		kfree(old);
	}
}

static void table_remove(struct pty *p)
{
	spin_lock(&table_lock);
	table[p->index] = NULL;
	spin_unlock(&table_lock);
}

struct pty *pty_find(unsigned index)
{
	struct pty *p;

	spin_lock(&table_lock);
	p = index < table_size ? table[index] : NULL;
	if (p && READ_ONCE(p->master_open))
		tty_get(p->slave);
	else
		p = NULL;
	spin_unlock(&table_lock);
	return p;
}

struct inode *pty_inode_get(unsigned index)
{
	struct inode *inode = NULL;
	struct pty *p;

	spin_lock(&table_lock);
	p = index < table_size ? table[index] : NULL;
	/* The master lets it go after it has left the table. */
	if (p && load_acquire(&p->master_open))
		inode = inode_get(p->inode);
	spin_unlock(&table_lock);
	return inode;
}

bool pty_next(unsigned *index, u64 *ino)
{
	bool found = false;

	spin_lock(&table_lock);
	for (; *index < table_size && !found; ++*index) {
		struct pty *p = table[*index];

		if (p && READ_ONCE(p->master_open)) {
			*ino = p->inode->ino;
			found = true;
			break;
		}
	}
	spin_unlock(&table_lock);
	return found;
}

static struct pty *pty_alloc(void)
{
	struct pty *p = kzalloc(sizeof(*p), MM_KERNEL);
	u8 *ring = kmalloc(PTY_RING, MM_KERNEL);

	if (!p || !ring) {
		kfree(p);
		kfree(ring);
		return NULL;
	}
	p->locked = true;
	spin_init(&p->lock, RANK_TTY_STATE, "pty");
	mutex_init(&p->read_lock, RANK_TTY, "pty_read");
	mutex_init(&p->write_lock, RANK_TTY, "pty_write");
	wait_init(&p->read_wait);
	wait_init(&p->write_wait);
	ring_init(&p->out, ring, PTY_RING);
	return p;
}

int pty_create(struct pty **out)
{
	struct termios2 termios = tty_termios_default;
	struct pty *p = pty_alloc();
	struct tty *slave;
	int err;

	if (!p)
		return -ENOMEM;
	termios.c_cflag &= ~(u32)HUPCL;
	slave = tty_alloc(0, &slave_ops, p, &termios, PTY_RING);
	if (!slave) {
		kfree(p->out.buf);
		kfree(p);
		return -ENOMEM;
	}
	slave->is_pty = true;
	slave->room_least = PTY_ROOM;
	p->slave = slave;
	err = table_add(p);
	if (err)
		goto fail;
	slave->dev = dev_make(UNIX98_PTY_SLAVE_MAJOR, p->index);
	err = devpts_node_create(p->index, &p->inode);
	if (err)
		goto fail_table;
	store_release(&p->master_open, true);
	*out = p;
	return 0;
fail_table:
	table_remove(p);
fail:
	tty_put(slave);
	return err;
}

void pty_master_close(struct pty *p)
{
	struct tty *slave = p->slave;

	WRITE_ONCE(p->master_open, false);
	/* Before the number is free: the name is that of the next pair then. */
	devpts_node_unlink(p->inode);
	table_remove(p);
	WRITE_ONCE(slave->other_closed, true);
	wait_wake(&slave->read_wait, 0);
	wait_wake(&slave->write_wait, 0);
	tty_hangup(slave, false);
	inode_put(p->inode);
	tty_put(slave);
}

/* A slave is opened by its node in devpts, and by no other. */
static int slave_get(u32 minor, struct file *file, struct tty **out)
{
	struct pty *p = pty_find(minor);

	if (!p)
		return -EIO;
	if (p->inode != file->inode || READ_ONCE(p->locked)) {
		tty_put(p->slave);
		return -EIO;
	}
	*out = p->slave;
	return 0;
}

static const struct tty_family slave_family = { .get = slave_get, .driver = "pts" };
static struct chrdev master_dev = {
	.major = TTYAUX_MAJOR,
	.minor = 2,
	.n_minors = 1,
	.name = "ptmx",
	.mode = 0666,
	.gid = TTY_GID,
	.ops = &pty_master_ops,
};

void pty_init(void)
{
	devpts_init();
	tty_family_register(&slave_family, UNIX98_PTY_SLAVE_MAJOR, 0, PTY_MAX, NULL, 0, 0);
	if (chrdev_register(&master_dev) < 0)
		panic("tty: the number of ptmx is taken");
}
