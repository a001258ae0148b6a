/*
 * SYN cookies (RFC 4987, 3.6): when there is no room for requests, the initial sequence number of
 * the SYN-ACK is a keyed hash of the ends with the minute and one of eight segment sizes in it, so
 * that the ACK brings back all that must be known; scale and SACK come back in the lowest bits of
 * the echoed time stamp. A cookie is good for two to three minutes.
 */
#include "core/random.h"
#include "lib/hash.h"
#include "net/tcp/tcp_listen_int.h"
#include "net/tcp/tcp_setting.h"

#define MINUTE (64000ull * TCP_MS)
#define AGE_MAX 2u
#define STAMP_BITS 6
#define NO_SCALE 15u

static u64 keys[2][2];  /* I */
static u64 last_sent;   /* a: when one was sent, 0: never */
static const u16 sizes[8] = { 536, 1220, 1300, 1400, 1440, 1460, 4312, 8960 };

void tcp_cookie_init(void)
{
	random_bytes(keys, sizeof(keys));
}

bool tcp_cookies_used(void)
{
	u64 last = READ_ONCE(last_sent);

	return last && clock_monotonic() - last < (AGE_MAX + 1) * MINUTE;
}

static u32 hash(const struct tcp_request *r, u32 minute, unsigned key)
{
	struct { struct ipaddr local, remote; u32 ports, minute; } ends = {
		r->local, r->remote, (u32)r->local_port << 16 | r->remote_port, minute
	};

	return (u32)siphash(&ends, sizeof(ends), keys[key]);
}

static u32 minute_now(void)
{
	return (u32)(clock_monotonic() / MINUTE);
}

void tcp_cookie_make(struct tcp_request *r)
{
	u32 size = ARRAY_SIZE(sizes) - 1, minute = minute_now();

	while (size && sizes[size] > r->mss_peer)
		size--;
	r->iss = hash(r, 0, 0) + r->irs + (minute << 24) +
		 ((hash(r, minute, 1) + size) & 0xffffff);
	WRITE_ONCE(last_sent, clock_monotonic());
	tcp_count(SyncookiesSent);
}

u32 tcp_cookie_stamp(const struct tcp_request *r, u32 now)
{
	u32 bits = (r->wscale_ok ? r->snd_wscale : NO_SCALE) | (u32)r->sack_ok << 4;
	u32 stamp = (now >> STAMP_BITS << STAMP_BITS) | bits;

	return stamp > now ? stamp - (1u << STAMP_BITS) : stamp;
}

static void take_stamp(struct tcp_request *r, const struct tcp_options *o)
{
	u32 bits = o->echo - r->ts_offset;

	r->stamps_ok = true;
	r->ts_recent = o->stamp;
	r->sack_ok = bits >> 4 & 1;
	if ((bits & 15) <= TCP_WSCALE_MAX) {
		r->wscale_ok = true;
		r->snd_wscale = bits & 15;
	}
}

bool tcp_cookie_check(struct packet *p, const struct tcp_segment *seg, struct tcp_request *r)
{
	const struct ip_info *info = ip_info(p);
	u32 cookie, minute = minute_now(), age, size;

	*r = (struct tcp_request){
		.local = info->to, .remote = info->from, .local_port = seg->to_port,
		.remote_port = seg->from_port, .nif = info->nif, .irs = seg->seq - 1,
		.iss = seg->ack - 1, .snd_wnd = seg->window, .tos = info->tos, .again = true,
	};
	cookie = r->iss - hash(r, 0, 0) - r->irs;
	age = (minute - (cookie >> 24)) & 0xff;
	if (age > AGE_MAX)
		goto bad;
	size = (cookie - hash(r, minute - age, 1)) & 0xffffff;
	if (size >= ARRAY_SIZE(sizes))
		goto bad;
	r->mss_peer = sizes[size];
	r->ts_offset = tcp_stamp_offset(&r->local, &r->remote);
	if (seg->options.has_stamp && READ_ONCE(tcp_timestamps))
		take_stamp(r, &seg->options);
	tcp_count(SyncookiesRecv);
	return true;
bad:
	tcp_count(SyncookiesFailed);
	return false;
}
