//! The view of the checks: the two ends of a connection, the ways between them, and what was seen of each.
//! Not here: the meaning of any of that.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use crate::document::case::measure::Seen;
use crate::document::case::{Action, Case, EndpointChange, Subject, Transfer};
use crate::document::topology::{Endpoint, Topology};
use crate::record::grown;
use crate::result::judge::counters::{At, MEANINGS, Meaning, Stage};
use crate::result::recording::{HostRecord, LimitsRecord, Recording, StateRecord, SubflowSeries};
use crate::words::{End, EndpointFlag, Feature, Percent, Protocol, Window};

/// A way that carried less than this percentage of the bytes is idle.
const IDLE: f64 = 1.0;

/// A way that subflows can take, named by the interface of one end.
pub(super) struct Path<'a> {
    pub(super) end: End,
    /// Its subflows, as the client saw them.
    pub(super) subflows: Vec<&'a SubflowSeries>,
    /// Whether it had an established subflow in the window: of each connection of a transfer, or of any connection.
    pub(super) joined: bool,
    /// The same, up to the window's end.
    pub(super) ever: bool,
    /// The tokens of a transfer's connections that had none in the window although others had one.
    pub(super) lacking: BTreeSet<u32>,
    /// The part of the bytes that crossed it in the window; `None` if nothing crossed any way.
    pub(super) part: Option<Percent>,
}

/// One question's view of a recording.
pub(super) struct View<'a> {
    pub(super) recording: &'a Recording,
    pub(super) case: &'a Case,
    pub(super) topology: &'a Topology,
    /// The host that connects.
    pub(super) client: &'a str,
    /// The host that listens.
    pub(super) server: &'a str,
    /// The transfer, if the question is about one.
    pub(super) transfer: Option<(&'a str, Seen<'a>)>,
    pub(super) window: Window,
    /// All subflows of the connections in question, as the client saw them.
    pub(super) subflows: Vec<&'a SubflowSeries>,
    pub(super) ways: Vec<Path<'a>>,
}

impl<'a> View<'a> {
    pub(super) fn of(recording: &'a Recording, case: &'a Case, of: &Subject, window: Window) -> Result<Self, String> {
        let topology = &recording.job.topology;
        let transfer = match of {
            Subject::Transfer(name) => {
                let (name, _) = case.transfers.get_key_value(name).ok_or_else(|| format!("the case has no transfer {name}"))?;
                Some((name.as_str(), Seen::find(&recording.run(case), name)?))
            }
            _ => None,
        };
        let (client, server) = match (&transfer, of) {
            (Some((_, seen)), _) => (seen.asked.client.as_str(), seen.asked.server.as_str()),
            (None, Subject::Process(name)) => {
                let process = case.processes.get(name).ok_or_else(|| format!("the case has no process {name}"))?;
                sides(recording, case, &process.host)?
            }
            (None, Subject::Host(name) | Subject::Transfer(name)) => sides(recording, case, name)?,
        };
        let host = recording.hosts.get(client).filter(|host| !host.at.is_empty());
        let host = host.ok_or_else(|| format!("nothing was recorded of host {client}"))?;
        let subflows: Vec<&SubflowSeries> = match &transfer {
            Some((_, seen)) => seen.record.connections.iter().flat_map(|connection| seen.subflows(host, connection)).collect(),
            None => host
                .subflows
                .iter()
                .filter(|subflow| owner(topology, ip(&subflow.remote)).is_some_and(|(host, _)| host == server))
                .collect(),
        };
        let mut view = Self { recording, case, topology, client, server, transfer, window, subflows, ways: Vec::new() };
        view.ways = view.find_ways();
        Ok(view)
    }

