#include "test/host/unit.h"

#include "lib/list.h"

struct item {
	int value;
	struct list link;
	struct hlist_node hlink;
};

/* The values on the list as text, forwards. */
static const char *text(struct list *head)
{
	static char buf[128];
	struct item *it;
	int n = 0;

	buf[0] = '\0';
	list_for_each_entry(it, head, link)
		n += sprintf(buf + n, "%d", it->value);
	return buf;
}

static void fill(struct item *items, int n, struct list *head, int first)
{
	for (int i = 0; i < n; i++) {
		items[i].value = first + i;
		list_add_tail(&items[i].link, head);
	}
}

TEST(list_orders)
{
	LIST_HEAD(head);
	struct item a[3] = { { .value = 1 }, { .value = 2 }, { .value = 3 } }, *it;
	char back[8];
	int n = 0;

	CHECK(list_empty(&head));
	list_add(&a[1].link, &head);
	CHECK(list_is_singular(&head));
	list_add(&a[0].link, &head);
	list_add_tail(&a[2].link, &head);
	CHECK_STR(text(&head), "123");
	CHECK(!list_is_singular(&head));
	CHECK_EQ(list_first_entry(&head, struct item, link)->value, 1);
	CHECK_EQ(list_last_entry(&head, struct item, link)->value, 3);
	list_for_each_entry_reverse(it, &head, link)
		back[n++] = (char)('0' + it->value);
	back[n] = '\0';
	CHECK_STR(back, "321");
	list_move(&a[2].link, &head);
	CHECK_STR(text(&head), "312");
	list_move_tail(&a[2].link, &head);
	CHECK_STR(text(&head), "123");
	list_del_init(&a[1].link);
	CHECK(list_empty(&a[1].link));
	CHECK_STR(text(&head), "13");
	list_del(&a[0].link);
	CHECK(a[0].link.next == LIST_POISON);
	list_del(&a[2].link);
	CHECK(list_empty(&head));
	CHECK(!list_first_entry_or_null(&head, struct item, link));
}

TEST(list_splices)
{
	LIST_HEAD(a);
	LIST_HEAD(b);
	struct item x[3], y[2];

	list_splice_tail_init(&b, &a);
	CHECK(list_empty(&a));
	fill(x, 3, &a, 1);
	fill(y, 2, &b, 8);
	list_splice_init(&b, &a);
	CHECK_STR(text(&a), "89123");
	CHECK(list_empty(&b));
	list_move(&y[0].link, &b);
	list_move_tail(&y[1].link, &b);
	list_splice_tail_init(&b, &a);
	CHECK_STR(text(&a), "12389");
	CHECK(list_empty(&b));
}

TEST(list_survives_removal_in_loop)
{
	LIST_HEAD(head);
	struct item a[6], *it, *tmp;

	fill(a, 6, &head, 0);
	list_for_each_entry_safe(it, tmp, &head, link)
		if (it->value % 2)
			list_del(&it->link);
	CHECK_STR(text(&head), "024");
	it = &a[2];
	list_for_each_entry_continue(it, &head, link)
		CHECK_EQ(it->value, 4);
}

TEST(hlist_verbs)
{
	struct hlist_head head = HLIST_INIT;
	struct item a[4], *it;
	struct hlist_node *tmp;
	int sum = 0;

	for (int i = 0; i < 4; i++) {
		a[i].value = i + 1;
		hlist_node_init(&a[i].hlink);
		CHECK(hlist_unhashed(&a[i].hlink));
		if (i % 2)
			hlist_add_head(&a[i].hlink, &head);
		else
			hlist_add_head_rcu(&a[i].hlink, &head);
	}
	hlist_for_each_entry(it, &head, hlink)
		sum = sum * 10 + it->value;
	CHECK_EQ(sum, 4321);
	hlist_del(&a[1].hlink);
	hlist_del(&a[1].hlink);
	CHECK(hlist_unhashed(&a[1].hlink));
	hlist_del_rcu(&a[3].hlink);
	CHECK(a[3].hlink.next == &a[2].hlink);
	sum = 0;
	hlist_for_each_entry_rcu(it, &head, hlink)
		sum = sum * 10 + it->value;
	CHECK_EQ(sum, 31);
	hlist_for_each_entry_safe(it, tmp, &head, hlink)
		hlist_del(&it->hlink);
	CHECK(hlist_empty(&head));
}
