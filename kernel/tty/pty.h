/*
 * Pseudo terminals (pty(7)), private to the room. The slave side is a struct tty; the master side a
 * file of its own, always raw: what is written to it is the slave's input, what the slave puts
 * waits in a ring for the master's reader. The pair lives as long as the slave's struct tty, of
 * which the master holds a reference.
 *
 * Locks: pty->lock (RANK_TTY_STATE, thread context) for the ring and packet mode; the table's for
 * what is in the table.
 */
#pragma once

#include "tty/tty_int.h"

#define PTY_MAX  4096
#define PTY_RING 16384
/* Writers of either side go on when so much is free: a switch per line costs more than the line. */
#define PTY_ROOM (PTY_RING / 4)

/* p: lock.  t: table's lock.  I: constant.  a: atomic. */
struct pty {
	struct tty *slave;            /* I: which owns us */
	unsigned index;               /* I: n of /dev/pts/n */
	struct inode *inode;          /* I: the slave's node, referenced while the master is open */
	bool master_open;             /* a */
	bool slave_closed;            /* a: the slave was open and is not any more */
	bool locked;                  /* a: TIOCSPTLCK: the slave cannot be opened */
	bool packet;                  /* p: TIOCPKT */
	u8 packet_status;             /* p: TIOCPKT_* to be told */
	struct spinlock lock;
	struct ring out;              /* p: slave to master */
	/* RANK_TTY: one reader, one writer of the master at a time */
	struct mutex read_lock, write_lock;
	struct wait_queue read_wait, write_wait; /* of the master */
};

/* pty.c */
/* A new pair in the table, locked, with the slave's one reference: 0, -ENOSPC, -ENOMEM. */
int pty_create(struct pty **out);
/* The master is closed: hangs up the slave, takes the pair out of the table, drops the master's
 * reference. */
void pty_master_close(struct pty *p);
/* The pair with that number, its slave referenced, or NULL. */
struct pty *pty_find(unsigned index);
/* The inode of its slave's node, referenced, or NULL: the pair alone does not keep it. */
struct inode *pty_inode_get(unsigned index);
/* The first number in use from `index` on and its node's inode number: false if there is none. */
bool pty_next(unsigned *index, u64 *ino);
/* Whether a writer of the master may go on. */
static inline bool pty_master_writable(const struct pty *p)
{
	return ring_space(&p->slave->input) >= PTY_ROOM;
}
/* Something for packet mode to tell: sets and clears bits of the status. */
void pty_packet_note(struct pty *p, u8 set, u8 clear);
void pty_init(void);

/* pty_master.c */
extern const struct file_ops pty_master_ops;

/* devpts.c: the file system of the slaves' nodes. */
void devpts_init(void);
/* A node for the slave, owned by the caller of open(2): 0 and *out referenced, -ENOSPC (max=) or
 * -ENOMEM. */
int devpts_node_create(unsigned index, struct inode **out);
/* Its name goes: no later lookup finds this node. */
void devpts_node_unlink(struct inode *inode);
/* Opens the slave by its node (TIOCGPTPEER): 0 and *out, or -errno. */
int devpts_open(struct pty *p, u32 flags, struct file **out);
