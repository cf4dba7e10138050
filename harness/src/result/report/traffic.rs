//! The bytes that crossed the interfaces of a transfer's client, in the transfer's direction.
//! Not here: how they are shown.

use crate::document::topology::Host;
use crate::result::judge::{Seen, carried};
use crate::result::recording::{HostRecord, Recording, value_at};
use crate::words::TransferDirection;

/// Cumulative bytes per interface, and their origin in words.
pub(super) struct Traffic<'a> {
    pub(super) client: &'a str,
    pub(super) direction: TransferDirection,
    /// When the client was sampled, in µs.
    pub(super) at: &'a [u64],
    /// By interface: its name and its bytes at each of those times.
    pub(super) interfaces: Vec<(&'a str, Vec<u64>)>,
}

impl<'a> Traffic<'a> {
    /// The traffic of a transfer's client, or why there is none.
    pub(super) fn of(recording: &'a Recording, transfer: &str) -> Result<Self, String> {
        let asked = Seen::find(&recording.run(&recording.job.case), transfer)?.asked;
        let host = recording.hosts.get(&asked.client).filter(|host| !host.at.is_empty());
        let host = host.ok_or_else(|| format!("nothing was recorded of host {}", asked.client))?;
        Ok(Self::seen(recording, &asked.client, host, asked.direction))
    }

    /// The traffic of a host with programs, in both directions, or why there is none.
    pub(super) fn of_host(recording: &'a Recording, name: &'a str) -> Result<Self, String> {
        let host = recording.hosts.get(name).filter(|host| !host.at.is_empty());
        let host = host.ok_or_else(|| format!("nothing was recorded of host {name}"))?;
        Ok(Self::seen(recording, name, host, TransferDirection::Both))
    }

    fn seen(recording: &'a Recording, name: &'a str, host: &'a HostRecord, direction: TransferDirection) -> Self {
        let known = recording.job.topology.hosts.get(name).into_iter().flat_map(Host::ends);
        let series = known.filter_map(|(name, _)| Some((name.as_str(), carried(host.interfaces.get(name)?, direction))));
        Self { client: name, direction, at: &host.at, interfaces: series.collect() }
    }

    /// Which bytes they are: `received by client`.
    pub(super) fn origin(&self) -> String {
        let verb = match self.direction {
            TransferDirection::Upload => "sent",
            TransferDirection::Download => "received",
            TransferDirection::Both => "sent and received",
        };
        format!("{verb} by {}", self.client)
    }

    /// By interface, how many bytes had crossed it at a time.
    pub(super) fn by(&self, time: u64) -> Vec<u64> {
        self.interfaces.iter().map(|(_, bytes)| value_at(self.at, bytes, time)).collect()
    }

    /// By interface, how many bytes crossed it in the whole run.
    pub(super) fn totals(&self) -> Vec<u64> {
        self.by(u64::MAX)
    }

    /// The latest time of a sample.
    pub(super) fn end(&self) -> u64 {
        self.at.iter().copied().max().unwrap_or(0)
    }
}
