//! `endpoint`: a host's endpoints change.
//! Not here: what an endpoint may be, which topologies ask too.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Action;
use super::about::{About, Written, go_together};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::document::topology::{self, Endpoint, check};
use crate::words::{EndpointFlag, Time};

const ENDPOINT: Shape =
    Shape { heading: "`endpoint`", what: "a change of endpoints", keys: &["host", "add", "remove", "change", "flags", "flush"] };

/// What there is to say of it.
pub(super) const ABOUT: About =
    About { key: "endpoint", tables: &[&ENDPOINT], read: |value, mistakes| Some(Box::new(RawEndpoint::read(value, mistakes)?)) };

/// A change of a host's endpoints (`ip mptcp endpoint`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EndpointChange {
    /// Adds one.
    Add(Endpoint),
    /// Removes the one of this address.
    Remove(IpAddr),
    /// Gives the one of this address these of the flags `backup` and `fullmesh`.
    Change(IpAddr, Vec<EndpointFlag>),
    /// Removes all.
    Flush,
}

/// A change of endpoints as it is written.
#[derive(Debug)]
struct RawEndpoint {
    host: Option<Spanned<String>>,
    add: Option<Spanned<topology::RawEndpoint>>,
    remove: Option<Spanned<String>>,
    change: Option<Spanned<String>>,
    flags: Option<Spanned<Vec<Spanned<EndpointFlag>>>>,
    flush: Option<Spanned<bool>>,
}

impl Read for RawEndpoint {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &ENDPOINT, mistakes)?;
        table.exactly_one(&["add", "remove", "change", "flush"]);
        go_together(&mut table, "change", &["flags"], &["flags"]);
        Some(Self {
            host: table.required("host"),
            add: table.optional("add"),
            remove: table.optional("remove"),
            change: table.optional("change"),
            flags: table.optional("flags"),
            flush: table.optional("flush"),
        })
    }
}

impl Written for RawEndpoint {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let topology = around.topology?;
        let name = self.host.as_ref()?;
        let interfaces = &named::host(topology, name, mistakes)?.interfaces;
        let known = around.endpoints.0.entry(name.value.clone()).or_default();
        let change = if let Some(add) = &self.add {
            let endpoint = check::mptcp::endpoint_alone(&name.value, &add.value, interfaces, mistakes)?;
            if !known.insert(endpoint.address) && endpoint.port.is_none() {
                mistakes
                    .add(&add.span, format!("{} is an endpoint already", endpoint.address))
                    .help("use `change` for its flags, or `remove` it before");
            }
            EndpointChange::Add(endpoint)
        } else if let Some(written) = self.remove.as_ref().or(self.change.as_ref()) {
            let address = written.value.parse().ok();
            let address = address.or_else(|| named::address_of(&name.value, &topology.hosts[&name.value], written, None, mistakes))?;
            if !known.contains(&address) {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                let has = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
                mistakes.add(&written.span, format!("`{}` has no endpoint {address} by then", name.value)).help(has);
            }
            if let Some(flags) = &self.flags {
                EndpointChange::Change(address, changeable(&flags.value, mistakes))
            } else {
                // One whose change lacks its flags stays.
                if self.remove.is_some() {
                    known.remove(&address);
                }
                EndpointChange::Remove(address)
            }
        } else {
            if let Some(flush) = self.flush.as_ref().filter(|flush| !flush.value) {
                mistakes.add(&flush.span, "this does nothing").help("write flush = true");
            }
            known.clear();
            EndpointChange::Flush
        };
        Some(Action::Endpoint { host: name.value.clone(), change })
    }
}

fn changeable(flags: &[Spanned<EndpointFlag>], mistakes: &mut Mistakes) -> Vec<EndpointFlag> {
    for flag in flags.iter().filter(|flag| !matches!(flag.value, EndpointFlag::Backup | EndpointFlag::Fullmesh)) {
        mistakes
            .add(&flag.span, format!("the kernel changes `backup` and `fullmesh` of an endpoint, not `{}`", flag.value))
            .help("write a step that removes the endpoint, and one that adds it with other flags");
    }
    flags.iter().map(|flag| flag.value).collect()
}

/// `endpoint of laptop: add 10.0.1.1`
pub(super) struct Words<'a>(pub(super) &'a str, pub(super) &'a EndpointChange);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host, change) = self;
        match change {
            EndpointChange::Add(endpoint) => write!(f, "endpoint of {host}: add {}", endpoint.address),
            EndpointChange::Remove(address) => write!(f, "endpoint of {host}: remove {address}"),
            EndpointChange::Change(address, flags) => {
                let flags: Vec<_> = flags.iter().map(ToString::to_string).collect();
                write!(f, "endpoint of {host}: change {address} ({})", flags.join(", "))
            }
            EndpointChange::Flush => write!(f, "endpoints of {host}: flush"),
        }
    }
}
