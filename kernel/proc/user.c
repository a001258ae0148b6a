/*
 * Counts per user id, in a small hash. An entry exists while one of its counts is above zero.
 */
#include "proc/user.h"

#include "abi/errno.h"
#include "core/spinlock.h"
#include "lib/list.h"
#include "mm/slab.h"

#define USER_HASH_SIZE 64 /* power of two */

/* u: user_lock */
struct user {
	struct hlist_node hash;  /* u */
	u32 uid;                 /* constant */
	u64 counts[USER_COUNTS]; /* u */
};

static struct spinlock user_lock = SPINLOCK_INIT(RANK_PID, "user");
static struct hlist_head user_hash[USER_HASH_SIZE]; /* u */

static struct hlist_head *user_bucket(u32 uid)
{
	return &user_hash[uid & (USER_HASH_SIZE - 1)];
}

static struct user *user_find_locked(u32 uid)
{
	struct user *user;

	hlist_for_each_entry(user, user_bucket(uid), hash)
		if (user->uid == uid)
			return user;
	return NULL;
}

static struct user *user_add_locked(u32 uid)
{
	struct user *user = kzalloc(sizeof(*user), MM_ATOMIC);

	if (user) {
		user->uid = uid;
		hlist_add_head(&user->hash, user_bucket(uid));
	}
	return user;
}

int user_charge(u32 uid, enum user_count what, u64 limit)
{
	u64 flags = spin_lock_irq(&user_lock);
	struct user *user = user_find_locked(uid);
	int error = 0;

	if ((user ? user->counts[what] : 0) >= limit)
		error = -EAGAIN;
	else if (!user && !(user = user_add_locked(uid)))
		error = -ENOMEM;
	else
		user->counts[what]++;
	spin_unlock_irq(&user_lock, flags);
	return error;
}

void user_uncharge(u32 uid, enum user_count what)
{
	u64 flags = spin_lock_irq(&user_lock);
	struct user *user = user_find_locked(uid);
	bool empty = true;

	user->counts[what]--;
	for (unsigned i = 0; i < USER_COUNTS; i++)
		empty &= user->counts[i] == 0;
	if (empty)
		hlist_del(&user->hash);
	spin_unlock_irq(&user_lock, flags);
	if (empty)
		kfree(user);
}

u64 user_count(u32 uid, enum user_count what)
{
	u64 flags = spin_lock_irq(&user_lock);
	struct user *user = user_find_locked(uid);
	u64 n = user ? user->counts[what] : 0;

	spin_unlock_irq(&user_lock, flags);
	return n;
}
