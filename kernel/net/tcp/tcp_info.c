/*
 * TCP_INFO: a connection's state as tcp(7) shows it. Bytes become segments here.
 */
#include "lib/string.h"
#include "net/tcp/tcp_int.h"

static u32 segments(const struct tcp_sock *t, u32 bytes)
{
	return DIV_ROUND_UP(bytes, t->mss);
}

static u32 ms_since(u64 ns, u64 now)
{
	return ns ? (u32)((now - ns) / TCP_MS) : 0;
}

static void fill_amounts(const struct tcp_sock *t, struct tcp_info *info)
{
	info->tcpi_unacked = t->n_sent;
	info->tcpi_sacked = segments(t, t->sacked_bytes);
	info->tcpi_lost = segments(t, t->lost_bytes);
	info->tcpi_retrans = segments(t, t->again_bytes);
	info->tcpi_snd_ssthresh = t->ssthresh >= 1u << 30 ? 0x7fffffff : segments(t, t->ssthresh);
	info->tcpi_snd_cwnd = max(t->cwnd / t->mss, 1u);
	info->tcpi_total_retrans = t->total_again;
	info->tcpi_bytes_acked = t->bytes_acked;
	info->tcpi_bytes_received = t->bytes_received;
	info->tcpi_bytes_sent = t->bytes_sent;
	info->tcpi_bytes_retrans = t->bytes_again;
	info->tcpi_segs_in = t->segs_in;
	info->tcpi_segs_out = t->segs_out;
	info->tcpi_data_segs_in = t->data_in;
	info->tcpi_data_segs_out = t->data_out;
	info->tcpi_notsent_bytes = tcp_unsent(t);
	info->tcpi_dsack_dups = t->dsack_dups;
	info->tcpi_reord_seen = t->reorder_count;
	info->tcpi_reordering = 3;
	info->tcpi_rcv_ooopack = t->n_ooo_in;
	info->tcpi_snd_wnd = t->snd_wnd;
	info->tcpi_pacing_rate = info->tcpi_max_pacing_rate = ~0ull;
	if (t->srtt)
		info->tcpi_delivery_rate = (u64)t->cwnd * 1000000 / max(tcp_srtt_us(t), 1u);
}

void tcp_info_fill(struct tcp_sock *t, struct tcp_info *info)
{
	struct sock *s = tcp_base(t);
	u64 now = clock_monotonic();

	memset(info, 0, sizeof(*info));
	spin_lock(&s->lock);
	info->tcpi_state = t->state;
	info->tcpi_ca_state = t->ca;
	info->tcpi_retransmits = t->retransmits;
	info->tcpi_probes = t->probes;
	info->tcpi_backoff = t->backoff;
	info->tcpi_options = (u8)((t->stamps_ok ? TCPI_OPT_TIMESTAMPS : 0) |
				  (t->sack_ok ? TCPI_OPT_SACK : 0) |
				  (t->wscale_ok ? TCPI_OPT_WSCALE : 0));
	info->tcpi_snd_wscale = t->snd_wscale & 15;
	info->tcpi_rcv_wscale = t->rcv_wscale & 15;
	info->tcpi_rto = (u32)(t->rto / 1000);
	info->tcpi_ato = (u32)(t->ack_delay / 1000);
	info->tcpi_snd_mss = t->mss;
	info->tcpi_rcv_mss = t->rcv_mss;
	info->tcpi_last_data_sent = ms_since(t->snd_last_ns, now);
	info->tcpi_last_data_recv = ms_since(t->rcv_last_ns, now);
	info->tcpi_last_ack_recv = ms_since(t->ack_last_ns, now);
	info->tcpi_pmtu = t->path_mtu;
	info->tcpi_rcv_ssthresh = t->window_clamp;
	info->tcpi_rtt = tcp_srtt_us(t);
	info->tcpi_rttvar = t->rttvar >> 2;
	info->tcpi_min_rtt = t->min_rtt;
	info->tcpi_advmss = t->advmss;
	info->tcpi_rcv_rtt = t->rcv_rtt;
	info->tcpi_rcv_space = t->tune_space;
	if (t->state == TCP_LISTEN)
		tcp_listen_info(t, info);
	else
		fill_amounts(t, info);
	spin_unlock(&s->lock);
}
