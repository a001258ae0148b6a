/*
 * TCP: the connection, and what the files of this folder do for each other.
 *
 * A connection is a struct tcp_sock. One lock guards it, its sock's: system calls take it (never
 * while they copy user memory), received segments and timers take it in soft work. Everything here
 * is called with it held unless the comment says otherwise.
 *
 * References: the file's; one of the engine's from connect(2) or the birth of a child until the
 * state is CLOSE (tcp_done()); the timer's while it is armed. A child that was not accepted yet has
 * the accept queue's in place of the file's.
 *
 * docs/tcp.md tells the whole story.
 */
#pragma once

#include "abi/errno.h"
#include "abi/tcp.h"
#include "core/clock.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "net/inet/inet.h"
#include "net/inet/ports.h"
#include "net/tcp/tcp_cc.h"
#include "net/tcp/tcp_header.h"
#include "net/tcp/tcp_sendbuf.h"
#include "net/tcp/tcp_seq.h"
#include "net/tcp/tcp_stat.h"
#include "sched/soft.h"

#define TCP_MS ((u64)1000000)                /* times are nanoseconds */
#define TCP_RTO_MIN     (200 * TCP_MS)
#define TCP_RTO_MAX     (120000 * TCP_MS)
#define TCP_RTO_FIRST   (1000 * TCP_MS)   /* RFC 6298, 2.1 */
#define TCP_DELACK_MIN  (40 * TCP_MS)
#define TCP_DELACK_MAX  (200 * TCP_MS)
#define TCP_TIMEWAIT    (60000 * TCP_MS)  /* 2 MSL */
#define TCP_MSS_LEAST   88                /* least that a peer may make us send */
#define TCP_GSO_MAX     65535u            /* bytes of an IP packet, cut or not */
#define TCP_INIT_SEGMENTS 10              /* RFC 6928 */
#define TCP_QUICK_MAX   16                /* segments that are acknowledged at once at first */

/* What the transmit timer is armed for. */
enum tcp_tx_timer { TX_NONE, TX_RTO, TX_PROBE /* tail loss: TLP */, TX_REORDER /* RACK */,
		    TX_PERSIST /* zero window */ };

/* A range of sequence numbers that was sent as one packet and is not acknowledged: the scoreboard
 * (tcp_sent.c). SYN and FIN are numbers as well. */
struct tcp_sent {
	struct list link;       /* tcp_sock.sent: by number */
	struct list order;      /* tcp_sock.sent_order: by time of the last transmission, without
				 * those that are sacked or lost and not yet sent again */
	u64 ns;                 /* when it was sent last */
	u32 start, end;
	u8 state;               /* enum tcp_sent_state */
};
enum tcp_sent_state {
	SENT_SACKED = 1,        /* the peer has it */
	SENT_LOST = 2,          /* taken for lost */
	SENT_AGAIN = 4,         /* sent again, and that one is in flight */
	SENT_EVER = 8,          /* was sent more than once: no RTT sample (Karn) */
};

/* A timeout that may have been for nothing (tcp_frto.c): no; the first segment was sent again; new
 * ones were. */
enum tcp_frto_step { FRTO_NONE, FRTO_SENT, FRTO_NEW };

enum tcp_phase { PHASE_UNCONNECTED, PHASE_CONNECTING, PHASE_CONNECTED };

enum tcp_urgent { URGENT_NONE, URGENT_AWAITED, URGENT_VALID, URGENT_READ };

/* What is left in a received packet's cb once it is queued. */
struct tcp_rx {
	struct rb_node node;    /* out of order */
	u32 seq, end;           /* of its data */
};
static inline struct tcp_rx *tcp_rx(struct packet *p) { return (struct tcp_rx *)p->cb; }
static_assert(sizeof(struct tcp_rx) <= PACKET_CB, "tcp_rx");

/* The headers of a SYN (TCP_SAVE_SYN). */
struct tcp_saved_syn { u32 n; u8 bytes[]; };

struct tcp_listener;

