/*
 * lib/list.h - intrusive lists.
 *
 * `struct list` is a circular doubly linked ring: the head and the members are the same type, and
 * a ring of one is empty. `struct hlist_head` has a single pointer, for hash tables with many
 * buckets; its members point back at whatever points at them, so removal needs no head.
 *
 * The lists take no lock; their owner says which lock guards them. Only the *_rcu verbs may run
 * beside readers: they publish with release order, the reader follows with acquire order, and the
 * member's memory must outlive the readers (a grace period).
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

struct hlist_node {
	struct hlist_node *next;
	struct hlist_node **pprev;	/* the pointer that points here; NULL when on no list */
};

struct hlist_head {
	struct hlist_node *first;
};

#define LIST_INIT(name)		{ &(name), &(name) }
#define LIST_HEAD(name)		struct list name = LIST_INIT(name)
#define HLIST_INIT		{ NULL }

/* What a removed member's pointers become, non-canonical so that a stale use faults. */
#define LIST_POISON	((void *)0xdead4ead00000100ULL)

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return READ_ONCE(l->next) == l;
}

/* True if exactly one member hangs on the head. */
static inline bool list_is_singular(const struct list *l)
{
	return l->next != l && l->next == l->prev;
}

/* Debug builds: a and b must be neighbours. */
#ifdef CONFIG_DEBUG
__noreturn void list_corrupt(const struct list *at, const struct list *neighbour);
static inline void list_check(const struct list *a, const struct list *b)
{
	if (unlikely(a->next != b || b->prev != a))
		list_corrupt(a, b);
}
#else
static inline void list_check(const struct list *a, const struct list *b) {}
#endif

static inline void list_link_between(struct list *n, struct list *prev, struct list *next)
{
	list_check(prev, next);
	n->next = next;
	n->prev = prev;
	next->prev = n;
	prev->next = n;
}

/* Put `n` at the front: right after `head`, which may as well be another member. */
static inline void list_add(struct list *n, struct list *head)
{
	list_link_between(n, head, head->next);
}

/* Put `n` at the back: right before `head`, which may as well be another member. */
static inline void list_add_tail(struct list *n, struct list *head)
{
	list_link_between(n, head->prev, head);
}

static inline void list_unlink(struct list *n)
{
	list_check(n->prev, n);
	list_check(n, n->next);
	n->next->prev = n->prev;
	n->prev->next = n->next;
}

/* Take `n` off its list and poison it. */
static inline void list_del(struct list *n)
{
	list_unlink(n);
	n->next = LIST_POISON;
	n->prev = LIST_POISON;
}

/* Take `n` off its list and leave it an empty ring, so that list_empty(n) says "on no list". */
static inline void list_del_init(struct list *n)
{
	list_unlink(n);
	list_init(n);
}

static inline void list_move(struct list *n, struct list *head)
{
	list_unlink(n);
	list_add(n, head);
}

static inline void list_move_tail(struct list *n, struct list *head)
{
	list_unlink(n);
	list_add_tail(n, head);
}

/* Join all members of `from` in order at the front of `to`; `from` itself is left stale. */
static inline void list_splice(struct list *from, struct list *to)
{
	if (from->next == from)
		return;
	from->next->prev = to;
	from->prev->next = to->next;
	to->next->prev = from->prev;
	to->next = from->next;
}

static inline void list_splice_init(struct list *from, struct list *to)
{
	list_splice(from, to);
	list_init(from);
}

/* Join all members of `from` in order at the back of `to`; `from` becomes empty. */
static inline void list_splice_tail_init(struct list *from, struct list *to)
{
	list_splice(from, to->prev);
	list_init(from);
}

#define list_entry(p, type, member)	container_of(p, type, member)
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member)	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member)	list_entry((pos)->member.prev, __typeof__(*(pos)), member)

/* True when the cursor has run past the last member: &pos->member is the head itself. */
#define list_entry_is_head(pos, head, member)	(&(pos)->member == (head))

#define list_for_each(p, head) \
	for (struct list *p = (head)->next; p != (head); p = p->next)

#define list_for_each_entry(pos, head, member) \
	for (pos = list_first_entry(head, __typeof__(*(pos)), member); \
	     !list_entry_is_head(pos, head, member); \
	     pos = list_next_entry(pos, member))

