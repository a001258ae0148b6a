/*
 * abi/net_tstamp.h - time stamps of packets (socket(7), SO_TIMESTAMPING).
 */
#ifndef ABI_NET_TSTAMP_H
#define ABI_NET_TSTAMP_H

#include "abi/time.h"
#include "abi/types.h"

/* What is to be recorded, what is to be told, and how. */
#define SOF_TIMESTAMPING_TX_HARDWARE	(1 << 0)
#define SOF_TIMESTAMPING_TX_SOFTWARE	(1 << 1)
#define SOF_TIMESTAMPING_RX_HARDWARE	(1 << 2)
#define SOF_TIMESTAMPING_RX_SOFTWARE	(1 << 3)
#define SOF_TIMESTAMPING_SOFTWARE	(1 << 4)
#define SOF_TIMESTAMPING_SYS_HARDWARE	(1 << 5)
#define SOF_TIMESTAMPING_RAW_HARDWARE	(1 << 6)
#define SOF_TIMESTAMPING_OPT_ID		(1 << 7)
#define SOF_TIMESTAMPING_TX_SCHED	(1 << 8)
#define SOF_TIMESTAMPING_TX_ACK		(1 << 9)
#define SOF_TIMESTAMPING_OPT_CMSG	(1 << 10)
#define SOF_TIMESTAMPING_OPT_TSONLY	(1 << 11)
#define SOF_TIMESTAMPING_OPT_STATS	(1 << 12)
#define SOF_TIMESTAMPING_OPT_PKTINFO	(1 << 13)
#define SOF_TIMESTAMPING_OPT_TX_SWHW	(1 << 14)
#define SOF_TIMESTAMPING_BIND_PHC	(1 << 15)
#define SOF_TIMESTAMPING_MASK		((1 << 16) - 1)
#define SOF_TIMESTAMPING_TX_RECORD_MASK \
	(SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_TX_SOFTWARE | \
	 SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_ACK)

struct so_timestamping {
	s32 flags;
	s32 bind_phc;
};

/* Control data: by software, nothing, by hardware. */
struct scm_timestamping { struct timespec ts[3]; };

/* ee_info of a report about a packet that was sent. */
enum { SCM_TSTAMP_SND, SCM_TSTAMP_SCHED, SCM_TSTAMP_ACK };

#endif