/* All fields: sock.lock, but  r: recv_lock,  s: send_lock,  a: torn reads harmless. */
struct tcp_sock {
	struct inet_sock inet;             /* first */

	u8 state;                          /* a: enum tcp_state */
	u8 snd_wscale, rcv_wscale;
	u8 ca;                             /* enum tcp_ca_state */
	bool stamps_ok, sack_ok, wscale_ok;
	bool nodelay, cork, fin_queued, fin_sent;
	bool engine;                       /* the engine has its reference */
	bool counted_orphan;               /* in tcp_n_orphans */
	bool responding;                   /* `respond` waits for the end of a round, with a
					    * reference */
	struct netif_after respond;
	bool fin_seen;                     /* the peer's FIN is within rcv_nxt */
	u16 mss;                           /* data bytes of a full segment, options taken off */

	/* Sending (RFC 9293, 3.3.1) */
	u32 iss, snd_una, snd_nxt, snd_wnd, snd_wl1, max_window;
	u32 snd_small;                     /* end of the last segment below mss (Minshall) */
	u32 snd_urgent;                    /* urgent pointer, if urgent_sending */
	bool urgent_sending;
	u32 push_seq;                      /* bytes before this were asked to be pushed */
	struct tcp_sendbuf buf;            /* its end: what was written (RFC's SND.NXT to be) */
	struct page *write_page;           /* s: bytes are appended to it */
	u32 write_offset, write_size;      /* s */
	struct list sent, sent_order;
	u32 sacked_bytes, lost_bytes, again_bytes; /* sums over `sent` */
	u32 n_sent;
	u32 high_sacked;                   /* highest end of a sacked range */

	/* Receiving */
	u32 irs, rcv_nxt, rcv_wnd, rcv_wup; /* wup: rcv_nxt when the window was last told */
	u32 copied_seq;                    /* first byte that was not read */
	u32 window_clamp;                  /* largest window to tell */
	u32 rcv_mss;                       /* guess of the peer's segments */
	u32 window_ratio;                  /* payload per 256 bytes of buffer */
	u32 mem_reserved;                  /* bytes of tcp_mem (tcp_mem.h) */
	struct packet_queue reading;       /* r: taken off sock.receive, being read */
	u32 reading_done;                  /* r: bytes of its first packet that were read */
	struct rb_root ooo;                /* out of order packets' tcp_rx, disjoint */
	u32 n_ooo;
	bool fin_ooo;                      /* FIN was seen behind a hole, at fin_ooo_seq */
	u32 fin_ooo_seq;
	struct tcp_block sack[TCP_SACK_MAX]; /* the same as ranges, the latest first */
	u8 n_sack;
	bool has_dsack;
	struct tcp_block dsack;            /* to be told once (RFC 2883) */
	u8 urgent;                         /* enum tcp_urgent */
	u8 urgent_byte;
	u32 urgent_seq;                    /* of the urgent byte */

	/* Time stamps (RFC 7323) */
	u32 ts_offset, ts_recent;
	u64 ts_recent_ns;                  /* when ts_recent was taken; RFC's Last.ACK.sent is
					    * rcv_wup */

	/* Acknowledging */
	bool ack_due;                      /* data came that no segment acknowledged yet */
	bool ack_now;
	bool pingpong;                     /* answers follow requests: ACKs ride on them */
	u8 quick;                          /* segments to be acknowledged at once */
	u64 ack_delay;                     /* ns */
	u64 rcv_last_ns, snd_last_ns;      /* data came, data went; 0: never */
	u64 ack_last_ns;                   /* any ACK came */

	/* Round trips (RFC 6298), microseconds; srtt times 8, rttvar times 4 */
	u32 srtt, rttvar, min_rtt;
	u64 min_rtt_ns;                    /* when min_rtt was seen */
	u64 rto;                           /* ns */
	u8 backoff, retransmits, probes;
	u64 stalled_ns;                    /* since when nothing was acknowledged, 0: it is */

