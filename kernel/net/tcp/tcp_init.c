/*
 * TCP as a protocol of IP and a kind of socket: its tables of operations, and its start.
 */
#include "core/panic.h"
#include "mm/slab.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_listen_int.h"
#include "net/tcp/tcp_setting.h"

#define FLOW_BUCKETS_LEAST 1024u
#define FLOW_BUCKETS_MOST  65536u

struct port_table *tcp_ports;
struct slab_cache *tcp_cache;

static struct inet_type stream_type = {
	.type = SOCK_STREAM, .protocol = IPPROTO_TCP, .create = tcp_create_sock,
};

static const struct ip_protocol protocol = {
	.number = IPPROTO_TCP, .receive = tcp_receive, .error = tcp_error,
};

/* A bucket for each 256 KiB of memory; limits for what nobody can be asked to give up. */
static unsigned size_by_memory(void)
{
	u64 frames = mm_free_frames();
	unsigned buckets = FLOW_BUCKETS_LEAST;

	while (buckets < FLOW_BUCKETS_MOST && buckets < frames / 64)
		buckets *= 2;
	tcp_mem[1] = (u32)max((u64)frames / 16, (u64)128);
	tcp_mem[0] = tcp_mem[1] / 4 * 3;
	tcp_mem[2] = tcp_mem[0] * 2;
	tcp_max_orphans = (u32)clamp(frames / 32, 256ull, 65536ull);
	tcp_max_tw_buckets = (u32)clamp(frames / 8, 1024ull, 65536ull);
	tcp_max_syn_backlog = (u32)clamp(frames / 128, 128ull, 4096ull);
	return buckets;
}

void tcp_init(void)
{
	tcp_ports = port_table_create("tcp", size_by_memory());
	tcp_cache = slab_cache_create("tcp", sizeof(struct tcp_sock), 0);
	tcp_sent_init_cache();
	tcp_request_init_cache();
	if (!tcp_ports || !tcp_cache)
		panic("tcp: no memory");
	tcp_timewait_init();
	tcp_isn_init();
	tcp_cookie_init();
	tcp_stat_init();
	ip_protocol_register(&protocol);
	inet_type_register(&stream_type);
}

const struct sock_ops tcp_ops = {
	.bind = tcp_bind,
	.connect = tcp_connect,
	.listen = tcp_listen,
	.accept = tcp_accept,
	.name = inet_name,
	.send = tcp_send,
	.recv = tcp_recv,
	.send_page = tcp_send_page,
	.shutdown = tcp_shutdown,
	.poll = tcp_poll,
	.ioctl = tcp_ioctl,
	.set_option = tcp_set_option,
	.get_option = tcp_get_option,
	.option_changed = tcp_option_changed,
	.stamp_begin = tcp_stamp_begin,
	.abort = tcp_kill,
	.close = tcp_close,
	.destroy = tcp_destroy,
};
