/*
 * Settings of TCP, as Linux names them (ip-sysctl of its documentation, tcp(7)).
 */
#pragma once

#include "lib/types.h"

/* a: all. Times in the unit the names have in Linux. */
extern u32 tcp_syn_retries, tcp_synack_retries, tcp_retries1, tcp_retries2, tcp_orphan_retries;
extern u32 tcp_keepalive_time, tcp_keepalive_intvl, tcp_keepalive_probes; /* s, s, 1 */
extern u32 tcp_fin_timeout;                                                /* s */
extern u32 tcp_max_syn_backlog, tcp_max_tw_buckets, tcp_max_orphans;
extern u32 tcp_syncookies, tcp_abort_on_overflow, tcp_tw_reuse, tcp_rfc1337;
extern u32 tcp_window_scaling, tcp_timestamps, tcp_sack, tcp_send_dsack, tcp_early_retrans;
extern u32 tcp_frto, tcp_thin_linear_timeouts;
extern u32 tcp_moderate_rcvbuf, tcp_slow_start_after_idle;
extern u32 tcp_challenge_ack_limit;                /* per second, over all connections */
extern u32 tcp_invalid_ratelimit;                  /* ms */
extern u32 tcp_min_snd_mss;
extern u32 tcp_notsent_lowat;                      /* bytes; ~0: no limit */
extern u32 tcp_mem[3];                             /* pages of all: see tcp_mem.h */
extern u32 tcp_rmem[3], tcp_wmem[3];               /* least, first, most bytes of a buffer */