	/* Congestion */
	const struct tcp_cc *cc;
	struct tcp_cc_state cc_state;
	u32 cwnd, ssthresh;                /* bytes */
	u32 prior_cwnd, prior_ssthresh;    /* before the loss, to undo */
	u32 recover_seq;                   /* recovery ends when this is acknowledged */
	u32 prr_delivered, prr_out, recover_flight; /* proportional rate reduction */
	u32 dup_acks;
	u32 undo_stamp;                    /* time stamp of the first retransmission */
	s32 undo_again;                    /* bytes sent again that no DSACK reported */
	bool undo_possible;
	u8 frto;                           /* enum tcp_frto_step */
	bool cwnd_limited;
	/* RACK-TLP (RFC 8985) */
	u64 rack_ns;                       /* transmission time of the latest delivered */
	u32 rack_end, rack_rtt;            /* its end; µs */
	u8 reorder_mult;                   /* of min_rtt / 4 */
	u8 reorder_persist;
	u32 reorder_round;                 /* last widening: snd_nxt then */
	bool reorder_seen;
	u32 tlp_seq;                       /* snd_nxt at the probe, if tlp_out */
	bool tlp_out, tlp_again;

	/* Timers: deadlines (CLOCK_MONOTONIC), 0: none; one timer for all, armed no later than the
	 * first of them */
	struct soft_timer timer;
	u64 timer_ns;                      /* what it is armed for, 0: not */
	u64 tx_ns, delack_ns, keep_ns;
	u8 tx_kind;                        /* enum tcp_tx_timer */

	/* Path */
	u32 path_mtu;                      /* that mss was made of */
	u16 mss_peer;                      /* MSS option of the peer */
	u16 mss_user;                      /* TCP_MAXSEG, 0: none */
	u16 advmss;
	u32 pseudo_sum;                    /* of the addresses and the protocol */

	/* Receive buffer tuning */
	u32 tune_seq, tune_space;          /* copied_seq when this round began; bytes per round */
	u64 tune_ns;
	u32 rcv_rtt;                       /* µs, of the peer's data; 0: not known */
	u32 rcv_rtt_echo;                  /* the stamp that was measured last */
	u32 rcv_rtt_seq;                   /* a window's end, as it was told at rcv_rtt_ns */
	u64 rcv_rtt_ns;                    /* 0: not measuring */

	/* Options */
	u32 keep_idle, keep_interval;      /* s, 0: default */
	u8 keep_count, syn_count;          /* 0: default */
	s32 linger2;                       /* s, 0: default, < 0: none */
	u32 user_timeout;                  /* ms, 0: none */
	u32 notsent_low;                   /* TCP_NOTSENT_LOWAT, bytes; ~0 */
	u8 defer_accept;                   /* retransmissions of SYN-ACK waited for data */
	bool inq;                          /* TCP_INQ */
	bool thin_linear;                  /* TCP_THIN_LINEAR_TIMEOUTS */
	bool save_syn;                     /* TCP_SAVE_SYN: a listener's children have … */
	struct tcp_saved_syn *saved_syn;   /* … this, until it is asked for; or NULL */
	s32 soft_error;                    /* what ICMP said */
	u8 challenged;                     /* challenge ACKs since challenge_ns */
	u64 challenge_ns;

	u8 phase;                          /* enum tcp_phase: what connect(2) says */
	struct tcp_listener *listener;     /* LISTEN; else NULL */
	struct list accept_link;           /* listener's lock */

	struct list marks;                 /* bytes to be told of (tcp_stamp.c) */
	u32 n_marks;

	/* Told by TCP_INFO */
	u64 bytes_acked, bytes_received, bytes_sent, bytes_again;
	u32 segs_in, segs_out, data_in, data_out, total_again, dsack_dups, reorder_count, n_ooo_in;
};

static inline struct tcp_sock *tcp_sock(struct sock *s) { return (struct tcp_sock *)s; }
static inline struct sock *tcp_base(struct tcp_sock *t) { return &t->inet.sock; }

#define TCP_IN(t, states) ((1u << (t)->state) & (states))
#define S_(x) (1u << TCP_##x)
#define TCP_SYNCHRONIZED (S_(ESTABLISHED) | S_(FIN_WAIT1) | S_(FIN_WAIT2) | \
			  S_(CLOSE_WAIT) | S_(LAST_ACK) | S_(CLOSING))

