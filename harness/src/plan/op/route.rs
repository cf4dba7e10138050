//! Operations on addresses, routes and rules: where packets go.
//! Not here: choosing them (`routes`).

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::words::{Feature, Network};

/// The main routing table's number.
pub const MAIN_TABLE: u32 = 254;

/// One operation on addresses, routes or rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteAct {
    /// Adds an address to an interface. IPv6 addresses are usable at once (`nodad`).
    Address {
        /// The interface.
        dev: String,
        /// The address and its network.
        address: Network,
    },
    /// Removes an address from an interface.
    DeleteAddress {
        /// The interface.
        dev: String,
        /// The address and its network.
        address: Network,
    },
    /// Removes a route.
    DeleteRoute {
        /// The destination.
        to: Network,
        /// The next hop.
        via: Option<IpAddr>,
        /// The interface it leaves by.
        dev: Option<String>,
        /// The table; the main one if absent.
        table: Option<u32>,
    },
    /// Adds a route, or restores a lost one.
    Route {
        /// The destination.
        to: Network,
        /// The next hop.
        via: Option<IpAddr>,
        /// The interface it leaves by.
        dev: Option<String>,
        /// The table; the main one if absent.
        table: Option<u32>,
        /// The next hop is a neighbour although it is in none of the host's networks.
        #[serde(default)]
        onlink: bool,
    },
    /// Looks routes up in a table, for packets from an address.
    Rule {
        /// IPv6.
        v6: bool,
        /// The rule's place in the order.
        priority: u32,
        /// The source address; any if absent.
        from: Option<IpAddr>,
        /// The packets' mark; any if absent.
        #[serde(default)]
        mark: Option<u32>,
        /// The table (254 is main).
        table: u32,
        /// Whether the table's default route is ignored.
        suppress_default: bool,
    },
    /// Makes every address look like the host's own in a table.
    EverythingIsHere {
        /// IPv6.
        v6: bool,
        /// The table.
        table: u32,
    },
}

impl RouteAct {
    /// The feature that it needs, if not every place has it.
    pub(super) fn needs(&self) -> Option<Feature> {
        match self {
            Self::Address { address, .. } if address.address.is_ipv6() => Some(Feature::Ipv6),
            _ => None,
        }
    }

    /// Writes the line that a person would type, for a namespace.
    pub(super) fn line(&self, ns: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { dev, address } => {
                let nodad = if address.address.is_ipv6() { " nodad" } else { "" };
                write!(f, "ip -n {ns} address add {address} dev {dev}{nodad}")
            }
            Self::DeleteAddress { dev, address } => write!(f, "ip -n {ns} address delete {address} dev {dev}"),
            Self::DeleteRoute { to, via, dev, table } => route(ns, "delete", *to, *via, dev.as_deref(), *table, f),
            Self::Route { to, via, dev, table, onlink } => {
                route(ns, "replace", *to, *via, dev.as_deref(), *table, f)?;
                if *onlink { write!(f, " onlink") } else { Ok(()) }
            }
            Self::Rule { v6, priority, from, mark, table, suppress_default } => {
                let family = if *v6 { " -6" } else { "" };
                write!(f, "ip -n {ns}{family} rule add priority {priority} from ")?;
                match from {
                    Some(from) => write!(f, "{from}")?,
                    None => f.write_str("all")?,
                }
                if let Some(mark) = mark {
                    write!(f, " fwmark {mark}")?;
                }
                match *table {
                    MAIN_TABLE => f.write_str(" lookup main")?,
                    table => write!(f, " lookup {table}")?,
                }
                if *suppress_default { f.write_str(" suppress_prefixlength 0") } else { Ok(()) }
            }
            Self::EverythingIsHere { v6, table } => {
                let family = if *v6 { " -6" } else { "" };
                write!(f, "ip -n {ns}{family} route replace local default dev lo table {table}")
            }
        }
    }
}

fn route(
    ns: &str,
    verb: &str,
    to: Network,
    via: Option<IpAddr>,
    dev: Option<&str>,
    table: Option<u32>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let family = if to.address.is_ipv6() { " -6" } else { "" };
    write!(f, "ip -n {ns}{family} route {verb} ")?;
    if to.prefix == 0 {
        f.write_str("default")?;
    } else {
        write!(f, "{to}")?;
    }
    via.map_or(Ok(()), |via| write!(f, " via {via}"))?;
    dev.map_or(Ok(()), |dev| write!(f, " dev {dev}"))?;
    table.map_or(Ok(()), |table| write!(f, " table {table}"))
}
