//! Reports the packets of a guest, with the start of its run by the clock of its CPU, which stamps them: found by aligning them with the recording.
//! Not here: capturing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use crate::life::capture;
use crate::life::execute::News;
use crate::record::{Captured, HostRecord, InterfaceSeries, Packet};
use crate::result::recording::Recording;
use crate::words::Time;

/// Reports the packets of a run that has ended.
pub(super) fn tell(recording: &Recording, mut packets: File, news: &mut dyn FnMut(News)) -> io::Result<()> {
    let mut bytes = Vec::new();
    packets.read_to_end(&mut bytes)?;
    let (mut from, mut times) = (bytes.as_slice(), BTreeMap::<u32, Vec<u64>>::new());
    while let Some(packet) = Packet::read(&mut from)? {
        times.entry(packet.way).or_default().push(packet.at);
    }
    capture::tell(&bytes, news);
    news(News::Captured(Captured { began: began(recording, &times), missed: 0 }));
    Ok(())
}

/// The run's start, in ns, by the clock of `times`, which has all packets by direction and in order, those before the run included. The packet
/// after those that a sample counted left after that sample was taken. The closest of all these pairs says when the run began, late by no more
/// than the shortest gap between a sample and the next packet.
fn began(recording: &Recording, times: &BTreeMap<u32, Vec<u64>>) -> u64 {
    let ends = recording.job.topology.links.values().flat_map(|link| &link.ends).zip(0_u32..);
    let behind = ends.flat_map(|(end, way)| {
        let host = recording.hosts.get(&end.host);
        let sent = host.and_then(|host| Some((host, host.interfaces.get(&end.interface)?)));
        let times = times.get(&way).map(Vec::as_slice).unwrap_or_default();
        let each = |(host, interface)| counted(host, interface).filter_map(|(at, count)| times.get(count)?.checked_sub(at));
        sent.into_iter().flat_map(each).collect::<Vec<_>>()
    });
    behind.min().unwrap_or(0)
}

/// The samples of an interface: when each was taken, in ns, and how many packets had been sent.
fn counted<'a>(host: &'a HostRecord, interface: &'a InterfaceSeries) -> impl Iterator<Item = (u64, usize)> {
    host.at.iter().zip(&interface.tx_packets).map(|(at, count)| (Time::from_micros(*at).0, *count as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::case::check;
    use crate::plan::{Forwarding, Job};

    #[test]
    fn the_packet_behind_a_sample_says_when_the_run_began() {
        let case = "summary = \"one\"\ntopology = \"two\"\ntransfer.t = { client = \"a\", server = \"b\", bytes = \"1\" }\nexpect = [{ transfer = \"t\", intact = true }]";
        let topology = "summary = \"two\"\nlink.x.ends = [\"a:x\", \"b:x\"]";
        let (case, topology) =
            check::parse("one.toml", case, [("two", topology)].as_slice()).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        let mut recording = Recording::of_nothing(Job::plan("one", topology, case, Forwarding::Redirect));
        let host = |tx_packets: &[u64]| {
            let interface = InterfaceSeries { tx_packets: tx_packets.to_vec(), ..InterfaceSeries::default() };
            HostRecord { at: vec![0, 100], interfaces: [("x".to_owned(), interface)].into(), ..HostRecord::default() }
        };
        recording.hosts = [("a".to_owned(), host(&[1, 3])), ("b".to_owned(), host(&[0, 2]))].into();
        // It began at 1 000 000: one packet came before, and what a sends next comes 30 us behind the sample, what b sends 5 us behind it.
        let times = [(0, vec![900_000, 1_030_000, 1_090_000, 1_130_000]), (1, vec![1_005_000, 1_050_000])].into();
        assert_eq!(began(&recording, &times), 1_005_000);
    }
}
