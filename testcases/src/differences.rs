//! Known differences between kernels that cannot be probed: measures that an older kernel, or any in real time, misses with some seeds, and why.
//! Not here: what a kernel lacks altogether, which is a [`mplab::words::Feature`].
//!
//! A trial that misses these measures and no others is ignored with the reason, and never green. With a seed that misses none it passes, and so
//! it may with another build of mplab, whose own work shifts the times. So nothing shows when an entry is no longer needed.
//! A difference that may affect every case, and rarely does, is no excuse: the trial runs again.

use std::collections::BTreeMap;

use mplab::judge::Verdict;
use mplab::recording::{ConnectionRecord, HostRecord, PlaceRecord, Recording, TransferRecord};

/// Measures of a case that a kernel misses with some seeds.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The first two numbers of the kernel's release (`uname -r`), or [`EVERY`] kernel.
    series: &'static str,
    /// The third number of the first release in which this is fixed. Debian calls all its 6.1 kernels 6.1.0, whatever they contain.
    mended: Option<u32>,
    /// The case, or [`EVERY`] one.
    case: &'static str,
    /// The keys of the measures, or [`ANY`].
    measures: &'static [&'static str],
    /// The evidence in a recording. Without it, the cause is another.
    shown_by: Shown,
    /// What this kernel does differently.
    pub(crate) reason: &'static str,
}

