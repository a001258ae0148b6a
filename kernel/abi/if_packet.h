/*
 * abi/if_packet.h - packet sockets (packet(7)): addresses, options, rings in shared memory.
 */
#ifndef ABI_IF_PACKET_H
#define ABI_IF_PACKET_H

#include "abi/types.h"

#define SOL_PACKET	263

struct sockaddr_ll {
	u16 sll_family;
	u16 sll_protocol;	/* network order */
	s32 sll_ifindex;
	u16 sll_hatype;
	u8 sll_pkttype;
	u8 sll_halen;
	u8 sll_addr[8];
};

#define PACKET_HOST		0
#define PACKET_BROADCAST	1
#define PACKET_MULTICAST	2
#define PACKET_OTHERHOST	3
#define PACKET_OUTGOING		4

#define PACKET_ADD_MEMBERSHIP	1
#define PACKET_DROP_MEMBERSHIP	2
#define PACKET_RX_RING		5
#define PACKET_STATISTICS	6
#define PACKET_AUXDATA		8
#define PACKET_ORIGDEV		9
#define PACKET_VERSION		10
#define PACKET_HDRLEN		11
#define PACKET_RESERVE		12
#define PACKET_TX_RING		13
#define PACKET_LOSS		14
#define PACKET_TIMESTAMP	17
#define PACKET_FANOUT		18
#define PACKET_TX_HAS_OFF	19
#define PACKET_QDISC_BYPASS	20
#define PACKET_FANOUT_DATA	22
#define PACKET_IGNORE_OUTGOING	23

/* PACKET_FANOUT: the group's number, its mode and flags in the upper half. */
#define PACKET_FANOUT_HASH		0
#define PACKET_FANOUT_LB		1
#define PACKET_FANOUT_CPU		2
#define PACKET_FANOUT_ROLLOVER		3
#define PACKET_FANOUT_RND		4
#define PACKET_FANOUT_QM		5
#define PACKET_FANOUT_CBPF		6
#define PACKET_FANOUT_FLAG_ROLLOVER	0x1000
#define PACKET_FANOUT_FLAG_UNIQUEID	0x2000
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING	0x4000

#define PACKET_MR_MULTICAST	0
#define PACKET_MR_PROMISC	1
#define PACKET_MR_ALLMULTI	2
#define PACKET_MR_UNICAST	3

struct packet_mreq {
	s32 mr_ifindex;
	u16 mr_type;
	u16 mr_alen;
	u8 mr_address[8];
};

struct tpacket_stats { u32 tp_packets, tp_drops; };
struct tpacket_stats_v3 { u32 tp_packets, tp_drops, tp_freeze_q_cnt; };

#define TP_STATUS_KERNEL		0
#define TP_STATUS_USER			(1 << 0)
#define TP_STATUS_COPY			(1 << 1)
#define TP_STATUS_LOSING		(1 << 2)
#define TP_STATUS_CSUMNOTREADY		(1 << 3)
#define TP_STATUS_VLAN_VALID		(1 << 4)
#define TP_STATUS_BLK_TMO		(1 << 5)
#define TP_STATUS_VLAN_TPID_VALID	(1 << 6)
#define TP_STATUS_CSUM_VALID		(1 << 7)
#define TP_STATUS_GSO_TCP		(1 << 8)

/* Of a frame to be sent. */
#define TP_STATUS_AVAILABLE		0
#define TP_STATUS_SEND_REQUEST		(1 << 0)
#define TP_STATUS_SENDING		(1 << 1)
#define TP_STATUS_WRONG_FORMAT		(1 << 2)

struct tpacket_auxdata {
	u32 tp_status, tp_len, tp_snaplen;
	u16 tp_mac, tp_net, tp_vlan_tci, tp_vlan_tpid;
};

#define TPACKET_ALIGNMENT	16

enum tpacket_versions { TPACKET_V1, TPACKET_V2, TPACKET_V3 };

struct tpacket_hdr {
	u64 tp_status;
	u32 tp_len, tp_snaplen;
	u16 tp_mac, tp_net;
	u32 tp_sec, tp_usec;
};

struct tpacket2_hdr {
	u32 tp_status, tp_len, tp_snaplen;
	u16 tp_mac, tp_net;
	u32 tp_sec, tp_nsec;
	u16 tp_vlan_tci, tp_vlan_tpid;
	u8 tp_padding[4];
};

struct tpacket_hdr_variant1 {
	u32 tp_rxhash, tp_vlan_tci;
	u16 tp_vlan_tpid, tp_padding;
};

struct tpacket3_hdr {
	u32 tp_next_offset;
	u32 tp_sec, tp_nsec;
	u32 tp_snaplen, tp_len, tp_status;
	u16 tp_mac, tp_net;
	struct tpacket_hdr_variant1 hv1;
	u8 tp_padding[8];
};

struct tpacket_bd_ts { u32 ts_sec, ts_nsec; };

struct tpacket_hdr_v1 {
	u32 block_status, num_pkts, offset_to_first_pkt, blk_len;
	u64 seq_num __aligned(8);
	struct tpacket_bd_ts ts_first_pkt, ts_last_pkt;
};

struct tpacket_block_desc {
	u32 version, offset_to_priv;
	struct tpacket_hdr_v1 hdr;
};

struct tpacket_req { u32 tp_block_size, tp_block_nr, tp_frame_size, tp_frame_nr; };
struct tpacket_req3 {
	u32 tp_block_size, tp_block_nr, tp_frame_size, tp_frame_nr;
	u32 tp_retire_blk_tov, tp_sizeof_priv, tp_feature_req_word;
};

#endif