    /// The interfaces of the client that lead to the server; those of the server if the client has only one.
    fn find_ways(&self) -> Vec<Path<'a>> {
        let near = leading(self.topology, self.client, self.server);
        let far = leading(self.topology, self.server, self.client);
        let (host, interfaces) = if near.len() < 2 && far.len() > near.len() { (self.server, far) } else { (self.client, near) };
        let carried = |interface: &str| {
            let record = self.recording.hosts.get(host)?;
            let series = record.interfaces.get(interface)?;
            Some(grown(&record.at, &series.rx_bytes, self.window) + grown(&record.at, &series.tx_bytes, self.window))
        };
        let whole: u64 = interfaces.iter().filter_map(|interface| carried(interface)).sum();
        let before = Window { from: None, to: self.window.to };
        // Connections of programs may be too short for a join.
        let all = if self.transfer.is_some() { connections(&self.subflows, self.window) } else { BTreeSet::new() };
        let way = |interface: &&str| {
            let addresses = self.addresses(host, interface);
            let here = |subflow: &&&SubflowSeries| {
                let address = ip(if host == self.client { &subflow.local } else { &subflow.remote });
                address.is_some_and(|address| addresses.contains(&address))
            };
            let subflows: Vec<_> = self.subflows.iter().filter(here).copied().collect();
            let [joined, ever] = [self.window, before].map(|window| connections(&subflows, window));
            Path {
                end: End::new(host, *interface),
                joined: !joined.is_empty() && all.is_subset(&joined),
                ever: !ever.is_empty() && all.is_subset(&ever),
                lacking: if joined.is_empty() { BTreeSet::new() } else { &all - &joined },
                part: carried(interface).filter(|_| whole > 0).map(|carried| Percent::of(carried, whole)),
                subflows,
            }
        };
        interfaces.iter().map(way).collect()
    }

    pub(super) fn host(&self, host: &str) -> Option<&'a HostRecord> {
        self.recording.hosts.get(host)
    }

    pub(super) fn asked(&self) -> Option<&'a Transfer> {
        self.transfer.as_ref().map(|(_, seen)| seen.asked)
    }

    /// Both ends.
    pub(super) fn ends(&self) -> [&'a str; 2] {
        [self.client, self.server]
    }

    /// Whether a connection in question was MPTCP when it was last looked at.
    pub(super) fn speaks_mptcp(&self) -> bool {
        let fallen = |token: u32| {
            let seen = self.host(self.client).and_then(|host| host.connections.iter().find(|connection| connection.token == token));
            seen.is_some_and(|connection| connection.fallback.contains(&true))
        };
        match &self.transfer {
            Some((_, seen)) => seen.record.connections.iter().any(|connection| connection.protocol == Some(Protocol::Mptcp)),
            None => self.subflows.iter().any(|subflow| !fallen(subflow.token)),
        }
    }

    /// The ways without a subflow in the window.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Path<'a>> {
        self.ways.iter().filter(|way| !way.joined)
    }

    /// Those that never had one.
    pub(super) fn never(&self) -> impl Iterator<Item = &Path<'a>> {
        self.ways.iter().filter(|way| !way.ever)
    }

    /// The ways whose subflow carried nothing to speak of.
    pub(super) fn idle(&self) -> impl Iterator<Item = &Path<'a>> {
        self.ways.iter().filter(|way| way.joined && way.part.is_some_and(|part| part.0 < IDLE))
    }

    /// Joins that the client sent minus those that became subflows: lost, refused, or under way. Older kernels do not count what they
    /// send; for them it is the number seen at the client or counted at the server.
    pub(super) fn unanswered(&self) -> Option<u64> {
        let of_joins: Vec<_> = self.subflows.iter().filter(|subflow| subflow.flags.contains('j')).collect();
        let seen = || Some(self.count(self.server, "MPTcpExtMPJoinSynRx")?.max(of_joins.len() as u64));
        let sent = self.count(self.client, "MPTcpExtMPJoinSynTx").or_else(seen)?;
        let came = of_joins.iter().filter(|subflow| joined(subflow, Window::default())).count() as u64;
        Some(sent.saturating_sub(came))
    }

    /// What is missing, in words.
    pub(super) fn symptom(&self) -> String {
        let all = connections(&self.subflows, self.window).len();
        let name = |way: &Path| match way.lacking.len() {
            0 => way.end.to_string(),
            lacking => format!("{} in {lacking} of {all} connections", way.end),
        };
        let list = |ways: &mut dyn Iterator<Item = &Path<'a>>| ways.map(name).collect::<Vec<_>>().join(", ");
        let (missing, idle) = (list(&mut self.missing()), list(&mut self.idle()));
        match (missing.is_empty(), idle.is_empty()) {
            (false, _) => format!("no subflow over {missing}"),
            (true, false) => format!("subflows over {idle} that carry nothing"),
            (true, true) if self.ways.len() < 2 => format!("there is one way from {} to {}", self.client, self.server),
            (true, true) => format!("a subflow over each of {}", list(&mut self.ways.iter())),
        }
    }

    /// How much a counter of a host grew up to the window's end; `None` if the host was not sampled or its kernel has no such counter.
    pub(super) fn count(&self, host: &str, counter: &str) -> Option<u64> {
        self.grown(host, counter, Window { from: None, to: self.window.to })
    }

    /// The same in another window.
    pub(super) fn grown(&self, host: &str, counter: &str, window: Window) -> Option<u64> {
        let record = self.host(host).filter(|record| !record.counted.is_empty())?;
        let features = &self.recording.place.features;
        let named = counter.starts_with("MPTcpExt");
        if named && !features.is_empty() && !features.contains(&Feature::Counter(counter.to_owned())) {
            return None;
        }
        Some(record.counters.get(counter).map_or(0, |values| grown(&record.counted, values, window)))
    }

    /// The counters of a stage that rose at the two ends: host, meaning, how much.
    pub(super) fn risen(&self, stage: Stage) -> impl Iterator<Item = (&'a str, &'static Meaning, u64)> {
        let ends = [(self.client, At::Client), (self.server, At::Server)];
        let of_stage = MEANINGS.iter().filter(move |meaning| meaning.stage == stage);
        of_stage.flat_map(move |meaning| {
            let there = ends.into_iter().filter(|(_, at)| meaning.at == At::Either || meaning.at == *at);
            there.filter_map(move |(host, _)| Some((host, meaning, self.count(host, meaning.name).filter(|count| *count > 0)?)))
        })
    }

    /// A counter that is missing counts as 0.
    pub(super) fn counted(&self, host: &str, counter: &str) -> u64 {
        self.count(host, counter).unwrap_or(0)
    }

    pub(super) fn state(&self, host: &str) -> Option<&'a StateRecord> {
        self.host(host)?.state.as_ref()
    }

    /// A sysctl of a host: its final value, or else the topology's.
    pub(super) fn sysctl(&self, host: &str, key: &str) -> Option<&'a str> {
        let ended = self.state(host).and_then(|state| state.sysctls.get(key));
        ended.or_else(|| self.topology.hosts.get(host)?.sysctls.get(key)).map(String::as_str)
    }

    /// What a host's path manager is: `kernel`, `userspace`.
    pub(super) fn managed_by(&self, host: &str) -> Option<&'a str> {
        let kind = || Some(if self.sysctl(host, "net.mptcp.pm_type")? == "1" { "userspace" } else { "kernel" });
        let written = || self.topology.hosts.get(host)?.mptcp.path_manager.as_deref();
        self.sysctl(host, "net.mptcp.path_manager").or_else(kind).or_else(written)
    }

    /// What happens to a host up to the window's end.
    fn steps(&self) -> impl Iterator<Item = &'a Action> {
        let to = self.window.to;
        self.case.steps.iter().filter(move |step| step.refused.is_none() && to.is_none_or(|to| step.at < to)).map(|step| &step.action)
    }

    /// A host's limits at the window's end.
    pub(super) fn limits(&self, host: &str) -> Option<LimitsRecord> {
        let ended = self.state(host).and_then(|state| state.limits);
        let told = &self.topology.hosts.get(host)?.mptcp;
        let mut told = told.subflows.zip(told.add_addr_accepted.or(Some(0)));
        let mut changed = false;
        for action in self.steps() {
            if let Action::Limits { host: of, subflows, add_addr_accepted } = action
                && of == host
            {
                let before = told.unwrap_or_default();
                told = Some((subflows.unwrap_or(before.0), add_addr_accepted.unwrap_or(before.1)));
                changed = true;
            }
        }
        let later = self.case.steps.iter().any(|step| matches!(&step.action, Action::Limits { host: of, .. } if of == host));
        let told = told.map(|(subflows, add_addr_accepted)| LimitsRecord { subflows, add_addr_accepted });
        if later && (changed || told.is_some()) { told } else { ended.or(told) }
    }

    /// A host's endpoints at the window's end, without those made by the kernel itself.
    pub(super) fn endpoints(&self, host: &str) -> Option<Vec<Endpoint>> {
        let changes = self.case.steps.iter().any(|step| matches!(&step.action, Action::Endpoint { host: of, .. } if of == host));
        let ended = self.state(host).and_then(|state| state.endpoints.clone()).filter(|_| !changes);
        let mut endpoints = match ended {
            Some(endpoints) => endpoints,
            None => self.topology.hosts.get(host)?.mptcp.endpoints.clone(),
        };
        for action in self.steps() {
            let Action::Endpoint { host: of, change } = action else { continue };
            if of != host || !changes {
                continue;
            }
            match change {
                EndpointChange::Add(endpoint) => endpoints.push(endpoint.clone()),
                EndpointChange::Remove(address) => endpoints.retain(|endpoint| endpoint.address != *address),
                EndpointChange::RemoveId(id) => endpoints.retain(|endpoint| endpoint.id != Some(*id)),
                EndpointChange::RemoveInitial(_) => {}
                EndpointChange::Flush => endpoints.clear(),
                EndpointChange::Change(address, flags) => reflag(&mut endpoints, flags, |endpoint| endpoint.address == *address),
                EndpointChange::ChangeId(id, flags) => reflag(&mut endpoints, flags, |endpoint| endpoint.id == Some(*id)),
            }
        }
        endpoints.retain(|endpoint| !endpoint.flags.contains(&EndpointFlag::Implicit));
        Some(endpoints)
    }

    /// The addresses of an interface.
    pub(super) fn addresses(&self, host: &str, interface: &str) -> BTreeSet<IpAddr> {
        let found = self.topology.hosts.get(host).and_then(|host| host.interfaces.get(interface));
        found.into_iter().flat_map(|interface| &interface.addresses).map(|network| network.address).collect()
    }

    /// The addresses of the first subflows of the connections in question, local and remote.
    pub(super) fn initial(&self) -> BTreeSet<(IpAddr, IpAddr)> {
        let first = self.subflows.iter().filter(|subflow| subflow.flags.contains('m'));
        first.filter_map(|subflow| ip(&subflow.local).zip(ip(&subflow.remote))).collect()
    }
}