/// The evidence of a difference.
#[derive(Debug)]
enum Shown {
    /// The release of the kernel is enough.
    Release,
    /// The kernel's own evidence: a counter, and how much it must have grown at some host.
    Counter(&'static str, u64),
    /// A receiver got bytes of the stream where others belong, in a run with joins.
    MisplacedBytes,
    /// It ran in real time.
    RealTime,
}

/// The series of a difference that all kernels share, and the case of one that may affect every case. Both are rare and seen in real time, where
/// no two runs are the same.
const EVERY: &str = "";

/// The measures of a difference that may spoil all of them.
const ANY: &[&str] = &[];

/// All known differences.
const KNOWN: &[Difference] = &[
    // ack_update_msk() in net/mptcp/options.c adds the window that the subflow has for its own to the DATA_ACK of a segment. That window may be an
    // older one, which tcp_may_update_window() kept, or one that mptcp_check_allowed_size() widened: the sender then goes beyond all that the peer
    // announced, by 1 to 250 kB in packets seen on 6.18, and the peer's mptcp_data_queue_ofo() drops what its TCP has acknowledged. Only a timeout of
    // MPTCP's repairs that. All kernels from 6.1 to 7.3 do it, in virtual time for 1 to 5 segments a run. In 54 runs on 6.18 those without it had 109 to
    // 117 Mbit/s, those with more than 250 dropped segments 29 to 74.
    Difference {
        series: EVERY,
        mended: None,
        case: "transfer::both_directions",
        measures: &["goodput"],
        shown_by: Shown::Counter("MPTcpExtNoDSSInWindow", 50),
        reason: "Linux may send beyond the peer's window while data go both ways; what the peer drops is lost until a timeout",
    },
    // Fewer drops, and those of cases whose data go one way, seldom spoil a run: of some four thousand runs of cases on 6.18 two missed their goodput, with 45
    // drops in a case with two proxies, and with 9 in transfer::both_directions on a busy computer.
    Difference {
        series: EVERY,
        mended: None,
        case: EVERY,
        measures: &["goodput", "stall", "duration"],
        shown_by: Shown::Counter("MPTcpExtNoDSSInWindow", 5),
        reason: "Linux may send beyond the peer's window; what the peer drops is lost until a timeout",
    },
    // The third ACK of a join comes while the accepting program is in a call on the connection: mptcp_finish_join() in net/mptcp/protocol.c leaves
    // the rest to the end of that call. The subflow's first data come before it, with a mapping of their own; then mptcp_subflow_joined() overwrites
    // that by the connection's position, and the bytes are delivered there. Where the next mapping does not fit, the subflow is reset (reason 1,
    // DSSNotMatching), else nothing tells. On 6.18 in 1 of 200 connections and 1 of 700 runs of cases; in virtual time, which has one CPU, never.
    misplaces("6.12"),
    misplaces("6.18"),
    // On 6.18 the path is given up 1.2 to 3.5 s after the cut, on 7.3 in virtual time 2.75 s after it: the work of MPTCP's timer waits for others.
    Difference {
        series: EVERY,
        mended: None,
        case: "failure::given_up_sooner::not_too_soon",
        measures: &["counters"],
        shown_by: Shown::RealTime,
        reason: "in real time, three of MPTCP's timeouts may take less than two of virtual time",
    },
    // mptcp_setsockopt_sol_tcp() in net/mptcp/sockopt.c.
    lasting("6.1", "sockets::unsent", &["exit", "output"], "Linux 6.1 does not know TCP_NOTSENT_LOWAT on MPTCP sockets"),
    lasting("6.1", "sockets::polled::to_write", &["exit", "output"], "Linux 6.1 does not know TCP_NOTSENT_LOWAT on MPTCP sockets"),
    ignores_rcvlowat("sockets::waits_for_enough"),
    ignores_rcvlowat("sockets::waits_for_enough::more_than_its_buffer"),
    ignores_rcvlowat("sockets::waits_for_enough::no_more_than_fits"),
    ignores_rcvlowat("sockets::waits_for_enough::with_as_large_a_buffer"),
    ignores_rcvlowat("sockets::waits_for_enough::until_it_wants_less"),
    ignores_maxseg("6.1", "sockets::options_of_all_subflows::with_small_segments"),
    ignores_maxseg("6.12", "sockets::options_of_all_subflows::with_small_segments"),
    ignores_maxseg("6.1", "sockets::options_of_a_later_subflow::in_small_segments"),
    ignores_maxseg("6.12", "sockets::options_of_a_later_subflow::in_small_segments"),
    // mptcp_setsockopt_v4() in net/mptcp/sockopt.c.
    lasting(
        "6.1",
        "sockets::options_of_a_later_subflow",
        &["exit", "output"],
        "Linux 6.1 does not know IP_BIND_ADDRESS_NO_PORT on MPTCP sockets",
    ),
    // mptcp_sendmsg_fastopen() in net/mptcp/protocol.c leaves defer_connect set, so the program ends before the SYN/ACK.
    lasting(
        "6.1",
        "sockets::connects_without_waiting::to_send_with_the_syn",
        &["counters"],
        "Linux 6.1 goes on to report that a socket with TCP_FASTOPEN_CONNECT can be written to before it is connected",
    ),
    // __mptcp_sync_sndbuf() in net/mptcp/protocol.h came with Linux 6.7.
    lasting("6.1", "diag::send_buffer", &["output"], "Linux 6.1 gives a connection the send buffer of one subflow"),
    has_no_full_info("sockets::subflows_told::by_their_numbers"),
    has_no_full_info("sockets::subflows_told::as_many_as_have_room"),
    has_no_full_info("sockets::subflows_told::if_asked_well"),
    lasting("6.1", "sockets::ports_from_a_range", &["exit", "output"], "Linux 6.1 does not know IP_LOCAL_PORT_RANGE"),
    lasting("6.1", "sockets::fast_open_asked_for", &["exit", "output", "counters"], "Linux 6.1 has no fast open for MPTCP"),
    lasting("6.1", "sockets::fast_open_asked_for::for_a_cookie", &["exit", "output", "counters"], "Linux 6.1 has no fast open for MPTCP"),
    lasting("6.1", "sockets::timestamped::with_the_syn", &["exit", "output", "counters"], "Linux 6.1 has no fast open for MPTCP"),
    shows_sequence_numbers("6.1"),
    shows_sequence_numbers("6.12"),
    ignores_eor("6.1", "sockets::record_ended"),
    ignores_eor("6.1", "sockets::record_ended::while_others_wait"),
    ignores_eor("6.12", "sockets::record_ended"),
    ignores_eor("6.12", "sockets::record_ended::while_others_wait"),
    ignores_eor("6.18", "sockets::record_ended"),
    ignores_eor("6.18", "sockets::record_ended::while_others_wait"),
    lasting(
        "6.1",
        "programs::iperf3_beside_a_transfer",
        &["goodput"],
        // mptcp_rcv_space_adjust() in net/mptcp/protocol.c. With net.ipv4.tcp_rmem = "4096 1500000 6291456" at the receiver all seeds held.
        // It takes a coincidence: with one mplab seeds 1, 3 and 4 missed it, with a later one none of 1 to 12.
        "Linux 6.1 may leave a connection's receive window small if it begins behind another connection's full queue",
    ),
    // __mptcp_finish_join() in net/mptcp/protocol.c: it fails while msk->out_of_order_queue is not empty, the server answers the third ACK with
    // RST, and the client closes the subflow that it has called established. A computer that is busy with something else when the second
    // subflow joins makes it likely: 11 of 75 runs beside tcpdump in real time with 6.1.176, none of 45 with 6.1.192. In virtual time about one of
    // 500 does it.
    Difference {
        series: "6.1",
        mended: Some(191),
        case: "transfer::several_connections",
        measures: &["subflows"],
        shown_by: Shown::Release,
        reason: "Linux 6.1 before 6.1.191 refuses a subflow that joins while data is out of order",
    },
    Difference {
        series: "6.12",
        mended: Some(115),
        case: "transfer::several_connections",
        measures: &["subflows"],
        shown_by: Shown::Release,
        reason: "Linux 6.12 before 6.12.115 refuses a subflow that joins while data is out of order",
    },
    // mptcp_pm_nl_append_new_local_addr() in net/mptcp/pm_netlink.c had one error for all that it refuses.
    lasting("6.1", "endpoints::listed::duplicate", &["refused"], "Linux 6.1 refuses an endpoint that already exists with EINVAL"),
    // The option has 40 bytes of TCP's for itself; net.mptcp.add_addr_v6_port_drop_ts, which leaves the timestamps out once, came with 7.2.
    with_a_port_over_ipv6("6.1"),
    with_a_port_over_ipv6("6.12"),
    with_a_port_over_ipv6("6.18"),
    // Whether an endpoint is of the announced address's family is asked since 7.2 (fill_local_addresses_vec() in net/mptcp/pm_kernel.c).
    of_one_family("6.12"),
    of_one_family("6.18"),
    lasting(
        "6.1",
        "fullmesh::between_addresses::of_both_families",
        &["counters", "subflows"],
        "Linux before 6.3 uses no endpoint of another family than the connection's",
    ),
    // fill_local_addresses_vec() in net/mptcp/pm_netlink.c asks for the families of endpoints only.
    lasting(
        "6.1",
        "announce::to_ipv6_only",
        &["counters"],
        "Linux 6.1 joins an announced IPv4 address although the socket is for IPv6 only",
    ),
    // With a silence of 8.5 s too: the counter stays 0, and what was lost is sent again by the other path.
    gives_up_later("failure::given_up_sooner"),
    // In 17 of 20 seeds.
    gives_up_later("failure::given_up"),
    // add_addr_timeout is 120 s there, and no less where the round trip is short (mptcp_adjust_add_addr_timeout() in net/mptcp/pm.c).
    lasting(
        "6.12",
        "announce::repeated_three_times",
        &["counters"],
        "Linux 6.12 repeats an announcement after add_addr_timeout, which is 120 s, whatever the round trip",
    ),
    // MPTCP_PM_SUBFLOWS_MAX in net/mptcp/pm_kernel.c, or pm_netlink.c.
    stops_at_eight("6.1", "endpoints::more_than_eight"),
    stops_at_eight("6.12", "endpoints::more_than_eight"),
    stops_at_eight("6.18", "endpoints::more_than_eight"),
    stops_at_eight("6.1", "endpoints::listed_in_parts"),
    stops_at_eight("6.12", "endpoints::listed_in_parts"),
    stops_at_eight("6.18", "endpoints::listed_in_parts"),
    // mptcp_pm_nl_addr_send_ack_avoid_list() in net/mptcp/pm_netlink.c takes the first subflow that can send, stale or not.
    announces_on_a_stale_path("6.1", &["when", "events", "counters"]),
    announces_on_a_stale_path("6.12", &["events", "counters"]),
    // proc_path_manager() in net/mptcp/ctrl.c came with 6.15.
    has_no_pm_by_name("6.1"),
    has_no_pm_by_name("6.12"),
    // mptcp_nl_cmd_sf_create() in net/mptcp/pm_userspace.c reads neither, and mptcp_nl_cmd_get_addr() in net/mptcp/pm_netlink.c no token.
    lasting(
        "6.1",
        "userspace::commands",
        &["output", "counters", "events", "share"],
        "Linux 6.1 opens subflows neither as backups nor bound to a device, and tells no address of a connection",
    ),
    lasting("6.1", "userspace::listed", &["output"], "Linux 6.1 tells no address of a connection"),
    lasting(
        "6.1",
        "userspace::refused",
        &["output"],
        "Linux 6.1 does not look at the flags of a subflow that it opens, and tells no address of a connection",
    ),
    says_less("6.1"),
    says_less("6.12"),
    // mptcp_userspace_pm_append_new_local_addr() in net/mptcp/pm_userspace.c: the 256th id is stored in 8 bits. 6.12.118 and 7.2.13 refuse it.
    lasting(
        "6.18",
        "userspace::listed::every_id_taken",
        &["events", "counters"],
        "Linux 6.18 gives one more address the id 0 when every id is taken",
    ),
    leaves_out_the_first("6.1"),
    leaves_out_the_first("6.12"),
    lasting(
        "6.1",
        "fullmesh::every_pair::by_their_ids",
        &["events"],
        "Linux 6.1 joins an announced address from a full mesh more than once",
    ),
    lasting(
        "6.1",
        "userspace::endpoints_are_idle",
        &["info"],
        "Linux 6.1 tells the limits of the kernel's path manager of every connection",
    ),
    // struct mptcp_info of 6.1 ends before mptcpi_retransmits, with four bytes that are always 0.
    lasting("6.1", "close::data_fin_lost::for_long", &["info"], "Linux 6.1 does not tell how often a connection repeated its DATA_FIN"),
    tells_no_fullmesh("6.12"),
    tells_no_fullmesh("6.18"),
    heals_first("6.12", "failure::given_up"),
    heals_first("6.1", "survival::cut_enp1s0"),
    heals_first("6.1", "survival::cut_enp2s0"),
    heals_first("6.1", "survival::cut_enp3s0"),
    heals_first("6.12", "survival::cut_enp1s0"),
    heals_first("6.12", "survival::cut_enp2s0"),
    heals_first("6.12", "survival::cut_enp3s0"),
    lasting(
        "6.1",
        "close::data_fin_repeated",
        &["events"],
        "Linux 6.1 does not tell the server's path manager about a connection that ended late",
    ),
    lasting(
        "6.1",
        "fullmesh::between_addresses::beside_another_endpoint",
        &["counters", "events"],
        "Linux 6.1 may make a subflow of a full mesh twice",
    ),
    lasting(
        "6.1",
        "fullmesh::between_addresses::as_many_as_the_client_allows",
        &["counters", "info"],
        "Linux 6.1 may make a subflow of a full mesh twice, and then more than its limit",
    ),
    // mptcp_nl_remove_id_zero_address() in net/mptcp/pm_kernel.c: seen with 6.18.44, not with 6.1.0-57, 6.12.118 and 7.2.13 of Debian.
    lasting(
        "6.18",
        "endpoints::removed_and_added::first_address_s_id",
        &["info"],
        "Linux 6.18 goes on to count the announcement of the first address when what has id 0 is removed",
    ),
    joins_again("fullmesh::every_pair::added_later"),
    joins_again("fullmesh::every_pair::added_within_limits"),
    lasting(
        "6.1",
        "fullmesh::every_pair::not_to_the_first",
        &["subflows", "events"],
        "Linux 6.1 joins the server's first address from its full mesh, although the server refuses joins there",
    ),
    // subflow_check_req() in net/mptcp/subflow.c.
    lasting(
        "6.1",
        "join::reasons_of_rejections",
        &["output"],
        "Linux 6.1 gives no reason when it resets a join to another port than the connection's",
    ),
];

/// One that no release mends, and that no counter shows.
const fn lasting(series: &'static str, case: &'static str, measures: &'static [&'static str], reason: &'static str) -> Difference {
    Difference { series, mended: None, case, measures, shown_by: Shown::Release, reason }
}

