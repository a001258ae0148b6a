/*
 * /dev/kmsg: each read gives one record of the kernel's log,
 * "priority,sequence,microseconds,flags;text\n" with bytes that are not printable written \xNN;
 * each write makes one, "<priority>text". A reader that was overtaken by the log is told once
 * (-EPIPE) and goes on with the oldest record there is.
 */
#include "abi/capability.h"
#include "abi/kdev.h"
#include "core/log.h"
#include "dev/chr.h"
#include "fs/devfs/kmsg.h"
#include "fs/devfs/mem_int.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "mm/slab.h"
#include "vfs/text.h"

#define WRITE_MAX 992 /* bytes of one record written, as on Linux */
#define FACILITY_USER 1

/* m: lock. */
struct kmsg_reader {
	struct mutex lock;
	u64 seq;                  /* m: the record to be read next */
	struct log_record record; /* m */
	char text[64 + 4 * sizeof_field(struct log_record, text)]; /* m */
};

static struct wait_queue new_records = WAIT_QUEUE_INIT(new_records);

struct wait_queue *kmsg_wait_queue(void)
{
	return &new_records;
}

static void kmsg_notify(void)
{
	wait_wake(&new_records, POLLIN | POLLRDNORM);
}

u32 dmesg_restrict;

bool kmsg_may_read(void)
{
	const struct cred *me = cred_caller();

	return !READ_ONCE(dmesg_restrict) || cred_capable(me, CAP_SYSLOG) ||
	       cred_capable(me, CAP_SYS_ADMIN);
}

static int kmsg_open(struct file *f)
{
	struct kmsg_reader *r;

	f->seekable = false; /* a waiting reader must not keep others off the position */
	if (!f->can_read)
		return 0;
	if (!kmsg_may_read())
		return -EPERM;
	r = kmalloc(sizeof(*r), MM_KERNEL);
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock, RANK_SLEEP_LAST, "kmsg");
	r->seq = log_first_seq();
	f->private = r;
	return 0;
}

static void kmsg_release(struct file *f)
{
	kfree(f->private);
}

/* The record as text in r->text: its length. */
static size_t format_record(struct kmsg_reader *r)
{
	const struct log_record *record = &r->record;
	size_t n = scnprintf(r->text, sizeof(r->text), "%u,%llu,%llu,-;",
			     record->facility << 3 | record->level, (unsigned long long)record->seq,
			     (unsigned long long)(record->time_ns / 1000));

	for (u32 i = 0; i < record->length; i++) {
		u8 c = (u8)record->text[i];

		if (c < ' ' || c >= 127 || c == '\\')
			n += scnprintf(r->text + n, sizeof(r->text) - n, "\\x%02x", c);
		else
			r->text[n++] = (char)c;
	}
	r->text[n++] = '\n';
	return n;
}

static ssize_t read_record_locked(struct kmsg_reader *r, struct iov_iter *to)
{
	u64 next = r->seq;
	size_t n;
	int err;

	if (r->seq < log_first_seq()) {
		r->seq = log_first_seq();
		return -EPIPE;
	}
	err = log_read(&next, &r->record);
	if (err < 0)
		return err;
	n = format_record(r);
	if (n > iov_left(to))
		return -EINVAL;
	if (iov_copy_to(to, r->text, n) != n)
		return -EFAULT;
	r->seq = next;
	return (ssize_t)n;
}

static ssize_t kmsg_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct kmsg_reader *r = f->private;
	ssize_t n;

	for (;;) {
		mutex_lock(&r->lock);
		n = read_record_locked(r, to);
		mutex_unlock(&r->lock);
		if (n != -ABI_EAGAIN || f->flags & O_NONBLOCK)
			return n;
		n = wait_interruptible(&new_records, READ_ONCE(r->seq) < log_next_seq());
		if (n < 0)
			return n;
	}
}

static ssize_t kmsg_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	size_t n = iov_left(from), length = n;
	u32 priority = FACILITY_USER << 3 | ((u32)READ_ONCE(log_levels.message) & 7);
	const char *text, *end;
	char *buf;
	u64 value;
	int err;

	if (n > WRITE_MAX)
		return -EINVAL;
	err = text_take(from, &buf);
	if (err)
		return err;
	text = buf;
	if (buf[0] == '<' && parse_u64(buf + 1, 10, &value, &end) == 0 && *end == '>') {
		priority = (u32)value & 7; /* the facility of what user space writes is "user" */
		text = end + 1;
		length = n - (size_t)(text - buf);
	}
	while (length && text[length - 1] == '\n')
		length--;
	log_user((enum log_level)(priority & 7), text, length);
	kfree(buf);
	return (ssize_t)n;
}

static loff_t kmsg_seek(struct file *f, loff_t offset, int whence)
{
	struct kmsg_reader *r = f->private;
	u64 seq;

	if (!r)
		return -EBADF;
	if (offset)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
	case SEEK_DATA: /* "after the last clear", which hides nothing from readers of the device */
		seq = log_first_seq();
		break;
	case SEEK_END:
		seq = log_next_seq();
		break;
	default:
		return -EINVAL;
	}
	mutex_lock(&r->lock);
	r->seq = seq;
	mutex_unlock(&r->lock);
	return 0;
}

static u32 kmsg_poll(struct file *f, struct poll_table *table)
{
	struct kmsg_reader *r = f->private;
	u32 events = POLLOUT | POLLWRNORM;

	if (!r)
		return events;
	poll_wait(table, &new_records);
	if (READ_ONCE(r->seq) < log_next_seq())
		events |= POLLIN | POLLRDNORM;
	if (READ_ONCE(r->seq) < log_first_seq())
		events |= POLLERR | POLLPRI;
	return events;
}

static const struct file_ops kmsg_ops = {
	.open = kmsg_open,
	.release = kmsg_release,
	.read = kmsg_read,
	.write = kmsg_write,
	.seek = kmsg_seek,
	.poll = kmsg_poll,
};

void mem_kmsg_register(void)
{
	static struct chrdev device = {
		.major = MEM_MAJOR,
		.minor = 11,
		.n_minors = 1,
		.name = "kmsg",
		.mode = 0644,
		.ops = &kmsg_ops,
	};

	log_set_notify(kmsg_notify);
	chrdev_register(&device);
}
