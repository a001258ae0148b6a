/* Terminals as files: the operations behind their device nodes, and the families of device
 * numbers. */
#include "abi/kdev.h"
#include "abi/signal.h"
#include "core/clock.h"
#include "core/panic.h"
#include "dev/chr.h"
#include "mm/slab.h"
#include "tty/tty_int.h"

#define TOUCH_SECONDS 8 /* time stamps of terminals tell who is idle (w(1)), and no more */

static int tty_file_open(struct file *file)
{
	const struct tty_family *family = file->private; /* the registry's data */
	struct tty *t;
	int err = family->get(dev_minor((u32)file->inode->rdev), file, &t);

	if (err)
		return err;
	return tty_open_file(file, t, family->console,
		!(file->flags & O_NOCTTY) && !family->never_controls);
}

static void touch(struct file *file, u32 which)
{
	struct timespec now = clock_now();
	s64 last = which == ATTR_ATIME ? file->inode->atime.tv_sec : file->inode->mtime.tv_sec;

	if (now.tv_sec - last < TOUCH_SECONDS && now.tv_sec >= last)
		return;
	if (!gate_try_enter(file->inode->sb->gate, GATE_CALL))
		return;
	inode_touch(file->inode, which);
	gate_leave(file->inode->sb->gate, GATE_CALL);
}

static ssize_t tty_file_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct tty_file *tf = file->private;
	ssize_t n;
	int err;

	if (tty_file_hung(tf))
		return 0;
	err = tf->console ? 0 : tty_check_background(tf->tty, SIGTTIN);
	if (err)
		return err;
	n = tty_read_body(tf->tty, tf, file, to);
	if (n > 0)
		touch(file, ATTR_ATIME);
	return n;
}

static ssize_t tty_file_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct tty_file *tf = file->private;
	ssize_t n;
	int err;

	if (tty_file_hung(tf))
		return -EIO;
	if (!tf->console && READ_ONCE(tf->tty->ldisc.termios.c_lflag) & TOSTOP) {
		err = tty_check_background(tf->tty, SIGTTOU);
		if (err)
			return err;
	}
	n = tty_write_body(tf->tty, tf, file, from);
	if (n > 0)
		touch(file, ATTR_MTIME | ATTR_CTIME);
	return n;
}

static u32 tty_file_poll(struct file *file, struct poll_table *table)
{
	struct tty_file *tf = file->private;
	struct tty *t = tf->tty;
	const u8 *cc = t->ldisc.termios.c_cc;
	u32 events = 0;

	poll_wait(table, &t->read_wait);
	poll_wait(table, &t->write_wait);
	if (tty_file_hung(tf))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	if (ldisc_can_read(&t->ldisc, cc[VMIN] && !cc[VTIME] ? cc[VMIN] : 1))
		events |= POLLIN | POLLRDNORM;
	if (tty_writable(t))
		events |= POLLOUT | POLLWRNORM;
	if (READ_ONCE(t->other_closed))
		events |= POLLHUP;
	return events;
}

void tty_family_register(const struct tty_family *family, u32 major, u32 minor, u32 n,
	const char *name, u32 mode, u32 gid)
{
	struct chrdev *chr = kzalloc(sizeof(*chr), MM_KERNEL);

	if (!chr)
		panic("tty: no memory for %s", name);
	*chr = (struct chrdev){
		.major = major,
		.minor = minor,
		.n_minors = n,
		.name = name,
		.mode = mode,
		.gid = gid,
		.ops = &tty_file_ops,
		.data = (void *)family,
		.driver = family->driver,
		.parent = family->parent,
	};
	if (chrdev_register(chr) < 0)
		panic("tty: the numbers of %s are taken", name);
}

const struct file_ops tty_file_ops = {
	.open = tty_file_open,
	.release = tty_close_file,
	.read = tty_file_read,
	.write = tty_file_write,
	.ioctl = tty_ioctl,
	.poll = tty_file_poll,
};
