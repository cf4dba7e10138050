//! How a host was configured when the run ended, as its kernel had it: what bears on which subflows come about and which way they go.
//! Not here: what it was told, which is the job's.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::words::Endpoint;

/// A host's configuration. What the kernel could not be asked is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StateRecord {
    /// `net.mptcp.*`, and `net.ipv4.conf.*.rp_filter` of `all` and each interface, by their dotted names.
    pub sysctls: BTreeMap<String, String>,
    /// `ip mptcp limits`.
    pub limits: Option<LimitsRecord>,
    /// `ip mptcp endpoint`, those that the kernel made itself included.
    pub endpoints: Option<Vec<Endpoint>>,
    /// Which way packets of its connections went, would have gone from its endpoints to where these lead, and from them to other addresses of
    /// the hosts that have traffic; 64 at most.
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
    /// The interface that its socket is bound to, as that of an endpoint with `dev` is.
    pub bound: Option<String>,
    /// The interface it leaves by; absent if there is no route.
    pub by: Option<String>,
    /// The next hop, where there is one.
    pub via: Option<IpAddr>,
}
