//! MPTCP counters of failures: what was refused, lost or given up, and what to do about it.
//! Not here: counters of normal operation.
//!
//! Names are those of net/mptcp/mib.c, after `MPTcpExt`. `source` is where the kernel counts, below net/mptcp.

/// The stage of a subflow's life at which a counter rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The connection itself became MPTCP, or became or stayed TCP.
    Fallback,
    /// An address was announced.
    Announcement,
    /// A join was sent, arrived, or was answered.
    Join,
    /// The subflow was there.
    Carriage,
    /// The subflow or the connection ended.
    End,
}

/// The end of a connection at which a counter rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The end that connects.
    Client,
    /// The end that listens.
    Server,
    /// Either of the two.
    Either,
}

/// A counter, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// Its name, as `nstat` has it.
    pub name: &'static str,
    /// The stage.
    pub stage: Stage,
    /// The end.
    pub at: At,
    /// What happened if it rose.
    pub means: &'static str,
    /// What to do then.
    pub change: &'static str,
    /// Where the kernel counts it: the file below net/mptcp and the function.
    pub source: &'static str,
}

macro_rules! meanings {
    ($($name:literal $stage:ident $at:ident $source:literal $means:literal $change:literal)*) => {
        &[$(Meaning {
            name: concat!("MPTcpExt", $name), stage: Stage::$stage, at: At::$at, means: $means, change: $change, source: $source,
        }),*]
    };
}

