/*
 * Telling of neighbours that changed (netlink): entries wait, each once and with a reference, for a
 * work to tell of them, as what changes them is soft work with locks held. When too many change at
 * once some are not told of: who listens can ask.
 */
#include "net/link/neighbour_int.h"
#include "sched/work.h"

enum { KEPT_MOST = 64 };

static struct {
	struct spinlock lock;
	struct neighbour *entry[KEPT_MOST]; /* lock; referenced */
	u32 n;                              /* lock */
} kept = { .lock = SPINLOCK_INIT(RANK_NET_LEAF, "changed neighbours") };
static const struct neighbour_watch *watch; /* I after boot */
static struct work work;

void neighbour_changed(struct neighbour *n)
{
	bool keep;

	if (!watch || n->untold || !watch->is_wanted())
		return;
	spin_lock(&kept.lock);
	keep = kept.n < KEPT_MOST;
	if (keep) {
		ref_get(&n->refs);
		kept.entry[kept.n++] = n;
		n->untold = true;
	}
	spin_unlock(&kept.lock);
	if (keep)
		work_queue(&work);
}

static void tell(struct work *w)
{
	struct neighbour *n;

	for (;;) {
		bool gone;

		spin_lock(&kept.lock);
		n = kept.n ? kept.entry[--kept.n] : NULL;
		spin_unlock(&kept.lock);
		if (!n)
			return;
		spin_lock(&n->lock);
		n->untold = false;
		gone = n->dead;
		spin_unlock(&n->lock);
		watch->tell(n, gone);
		neighbour_put(n);
	}
}

void neighbour_watch(const struct neighbour_watch *w)
{
	work_init(&work, tell);
	watch = w;
}
