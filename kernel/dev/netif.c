/*
 * Network interfaces: the list of them, their names and numbers, who is told of their changes, and
 * their end. The list is in order of index; it changes under the config lock and is read under RCU.
 * An interface goes when its driver says so: everybody is told, drops what he holds, and the driver
 * waits for the last of them.
 *
 * On the walk of a packet: drivers and dev/netif_poll.c before, the protocols of net/ after.
 */
#include "dev/netif_int.h"
#include "dev/uevent.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "arch/percpu.h"
#include "core/clock.h"
#include "core/log.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/mutex.h"

#define UNITS_MAX 4096
#define GONE_PATIENCE_NS (10 * (u64)NSEC_PER_SEC)

struct list netif_list = LIST_INIT(netif_list);
static struct mutex config = MUTEX_INIT(config, RANK_NETCONF, "netconf");
static struct list watches = LIST_INIT(watches); /* c */
static struct wait_queue gone = WAIT_QUEUE_INIT(gone);
static u32 last_index;                           /* c */

void netif_config_lock(void)
{
	mutex_lock(&config);
}

void netif_config_unlock(void)
{
	mutex_unlock(&config);
}

bool netif_config_locked(void)
{
	return mutex_held(&config);
}

struct netif *netif_alloc(const struct netif_ops *ops, void *private)
{
	struct netif *nif = kzalloc(sizeof(*nif), MM_KERNEL);

	if (!nif)
		return NULL;
	nif->counts = kzalloc(cpu_count() * sizeof(*nif->counts), MM_KERNEL);
	if (!nif->counts) {
		kfree(nif);
		return NULL;
	}
	ref_set(&nif->refs, 1);
	nif->ops = ops;
	nif->private = private;
	nif->type = ARPHRD_ETHER;
	nif->address_length = ETH_ALEN;
	nif->header_length = ETH_HLEN;
	memset(nif->broadcast, 0xff, ETH_ALEN);
	nif->mtu = nif->max_mtu = ETH_DATA_LEN;
	nif->min_mtu = ETH_MIN_MTU;
	nif->flags = IFF_BROADCAST | IFF_MULTICAST;
	nif->queue_length = 1000;
	nif->n_tx = 1;
	spin_init(&nif->lock, RANK_NETIF, "netif");
	list_init(&nif->multicast);
	for (unsigned i = 0; i < NETIF_QUEUES; i++) {
		spin_init(&nif->tx[i].lock, RANK_NETIF_TX, "netif_tx");
		packet_queue_init(&nif->tx[i].queue);
	}
	soft_timer_init(&nif->watchdog, netif_watchdog);
	work_init(&nif->carrier_work, netif_carrier_work);
	work_init(&nif->timeout_work, netif_timeout_work);
	return nif;
}

void netif_free(struct netif *nif)
{
	netif_groups_free(nif);
	kfree(nif->neighbours);
	kfree(nif->counts);
	kfree(nif);
}

struct netif_counts *netif_counts(struct netif *nif)
{
	return &nif->counts[cpu_id()];
}

static bool name_valid(const char *name)
{
	size_t n = strnlen(name, NETIF_NAME);

	if (n == 0 || n == NETIF_NAME || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || (u8)*name <= ' ' || *name == 0x7f)
			return false;
	return true;
}

static struct netif *find_name(const char *name)
{
	struct netif *nif;

	list_for_each_entry_rcu(nif, &netif_list, link)
		if (!strncmp(nif->name, name, NETIF_NAME))
			return nif;
	return NULL;
}

/* A name of a pattern that nobody has: 0 or -errno. Config lock. */
static int name_choose(char name[NETIF_NAME], const char *pattern)
{
	const char *number = strstr(pattern, "%d");

	if (!number) {
		if (!name_valid(pattern))
			return -EINVAL;
		strlcpy(name, pattern, NETIF_NAME);
		return find_name(name) ? -EEXIST : 0;
	}
	for (unsigned i = 0; i < UNITS_MAX; i++) {
		int n = snprintf(name, NETIF_NAME, "%.*s%u%s", (int)(number - pattern), pattern, i,
				 number + 2);

		if (n >= NETIF_NAME || !name_valid(name))
			return -EINVAL;
		if (!find_name(name))
			return 0;
	}
	return -ENFILE;
}

static void event_send(const struct netif *nif, enum uevent_action action, const char *more)
{
	struct devtree_entry entry;

	devtree_netif(nif, &entry);
	uevent_send(action, &entry, more);
}

