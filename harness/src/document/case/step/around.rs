//! The surroundings of a step that is checked: what the case has, and what the earlier steps did.
//! Not here: the checks.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use super::How;
use crate::document::case::transfer::Transfer;
use crate::document::diagnostic::Span;
use crate::document::topology::Topology;
use crate::words::{Network, Shape, Time};

/// The surroundings of a step: what the case has, and what the earlier steps did.
pub(in crate::document::case) struct Surroundings<'a> {
    pub(super) topology: Option<&'a Topology>,
    pub(super) transfers: &'a BTreeMap<String, Transfer>,
    pub(super) processes: Vec<&'a str>,
    /// The directory of files that steps name.
    pub(super) directory: Option<&'a Path>,
    /// The cuts of links, and the steps that made them.
    pub(super) cuts: BTreeMap<String, Vec<(How, Span)>>,
    /// The conditions of links that steps changed.
    pub(super) conditions: BTreeMap<String, InForce>,
    pub(super) endpoints: Endpoints,
    /// The addresses of interfaces that steps changed.
    pub(super) addresses: BTreeMap<(String, String), BTreeSet<Network>>,
    /// Whether the kernel must refuse this step: its mistakes are intended, and it changes nothing.
    pub(in crate::document::case) refused: bool,
    /// The processes that steps started.
    pub(super) started: BTreeMap<String, Span>,
    /// The processes that steps paused, and that did not resume.
    pub(super) paused: BTreeMap<String, Span>,
}

impl<'a> Surroundings<'a> {
    /// The surroundings of a case's first step.
    pub(in crate::document::case) fn new(
        topology: Option<&'a Topology>,
        transfers: &'a BTreeMap<String, Transfer>,
        processes: Vec<&'a str>,
        directory: Option<&'a Path>,
    ) -> Self {
        Self {
            topology,
            transfers,
            processes,
            directory,
            cuts: BTreeMap::new(),
            conditions: BTreeMap::new(),
            endpoints: Endpoints::of(topology),
            addresses: BTreeMap::new(),
            refused: false,
            started: BTreeMap::new(),
            paused: BTreeMap::new(),
        }
    }
}

/// The conditions of a link: both directions, and until when they change and by which step.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) shapes: [Shape; 2],
    pub(super) changing: Option<(Time, Span)>,
}

/// The endpoints that hosts have by then, and their ids if written.
#[derive(Debug)]
pub(super) struct Endpoints(pub(super) BTreeMap<String, Held>);

/// The endpoints of a host.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) addresses: BTreeMap<IpAddr, Option<u8>>,
    /// One was removed by an id that the kernel chose, so it is not known which.
    pub(super) guessed: bool,
}

impl Held {
    /// Removes the one with this id.
    pub(super) fn lose(&mut self, id: u8) {
        let before = self.addresses.len();
        self.addresses.retain(|_, has| *has != Some(id));
        self.guessed |= self.addresses.len() == before;
    }
}

impl Endpoints {
    /// The endpoints of a topology.
    pub(super) fn of(topology: Option<&Topology>) -> Self {
        let hosts = topology.into_iter().flat_map(|topology| &topology.hosts);
        Self(
            hosts
                .map(|(name, host)| {
                    (
                        name.clone(),
                        Held {
                            addresses: host.mptcp.endpoints.iter().map(|endpoint| (endpoint.address, endpoint.id)).collect(),
                            guessed: false,
                        },
                    )
                })
                .collect(),
        )
    }
}
