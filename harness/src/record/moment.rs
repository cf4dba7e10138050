//! The state of a lab's hosts at a moment: what has crossed their interfaces, and their subflows. It is for watching.
//! Not here: the course over time, which is in a host's record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HostRecord, NoticeRecord};

/// All hosts at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moment {
    /// When, in µs.
    pub at: u64,
    /// The hosts by name.
    pub hosts: BTreeMap<String, HostMoment>,
}

/// A host at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostMoment {
    /// Bytes received and sent so far by each interface.
    pub interfaces: BTreeMap<String, (u64, u64)>,
    /// The subflows that it has.
    pub subflows: Vec<SubflowMoment>,
    /// Its kernel's latest notices about links, addresses and routes, at most [`HostMoment::NOTICES`], including those in earlier moments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<NoticeRecord>,
}

/// A subflow at a moment, as one of its ends sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubflowMoment {
    /// The connection's token at this host.
    pub token: u32,
    /// Address and port here.
    pub local: String,
    /// Address and port there.
    pub remote: String,
    /// Its flags as `ss` letters, as [`super::SubflowSeries::flags`] has them.
    pub flags: String,
    /// Whether it is in state ESTABLISHED.
    pub established: bool,
    /// Bytes of payload acknowledged by the peer so far.
    pub bytes_acked: u64,
    /// Bytes of payload received so far.
    pub bytes_received: u64,
    /// Segments retransmitted so far.
    pub retransmits: u64,
    /// Smoothed round-trip time in µs.
    pub rtt: u64,
    /// Congestion window in segments.
    pub cwnd: u64,
}

impl SubflowMoment {
    /// Whether one of its ends asked for it to be used only if no other can be (`MP_JOIN` with B, `MP_PRIO`; RFC 8684, section 3.3.8).
    pub fn backup(&self) -> bool {
        self.flags.contains(['b', 'B'])
    }
}

impl HostMoment {
    /// The most notices in a moment: a link that goes takes its addresses and routes with it.
    pub const NOTICES: usize = 32;

    /// A host's last sample.
    pub fn last_of(record: &HostRecord) -> Self {
        let last = |values: &[u64]| values.last().copied().unwrap_or_default();
        let interfaces = record.interfaces.iter().map(|(name, seen)| (name.clone(), (last(&seen.rx_bytes), last(&seen.tx_bytes))));
        let there = record.subflows.iter().filter(|seen| seen.at.last() == record.at.last());
        let subflows = there.map(|seen| SubflowMoment {
            token: seen.token,
            local: seen.local.clone(),
            remote: seen.remote.clone(),
            flags: seen.flags.clone(),
            established: seen.established.last().copied().unwrap_or_default(),
            bytes_acked: last(&seen.bytes_acked),
            bytes_received: last(&seen.bytes_received),
            retransmits: last(&seen.retransmits),
            rtt: last(&seen.rtt),
            cwnd: last(&seen.cwnd),
        });
        let notices = record.notices[record.notices.len().saturating_sub(Self::NOTICES)..].to_vec();
        Self { interfaces: interfaces.collect(), subflows: subflows.collect(), notices }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{About, InterfaceSeries, SubflowSeries};

    #[test]
    fn a_subflow_that_is_gone_is_not_in_the_last_sample() {
        let subflow = |at: &[u64]| SubflowSeries { at: at.to_vec(), rtt: at.to_vec(), flags: "Bec".into(), ..SubflowSeries::default() };
        let eth0 = InterfaceSeries { rx_bytes: vec![0, 5], tx_bytes: vec![1, 7], ..InterfaceSeries::default() };
        let interfaces = [("eth0".to_owned(), eth0)].into();
        let notice = |at| NoticeRecord { at, about: About::Carrier, now: false, interface: None, detail: String::new() };
        let subflows = vec![subflow(&[1]), subflow(&[1, 2])];
        let notices = (0..40).map(notice).collect();
        let record = HostRecord { at: vec![1, 2], interfaces, subflows, notices, ..HostRecord::default() };
        let moment = HostMoment::last_of(&record);
        assert_eq!(moment.notices.iter().map(|notice| notice.at).collect::<Vec<_>>(), (8..40).collect::<Vec<_>>());
        assert_eq!(moment.interfaces["eth0"], (5, 7));
        assert_eq!(moment.subflows.iter().map(|subflow| (subflow.rtt, subflow.backup())).collect::<Vec<_>>(), [(2, true)]);
    }
}
