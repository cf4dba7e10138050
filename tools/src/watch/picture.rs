//! What is shown of a lab: link throughput, subflows, steps, the verdict. Each moment seen updates it.
//! Not here: drawing it, and where the moments come from.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use mplab::Topology;
use mplab::execute::{HostMoment, Moment, SubflowMoment};
use mplab::judge::Verdict;
use mplab::plan::LinkState;
use mplab::recording::NoticeRecord;
use mplab::report;
use mplab::standing::State;
use mplab::words::{End, Time};

/// How many intervals of a link are kept: more than the widest screen has columns.
const KEPT: usize = 1000;

/// What is shown of a lab.
pub(super) struct Picture {
    pub(super) title: String,
    /// The time of the last moment, in µs.
    pub(super) at: u64,
    pub(super) links: Vec<LinkView>,
    pub(super) subflows: Vec<SubflowView>,
    pub(super) steps: Vec<StepView>,
    /// The kernels' notices about links, addresses and routes, with the time in µs.
    pub(super) told: Vec<(u64, String)>,
    pub(super) verdict: Option<Verdict>,
    /// The same, by host.
    notices: BTreeMap<String, Vec<NoticeRecord>>,
    interval: u64,
    /// The hosts' interfaces by their addresses.
    addresses: BTreeMap<IpAddr, End>,
    /// The moment at which the current interval began.
    since: Option<Moment>,
}

/// What is shown of a link.
pub(super) struct LinkView {
    pub(super) name: String,
    ends: [End; 2],
    /// How it is cut; empty if it is whole.
    pub(super) cut: String,
    /// The throughput up and down in each interval, in bits per second, the newest last.
    pub(super) speeds: VecDeque<[u64; 2]>,
    /// The throughput of a full bar: the link's rate, or the most it has carried.
    pub(super) full: u64,
}

/// A subflow as one of its ends sees it.
pub(super) struct SubflowView {
    pub(super) from: String,
    pub(super) to: String,
    /// The bytes acknowledged and received, in bits per second.
    pub(super) speed: u64,
    pub(super) seen: SubflowMoment,
}

/// A step of a case, or one that a standing lab has taken.
pub(super) struct StepView {
    /// When it was taken, in µs.
    pub(super) taken: Option<u64>,
    /// When it is due, in words.
    pub(super) due: String,
    pub(super) words: String,
}

/// A step that was taken, or a notice of a kernel.
pub(super) struct Happened<'a> {
    /// When, in µs.
    pub(super) at: u64,
    /// Which of the two it is.
    pub(super) mark: &'static str,
    pub(super) words: &'a str,
}

impl LinkView {
    /// The newest throughput, up and down.
    pub(super) fn now(&self) -> [u64; 2] {
        self.speeds.back().copied().unwrap_or_default()
    }
}

impl Picture {
    /// The picture of a lab of which nothing has been seen yet. Throughput is measured over this interval.
    pub(super) fn new(title: String, topology: &Topology, interval: Time) -> Self {
        let link = |(name, link): (&String, &mplab::topology::Link)| {
            let rates = [&link.up, &link.down].map(|shape| shape.rate.map_or(0, |rate| rate.0));
            let full = rates.into_iter().max().unwrap_or_default();
            LinkView { name: name.clone(), ends: link.ends.clone(), cut: String::new(), speeds: VecDeque::new(), full }
        };
        let of = |(host, facts): (&String, &mplab::topology::Host)| {
            let end = |interface: &String| End { host: host.clone(), interface: interface.clone() };
            let addresses =
                facts.interfaces.iter().flat_map(|(name, facts)| facts.addresses.iter().map(move |network| (network.address, end(name))));
            addresses.collect::<Vec<_>>()
        };
        Self {
            title,
            at: 0,
            links: topology.links.iter().map(link).collect(),
            subflows: Vec::new(),
            steps: Vec::new(),
            told: Vec::new(),
            verdict: None,
            notices: BTreeMap::new(),
            interval: interval.micros().max(1),
            addresses: topology.hosts.iter().flat_map(of).collect(),
            since: None,
        }
    }