/* Go on after `pos`. */
#define list_for_each_entry_continue(pos, head, member) \
	for (pos = list_next_entry(pos, member); \
	     !list_entry_is_head(pos, head, member); \
	     pos = list_next_entry(pos, member))

/* The body may remove `pos`; `tmp` is another cursor of the same type. */
#define list_for_each_entry_safe(pos, tmp, head, member) \
	for (pos = list_first_entry(head, __typeof__(*(pos)), member), \
	     tmp = list_next_entry(pos, member); \
	     !list_entry_is_head(pos, head, member); \
	     pos = tmp, tmp = list_next_entry(tmp, member))

#define list_for_each_entry_reverse(pos, head, member) \
	for (pos = list_last_entry(head, __typeof__(*(pos)), member); \
	     !list_entry_is_head(pos, head, member); \
	     pos = list_prev_entry(pos, member))

/* Publish `n` at the back to readers that follow with list_for_each_entry_rcu. Writers are
 * serialised. */
static inline void list_add_tail_rcu(struct list *n, struct list *head)
{
	n->next = head;
	n->prev = head->prev;
	store_release(&head->prev->next, n);
	head->prev = n;
}

/* Take `n` off; its `next` stays, since a reader may stand on it until the grace period ends. */
static inline void list_del_rcu(struct list *n)
{
	list_check(n->prev, n);
	n->next->prev = n->prev;
	store_release(&n->prev->next, n->next);
	n->prev = LIST_POISON;
}

/* For readers inside an RCU read section, beside writers. */
#define list_for_each_entry_rcu(pos, head, member) \
	for (pos = list_entry(load_acquire(&(head)->next), __typeof__(*(pos)), member); \
	     !list_entry_is_head(pos, head, member); \
	     pos = list_entry(load_acquire(&(pos)->member.next), __typeof__(*(pos)), member))

static inline void hlist_init(struct hlist_head *h)
{
	h->first = NULL;
}

static inline void hlist_node_init(struct hlist_node *n)
{
	n->next = NULL;
	n->pprev = NULL;
}

static inline bool hlist_empty(const struct hlist_head *h)
{
	return READ_ONCE(h->first) == NULL;
}

static inline bool hlist_unhashed(const struct hlist_node *n)
{
	return n->pprev == NULL;
}

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
	n->pprev = &h->first;
}

/* Take `n` off and leave it unhashed. A second call on an unhashed node does nothing. */
static inline void hlist_del(struct hlist_node *n)
{
	if (!n->pprev)
		return;
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	n->next = NULL;
	n->pprev = NULL;
}

/* Publish `n` to readers that follow with hlist_for_each_entry_rcu. Writers are serialised. */
static inline void hlist_add_head_rcu(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	n->pprev = &h->first;
	if (n->next)
		n->next->pprev = &n->next;
	store_release(&h->first, n);
}

/* Take `n` off; its `next` stays, since a reader may stand on it until the grace period ends. */
static inline void hlist_del_rcu(struct hlist_node *n)
{
	if (!n->pprev)
		return;
	store_release(n->pprev, n->next);
	if (n->next)
		n->next->pprev = n->pprev;
	n->pprev = NULL;
}

#define hlist_entry(p, type, member)	container_of(p, type, member)
#define hlist_entry_or_null(p, type, member) ({ \
	__typeof__(p) _hln = (p); _hln ? hlist_entry(_hln, type, member) : NULL; })

/* `pos` is a pointer to the member's structure and is NULL after the last one. */
#define hlist_for_each_entry(pos, head, member) \
	for (pos = hlist_entry_or_null((head)->first, __typeof__(*(pos)), member); pos; \
	     pos = hlist_entry_or_null((pos)->member.next, __typeof__(*(pos)), member))

/* The body may remove `pos`; `tmp` is a struct hlist_node *. */
#define hlist_for_each_entry_safe(pos, tmp, head, member) \
	for (pos = hlist_entry_or_null((head)->first, __typeof__(*(pos)), member); \
	     pos && ((tmp = (pos)->member.next), 1); \
	     pos = hlist_entry_or_null(tmp, __typeof__(*(pos)), member))

/* For readers inside an RCU read section, beside writers. */
#define hlist_for_each_entry_rcu(pos, head, member) \
	for (pos = hlist_entry_or_null(load_acquire(&(head)->first), __typeof__(*(pos)), member); \
	     pos; \
	     pos = hlist_entry_or_null(load_acquire(&(pos)->member.next), \
				       __typeof__(*(pos)), member))

#endif
