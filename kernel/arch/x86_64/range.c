/*
 * Lists of physical memory ranges, as the firmware's memory map becomes one (boot_info.c). Entries
 * are kept sorted and disjoint.
 */
#include "arch/mmu.h"
#include "arch/x86_64/range_int.h"

/* Opens a slot at index i (memory beyond the list's capacity is lost). */
static void insert_at(struct range_list *list, unsigned i, paddr_t start, paddr_t end)
{
	if (i >= BOOT_RANGES_MAX)
		return;
	if (list->n == BOOT_RANGES_MAX)
		list->n--;
	for (unsigned k = list->n; k > i; k--)
		list->ranges[k] = list->ranges[k - 1];
	list->ranges[i] = (struct boot_range){ start, end };
	list->n++;
}

static void delete_at(struct range_list *list, unsigned i)
{
	for (list->n--; i < list->n; i++)
		list->ranges[i] = list->ranges[i + 1];
}

void range_add(struct range_list *list, paddr_t start, paddr_t end)
{
	unsigned i = 0;

	if (start >= end)
		return;
	while (i < list->n && list->ranges[i].end < start)
		i++;
	while (i < list->n && list->ranges[i].start <= end) {
		if (list->ranges[i].start < start)
			start = list->ranges[i].start;
		if (list->ranges[i].end > end)
			end = list->ranges[i].end;
		delete_at(list, i);
	}
	insert_at(list, i, start, end);
}

void range_remove(struct range_list *list, paddr_t start, paddr_t end)
{
	for (unsigned i = 0; i < list->n;) {
		struct boot_range r = list->ranges[i];

		if (r.end <= start || r.start >= end) {
			i++;
			continue;
		}
		delete_at(list, i);
		if (r.start < start)
			insert_at(list, i++, r.start, start);
		if (r.end > end)
			insert_at(list, i++, end, r.end);
	}
}

void range_trim_to_pages(struct range_list *list)
{
	for (unsigned i = 0; i < list->n;) {
		struct boot_range *r = &list->ranges[i];

		r->start = align_up(r->start, PAGE_SIZE);
		r->end = align_down(r->end, PAGE_SIZE);
		if (r->start >= r->end)
			delete_at(list, i);
		else
			i++;
	}
}
