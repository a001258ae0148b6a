/*
 * Counts per user id, in a small hash; an entry exists while one of its counts is above zero.
 */
#include "ipc/usercount.h"

#include "abi/errno.h"
#include "core/spinlock.h"
#include "lib/list.h"
#include "mm/slab.h"

#define BUCKETS 64 /* power of two */

/* c: counts_lock */
struct user_counts {
	struct hlist_node hash; /* c */
	u32 uid;
	u64 n[IPC_COUNTS];      /* c */
};

static struct spinlock counts_lock = SPINLOCK_INIT(RANK_EPOLL, "ipc_counts");
static struct hlist_head buckets[BUCKETS]; /* c */

static struct user_counts *find(u32 uid)
{
	struct user_counts *u;

	hlist_for_each_entry(u, &buckets[uid % BUCKETS], hash)
		if (u->uid == uid)
			return u;
	return NULL;
}

int ipc_charge_many(u32 uid, enum ipc_count what, u64 n, u64 limit)
{
	struct user_counts *u;
	int err = 0;

	spin_lock(&counts_lock);
	u = find(uid);
	if (!u && n <= limit && (u = kzalloc(sizeof(*u), MM_ATOMIC)) != NULL) {
		u->uid = uid;
		hlist_add_head(&u->hash, &buckets[uid % BUCKETS]);
	}
	if (!u)
		err = n <= limit ? -ENOMEM : -EDQUOT;
	else if (n > limit || u->n[what] > limit - n)
		err = -EDQUOT;
	else
		u->n[what] += n;
	spin_unlock(&counts_lock);
	return err;
}

void ipc_uncharge_many(u32 uid, enum ipc_count what, u64 n)
{
	struct user_counts *u;
	bool empty = true;

	spin_lock(&counts_lock);
	u = find(uid);
	u->n[what] -= n;
	for (unsigned i = 0; i < IPC_COUNTS; i++)
		empty &= !u->n[i];
	if (empty)
		hlist_del(&u->hash);
	spin_unlock(&counts_lock);
	if (empty)
		kfree(u);
}
