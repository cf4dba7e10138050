//! What is known to differ between kernels and cannot be probed: measures that an older one misses with some seeds, and why.
//! Not here: what a kernel has not got at all, which is a [`mplab::words::Feature`].
//!
//! Such a trial is ignored with the reason, and never green, when it misses these measures and no others. With a seed that misses none it
//! passes, as does every mplab whose own work makes other times of it: so nothing tells when an entry has become needless.

use mplab::judge::Verdict;
use mplab::recording::PlaceRecord;

/// Measures of a case that a kernel misses with some seeds.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The first two numbers of the kernel's release (`uname -r`).
    series: &'static str,
    /// The third number of the first release that does as others do. Debian's 6.1 are all 6.1.0, whatever they hold.
    mended: Option<u32>,
    case: &'static str,
    /// The keys of the measures.
    measures: &'static [&'static str],
    /// What this kernel does otherwise.
    pub(crate) reason: &'static str,
}

/// All that are known.
const KNOWN: [Difference; 15] = [
    Difference {
        series: "6.1",
        mended: None,
        case: "programs::iperf3_beside_a_transfer",
        measures: &["goodput"],
        // mptcp_rcv_space_adjust() in net/mptcp/protocol.c. With net.ipv4.tcp_rmem = "4096 1500000 6291456" at the receiver all seeds held.
        // It takes a coincidence: with one mplab seeds 1, 3 and 4 missed it, with a later one none of 1 to 12.
        reason: "Linux 6.1 may leave the receive window of a connection small that begins behind another one's full queue",
    },
    // __mptcp_finish_join() in net/mptcp/protocol.c: it fails while msk->out_of_order_queue is not empty, the server answers the third ACK with
    // RST, and the client closes the subflow that it has called established. A computer that is busy with something else when the second
    // subflow joins makes it likely: 11 of 75 runs beside tcpdump in real time with 6.1.176, none of 45 with 6.1.192. In virtual time about one of
    // 500 does it.
    Difference {
        series: "6.1",
        mended: Some(191),
        case: "transfer::several_connections",
        measures: &["subflows"],
        reason: "Linux 6.1 before 6.1.191 refuses a subflow that joins while data has come out of order",
    },
    Difference {
        series: "6.12",
        mended: Some(115),
        case: "transfer::several_connections",
        measures: &["subflows"],
        reason: "Linux 6.12 before 6.12.115 refuses a subflow that joins while data has come out of order",
    },
    // mptcp_pm_nl_append_new_local_addr() in net/mptcp/pm_netlink.c had one error for all that it refuses.
    Difference {
        series: "6.1",
        mended: None,
        case: "endpoints::listed::duplicate",
        measures: &["refused"],
        reason: "Linux 6.1 refuses an endpoint that there is already with EINVAL",
    },
    // The option has 40 bytes of TCP's for itself; net.mptcp.add_addr_v6_port_drop_ts, which leaves the timestamps out once, came with 7.2.
    with_a_port_over_ipv6("6.1"),
    with_a_port_over_ipv6("6.12"),
    with_a_port_over_ipv6("6.18"),
    // Whether an endpoint is of the announced address's family is asked since 7.2 (fill_local_addresses_vec() in net/mptcp/pm_kernel.c).
    of_one_family("6.12"),
    of_one_family("6.18"),
    Difference {
        series: "6.1",
        mended: None,
        case: "fullmesh::between_addresses::of_both_families",
        measures: &["counters", "subflows"],
        reason: "Linux before 6.3 has no subflows of both families in one connection",
    },
    // add_addr_timeout is 120 s there, and no less where the round trip is short (mptcp_adjust_add_addr_timeout() in net/mptcp/pm.c).
    Difference {
        series: "6.12",
        mended: None,
        case: "announce::repeated_three_times",
        measures: &["counters"],
        reason: "Linux 6.12 repeats an announcement after add_addr_timeout, which is 120 s, whatever the round trip",
    },
    Difference {
        series: "6.12",
        mended: None,
        case: "failure::given_up",
        measures: &["counters"],
        reason: "Linux 6.12 sends what the path held again before it counts so many timeouts that it gives the path up",
    },
    Difference {
        series: "6.1",
        mended: None,
        case: "close::data_fin_repeated",
        measures: &["events"],
        reason: "Linux 6.1 tells the server's path manager nothing of a connection whose end came late",
    },
    Difference {
        series: "6.1",
        mended: None,
        case: "fullmesh::every_pair::added_later",
        measures: &["counters"],
        reason: "Linux 6.1 joins again where a full mesh endpoint that was removed is added",
    },
    Difference {
        series: "6.1",
        mended: None,
        case: "fullmesh::every_pair::not_to_the_first",
        measures: &["subflows", "events"],
        reason: "Linux 6.1 joins the server's first address by its full mesh, although the server wants no joins there",
    },
];

const fn with_a_port_over_ipv6(series: &'static str) -> Difference {
    Difference {
        series,
        mended: None,
        case: "announce::addresses::with_a_port_over_ipv6",
        measures: &["counters", "subflows"],
        reason: "Linux before 7.2 drops the announcement of an IPv6 address with a port, which has no room beside timestamps",
    }
}

const fn of_one_family(series: &'static str) -> Difference {
    Difference {
        series,
        mended: None,
        case: "fullmesh::between_addresses::of_one_family",
        measures: &["counters", "subflows"],
        reason: "Linux before 7.2 joins an announced address of another family than the full mesh from the address that routes choose",
    }
}

impl Difference {
    /// Whether a kernel of this release has it.
    fn is_of(&self, release: &str) -> bool {
        let mut numbers = release.split(|sign: char| !sign.is_ascii_digit());
        let series = [numbers.next(), numbers.next()].map(Option::unwrap_or_default).join(".");
        let third = numbers.next().and_then(|number| number.parse().ok()).unwrap_or(0);
        series == self.series && self.mended.is_none_or(|mended| third < mended)
    }
}

/// What is known of a case at a place and explains all that the verdict has against it.
pub(crate) fn known(case: &str, place: &PlaceRecord, verdict: &Verdict) -> Option<&'static Difference> {
    let of_it = |known: &&Difference| known.case == case && known.is_of(&place.kernel);
    let mut against = verdict.findings.iter().filter(|finding| finding.condemns());
    KNOWN.iter().find(of_it).filter(|known| against.all(|finding| finding.failed() && known.measures.contains(&finding.key.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_of_cases_that_there_are() {
        let files = crate::files();
        for known in &KNOWN {
            assert!(files.iter().any(|file| file.name == known.case), "{known:?}");
        }
    }

    #[test]
    fn a_difference_is_of_the_releases_before_it_was_mended() {
        let of = |series, mended, release| Difference { series, mended, case: "", measures: &[], reason: "" }.is_of(release);
        assert!(of("6.12", Some(115), "6.12.95+deb12-cloud-amd64"));
        assert!(!of("6.12", Some(115), "6.12.115-cloud-amd64"));
        assert!(!of("6.12", Some(115), "6.1.95"));
        assert!(!of("6.1", None, "6.12.95"));
        assert!(of("6.1", Some(191), "6.1.0-49-cloud-amd64"));
        assert!(of("7.0", Some(1), "7.0-rc3"));
    }
}