extern struct port_table *tcp_ports;
extern struct slab_cache *tcp_cache;
extern const struct sock_ops tcp_ops;

/* Milliseconds that time stamps carry, of this connection. */
static inline u32 tcp_stamp_now(const struct tcp_sock *t)
{
	return (u32)(clock_monotonic() / TCP_MS) + t->ts_offset;
}
/* Bytes in the network, as far as is known (RFC 6675's pipe). */
static inline u32 tcp_flight(const struct tcp_sock *t)
{
	return t->snd_nxt - t->snd_una - t->sacked_bytes - t->lost_bytes + t->again_bytes;
}
/* What was written and not sent yet. */
static inline u32 tcp_unsent(const struct tcp_sock *t)
{
	return seq_lt(t->snd_nxt, t->buf.end) ? t->buf.end - t->snd_nxt : 0;
}
static inline u32 tcp_window_end(const struct tcp_sock *t) { return t->snd_una + t->snd_wnd; }

/* tcp_life.c: birth, states, death ---------------------------------------------------------- */

/* Defaults of a new connection or child; no lock needed yet. */
void tcp_setup(struct tcp_sock *t);
/* Initial numbers of an active or passive side whose ends are set. */
void tcp_set_iss(struct tcp_sock *t, u32 iss);
/* RST if the peer may still hope, then tcp_done(). */
void tcp_abort(struct tcp_sock *t);
int tcp_create_sock(u16 family, int type, int protocol, struct sock **out);
/* A child of a listener, with the accept queue's reference; NULL: no memory. Soft work. */
struct tcp_sock *tcp_alloc_child(struct tcp_sock *listener);
/* The connection is over: CLOSE, out of the tables, no timer; the engine's reference is dropped,
 * which is not the last one (the caller has one). Wakes everybody. */
void tcp_done(struct tcp_sock *t);
/* The same with an error for the user (positive errno), as after RST. */
void tcp_fail(struct tcp_sock *t, int error);
/* Drops what is queued in both directions; the reader's part only if nobody can be reading. */
void tcp_purge(struct tcp_sock *t, bool reading);
void tcp_set_state(struct tcp_sock *t, enum tcp_state state);
/* The handshake is complete: windows, buffers, congestion control, timers of ESTABLISHED. */
void tcp_establish(struct tcp_sock *t);
/* Too many orphans, or too much memory in them: this one has to go. */
bool tcp_too_many_orphans(void);
void tcp_orphan(struct tcp_sock *t);

/* tcp_timewait.c ----------------------------------------------------------------------------- */

/* TIME-WAIT begins, for 2 MSL, in a small object (tcp_wait.h); the socket is done with, as after
 * tcp_done(). */
void tcp_timewait_enter(struct tcp_sock *t);
/* A segment of no connection: true if it was for one in TIME-WAIT; false: there is none (any more:
 * a SYN may have the place), a listener is to be asked. Under RCU, no lock. */
bool tcp_timewait_input(struct packet *p, struct tcp_segment *seg);
void tcp_timewait_init(void);

/* tcp_input.c: a segment comes ---------------------------------------------------------------- */

/* From ip_protocol. Takes the packet. */
void tcp_receive(struct packet *p);
/* A segment of a connection; true: the packet was taken. */
bool tcp_input(struct tcp_sock *t, struct packet *p, struct tcp_segment *seg);
/* tcp_input_syn.c: SYN-SENT and SYN-RECEIVED. */
bool tcp_input_syn_sent(struct tcp_sock *t, struct packet *p, struct tcp_segment *seg);
/* Takes over what a SYN's options say. */
void tcp_take_syn_options(struct tcp_sock *t, const struct tcp_segment *seg);
/* tcp_validate.c: sequence number, PAWS, RST, SYN (RFC 9293, 3.10.7.4; RFC 5961): false: it is
 * done with. */
