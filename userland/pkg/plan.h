/* What plan.c and unpack.c share: the changes that turn one set of packages into another. */
#ifndef PKG_PLAN_H
#define PKG_PLAN_H

#include "pkg.h"

#define FILES_LIMIT 200000
#define NEW_STATUS  DB_DIR "/" NEW_PREFIX "status"

struct plan {
	struct packages coming, going;
	struct files incoming, leaving, staying; /* sorted, once all is read */
	struct files directories; /* looked at: kind 'd' is made by the journal, 'o' was there */
	size_t next;		  /* number of the next temporary name */
	uint64_t needed;	  /* bytes on the disk */
};

void unpack(const struct plan *plan, const struct package *package);

#endif
