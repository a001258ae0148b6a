/*
 * Numbers that nobody else should guess: initial sequence numbers (RFC 6528) and the offsets of
 * time stamps (RFC 7323, 5.4).
 *
 * A number is a clock that ticks each 4 µs plus a keyed hash of the connection's two ends: a later
 * connection between the same ends starts higher, those between others tell nothing.
 */
#include "core/random.h"
#include "lib/hash.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

static u64 isn_key[2], stamp_key[2]; /* I */

u32 tcp_isn(const struct ipaddr *local, u16 local_port, const struct ipaddr *remote,
	    u16 remote_port)
{
	struct { struct ipaddr local, remote; u32 ports; u32 zero; } ends = {
		*local, *remote, (u32)local_port << 16 | remote_port, 0
	};

	return (u32)siphash(&ends, sizeof(ends), isn_key) + (u32)(clock_monotonic() >> 12);
}

u32 tcp_stamp_offset(const struct ipaddr *local, const struct ipaddr *remote)
{
	struct { struct ipaddr local, remote; } ends = { *local, *remote };

	return (u32)siphash(&ends, sizeof(ends), stamp_key);
}

void tcp_isn_init(void)
{
	random_bytes(isn_key, sizeof(isn_key));
	random_bytes(stamp_key, sizeof(stamp_key));
}
