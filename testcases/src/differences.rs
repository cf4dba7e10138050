//! What is known to differ between kernels and cannot be probed: measures that an older one misses with some seeds, and why.
//! Not here: what a kernel has not got at all, which is a [`mplab::words::Feature`].
//!
//! Such a trial is ignored with the reason, and never green, when it misses these measures and no others. With a seed that misses none it
//! passes, as does every mplab whose own work makes other times of it: so nothing tells when an entry has become needless.

use mplab::judge::Verdict;
use mplab::recording::Place;

/// Measures of a case that a kernel misses with some seeds.
#[derive(Debug)]
pub(crate) struct Difference {
    /// How the kernel's release begins (`uname -r`).
    release: &'static str,
    case: &'static str,
    /// The keys of the measures.
    measures: &'static [&'static str],
    /// What this kernel does otherwise.
    pub(crate) reason: &'static str,
}

/// All that are known.
const KNOWN: [Difference; 2] = [
    Difference {
        release: "6.1.",
        case: "programs::iperf3_beside_a_transfer",
        measures: &["goodput"],
        // mptcp_rcv_space_adjust() in net/mptcp/protocol.c. With net.ipv4.tcp_rmem = "4096 1500000 6291456" at the receiver all seeds held.
        // It takes a coincidence: with one mplab seeds 1, 3 and 4 missed it, with a later one none of 1 to 12.
        reason: "Linux 6.1 may leave the receive window of a connection small that begins behind another one's full queue",
    },
    Difference {
        release: "6.1.",
        case: "transfer::several_connections",
        measures: &["subflows"],
        // __mptcp_finish_join() in net/mptcp/protocol.c: it fails while msk->out_of_order_queue is not empty, the server answers the third ACK with
        // RST, and the client closes the subflow that it has called established. A computer that is busy with something else when the second
        // subflow joins makes it likely: 11 of 75 runs beside tcpdump in real time with 6.1.176, none of 45 with 6.1.192. Linux 6.12 before
        // 6.12.115 does it, too, but none of 36 runs did here.
        reason: "Linux 6.1 before 6.1.191 refuses a subflow that joins while data has come out of order",
    },
];

/// What is known of a case at a place and explains all that the verdict has against it.
pub(crate) fn known(case: &str, place: &Place, verdict: &Verdict) -> Option<&'static Difference> {
    let of_it = |known: &&Difference| known.case == case && place.kernel.starts_with(known.release);
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
            assert!(known.release.ends_with('.'), "6.1 would be 6.12, too: {known:?}");
        }
    }
}