bool tcp_validate(struct tcp_sock *t, const struct tcp_segment *seg);
/* Sends an ACK that answers something dubious, if the limits allow (RFC 5961, 7). */
void tcp_challenge(struct tcp_sock *t);
/* The fifth step, in synchronized states: text, urgent pointer, FIN; true: the packet was taken. */
bool tcp_input_text(struct tcp_sock *t, struct packet *p, struct tcp_segment *seg);

/* tcp_rcvq.c: data, in order and out of order ------------------------------------------------- */

/* Takes the data of a segment that is within the window; the header is pulled off. true: the packet
 * was taken. *fin: a FIN behind it is next in line now. */
bool tcp_queue_data(struct tcp_sock *t, struct packet *p, const struct tcp_segment *seg, bool *fin);
void tcp_ooo_purge(struct tcp_sock *t);
/* Bytes that can be read now. */
static inline u32 tcp_readable(const struct tcp_sock *t)
{
	return READ_ONCE(t->rcv_nxt) - READ_ONCE(t->copied_seq) - READ_ONCE(t->fin_seen);
}
/* tcp_ooo.c */
void tcp_ooo_add(struct tcp_sock *t, struct packet *p, u32 seq, u32 end, bool fin);
/* Moves what has become next in line to the receive queue: whether the stream's end was reached. */
bool tcp_ooo_drain(struct tcp_sock *t);
void tcp_dsack(struct tcp_sock *t, u32 start, u32 end);
/* Frees the packets furthest off until `needed` bytes fit: whether they do. */
bool tcp_ooo_prune(struct tcp_sock *t, u32 needed);
/* Puts a packet's data, in order, into the receive queue; takes it. */
void tcp_rcvq_put(struct tcp_sock *t, struct packet *p, u32 seq, u32 end);

/* tcp_urgent.c ------------------------------------------------------------------------------- */

void tcp_urgent_input(struct tcp_sock *t, struct packet *p, const struct tcp_segment *seg);
/* recv(MSG_OOB): 1, 0 at the end, or -errno. With recv_lock, takes the lock itself. */
ssize_t tcp_urgent_recv(struct tcp_sock *t, struct msg *m);

/* tcp_window.c ------------------------------------------------------------------------------- */

/* The window to tell now, in bytes: it never moves its right edge back (RFC 9293, SHLD-14), and
 * moves it forward by worthwhile steps only (3.8.6.2.2). */
u32 tcp_window_select(struct tcp_sock *t);
/* The same as the header's field; remembers what was told. */
u16 tcp_window_tell(struct tcp_sock *t);
/* What the first SYN or SYN-ACK tells, and the scale that goes with it. */
void tcp_window_first(u32 space, u32 mss, bool scale, u32 *window, u8 *wscale);
u32 tcp_space_to_window(const struct tcp_sock *t, u32 space);
/* A round of reading may be over: grows the receive buffer if it is what limits the peer. */
void tcp_tune_receive(struct tcp_sock *t);
/* The send buffer follows cwnd. */
void tcp_tune_send(struct tcp_sock *t);
/* Reading has made room: tells the peer if that is worth a segment. */
void tcp_after_read(struct tcp_sock *t);

/* tcp_output.c: segments go ------------------------------------------------------------------- */

/* Builds and sends a segment of n bytes from `seq` on; TCP_ACK is added in all states but SYN-SENT:
 * 0 or -errno. */
int tcp_transmit(struct tcp_sock *t, u32 seq, u32 n, u8 flags);
/* An ACK now. */
void tcp_send_ack(struct tcp_sock *t);
/* One that the peer answers although nothing is new: keep-alive, window probe; seq below una. */
void tcp_send_prod(struct tcp_sock *t, bool urgent);
/* RST for an existing connection. */
void tcp_send_reset(struct tcp_sock *t);
/* mss from the path and the peer's option; the route, or NULL and *err. */
struct route *tcp_route(struct tcp_sock *t, int *err);
void tcp_mss_update(struct tcp_sock *t, u32 mtu);
/* Data bytes that a segment can have now, as SACK blocks take room. */
u32 tcp_mss_now(const struct tcp_sock *t);