const fn ignores_rcvlowat(case: &'static str) -> Difference {
    lasting("6.1", case, &["output"], "Linux 6.1 ignores SO_RCVLOWAT of MPTCP sockets")
}

const fn has_no_full_info(case: &'static str) -> Difference {
    lasting("6.1", case, &["exit", "output"], "Linux 6.1 does not know MPTCP_FULL_INFO")
}

/// subflow_get_info() in net/mptcp/diag.c.
const fn shows_sequence_numbers(series: &'static str) -> Difference {
    lasting(series, "diag::sequence_numbers", &["output"], "Linux before 6.18 shows the sequence numbers of subflows to everybody")
}

/// mptcp_sendmsg() in net/mptcp/protocol.c clears the flag.
const fn ignores_eor(series: &'static str, case: &'static str) -> Difference {
    lasting(series, case, &["output"], "Linux before 7.2 ignores MSG_EOR on MPTCP sockets")
}

/// mptcp_setsockopt_sol_tcp() in net/mptcp/sockopt.c.
const fn ignores_maxseg(series: &'static str, case: &'static str) -> Difference {
    lasting(series, case, &["exit", "output"], "Linux before 6.18 refuses TCP_MAXSEG on MPTCP sockets")
}

const fn misplaces(series: &'static str) -> Difference {
    Difference {
        series,
        mended: None,
        case: EVERY,
        measures: ANY,
        shown_by: Shown::MisplacedBytes,
        reason: "Linux before 7.2 may deliver the first data of a subflow that joins at a wrong position",
    }
}