/// Sets the changeable flags of endpoints.
fn reflag(endpoints: &mut [Endpoint], flags: &[EndpointFlag], which: impl Fn(&Endpoint) -> bool) {
    for endpoint in endpoints.iter_mut().filter(|endpoint| which(endpoint)) {
        endpoint.flags.retain(|flag| ![EndpointFlag::Backup, EndpointFlag::Fullmesh].contains(flag));
        endpoint.flags.extend(flags);
    }
}

/// The address of `10.0.1.2:5001`.
pub(super) fn ip(address: &str) -> Option<IpAddr> {
    address.parse::<SocketAddr>().ok().map(|address| address.ip())
}

/// The host and interface that have an address.
pub(super) fn owner(topology: &Topology, address: Option<IpAddr>) -> Option<(&str, &str)> {
    let all = topology.hosts.iter().flat_map(|(host, facts)| facts.interfaces.iter().map(move |(name, interface)| (host, name, interface)));
    let mut having = all.filter(|(.., interface)| interface.addresses.iter().any(|network| Some(network.address) == address));
    having.next().map(|(host, name, _)| (host.as_str(), name.as_str()))
}

/// Whether a subflow existed in a window.
fn joined(subflow: &SubflowSeries, window: Window) -> bool {
    subflow.up().any(|at| window.contains(at))
}

