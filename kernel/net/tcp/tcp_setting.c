/*
 * Settings of TCP: their first values. Bounds are where they are set (/proc/sys/net/ipv4).
 */
#include "net/tcp/tcp_setting.h"

u32 tcp_syn_retries = 6, tcp_synack_retries = 5, tcp_retries1 = 3, tcp_retries2 = 15;
u32 tcp_orphan_retries = 8;
u32 tcp_keepalive_time = 7200, tcp_keepalive_intvl = 75, tcp_keepalive_probes = 9;
u32 tcp_fin_timeout = 60;
u32 tcp_max_syn_backlog = 1024, tcp_max_tw_buckets = 16384, tcp_max_orphans = 8192;
u32 tcp_syncookies = 1, tcp_abort_on_overflow, tcp_tw_reuse = 2, tcp_rfc1337;
u32 tcp_window_scaling = 1, tcp_timestamps = 1, tcp_sack = 1, tcp_send_dsack = 1;
u32 tcp_early_retrans = 3, tcp_frto = 2, tcp_thin_linear_timeouts;
u32 tcp_moderate_rcvbuf = 1, tcp_slow_start_after_idle = 1;
u32 tcp_challenge_ack_limit = 1000, tcp_invalid_ratelimit = 500;
u32 tcp_min_snd_mss = 48;
u32 tcp_notsent_lowat = ~0u;
u32 tcp_mem[3] = { 3072, 4096, 6144 }; /* tcp_init() knows better */
u32 tcp_rmem[3] = { 4096, 131072, 6291456 };
u32 tcp_wmem[3] = { 4096, 16384, 4194304 };