/// All of them, along the life of a subflow.
pub const MEANINGS: &[Meaning] = meanings! {
    "MPCapableSYNTXDisabled" Fallback Client "protocol.c, mptcp_connect"
        "the host had stopped asking for MPTCP, to any destination, because SYNs with MP_CAPABLE had vanished before"
        "let SYNs with MPTCP options pass; net.mptcp.blackhole_timeout sets for how long it stops (0: never), and writing it ends that at once"
    "MPCapableSYNTXDrop" Fallback Client "ctrl.c, mptcp_active_detect_blackhole"
        "SYNs with MP_CAPABLE were not answered, so the next was sent without it"
        "let SYNs with MPTCP options pass; net.mptcp.syn_retrans_before_tcp_fallback sets how many are tried"
    "Blackhole" Fallback Client "ctrl.c, mptcp_active_disable"
        "a SYN without MPTCP was answered, but those with MPTCP were not: something on the way drops them"
        "let SYNs with MPTCP options pass"
    "MPFallbackTokenInit" Fallback Either "subflow.c, subflow_check_req; protocol.c, mptcp_connect"
        "no token was free for the connection"
        "check whether the host is out of memory"
    "MD5SigFallback" Fallback Client "protocol.c, mptcp_connect"
        "the socket signs its packets (TCP_MD5SIG), which leaves no room for MPTCP's options"
        "use no TCP_MD5SIG"
    "MD5SigReset" Fallback Server "subflow.c, subflow_check_req"
        "a SYN came to an MPTCP socket that signs its packets (TCP_MD5SIG), and was answered with a reset"
        "use no TCP_MD5SIG, or no MPTCP, at the listening socket"
    "SimultConnectFallback" Fallback Either "options.c, mptcp_syn_options"
        "both ends connected to each other at once"
        "let one end listen"
    "MPCapableFallbackSYNACK" Fallback Client "subflow.c, subflow_finish_connect"
        "the SYN/ACK had no MP_CAPABLE: the server speaks TCP, or the option was stripped on the way"
        "let the server's socket speak MPTCP, and let MPTCP options pass"
    "MPCapableFallbackACK" Fallback Server "subflow.c, subflow_syn_recv_sock"
        "the third ACK had no MP_CAPABLE: it was stripped on the way, or that packet was lost"
        "let MPTCP options pass from the client to the server"
    "MPCapableDataFallback" Fallback Either "options.c, check_fully_established"
        "the first data had neither MP_CAPABLE nor a mapping: they were stripped on the way"
        "let MPTCP options also pass on packets with data"
    "DssFallback" Fallback Either "subflow.c, subflow_check_data_avail"
        "data came without a valid mapping (DSS): it was stripped, or the packets were merged or split on the way"
        "let MPTCP options pass on packets with data; look for proxies on the way"
    "DSSCorruptionFallback" Fallback Either "protocol.c, mptcp_dss_corruption"
        "data and its mapping did not match"
        "look for something on the way that changes TCP payload"
    "InfiniteMapRx" Fallback Either "subflow.c, get_mapping_status"
        "the peer gave up MPTCP in mid-connection (an infinite mapping)"
        "read the peer's counters: it saw a wrong checksum"
    "InfiniteMapTx" Fallback Either "protocol.c, mptcp_update_infinite_map"
        "the host gave up MPTCP in mid-connection, as the peer asked (MP_FAIL)"
        "read the peer's counters: it saw a wrong checksum"
    "FallbackFailed" Fallback Either "protocol.c, subflow.c and options.c"
        "the connection could not fall back to TCP any more, and the subflow was reset"
        "look for something on the way that strips MPTCP options after a while"
    "AddAddrTxDrop" Announcement Either "pm.c, mptcp_pm_announce_addr and mptcp_pm_add_addr_signal"
        "an announcement was not sent: another was under way, or it did not fit beside TCP's other options"
        "announce without a port, or switch net.ipv4.tcp_timestamps off (with IPv6: net.mptcp.add_addr_v6_port_drop_ts)"
    "EchoAddTxDrop" Announcement Either "pm.c, mptcp_pm_announce_addr and mptcp_pm_add_addr_signal"
        "an announcement was not acknowledged, for want of room: the peer repeats it"
        "nothing, if it was acknowledged later (MPTcpExtEchoAddTx)"
    "AddAddrDrop" Announcement Either "pm.c, mptcp_pm_add_addr_received"
        "an announcement was ignored: an earlier one was still being processed, or no program managed paths in user space"
        "nothing, if it was repeated (net.mptcp.add_addr_timeout); start the program that manages paths"
    "MPJoinSynTxCreatSkErr" Join Either "subflow.c, __mptcp_subflow_connect"
        "no socket could be made for a join"
        "check whether the host is out of memory, and whether a security module forbids it"
    "MPJoinSynTxBindErr" Join Either "subflow.c, __mptcp_subflow_connect"
        "a join could not be bound to its address: the host does not have it, or its port is taken"
        "compare `ip mptcp endpoint` with `ip address`"
    "MPJoinSynTxConnectErr" Join Either "subflow.c, __mptcp_subflow_connect"
        "a join found no route to its destination"
        "add a route for packets from the endpoint's address: `ip rule add from ADDRESS lookup TABLE`, `ip route add default ... table TABLE`"
    "MPJoinNoTokenFound" Join Either "subflow.c, subflow_token_join_request"
        "a join named a connection that the host does not have: it was over, is TCP by now, or belongs to another host (a load balancer)"
        "let the joins of a connection reach the host that has it; announce that host's own address"
    "MPJoinNoIdFound" Join Either "subflow.c, subflow_token_join_request"
        "a join came to an address for which the host's path manager had no id and could not allocate one"
        "let the program that manages paths announce the address with an id before joins come to it; check that not all of the 255 ids are in use, and that net.core.optmem_max leaves room for one more (pm_userspace.c)"
    "MismatchPortSynRx" Join Either "subflow.c, subflow_check_req"
        "a join came to a port that is neither the connection's nor announced with its address"
        "let a program listen at the port that the join goes to, or announce the port (`signal` with `port`)"
    "MPJoinSynAckHMacFailure" Join Either "subflow.c, subflow_finish_connect"
        "the answer to a join did not prove that it belongs to the same connection"
        "look for something on the way that answers in the peer's place or ends connections (a proxy)"
    "MPJoinSynAckNoMPJoin" Join Either "subflow.c, subflow_finish_connect"
        "a join was answered without MP_JOIN: the options were stripped on the way, or a TCP socket listens at the same port (SO_REUSEPORT)"
        "let every program that listens at the port ask for IPPROTO_MPTCP (`ss -tlnM`), and let SYNs with MP_JOIN pass unchanged"
    "MPJoinAckNoMPJoin" Join Either "subflow.c, subflow_syn_recv_sock"
        "the last packet of a join's handshake came without MP_JOIN: the option was stripped on the way"
        "let MPTCP options also pass on packets without data"
    "MPJoinAckNoCtx" Join Either "subflow.c, subflow_syn_recv_sock"
        "a join that had succeeded could not be kept, for want of memory"
        "check whether the host is out of memory"
    "MPJoinRejected" Join Either "subflow.c, subflow_syn_recv_sock; protocol.c, mptcp_finish_join"
        "joins that this host rejected: its limit of subflows was reached, or either end had closed its direction (a program whose input has ended may do so), or the connection was not confirmed yet"
        "let no end close its direction while subflows are to join: keep the program's input open; or raise the limit where it was reached (`ip mptcp limits set subflows N`)"
    "MPJoinNotEstablished" Join Either "protocol.c, mptcp_finish_join"
        "a join was completed when its connection was not yet or no longer fully established: either end had closed its direction, or the first data had not been confirmed yet"
        "let no end close its direction while subflows may still join: keep the program's input open"
    "MPJoinAckHMacFailure" Join Either "subflow.c, subflow_syn_recv_sock"
        "the last packet of a join's handshake did not prove that it belongs to the same connection"
        "look for something on the way that ends connections (a proxy)"
    "MismatchPortAckRx" Join Either "subflow.c, subflow_syn_recv_sock"
        "a join came to a port that is neither the connection's nor announced with its address"
        "let a program listen at the port that the join goes to, or announce the port (`signal` with `port`)"
    "MPCapableEndpAttempt" Join Either "subflow.c, subflow_reset_req_endp"
        "a client connected to a port that is for joins only (an endpoint with a port)"
        "connect to the port that the server's program listens at"
    "DSSCorruptionReset" Carriage Either "protocol.c, mptcp_dss_corruption"
        "a subflow was reset, because data and its mapping did not match"
        "look for something on the way that changes TCP payload"
    "DssReset" Carriage Either "subflow.c, subflow_check_data_avail"
        "a subflow was reset, because data came on it without a valid mapping (DSS) and the connection could not fall back any more"
        "let MPTCP options pass on packets with data; look for proxies on the way"
    "DataCsumErr" Carriage Either "subflow.c, validate_data_csum"
        "an MPTCP checksum was wrong: something on the way changed the data"
        "look for it (application-layer gateways for FTP or SIP do so), or keep that path out of the endpoints"
    "MPFailRx" Carriage Either "options.c, mptcp_incoming_options"
        "the peer had seen a wrong checksum (MP_FAIL)"
        "look for something on the way that changes TCP payload"
    "BacklogDrop" Carriage Either "protocol.c, __mptcp_add_backlog"
        "data was dropped, because the receiving socket's backlog was longer than its buffer allows"
        "let the receiving program read faster, or give its socket a larger buffer (net.ipv4.tcp_rmem)"
    "RcvPruned" Carriage Either "protocol.c, mptcp_data_queue_ofo and __mptcp_move_skb"
        "data that TCP had acknowledged was dropped, because the receiving connection had no room: the peer retransmits it"
        "let the receiving program read faster, or give its socket a larger buffer (net.ipv4.tcp_rmem)"
    "OFOPruned" Carriage Either "protocol.c, mptcp_prune_ofo_queue"
        "data that waited for earlier data was dropped, because the receiving connection had no room: the peer retransmits it"
        "give the receiving socket a larger buffer (net.ipv4.tcp_rmem); look for a subflow that is much slower than the others"
    "SubflowStale" Carriage Either "pm.c, mptcp_pm_subflow_chk_stale"
        "subflows made no progress and were passed over"
        "look at the path's loss and delay; net.mptcp.stale_loss_cnt sets how long Linux waits for a subflow"
    "RmAddr" Carriage Either "pm.c, mptcp_pm_rm_addr_or_subflow"
        "the peer withdrew an address, which ended its subflows"
        "look for what removed the peer's endpoint or address"
    "RmSubflow" Carriage Either "pm.c, mptcp_pm_rm_addr_or_subflow; pm_userspace.c"
        "the host ended subflows, because an endpoint was removed or a program asked for it"
        "look for what removed the endpoint"
};