/// The tokens of those connections that had a subflow in a window.
fn connections(subflows: &[&SubflowSeries], window: Window) -> BTreeSet<u32> {
    subflows.iter().filter(|subflow| joined(subflow, window)).map(|subflow| subflow.token).collect()
}

/// The interfaces of a host from which another host is reachable over links and routers.
fn leading<'a>(topology: &'a Topology, from: &str, to: &str) -> Vec<&'a str> {
    let reaches = |interface: &str| {
        let mut reached = BTreeSet::from([from]);
        let mut edge = vec![End::new(from, interface)];
        while let Some(end) = edge.pop() {
            let Some(link) = topology.link_of(&end).and_then(|link| topology.links.get(link)) else { continue };
            let other = link.other(&end);
            if other.host == to {
                return true;
            }
            let Some((name, facts)) = topology.hosts.get_key_value(&other.host) else { continue };
            if facts.forward && reached.insert(name) {
                edge.extend(facts.interfaces.keys().map(|interface| End::new(name, interface)));
            }
        }
        false
    };
    let own = topology.hosts.get(from).into_iter().flat_map(|host| host.interfaces.keys());
    own.map(String::as_str).filter(|interface| reaches(interface)).collect()
}

/// The client and the server of a host's MPTCP connections; if it has none, the host and another one with processes.
fn sides<'a>(recording: &'a Recording, case: &'a Case, host: &str) -> Result<(&'a str, &'a str), String> {
    let topology = &recording.job.topology;
    let (host, _) = topology.hosts.get_key_value(host).ok_or_else(|| format!("the topology has no host {host}"))?;
    let host = host.as_str();
    let record = recording.hosts.get(host).ok_or_else(|| format!("nothing was recorded of host {host}"))?;
    let mut peers: BTreeMap<&str, bool> = BTreeMap::new();
    for subflow in &record.subflows {
        if let Some((peer, _)) = owner(topology, ip(&subflow.remote)).filter(|(peer, _)| *peer != host) {
            *peers.entry(peer).or_default() |= subflow.flags.contains('m');
        }
    }
    // The end that connects is the one that requested MPTCP.
    if let Some((peer, connects)) = peers.into_iter().next() {
        return Ok(if connects { (host, peer) } else { (peer, host) });
    }
    let ends = case.transfers.values().find(|transfer| [&transfer.client, &transfer.server].contains(&&host.to_owned()));
    if let Some(transfer) = ends {
        return Ok((transfer.client.as_str(), transfer.server.as_str()));
    }
    let other = case.processes.values().map(|process| process.host.as_str()).find(|other| *other != host);
    let other = other.ok_or_else(|| format!("{host} had no MPTCP connection"))?;
    let listens = |host: &str| recording.hosts.get(host).is_some_and(|record| !record.listeners.is_empty());
    Ok(if listens(host) && !listens(other) { (other, host) } else { (host, other) })
}
