//! A host's configuration at the end of the run, as read from its kernel: what decides which subflows are made and which way they go.
//! Not here: the requested configuration, which is in the job.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::words::Endpoint;

/// A host's configuration. What could not be read is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StateRecord {
    /// `net.mptcp.*`, and `net.ipv4.conf.*.rp_filter` of `all` and each interface, by their dotted names.
    pub sysctls: BTreeMap<String, String>,
    /// `ip mptcp limits`.
    pub limits: Option<LimitsRecord>,
    /// `ip mptcp endpoint`, those that the kernel made itself included.
    pub endpoints: Option<Vec<Endpoint>>,
    /// The routes of its connections' packets, from its endpoints to those connections' destinations, and from the endpoints to other addresses of
    /// hosts with traffic; 64 at most.
    pub ways: Vec<RouteRecord>,
}

/// What an MPTCP connection may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LimitsRecord {
    /// Additional subflows.
    pub subflows: u32,
    /// Announced addresses that it may use.
    pub add_addr_accepted: u32,
}

/// Where a packet goes, as `ip route get TO from FROM oif BOUND` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRecord {
    /// Its source address.
    pub from: IpAddr,
    /// Its destination.
    pub to: IpAddr,
    /// The interface that its socket is bound to, as for an endpoint with `dev`.
    pub bound: Option<String>,
    /// The interface it leaves by; absent if there is no route.
    pub by: Option<String>,
    /// The next hop, if any.
    pub via: Option<IpAddr>,
}