    /// Takes in the state of a standing lab.
    pub(super) fn set_lab(&mut self, state: State) {
        self.set(&state.links);
        let taken = |(at, words)| StepView { taken: Some(at), due: String::new(), words };
        self.steps = state.steps.into_iter().map(taken).collect();
    }

    /// The steps taken and the kernels' notices so far, in the order of time.
    pub(super) fn happened(&self) -> Vec<Happened<'_>> {
        let steps = self.steps.iter().filter_map(|step| Some(Happened { at: step.taken?, mark: "•", words: &step.words }));
        let told = self.told.iter().map(|(at, words)| Happened { at: *at, mark: "△", words });
        let mut all: Vec<_> = steps.chain(told).collect();
        // The sort is stable: a step comes before the notices it causes.
        all.sort_by_key(|one| one.at);
        all
    }

    /// Takes in the state of the links.
    pub(super) fn set(&mut self, states: &BTreeMap<String, LinkState>) {
        for link in &mut self.links {
            if let Some(state) = states.get(&link.name) {
                link.cut = state.cuts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            }
        }
    }

    /// Takes in a moment, and returns whether it ends an interval. A time before the last moment's begins another run.
    pub(super) fn see(&mut self, moment: &Moment) -> bool {
        let again = moment.at < self.at;
        self.at = moment.at;
        if again {
            self.notices.clear();
        }
        self.hear(moment);
        let Some(before) = self.since.take().filter(|_| !again) else {
            self.links.iter_mut().for_each(|link| link.speeds.clear());
            self.subflows = self.subflows_in(moment, None);
            self.since = Some(moment.clone());
            return false;
        };
        if moment.at - before.at < self.interval {
            self.since = Some(before);
            return false;
        }
        let span = moment.at - before.at;
        for link in &mut self.links {
            let arrived = |moment: &Moment, end: &End| received(moment, end).unwrap_or_default();
            // Up is from the first end to the second: what the second received.
            let speeds = [1, 0].map(|end| speed(arrived(&before, &link.ends[end]), arrived(moment, &link.ends[end]), span));
            link.full = link.full.max(speeds[0]).max(speeds[1]);
            link.speeds.push_back(speeds);
            if link.speeds.len() > KEPT {
                link.speeds.pop_front();
            }
        }
        self.subflows = self.subflows_in(moment, Some(&before));
        self.since = Some(moment.clone());
        true
    }

    /// Takes in the kernels' notices. A moment repeats those of earlier ones.
    fn hear(&mut self, moment: &Moment) {
        for (host, seen) in &moment.hosts {
            let known = self.notices.entry(host.clone()).or_default();
            let fresh: Vec<_> = seen.notices.iter().filter(|notice| !known.contains(notice)).cloned().collect();
            known.extend(fresh);
        }
        self.told = report::notices(self.notices.iter().map(|(host, notices)| (host.as_str(), notices.as_slice())));
    }

    fn subflows_in(&self, moment: &Moment, before: Option<&Moment>) -> Vec<SubflowView> {
        let mut all = Vec::new();
        for (host, seen) in &moment.hosts {
            let then = before.and_then(|before| before.hosts.get(host));
            all.extend(seen.subflows.iter().map(|subflow| self.subflow(subflow, then, before.map_or(0, |before| moment.at - before.at))));
        }
        all.sort_by(|one, other| (&one.from, &one.to, &one.seen.local).cmp(&(&other.from, &other.to, &other.seen.local)));
        all
    }

    fn subflow(&self, seen: &SubflowMoment, before: Option<&HostMoment>, span: u64) -> SubflowView {
        let bytes = |subflow: &SubflowMoment| subflow.bytes_acked + subflow.bytes_received;
        let same = |other: &&SubflowMoment| (other.token, &other.local, &other.remote) == (seen.token, &seen.local, &seen.remote);
        let then = before.and_then(|before| before.subflows.iter().find(same)).map_or(0, bytes);
        let speed = if before.is_some() { speed(then, bytes(seen), span) } else { 0 };
        SubflowView { from: self.end(&seen.local), to: self.end(&seen.remote), speed, seen: seen.clone() }
    }

    /// The interface that has an address, or the address.
    fn end(&self, address: &str) -> String {
        let end = address.parse::<SocketAddr>().ok().and_then(|address| self.addresses.get(&address.ip().to_canonical()));
        end.map_or_else(|| address.to_owned(), ToString::to_string)
    }
}

