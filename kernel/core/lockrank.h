/*
 * The lock order. A CPU or thread that holds a lock may take only locks of a higher rank; debug
 * builds check it. Sleeping locks come first, then spinlocks, in the order of the walk from system
 * call to device. Locks of equal rank are taken together only where the comment says how (address
 * order, parent before child).
 */
#pragma once

enum lock_rank {
	RANK_NONE,              /* unchecked: early boot, panic, the log */

	/* Sleeping locks */
	RANK_PROC_EXEC,         /* process->exec_lock: exec, ptrace attach and /proc readers of
				 * memory */
	RANK_EPOLL_NEST,        /* the making of nested epolls, one at a time */
	RANK_EPOLL_CTL,         /* epoll->lock: watches; that of an epoll before those it watches */
	RANK_FILE_POS,          /* file->pos_lock: read and write take it before the inode's */
	RANK_TEXT,              /* a text of procfs: anything may be looked at while it is made */
	RANK_CENSUS,            /* the count of locked memory, one at a time */
	RANK_SB_RENAME,         /* superblock->rename_lock: renames of directories, before any inode
				 * lock */
	RANK_MOUNT,             /* mount tree changes */
	RANK_LOOP,              /* what loop devices are bound to */
	RANK_PARTITIONS,        /* changes of what partitions there are, one at a time; devtmpfs is
				 * told of them */
	RANK_INODE_DIR,         /* inode->lock of a directory; parent before child, else by
				 * address */
	RANK_INODE,             /* inode->lock of anything else; by address when two */
	RANK_PIPE,              /* pipe->lock */
	RANK_TTY,               /* tty->lock (termios, session), then line discipline */
	RANK_TTY_LDISC,
	RANK_NETLINK,           /* netlink_sock->dump_lock: anything of the network may be asked */
	RANK_NETCONF,           /* netif_config_lock(): interfaces, addresses, routes */
	RANK_SOCK_SEND,         /* sock->send_lock */
	RANK_SOCK_RECV,         /* sock->recv_lock */
	RANK_UEVENT,            /* events of devices, one at a time */
	RANK_ASPACE,            /* aspace->lock (rwsem): areas of an address space */
	RANK_INVALIDATE,        /* pagecache->invalidate_lock: truncation against fault-in */
	RANK_JOURNAL,           /* a journal's commits, one at a time: the data they wait for is
				 * under page locks */
	RANK_PAGE,              /* page lock bit: by index within a file */
	RANK_FS_LIST,           /* a file system's list of files, before a lock of any of them */
	RANK_FS,                /* a file system's own sleeping locks (allocation groups, trees) */
	RANK_FS2,
	RANK_BDEV,              /* block device open/close, partition scan */
	RANK_ACPI,              /* evaluation of the firmware's byte code */
	RANK_DEV,               /* driver registry, probing */
	RANK_KMAP,              /* kernel virtual ranges */
	RANK_SLEEP_LAST,        /* any other sleeping lock that is never held while another is
				 * taken */

	/* Spinlocks */
	RANK_PROC_TREE,         /* process tree, pids, groups, sessions */
	RANK_FDTABLE,
	RANK_FILE,
	RANK_DENTRY,            /* dentry->lock; parent before child */
	RANK_DCACHE,            /* dentry hash and LRU */
	RANK_ICACHE,            /* inode hash and lists */
	RANK_INODE_SPIN,
	RANK_JOURNAL_STATE,     /* a journal's transactions and blocks */
	RANK_FUTEX,             /* futex hash bucket; by address when two */
	RANK_FUTEX_PI,          /* owners and waiters of priority-inheriting futexes */
	RANK_RMAP,              /* pagecache->mmap_lock: the areas that map a file */
	RANK_PTABLE,            /* aspace->table_lock: leaf page-table entries */
	RANK_LRU,               /* reclaim's lists */
	RANK_TTY_STATE,         /* tty->ctl, a pty pair, the table of pairs: not in handlers */
	/* The network: soft work takes these, interrupt handlers do not (sched/soft.h). */
	RANK_SOCK,              /* sock->lock; a listener before its child */
	RANK_SOCK_PEER,         /* the second of two sockets: by address */
	RANK_NET_HASH,          /* tables of ports and flows, lists of sockets */
	RANK_ROUTE,             /* routing tables */
	RANK_FRAGMENTS,         /* packets being put together */
	RANK_NEIGHBOUR,         /* neighbour table, then an entry */
	RANK_NEIGHBOUR_ENTRY,
	RANK_NETIF,             /* an interface's multicast list */
	RANK_NETIF_TX,          /* a transmit queue */
	RANK_NET_LEAF,          /* any other of the network under which none is taken */
	/* From here on what interrupts take too, whatever of the above the interrupted code
	 * holds. */
	RANK_EPOLL,             /* states of descriptors that are waited for: eventfd, timerfd */
	RANK_SIGHAND,           /* sighand->lock: actions, pending queues, thread group */
	RANK_PID,               /* process number bitmap and hash; counts per user */
	RANK_PAGECACHE,         /* pagecache->lock: the tree of pages */
	RANK_BLK,               /* request queues */
	RANK_DRIVER,            /* a driver's own lock, taken in its interrupt handler too */
	RANK_TTY_PORT,          /* a serial port's or console's rings */
	RANK_IRQ,               /* interrupt line tables */
	RANK_CLOCK,             /* the discipline of the clock */
	RANK_WORK,              /* work queues */
	RANK_WAIT,              /* wait queue */
	RANK_RUNQ,              /* run queues; by CPU number when two */
	RANK_TIMER,             /* timer queues */
	RANK_SLAB_LIST,         /* list of slab caches */
	RANK_SLAB,
	RANK_FRAMES,            /* page frame allocator */
	RANK_TLB,
	RANK_ERRNO,             /* the errors that one thread was given */
	RANK_GAPS,              /* counts of what was not known */
	RANK_LOG,
};
