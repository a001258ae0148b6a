/*
 * The table of packets that are being put together.
 */
#include "net/inet/reassembly.h"

#include "core/clock.h"
#include "core/panic.h"
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/frag_list.h"
#include "net/inet/inet_int.h"
#include "net/ip4/ip4.h"
#include "net/ip6/ip6.h"
#include "net/ip6/ip6_count.h"

enum { BUCKETS = 256 };

/* t: table lock.  I: constant. */
struct assembly {
	struct hlist_node link;  /* t; unhashed: done, the timer only has to go */
	struct list age;         /* t: oldest first */
	struct frag_key key;     /* I */
	struct frag_list list;   /* t */
	u16 longest;             /* t: bytes of the longest fragment, with its headers */
	u64 bytes;               /* t: memory that its pieces take */
	struct soft_timer timer; /* holds a reference while armed */
	struct refcount refs;
};

static struct {
	struct spinlock lock;
	struct hlist_head bucket[BUCKETS]; /* t */
	struct list ages[2];     /* t: of IPv4, IPv6 */
	u64 bytes[2];            /* t: of IPv4, IPv6 */
	u32 n[2];                /* t */
	u64 seed;                /* I */
	void (*expired[2])(struct packet *first); /* I after boot */
} table = {
	.lock = SPINLOCK_INIT(RANK_FRAGMENTS, "fragments"),
	.ages = { LIST_INIT(table.ages[0]), LIST_INIT(table.ages[1]) },
};
static struct slab_cache *cache;

/* What happened to one, in the version's counters. */
enum event { TIMEOUT, REQUESTED, WHOLE, FAILED };

static void count(bool six, enum event event)
{
	static const u8 counters[2][4] = {
		{ IPV4_REASM_TIMEOUT, IPV4_REASM_REQDS, IPV4_REASM_OKS, IPV4_REASM_FAILS },
		{ IP6_REASM_TIMEOUT, IP6_REASM_REQDS, IP6_REASM_OKS, IP6_REASM_FAILS },
	};

	if (six)
		ip6_count(counters[1][event]);
	else
		inet_count(counters[0][event]);
}

/* The piece is kept in the packet, behind its ip_info. */
struct piece_cb { struct ip_info info; struct frag_piece piece __aligned(8); };
static_assert(sizeof(struct piece_cb) <= PACKET_CB, "piece_cb");

static struct packet *piece_packet(struct frag_piece *f)
{
	u8 *cb = (u8 *)container_of(f, struct piece_cb, piece);

	return (struct packet *)(cb - offsetof(struct packet, cb));
}

static bool is_six(const struct frag_key *k) { return !ipaddr_is4(&k->to); }

void reassembly_set_expired(bool six, void (*expired)(struct packet *first))
{
	table.expired[six] = expired;
}

void reassembly_usage(bool six, u32 *packets, u64 *bytes)
{
	*packets = READ_ONCE(table.n[six]);
	*bytes = READ_ONCE(table.bytes[six]);
}

static struct hlist_head *bucket_of(const struct frag_key *k)
{
	u64 h = hash_mix(hash_mix(table.seed ^ k->from.d[1], k->to.d[1]), k->from.d[0]);

	h = hash_mix(h ^ k->to.d[0], (u64)k->id << 8 | k->protocol);
	return &table.bucket[h % BUCKETS];
}

static bool key_equal(const struct frag_key *a, const struct frag_key *b)
{
	return a->id == b->id && a->protocol == b->protocol && a->nif == b->nif &&
	       ipaddr_equal(&a->from, &b->from) && ipaddr_equal(&a->to, &b->to);
}

static void assembly_put(struct assembly *a)
{
	if (ref_put(&a->refs))
		slab_free(cache, a);
}

/* Out of the table; its pieces are the caller's. With the lock. */
static void unhash_locked(struct assembly *a)
{
	hlist_del(&a->link);
	list_del(&a->age);
	table.n[is_six(&a->key)]--;
	table.bytes[is_six(&a->key)] -= a->bytes;
	if (soft_timer_cancel(&a->timer))
		assembly_put(a);
}

/* Frees all pieces but `keep`. */
static void pieces_free(struct frag_list *l, struct frag_piece *keep)
{
	struct frag_piece *f = l->first, *next;

	for (; f; f = next) {
		next = f->next;
		if (f != keep)
			packet_free(piece_packet(f));
	}
	l->first = NULL;
}

/* Gives one up; it was taken out of the table, the caller has the table's reference. */
static void give_up(struct assembly *a)
{
	count(is_six(&a->key), FAILED);
	pieces_free(&a->list, NULL);
	assembly_put(a);
}

static void expire(struct soft_timer *timer)
{
	struct assembly *a = container_of(timer, struct assembly, timer);
	bool six = is_six(&a->key);
	struct packet *first = NULL;
	bool mine;

	spin_lock(&table.lock);
	mine = !hlist_unhashed(&a->link);
	if (mine)
		unhash_locked(a);
	spin_unlock(&table.lock);
	if (mine) {
		count(six, TIMEOUT);
		count(six, FAILED);
		if (a->list.first && !a->list.first->offset)
			first = piece_packet(a->list.first);
		pieces_free(&a->list, first ? a->list.first : NULL);
		assembly_put(a);
	}
	if (first && table.expired[six]) {
		packet_push(first, packet_offset(first) - first->network);
		table.expired[six](first);
	} else {
		packet_free(first);
	}
	assembly_put(a);
}

static struct assembly *assembly_find(const struct frag_key *key)
{
	struct assembly *a;

	hlist_for_each_entry(a, bucket_of(key), link)
		if (key_equal(&a->key, key))
			return a;
	return NULL;
}