int netif_register(struct netif *nif, const char *pattern)
{
	int err;

	netif_config_lock();
	err = name_choose(nif->name, pattern);
	if (!err) {
		nif->index = ++last_index;
		memcpy(nif->permanent, nif->address, sizeof(nif->permanent));
		nif->carrier_told = nif->carrier;
		list_add_tail_rcu(&nif->link, &netif_list);
		netif_tell(nif, NETIF_ADDED);
		event_send(nif, UEVENT_ADD, NULL);
	}
	netif_config_unlock();
	return err;
}

void netif_unregister(struct netif *nif)
{
	netif_config_lock();
	netif_close(nif);
	store_release(&nif->gone, true);
	list_del_rcu(&nif->link);
	netif_tell(nif, NETIF_GONE);
	event_send(nif, UEVENT_REMOVE, NULL);
	netif_config_unlock();
	work_flush(&nif->carrier_work);
	netif_watchdog_end(nif);
	if (!ref_put(&nif->refs)) {
		u64 deadline = clock_monotonic() + GONE_PATIENCE_NS;

		if (wait_until_timeout(&gone, !ref_read(&nif->refs), deadline))
			log_warn("%s: waiting for %u who still use it", nif->name,
				 ref_read(&nif->refs));
		wait_until(&gone, !ref_read(&nif->refs));
	}
	rcu_synchronize();
	netif_free(nif);
}

void netif_put(struct netif *nif)
{
	if (ref_put(&nif->refs))
		wait_wake(&gone, 0);
}

struct netif *netif_by_name(const char *name)
{
	struct netif *nif;

	rcu_read_lock();
	nif = find_name(name);
	if (nif && !ref_try_get(&nif->refs))
		nif = NULL;
	rcu_read_unlock();
	return nif;
}

struct netif *netif_by_index(u32 index)
{
	struct netif *nif, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(nif, &netif_list, link)
		if (nif->index == index) {
			found = ref_try_get(&nif->refs) ? nif : NULL;
			break;
		}
	rcu_read_unlock();
	return found;
}

struct netif *netif_next(u32 index)
{
	struct netif *nif, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(nif, &netif_list, link)
		if (nif->index > index && ref_try_get(&nif->refs)) {
			found = nif;
			break;
		}
	rcu_read_unlock();
	return found;
}

void netif_each(void (*fn)(struct netif *nif, void *arg), void *arg)
{
	struct netif *nif;

	list_for_each_entry(nif, &netif_list, link)
		fn(nif, arg);
}

int netif_set_name(struct netif *nif, const char *pattern)
{
	char name[NETIF_NAME], more[DEVTREE_PATH + 16];
	struct devtree_entry entry;
	int err;

	if (nif->flags & IFF_UP)
		return -EBUSY;
	if (!strcmp(nif->name, pattern))
		return 0;
	err = name_choose(name, pattern);
	if (err)
		return err;
	log_info("%s: is %s now", nif->name, name);
	devtree_netif(nif, &entry);
	snprintf(more, sizeof(more), "DEVPATH_OLD=%s\n", entry.path);
	memcpy(nif->name, name, sizeof(name));
	netif_tell(nif, NETIF_CHANGED);
	event_send(nif, UEVENT_MOVE, more);
	return 0;
}

void netif_tell(struct netif *nif, enum netif_event event)
{
	struct netif_watch *watch;

	list_for_each_entry(watch, &watches, link)
		watch->fn(watch, nif, event);
}

int netif_ask_up(struct netif *nif)
{
	struct netif_watch *watch;
	int err = 0;

	list_for_each_entry(watch, &watches, link) {
		if (!err && watch->up)
			err = watch->up(watch, nif);
	}
	return err;
}

void netif_watch(struct netif_watch *watch)
{
	struct netif *nif;

	netif_config_lock();
	list_add_tail(&watch->link, &watches);
	list_for_each_entry(nif, &netif_list, link) {
		watch->fn(watch, nif, NETIF_ADDED);
		if (!(nif->flags & IFF_UP))
			continue;
		if (watch->up && watch->up(watch, nif))
			log_err("%s: no memory for a protocol", nif->name);
		watch->fn(watch, nif, NETIF_UP);
	}
	netif_config_unlock();
}

void netif_count_sum(struct netif *nif, struct netif_counts *out)
{
	u64 *sums = (u64 *)out;

	memset(out, 0, sizeof(*out));
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		for (unsigned i = 0; i < sizeof(*out) / sizeof(u64); i++)
			sums[i] += READ_ONCE(((u64 *)&nif->counts[cpu])[i]);
	if (nif->ops->add_counts)
		nif->ops->add_counts(nif, out);
}

void netif_init(void)
{
	netif_poll_start();
	loopback_init();
}
