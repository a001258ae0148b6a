/* What the checks of debug builds in lib/list.h and core/refcount.h end in. */
#include "core/panic.h"
#include "core/refcount.h"
#include "lib/list.h"

#ifdef CONFIG_DEBUG

void list_corrupt(const struct list *at, const struct list *neighbour)
{
	panic("list: the members %p and %p do not point to each other", at, neighbour);
}

void ref_misused(const struct refcount *r, const char *what)
{
	panic("reference count at %p: %s", r, what);
}

#endif