/* With the lock. */
static struct assembly *assembly_make(const struct frag_key *key)
{
	struct assembly *a = slab_alloc(cache, MM_ATOMIC | MM_ZERO);
	bool six = is_six(key);
	s32 seconds;

	if (!a)
		return NULL;
	a->key = *key;
	ref_set(&a->refs, 2); /* the table's, the timer's */
	soft_timer_init(&a->timer, expire);
	hlist_add_head(&a->link, bucket_of(key));
	list_add_tail(&a->age, &table.ages[six]);
	table.n[six]++;
	seconds = six ? READ_ONCE(ip6_settings.frag_time) : READ_ONCE(ip4_settings.frag_time);
	soft_timer_arm(&a->timer, clock_monotonic() + (u64)seconds * NSEC_PER_SEC);
	return a;
}

/* The oldest of a version if there is too much: the caller gives it up without the lock. */
static struct assembly *excess_locked(const struct assembly *but)
{
	bool six = is_six(&but->key);
	s32 most = six ? READ_ONCE(ip6_settings.frag_high) : READ_ONCE(ip4_settings.frag_high);
	struct assembly *a;

	if (table.bytes[six] <= (u64)most || list_empty(&table.ages[six]))
		return NULL;
	a = list_first_entry(&table.ages[six], struct assembly, age);
	if (a == but)
		return NULL;
	unhash_locked(a);
	return a;
}

/* All pieces in one packet, the header of the first in front. */
static struct packet *join(struct assembly *a)
{
	struct packet *first = piece_packet(a->list.first), *whole;
	u32 header = packet_offset(first) - first->network;

	whole = packet_alloc(PACKET_ROOM, header + a->list.total, MM_ATOMIC);
	if (!whole)
		return NULL;
	memcpy(packet_put(whole, header), packet_network(first), header);
	whole->network = packet_offset(whole);
	packet_pull(whole, header);
	whole->transport = packet_offset(whole);
	for (struct frag_piece *f = a->list.first; f; f = f->next) {
		struct packet *p = piece_packet(f);

		packet_read(p, 0, packet_put(whole, p->length), p->length);
	}
	whole->nif = first->nif;
	whole->kind = first->kind;
	whole->stamp_ns = first->stamp_ns;
	whole->mark = first->mark;
	whole->protocol = first->protocol;
	*ip_info(whole) = *ip_info(first);
	ip_info(whole)->fragmented = true;
	ip_info(whole)->fragment_size = a->longest;
	return whole;
}

/* Whether the version is still on the interface: if not, reassembly_forget() is over or comes. */
static bool is_on(const struct netif *nif, bool six)
{
	return six ? READ_ONCE(nif->inet6) : READ_ONCE(nif->inet4);
}

static enum frag_result add_locked(struct assembly *a, struct packet *p, u32 offset, bool more,
				   u32 most)
{
	struct frag_piece *f = &((struct piece_cb *)p->cb)->piece;
	u32 headers = packet_offset(p) - p->network;
	enum frag_result result;

	*f = (struct frag_piece){ .offset = offset, .length = p->length };
	result = frag_list_add(&a->list, f, more, most);
	if (result == FRAG_KEPT || result == FRAG_WHOLE) {
		u32 bytes = packet_charge_size(p);

		a->bytes += bytes;
		a->longest = (u16)min(max((u32)a->longest, headers + p->length), 0xffffu);
		table.bytes[is_six(&a->key)] += bytes;
	}
	return result;
}

struct packet *reassembly_add(const struct frag_key *key, struct packet *p, u32 offset, bool more,
			      u32 most)
{
	bool six = is_six(key);
	struct assembly *a, *excess = NULL;
	enum frag_result result = FRAG_BAD;
	struct packet *whole = NULL;

	count(six, REQUESTED);
	spin_lock(&table.lock);
	a = is_on(p->nif, six) ? assembly_find(key) ?: assembly_make(key) : NULL;
	if (a) {
		result = add_locked(a, p, offset, more, most);
		if (result == FRAG_WHOLE || result == FRAG_BAD)
			unhash_locked(a);
		else
			excess = excess_locked(a);
	}
	spin_unlock(&table.lock);
	if (!a || result == FRAG_DUPLICATE || result == FRAG_BAD)
		packet_free(p);
	if (a && result == FRAG_WHOLE) {
		whole = join(a);
		count(six, whole ? WHOLE : FAILED);
		pieces_free(&a->list, NULL);
		assembly_put(a);
	} else if (a && result == FRAG_BAD) {
		give_up(a);
	}
	if (excess)
		give_up(excess);
	return whole;
}

static bool has_piece_from(const struct assembly *a, const struct netif *nif)
{
	for (struct frag_piece *f = a->list.first; f; f = f->next)
		if (piece_packet(f)->nif == nif)
			return true;
	return false;
}

void reassembly_forget(struct netif *nif)
{
	struct list lost = LIST_INIT(lost);
	struct assembly *a, *next;

	spin_lock(&table.lock);
	for (unsigned six = 0; six < 2; six++)
		list_for_each_entry_safe(a, next, &table.ages[six], age) {
			if (!has_piece_from(a, nif))
				continue;
			unhash_locked(a);
			list_add_tail(&a->age, &lost);
		}
	spin_unlock(&table.lock);
	list_for_each_entry_safe(a, next, &lost, age)
		give_up(a);
}

void reassembly_init(void)
{
	cache = slab_cache_create("assembly", sizeof(struct assembly), 64);
	if (!cache)
		panic("reassembly: no memory");
	table.seed = random_u64();
}
