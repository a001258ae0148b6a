/*
 * Counters of TCP (RFC 4022, and Linux' names for more): /proc/net/snmp and /proc/net/netstat.
 * Each CPU has its own; a line of them here is all it takes to have another.
 */
#pragma once

#include "arch/percpu.h"
#include "lib/types.h"

/* Of /proc/net/snmp, after RtoAlgorithm … MaxConn and around CurrEstab, which is no counter. */
#define TCP_COUNTERS(X) \
	X(ActiveOpens) X(PassiveOpens) X(AttemptFails) X(EstabResets) \
	X(InSegs) X(OutSegs) X(RetransSegs) X(InErrs) X(OutRsts) X(InCsumErrors)
/* Of the line TcpExt: in /proc/net/netstat. */
#define TCP_EXT_COUNTERS(X) \
	X(SyncookiesSent) X(SyncookiesRecv) X(SyncookiesFailed) X(EmbryonicRsts) X(PruneCalled) \
	X(OfoPruned) X(OutOfWindowIcmps) X(TW) X(TWRecycled) X(PAWSActive) X(PAWSEstab) \
	X(DelayedACKs) X(DelayedACKLost) X(ListenOverflows) X(ListenDrops) X(TCPHPHits) \
	X(TCPPureAcks) X(TCPSackRecovery) X(TCPSACKReorder) X(TCPFullUndo) \
	X(TCPDSACKUndo) X(TCPLossUndo) X(TCPLostRetransmit) X(TCPFastRetrans) X(TCPTimeouts) \
	X(TCPLossProbes) X(TCPLossProbeRecovery) X(TCPSlowStartRetrans) \
	X(TCPDSACKOldSent) X(TCPDSACKOfoSent) X(TCPDSACKRecv) X(TCPAbortOnData) \
	X(TCPAbortOnClose) X(TCPAbortOnMemory) X(TCPAbortOnTimeout) X(TCPAbortOnLinger) \
	X(TCPAbortFailed) \
	X(TCPDeferAcceptDrop) X(TCPReqQFullDoCookies) X(TCPReqQFullDrop) \
	X(TCPRcvCoalesce) X(TCPOFOQueue) X(TCPOFODrop) X(TCPChallengeACK) \
	X(TCPSYNChallenge) X(TCPFromZeroWindowAdv) X(TCPToZeroWindowAdv) \
	X(TCPSynRetrans) X(TCPOrigDataSent) X(TCPACKSkippedTimeWait) \
	X(TCPACKSkippedChallenge) \
	X(TCPKeepAlive) X(TCPDelivered) X(TCPZeroWindowDrop) X(TCPRcvQDrop) X(TCPTimeWaitOverflow) \
	X(TCPMemoryPressures) X(TCPSpuriousRTOs)

#define TCP_COUNTER_ENUM(name) COUNT_##name,
enum tcp_counter {
	TCP_COUNTERS(TCP_COUNTER_ENUM)
	TCP_EXT_COUNTERS(TCP_COUNTER_ENUM)
	TCP_COUNTER_MAX
};
#undef TCP_COUNTER_ENUM

DECLARE_PERCPU(u64, tcp_counts[TCP_COUNTER_MAX]);

#define tcp_count(name)        this_cpu_add(tcp_counts[COUNT_##name], 1ull)
#define tcp_count_add(name, n) this_cpu_add(tcp_counts[COUNT_##name], (u64)(n))

/* Boot: the lines of /proc/net. */
void tcp_stat_init(void);
