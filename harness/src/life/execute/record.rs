//! The end of a run: what still runs is ended, and what was seen becomes the recording.
//! Not here: the run itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Run;
use crate::kernel::load::Load;
use crate::life::lab::LabError;
use crate::life::relay::{Relay, RelayError, Seen};
use crate::plan::Job;
use crate::result::recording::{FORMAT, Lateness, ProcessRecord, Recording, RelayRecord, RelayedDirection, TransferRecord};
use crate::words::{Direction, Engine, Time};

impl Run {
    /// Ends what still runs. A transfer that never started is recorded as one without connections.
    pub(super) fn stop(&mut self) -> BTreeMap<String, TransferRecord> {
        let mut records: BTreeMap<_, _> =
            std::mem::take(&mut self.running).into_iter().map(|(name, running)| (name, running.stop())).collect();
        for name in self.job.case.transfers.keys() {
            let record = records.entry(name.clone()).or_default();
            record.started = self.started.get(name).copied().unwrap_or(record.started);
            record.listener = self.listeners.get(name).copied();
        }
        records
    }

    /// What the relay did, by link.
    pub(super) fn relayed(&self) -> Result<BTreeMap<String, RelayRecord>, LabError> {
        let Some(relay) = self.lab.relay() else { return Ok(BTreeMap::new()) };
        let links = self.job.engines.iter().filter(|(_, choice)| choice.engine == Engine::Relay);
        Ok(links.map(|(name, _)| Ok((name.clone(), relay_record(relay, name)?))).collect::<Result<_, RelayError>>()?)
    }

    /// The recording.
    pub(super) fn record(
        mut self,
        end: Time,
        timed_out: bool,
        transfers: BTreeMap<String, TransferRecord>,
        processes: BTreeMap<String, ProcessRecord>,
        relayed: BTreeMap<String, RelayRecord>,
    ) -> Recording {
        self.late_samples.sort_unstable();
        let load = Load::read();
        let percent = |part: u64, whole: u64| (part * 100).checked_div(whole).unwrap_or(0);
        let lateness = Lateness {
            stolen: percent(load.stolen - self.load.stolen, load.cpu - self.load.cpu),
            waited: percent(load.waited - self.load.waited, end.micros()),
            step: self.late_steps.iter().copied().max().unwrap_or(0),
            sample: self.late_samples.last().copied().unwrap_or(0),
            sample_median: self.late_samples.get(self.late_samples.len() / 2).copied().unwrap_or(0),
        };
        let mut hosts = self.observer.finish();
        for (name, host) in &mut hosts {
            host.state = self.lab.state(name, host, &peers(&self.job, name));
        }
        Recording {
            format: FORMAT,
            place: self.place,
            end: end.micros(),
            timed_out,
            lateness,
            transfers,
            processes,
            hosts,
            relayed,
            splats: Vec::new(),
            steps: self.steps,
            waits: self.waiting.records(),
            job: self.job,
        }
    }
}

/// The addresses of the other hosts with traffic, if this host has traffic.
fn peers(job: &Job, host: &str) -> Vec<IpAddr> {
    let transfers = job.case.transfers.values().flat_map(|transfer| [&transfer.client, &transfer.server]);
    let ends: BTreeSet<&String> = transfers.chain(job.case.processes.values().map(|process| &process.host)).collect();
    if !ends.iter().any(|end| *end == host) {
        return Vec::new();
    }
    let others = ends.into_iter().filter(|end| *end != host).filter_map(|end| job.topology.hosts.get(end));
    let networks = others.flat_map(|facts| facts.interfaces.values().flat_map(|interface| &interface.addresses));
    networks.map(|network| network.address).collect()
}

fn relay_record(relay: &Relay, link: &str) -> Result<RelayRecord, RelayError> {
    let way = |Seen { counts, late }: Seen| RelayedDirection {
        offered: counts.offered,
        packets: counts.packets,
        lost: counts.dropped.loss,
        dropped: counts.dropped.queue + counts.dropped.codel,
        cut: counts.dropped.blackhole + counts.dropped.down,
        missed: counts.dropped.missed,
        late_median: late.median.micros(),
        late_p99: late.p99.micros(),
        late_worst: late.worst.micros(),
    };
    let (up, down) = (way(relay.seen(link, Direction::Up)?), way(relay.seen(link, Direction::Down)?));
    Ok(RelayRecord { up, down, not_realtime: relay.not_realtime().map(str::to_owned) })
}