/// The bytes an end has received so far.
pub(super) fn received(moment: &Moment, end: &End) -> Option<u64> {
    Some(moment.hosts.get(&end.host)?.interfaces.get(&end.interface)?.0)
}

/// The growth of a count of bytes over a time in µs, in bits per second.
fn speed(before: u64, now: u64, span: u64) -> u64 {
    (now.saturating_sub(before) as f64 * 8e6 / span.max(1) as f64) as u64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use mplab::recording::About;
    use mplab::topology::check::parse;

    pub(crate) const TOPOLOGY: &str = "summary = \"two\"\nlink.ethernet = { ends = [\"a:eth0\", \"b:eth0\"], rate = \"8mbit\" }\nlink.wlan.ends = [\"a:wlan0\", \"b:wlan0\"]";

    /// Each host received so many bytes by both interfaces, and `a` has a subflow over the first.
    pub(crate) fn moment(at: u64, a: u64, b: u64) -> Moment {
        let interfaces = |bytes| [("eth0", bytes), ("wlan0", 2 * bytes)].map(|(name, rx)| (name.to_owned(), (rx, 0))).into();
        let subflow = SubflowMoment {
            token: 7,
            local: "10.0.1.1:4000".into(),
            remote: "10.0.1.2:5001".into(),
            flags: "jBec".into(),
            established: true,
            bytes_received: a,
            retransmits: 3,
            rtt: 21_500,
            cwnd: 44,
            ..SubflowMoment::default()
        };
        let hosts = [("a", a, vec![subflow]), ("b", b, Vec::new())];
        let hosts = hosts.map(|(host, bytes, subflows)| {
            (host.to_owned(), HostMoment { interfaces: interfaces(bytes), subflows, ..HostMoment::default() })
        });
        Moment { at, hosts: hosts.into() }
    }

    pub(crate) fn picture() -> Picture {
        let topology = parse("two.toml", TOPOLOGY).unwrap_or_else(|wrong| panic!("{wrong}"));
        Picture::new("a case".into(), &topology, Time::from_millis(100))
    }

    #[test]
    fn speeds_are_those_of_whole_intervals() {
        let mut picture = picture();
        assert!(!picture.see(&moment(0, 0, 0)));
        assert!(!picture.see(&moment(50_000, 10_000, 500)), "half an interval");
        assert!(picture.see(&moment(200_000, 100_000, 1_000)));
        let [ethernet, wlan] = [0, 1].map(|link| picture.links[link].now());
        assert_eq!((ethernet, wlan), ([40_000, 4_000_000], [80_000, 8_000_000]), "up is what the second end received");
        assert_eq!(
            picture.links.iter().map(|link| link.full).collect::<Vec<_>>(),
            [8_000_000, 8_000_000],
            "what it may carry, or the most it did"
        );
        let subflow = &picture.subflows[0];
        assert_eq!((subflow.from.as_str(), subflow.to.as_str(), subflow.speed), ("a:eth0", "b:eth0", 4_000_000));
    }

    #[test]
    fn what_a_kernel_says_is_told_once() {
        let mut picture = picture();
        let notice = |at| NoticeRecord { at, about: About::Carrier, now: false, interface: Some("eth0".into()), detail: String::new() };
        let with = |at, notices: &[NoticeRecord]| {
            let mut moment = moment(at, 0, 0);
            moment.hosts.get_mut("a").unwrap().notices = notices.to_vec();
            moment
        };
        picture.see(&with(100, &[notice(50)]));
        picture.see(&with(200, &[notice(50), notice(150)]));
        assert_eq!(picture.told, [(50, "a: eth0 lost its carrier".to_owned()), (150, "a: eth0 lost its carrier".to_owned())]);
        picture.see(&with(10, &[]));
        assert_eq!(picture.told, [], "another run has its own");
    }

    #[test]
    fn another_run_begins_anew() {
        let mut picture = picture();
        picture.see(&moment(0, 0, 0));
        picture.see(&moment(200_000, 100_000, 1_000));
        assert!(!picture.see(&moment(10, 0, 0)));
        assert_eq!(picture.links[0].now(), [0, 0]);
    }
}