/* tcp_stamp.c: SO_TIMESTAMPING of sent data ---------------------------------------------------- */

/* sock_ops.stamp_begin. */
int tcp_stamp_begin(struct sock *s);
/* The last byte written is to be told of as `wanted` (SOF_TIMESTAMPING_TX_*) says. */
void tcp_mark(struct tcp_sock *t, u32 wanted);
/* Bytes before `end` went; those before snd_una are acknowledged. */
void tcp_marks_sent(struct tcp_sock *t, u32 end);
void tcp_marks_acked(struct tcp_sock *t);
void tcp_marks_purge(struct tcp_sock *t);

/* tcp_push.c: what may go ---------------------------------------------------------------------- */

/* Sends what the windows, Nagle's rule (RFC 9293, 3.7.4; Minshall's variant), TCP_CORK and the
 * avoidance of silly windows allow. `more`: another write follows at once. */
void tcp_push(struct tcp_sock *t, bool more);
/* As tcp_push(), after an ACK: first what is lost, then new data. */
void tcp_push_recovery(struct tcp_sock *t);
/* The user is done sending: FIN behind the last byte. */
void tcp_queue_fin(struct tcp_sock *t);
/* Sends a new segment beyond what cwnd allows (limited transmit, TLP): whether there was one. */
bool tcp_push_one(struct tcp_sock *t, u32 n);

/* tcp_reply.c: segments without a connection -------------------------------------------------- */

/* RST for a segment that belongs to nobody (RFC 9293, 3.5.2). No lock. */
void tcp_reply_reset(struct packet *p, const struct tcp_segment *seg);
struct tcp_reply {
	struct ipaddr from, to;
	u16 from_port, to_port;
	u32 seq, ack;
	u16 window;
	u8 flags, tos;
	s16 ttl;                   /* hops; -1: default */
	u32 nif, mark;
	const struct tcp_options *options; /* NULL: none */
};
/* A segment without data: 0 or -errno. No lock, or any of RANK_SOCK. */
int tcp_reply(const struct tcp_reply *r);

/* tcp_sent.c: the scoreboard ------------------------------------------------------------------- */

struct tcp_sent *tcp_sent_add(struct tcp_sock *t, u32 start, u32 end);
struct tcp_sent *tcp_sent_alloc(void);
void tcp_sent_free(struct tcp_sent *s);
void tcp_sent_init_cache(void);
/* Cuts one in two at `seq`: the first part is `s`; false: no memory. */
bool tcp_sent_split(struct tcp_sock *t, struct tcp_sent *s, u32 seq);
void tcp_sent_purge(struct tcp_sock *t);
void tcp_sent_mark_lost(struct tcp_sock *t, struct tcp_sent *s);
void tcp_sent_mark_sacked(struct tcp_sock *t, struct tcp_sent *s);
/* It was sent again just now. */
void tcp_sent_again(struct tcp_sock *t, struct tcp_sent *s, u64 now);
static inline struct tcp_sent *tcp_sent_first(const struct tcp_sock *t)
{
	return list_first_entry_or_null(&t->sent, struct tcp_sent, link);
}

/* tcp_ack.c, tcp_sack.c, tcp_recovery.c, tcp_rack.c  ------------------------------------------- */

/* What one ACK brought. */
struct tcp_ack {
	u32 prior_una;
	u32 acked;              /* bytes newly acknowledged, cumulatively */
	u32 sacked;             /* bytes newly sacked */
	u32 delivered;          /* acked + sacked that were not sacked before */
	u32 lost;               /* lost_bytes before */
	u32 flight;             /* before */
	u64 sample_ns;          /* transmission time of an RTT sample, 0: none */
	bool dsack, new_data_acked, window_update, duplicate, was_lost;
	bool again_acked;       /* something that was sent more than once was acknowledged */
	bool original;          /* something sent once, before the recovery, was (s)acked */
	u64 now;
};
/* The fifth check's ACK part: false: the segment is to be dropped (it acknowledges what was not
 * sent). */
