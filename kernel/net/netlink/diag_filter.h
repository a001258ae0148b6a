/*
 * Filters of questions about sockets: which ones the answer is to have. Pure: also built on the
 * host.
 */
#pragma once

#include "abi/sock_diag.h"
#include "net/inet/addr.h"

/* What a socket is judged by. */
struct diag_entry {
	const struct ipaddr *local, *remote;
	u16 family, local_port, remote_port;
	u32 nif, mark;
	bool bound_port;               /* by bind(2) */
};

/* Whether n bytes of a filter are one, whose every way ends at its end: 0 or -EINVAL; -EPERM: it
 * asks for marks and the caller may not know them. `boundary`: n / 4 + 1 bits to work with. */
int diag_filter_check(const void *code, u32 n, bool may_see_marks, u64 *boundary);
/* Whether a checked one lets the socket through. */
bool diag_filter_run(const void *code, u32 n, const struct diag_entry *e);