const fn heals_first(series: &'static str, case: &'static str) -> Difference {
    lasting(
        series,
        case,
        &["counters"],
        "Linux before 6.18 may send the path's data again before it counts enough timeouts to give up the path",
    )
}

const fn gives_up_later(case: &'static str) -> Difference {
    lasting("6.1", case, &["counters"], "Linux 6.1 does not give up a silent path so soon, whatever stale_loss_cnt says")
}

const fn joins_again(case: &'static str) -> Difference {
    lasting("6.1", case, &["counters"], "Linux 6.1 joins again when a removed full mesh endpoint is added")
}

const fn leaves_out_the_first(series: &'static str) -> Difference {
    lasting(
        series,
        "fullmesh::between_addresses::first_address_in_flight",
        &["counters", "events", "subflows"],
        "Linux before 6.18 makes no subflow from the first address if its fullmesh endpoint is added during the connection",
    )
}

/// mptcp_diag_fill_info() in net/mptcp/sockopt.c: the byte of mptcpi_endp_fullmesh_max was reserved.
const fn tells_no_fullmesh(series: &'static str) -> Difference {
    let reason = "Linux before 7.2 does not tell how many endpoints are for a full mesh";
    lasting(series, "fullmesh::between_addresses::counted", &["info"], reason)
}