bool tcp_ack(struct tcp_sock *t, const struct tcp_segment *seg);
/* Takes acknowledged ones off, to snd_una's new value. */
void tcp_sent_acked(struct tcp_sock *t, u32 ack, struct tcp_ack *a);
void tcp_sack_input(struct tcp_sock *t, const struct tcp_segment *seg, struct tcp_ack *a);
/* RACK: a segment sent at `ns` was delivered. */
void tcp_rack_delivered(struct tcp_sock *t, const struct tcp_sent *s, const struct tcp_ack *a);
/* Marks as lost what RACK takes for it; arms the reorder timer: whether there is any. */
bool tcp_rack_detect(struct tcp_sock *t, u64 now);
void tcp_rack_reorder(struct tcp_sock *t, bool dsack);
/* The recovery's state machine after an ACK. */
void tcp_recovery_ack(struct tcp_sock *t, const struct tcp_segment *seg, struct tcp_ack *a);
void tcp_recovery_enter(struct tcp_sock *t);
void tcp_loss_enter(struct tcp_sock *t);
void tcp_undo(struct tcp_sock *t);
/* Sends again the first lost ones, as many as cwnd allows. */
void tcp_resend_lost(struct tcp_sock *t);
int tcp_resend(struct tcp_sock *t, struct tcp_sent *s, u32 limit);
/* tcp_frto.c: after a timeout's retransmission; an ACK meanwhile: true: it was for nothing. */
void tcp_frto_begin(struct tcp_sock *t);
bool tcp_frto_ack(struct tcp_sock *t, const struct tcp_ack *a);
/* tcp_tlp.c */
void tcp_tlp_ack(struct tcp_sock *t, const struct tcp_segment *seg, const struct tcp_ack *a);
void tcp_tlp_fire(struct tcp_sock *t);

/* tcp_rtt.c (RFC 6298)  ------------------------------------------------------------------------ */

void tcp_rtt_sample(struct tcp_sock *t, u32 us);
void tcp_rto_reset(struct tcp_sock *t);
/* Data came: measures the round trip as a receiver can. */
void tcp_receive_rtt(struct tcp_sock *t, const struct tcp_segment *seg);
static inline u32 tcp_srtt_us(const struct tcp_sock *t) { return t->srtt >> 3; }

/* tcp_timer.c  --------------------------------------------------------------------------------- */

void tcp_timer_init(struct tcp_sock *t);
/* Sees to it that the timer comes no later than the first deadline. */
void tcp_timer_update(struct tcp_sock *t);
void tcp_timer_stop(struct tcp_sock *t);
static inline void tcp_tx_arm(struct tcp_sock *t, enum tcp_tx_timer kind, u64 at)
{
	t->tx_kind = (u8)kind;
	t->tx_ns = at;
	if (!t->timer_ns || at < t->timer_ns)
		tcp_timer_update(t);
}
static inline void tcp_tx_disarm(struct tcp_sock *t)
{
	t->tx_kind = TX_NONE;
	t->tx_ns = 0;
}
/* RTO or probe from now on, for what is in flight; or none. */
void tcp_tx_rearm(struct tcp_sock *t);
void tcp_delack_arm(struct tcp_sock *t);
/* The keep-alive (or FIN-WAIT-2) timer as the state wants it. */
void tcp_keep_arm(struct tcp_sock *t, u64 delay);
void tcp_keep_option(struct tcp_sock *t);
u64 tcp_keep_idle(const struct tcp_sock *t);
/* tcp_retransmit.c: what its deadlines mean. */
void tcp_rto_fire(struct tcp_sock *t);
void tcp_persist_fire(struct tcp_sock *t);
void tcp_keep_fire(struct tcp_sock *t);

/* tcp_delack.c  -------------------------------------------------------------------------------- */

/* Data came: when to acknowledge. */
void tcp_ack_schedule(struct tcp_sock *t, u32 length);
/* At the end of input: an ACK now, later, or none. */
void tcp_ack_decide(struct tcp_sock *t);
/* Whether tcp_ack_decide() would send one. */
bool tcp_ack_wanted(struct tcp_sock *t);
/* tcp_respond.c: what a segment brought about: data that may go now, an ACK. At once if that tells
 * of a loss or helps out of one, else when the round of frames is over. Soft work. */
