//! What counters mean, and which grew.

use mplab::judge::counters::{MPTCP, growth, means};
use mplab::kernel::counters::Counters;
use mplab::words::Window;

use crate::synthetic::{S, run};

#[test]
fn every_mptcp_counter_of_this_kernel_has_a_sentence() {
    let names = Counters::names().expect("/proc is there");
    let unknown: Vec<&String> = names.iter().filter(|name| name.starts_with(MPTCP) && means(name).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Those that Linux 7.3 has and 7.2 has not.
#[test]
fn the_counters_of_linux_7_3_have_a_sentence() {
    let new = [
        "MPJoinNoIdFound",
        "MPJoinSynAckNoMPJoin",
        "MPJoinAckNoMPJoin",
        "MPJoinAckNoCtx",
        "MPJoinNotEstablished",
        "MD5SigReset",
        "DssReset",
        "BacklogDrop",
        "RcvPruned",
        "OFOPruned",
    ];
    assert_eq!(new.map(|name| means(&format!("{MPTCP}{name}")).is_some()), [true; 10]);
}

#[test]
fn what_grew_in_a_window_is_told_with_its_meaning() {
    let mut run = run();
    let samples = run.hosts["laptop"].counted.len();
    let counters = &mut run.hosts.get_mut("laptop").unwrap().counters;
    counters.insert("TcpExtTCPHPHits".into(), vec![5; samples]);
    counters.insert("TcpRetransSegs".into(), (0..samples as u64).collect());
    let whole = growth(&run, Window::default());
    let told: Vec<_> = whole.iter().map(|counter| (counter.name.as_str(), counter.counts(), counter.means.is_some())).collect();
    let expected =
        [("MPTcpExtMPJoinSynTx", "laptop 2", true), ("TcpRetransSegs", "laptop 300", true), ("TcpExtTCPHPHits", "laptop 5", false)];
    assert_eq!(told, expected.map(|(name, counts, known)| (name, counts.to_owned(), known)));
    let before = growth(&run, "..900ms".parse().unwrap());
    assert!(before.iter().all(|counter| counter.name != "MPTcpExtMPJoinSynTx"), "joins begin at {S}: {before:?}");
}
