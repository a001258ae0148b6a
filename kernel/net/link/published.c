/*
 * The list of published addresses; they are few. Those of an interface go when it goes down.
 */
#include "net/link/published.h"

#include "abi/errno.h"
#include "lib/list.h"
#include "mm/slab.h"
#include "sched/rcu.h"

/* I: constant.  c: config lock; readers RCU. */
struct published {
	struct list link;              /* c */
	struct ipaddr address;         /* I */
	struct netif *nif;             /* I, referenced; NULL: all */
	struct rcu_head rcu;
};

static LIST_HEAD(all);

static void free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct published, rcu));
}

/* Config lock. */
static void drop(struct published *p)
{
	list_del_rcu(&p->link);
	if (p->nif)
		netif_put(p->nif);
	rcu_call(&p->rcu, free_rcu);
}

static struct published *find(const struct netif *nif, const struct ipaddr *address)
{
	struct published *p;

	list_for_each_entry(p, &all, link)
		if (p->nif == nif && ipaddr_equal(&p->address, address))
			return p;
	return NULL;
}

int published_add(struct netif *nif, const struct ipaddr *address)
{
	struct published *p;

	if (find(nif, address))
		return 0;
	p = kmalloc(sizeof(*p), MM_KERNEL);
	if (!p)
		return -ENOMEM;
	p->address = *address;
	p->nif = nif;
	if (nif)
		netif_get(nif);
	list_add_tail_rcu(&p->link, &all);
	return 0;
}

int published_remove(struct netif *nif, const struct ipaddr *address)
{
	struct published *p = find(nif, address);

	if (!p)
		return -ENOENT;
	drop(p);
	return 0;
}

bool published_on(const struct netif *nif, const struct ipaddr *address)
{
	struct published *p;

	list_for_each_entry_rcu(p, &all, link)
		if ((!p->nif || p->nif == nif) && ipaddr_equal(&p->address, address))
			return true;
	return false;
}

void published_each(bool (*fn)(struct netif *nif, const struct ipaddr *address, void *arg),
		    void *arg)
{
	struct published *p;

	list_for_each_entry(p, &all, link)
		if (!fn(p->nif, &p->address, arg))
			return;
}

static void changed(struct netif_watch *watch, struct netif *nif, enum netif_event event)
{
	struct published *p, *next;

	if (event != NETIF_DOWN && event != NETIF_GONE)
		return;
	list_for_each_entry_safe(p, next, &all, link)
		if (p->nif == nif)
			drop(p);
}

void published_init(void)
{
	static struct netif_watch watch = { .fn = changed };

	netif_watch(&watch);
}