const fn announces_on_a_stale_path(series: &'static str, measures: &'static [&'static str]) -> Difference {
    let reason = "Linux before 6.18 may send an announcement over a path that it has given up";
    lasting(series, "announce::over_a_working_path", measures, reason)
}

const fn stops_at_eight(series: &'static str, case: &'static str) -> Difference {
    let measures = &["exit", "output", "limits", "endpoints"];
    lasting(series, case, measures, "Linux before 7.2 has at most eight endpoints, and limits of at most 8")
}

const fn has_no_pm_by_name(series: &'static str) -> Difference {
    lasting(series, "path_manager::chosen_by_sysctl", &["output"], "Linux before 6.15 has no net.mptcp.path_manager")
}

/// net/mptcp/pm_userspace.c and pm_netlink.c.
const fn says_less(series: &'static str) -> Difference {
    lasting(series, "userspace::refused::explained", &["output"], "Linux before 6.18 seldom says which attribute of a command is at fault")
}

const fn with_a_port_over_ipv6(series: &'static str) -> Difference {
    Difference {
        series,
        mended: None,
        case: "announce::addresses::with_a_port_over_ipv6",
        measures: &["counters", "subflows"],
        shown_by: Shown::Release,
        reason: "Linux before 7.2 drops the announcement of an IPv6 address with a port, which does not fit beside timestamps",
    }
}

const fn of_one_family(series: &'static str) -> Difference {
    Difference {
        series,
        mended: None,
        case: "fullmesh::between_addresses::of_one_family",
        measures: &["counters", "subflows"],
        shown_by: Shown::Release,
        reason: "Linux before 7.2 joins an announced address of a family that the full mesh lacks from the address that routes choose",
    }
}

impl Difference {
    /// Whether a kernel of this release has the difference.
    fn is_of(&self, release: &str) -> bool {
        if self.series == EVERY {
            return true;
        }
        let mut numbers = release.split(|sign: char| !sign.is_ascii_digit());
        let series = [numbers.next(), numbers.next()].map(Option::unwrap_or_default).join(".");
        let third = numbers.next().and_then(|number| number.parse().ok()).unwrap_or(0);
        series == self.series && self.mended.is_none_or(|mended| third < mended)
    }

    /// Whether it is one of this case.
    fn is_about(&self, case: &str) -> bool {
        self.case == EVERY || self.case == case
    }

    /// Whether it may happen to every case, and seldom does: then a second run tells what the case is to tell.
    pub(crate) fn is_chance(&self) -> bool {
        self.case == EVERY
    }

    /// Whether it explains that this measure was missed.
    fn explains(&self, measure: &str) -> bool {
        self.measures.is_empty() || self.measures.contains(&measure)
    }
}

impl Shown {
    /// Whether the place, transfers and hosts were seen so.
    fn is_in(&self, place: &PlaceRecord, transfers: &BTreeMap<String, TransferRecord>, hosts: &BTreeMap<String, HostRecord>) -> bool {
        // At the host where it grew most.
        let grew = |counter| hosts.values().filter_map(|host: &HostRecord| host.counters.get(counter)?.last().copied()).max().unwrap_or(0);
        match *self {
            Self::Release => true,
            Self::RealTime => !place.is_virtual(),
            Self::Counter(counter, least) => grew(counter) >= least,
            Self::MisplacedBytes => {
                let flows = transfers.values().flat_map(|transfer| &transfer.connections).flat_map(ConnectionRecord::flows);
                let mut wrong = flows.filter_map(|flow| flow.wrong.as_ref());
                wrong.any(|wrong| wrong.belongs.is_some()) && grew("MPTcpExtMPJoinAckRx") > 0
            }
        }
    }
}

/// The known difference of a case at a recording's place that explains every failure in the verdict.
pub(crate) fn known(case: &str, recording: &Recording, verdict: &Verdict) -> Option<&'static Difference> {
    let against = verdict.findings.iter().filter(|finding| finding.condemns());
    let explains = |known: &Difference| against.clone().all(|finding| finding.failed() && known.explains(&finding.key));
    KNOWN.iter().find(|known| {
        known.is_about(case)
            && known.is_of(&recording.place.kernel)
            && known.shown_by.is_in(&recording.place, &recording.transfers, &recording.hosts)
            && explains(known)
    })
}