void tcp_respond(struct tcp_sock *t);
/* A segment with ACK went out. */
void tcp_ack_sent(struct tcp_sock *t);
void tcp_quick_ack(struct tcp_sock *t, u8 n);

/* tcp_listen.c, tcp_request.c, tcp_cookie.c: see tcp_listen_int.h  ----------------------------- */

int tcp_listen(struct sock *s, u32 backlog);
int tcp_accept(struct sock *s, u32 flags, struct sock **out);
/* A segment for a listener. Takes the lock itself; true: the packet was taken; *again: look up the
 * connection once more. */
bool tcp_listen_input(struct tcp_sock *l, struct packet *p, struct tcp_segment *seg, bool *again);
/* Listens no more: drops requests and connections that nobody accepted; CLOSE. */
void tcp_listen_stop(struct tcp_sock *l);
bool tcp_accept_ready(const struct tcp_sock *l);
bool tcp_is_listening(const struct sock *s);
/* The timer of a listener fired: requests are answered again, or dropped. */
void tcp_listen_timer(struct tcp_sock *l);
/* tcpi_unacked and tcpi_sacked of a listener: connections that wait, and how many may. */
void tcp_listen_info(const struct tcp_sock *l, struct tcp_info *info);

/* tcp_isn.c  ----------------------------------------------------------------------------------- */

/* Initial sequence number (RFC 6528), and the offset of time stamps. Any context. */
u32 tcp_isn(const struct ipaddr *local, u16 local_port, const struct ipaddr *remote,
	    u16 remote_port);
u32 tcp_stamp_offset(const struct ipaddr *local, const struct ipaddr *remote);
void tcp_isn_init(void);

/* The user's calls (sock_ops): no lock held  --------------------------------------------------- */

int tcp_bind(struct sock *s, const struct sockaddr_storage *a, u32 length);
int tcp_connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags);
/* connect(AF_UNSPEC): back to the beginning. */
int tcp_disconnect(struct sock *s);
ssize_t tcp_send(struct sock *s, struct msg *m);
ssize_t tcp_send_page(struct sock *s, struct page *page, u32 offset, u32 n, u32 flags);
ssize_t tcp_recv(struct sock *s, struct msg *m);
int tcp_shutdown(struct sock *s, int how);
void tcp_close(struct sock *s);
void tcp_kill(struct sock *s, int error);
void tcp_destroy(struct sock *s);
u32 tcp_poll(struct sock *s);
long tcp_ioctl(struct sock *s, u32 request, u64 arg);
int tcp_set_option(struct sock *s, int level, int name, const void __user *value, u32 n);
int tcp_get_option(struct sock *s, int level, int name, void __user *value, u32 *n);
/* tcp_option_rare.c: with the lock … */
int tcp_set_rare(struct tcp_sock *t, int name, int v);
int tcp_get_rare(const struct tcp_sock *t, int name, int *v);
/* … and without. */
int tcp_set_ulp(const void __user *value, u32 n);
int tcp_get_saved_syn(struct tcp_sock *t, void __user *value, u32 *n);
/* The headers of a packet whose data begin with a TCP header of that length, in a block of
 * kmalloc()'s, or NULL. */
struct tcp_saved_syn *tcp_save_syn(const struct packet *p, u32 header);
void tcp_option_changed(struct sock *s, int name);
void tcp_info_fill(struct tcp_sock *t, struct tcp_info *info);
/* tcp_show.c: what timer a connection waits for, in Linux' numbers, and when: 0 none, 1
 * retransmission, 2 keep-alive, 3 TIME-WAIT, 4 persist. */
unsigned tcp_timer_kind(const struct tcp_sock *t, u64 *at);
/* Whether there is room worth a POLLOUT. */
bool tcp_writable(const struct tcp_sock *t);
/* Tells senders who wait, after room was made. */
void tcp_wake_writer(struct tcp_sock *t);
void tcp_error(const struct ip_error *e);
