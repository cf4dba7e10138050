//! MPTCP counters of normal operation: a sentence each, without advice.
//! Not here: counters of failures.
//!
//! Names are those of net/mptcp/mib.c, after `MPTcpExt`; the sentences follow net/mptcp/mib.h and the code that counts.

use super::faults::Stage::{self, Announcement, Carriage, End, Fallback, Join};

/// Name, stage and meaning, in the kernel's order.
pub(super) const COURSE: &[(&str, Stage, &str)] = &[
    ("MPTcpExtMPCapableSYNRX", Fallback, "SYNs with MP_CAPABLE received: peers asked for MPTCP"),
    ("MPTcpExtMPCapableSYNTX", Fallback, "SYNs with MP_CAPABLE sent: this host asked for MPTCP"),
    ("MPTcpExtMPCapableSYNACKRX", Fallback, "SYN/ACKs with MP_CAPABLE received: peers agreed to MPTCP"),
    ("MPTcpExtMPCapableACKRX", Fallback, "third ACKs with MP_CAPABLE received: connections of peers became MPTCP"),
    ("MPTcpExtMPTCPRetrans", Carriage, "segments that MPTCP retransmitted, on whichever subflow was free"),
    ("MPTcpExtMPJoinSynTx", Join, "joins begun: SYNs with MP_JOIN handed to TCP, those that never left included"),
    ("MPTcpExtMPJoinSynRx", Join, "joins that arrived: SYNs with MP_JOIN"),
    ("MPTcpExtMPJoinSynBackupRx", Join, "joins that arrived and asked to be backups"),
    ("MPTcpExtMPJoinSynAckRx", Join, "joins that the peer answered: SYN/ACKs with MP_JOIN"),
    ("MPTcpExtMPJoinSynAckBackupRx", Join, "joins that the peer answered as backups"),
    ("MPTcpExtMPJoinAckRx", Join, "joins of peers that were completed: third ACKs with MP_JOIN"),
    ("MPTcpExtMPJoinPortSynRx", Join, "joins that arrived at an announced port other than the connection's"),
    ("MPTcpExtMPJoinPortSynAckRx", Join, "joins to a port other than the connection's that the peer answered"),
    ("MPTcpExtMPJoinPortAckRx", Join, "joins at a port other than the connection's that were completed"),
    ("MPTcpExtDSSNotMatching", Carriage, "second mappings for the same data that disagreed with the first"),
    ("MPTcpExtDSSNoMatchTCP", Carriage, "mappings that disagreed with TCP's sequence numbers"),
    ("MPTcpExtOFOQueue", Carriage, "segments that arrived before earlier ones, and waited for them"),
    ("MPTcpExtOFOQueueTail", Carriage, "of those, segments that were put at the queue's end"),
    ("MPTcpExtOFOMerge", Carriage, "of those, segments that were merged with a neighbour"),
    (
        "MPTcpExtNoDSSInWindow",
        Carriage,
        "segments beyond the receive window, dropped after TCP had acknowledged them: MPTCP retransmits them after a timeout",
    ),
    ("MPTcpExtDuplicateData", Carriage, "segments that had already arrived over another subflow, and were dropped"),
    ("MPTcpExtAddAddr", Announcement, "announcements of addresses received (ADD_ADDR), repetitions included"),
    ("MPTcpExtAddAddrTx", Announcement, "announcements of addresses sent (ADD_ADDR), repetitions included"),
    ("MPTcpExtEchoAdd", Announcement, "announcements that the peer acknowledged"),
    ("MPTcpExtEchoAddTx", Announcement, "announcements of the peer that this host acknowledged"),
    ("MPTcpExtPortAdd", Announcement, "announcements received with a port"),
    ("MPTcpExtRmAddrTx", Announcement, "announcements withdrawn (RM_ADDR sent)"),
    ("MPTcpExtRmAddrDrop", Announcement, "withdrawals of announcements ignored because an earlier one was still being processed"),
    ("MPTcpExtRmAddrTxDrop", Announcement, "announcements that could not be withdrawn because another withdrawal was under way"),
    ("MPTcpExtMPPrioTx", Carriage, "changes of a subflow's priority sent to the peer (MP_PRIO)"),
    ("MPTcpExtMPPrioRx", Carriage, "changes of a subflow's priority received from the peer (MP_PRIO)"),
    ("MPTcpExtMPFailTx", Carriage, "wrong checksums reported to the peer (MP_FAIL)"),
    ("MPTcpExtMPFastcloseTx", End, "connections that this host aborted (MP_FASTCLOSE)"),
    ("MPTcpExtMPFastcloseRx", End, "connections that the peer aborted (MP_FASTCLOSE)"),
    ("MPTcpExtMPRstTx", End, "subflows that this host reset with a reason (MP_TCPRST)"),
    ("MPTcpExtMPRstRx", End, "subflows that the peer reset with a reason (MP_TCPRST)"),
    ("MPTcpExtSubflowRecover", Carriage, "stale subflows that made progress again, and are used again"),
    ("MPTcpExtSndWndShared", Carriage, "sends in which the connection's window was wider than the subflow's own"),
    ("MPTcpExtRcvWndShared", Carriage, "acknowledgements in which the connection's window was announced instead of the subflow's own"),
    ("MPTcpExtRcvWndConflictUpdate", Carriage, "windows that two subflows announced at once: the wider one was used"),
    ("MPTcpExtRcvWndConflict", Carriage, "windows that two subflows announced at once: this one's stayed"),
    ("MPTcpExtMPCurrEstab", End, "MPTCP connections that are established now"),
    ("MPTcpExtWinProbe", Carriage, "probes of a connection's window that was closed"),
];