#[cfg(test)]
mod tests {
    use mplab::recording::{FlowRecord, WrongRecord};

    use super::*;

    #[test]
    fn what_is_known_is_of_cases_that_there_are() {
        let files = crate::files();
        for known in KNOWN {
            assert!(files.iter().any(|file| known.is_about(&file.name)), "{known:?}");
        }
    }

    #[test]
    fn a_difference_is_of_the_releases_before_it_was_mended() {
        let of = |series, mended, release| {
            Difference { series, mended, case: EVERY, measures: ANY, shown_by: Shown::Release, reason: "" }.is_of(release)
        };
        assert!(of("6.12", Some(115), "6.12.95+deb12-cloud-amd64"));
        assert!(!of("6.12", Some(115), "6.12.115-cloud-amd64"));
        assert!(!of("6.12", Some(115), "6.1.95"));
        assert!(!of("6.1", None, "6.12.95"));
        assert!(of("6.1", Some(191), "6.1.0-49-cloud-amd64"));
        assert!(of("7.0", Some(1), "7.0-rc3"));
        assert!(of(EVERY, None, "6.12.95"));
    }

    #[test]
    fn a_difference_that_a_counter_shows_needs_that_counter() {
        let counters = BTreeMap::from([("TcpOutRsts".into(), vec![0, 3])]);
        let hosts = BTreeMap::from([("guest1".into(), HostRecord { counters, ..HostRecord::default() })]);
        let shown = |least, hosts| Shown::Counter("TcpOutRsts", least).is_in(&PlaceRecord::default(), &BTreeMap::new(), hosts);
        assert!(shown(3, &hosts));
        assert!(!shown(4, &hosts));
        assert!(!shown(1, &BTreeMap::new()));
        assert!(Shown::RealTime.is_in(&PlaceRecord::default(), &BTreeMap::new(), &hosts), "a place without a machine");
    }

    #[test]
    fn bytes_are_misplaced_where_a_subflow_joined_and_they_belong_elsewhere() {
        let shown = |belongs, joins| {
            let wrong = Some(WrongRecord { belongs, ..WrongRecord::default() });
            let up = Some(FlowRecord { wrong, ..FlowRecord::default() });
            let connections = vec![ConnectionRecord { up, ..ConnectionRecord::default() }];
            let transfers = BTreeMap::from([("stream".into(), TransferRecord { connections, ..TransferRecord::default() })]);
            let counters = BTreeMap::from([("MPTcpExtMPJoinAckRx".into(), vec![0, joins])]);
            let hosts = BTreeMap::from([("guest1".into(), HostRecord { counters, ..HostRecord::default() })]);
            Shown::MisplacedBytes.is_in(&PlaceRecord::default(), &transfers, &hosts)
        };
        assert!(shown(Some(134_024), 1));
        assert!(!shown(Some(134_024), 0));
        assert!(!shown(None, 1));
    }
}
