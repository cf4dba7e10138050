//! `endpoint`: changes a host's endpoints.
//! Not here: what an endpoint may be, which topologies share.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Action;
use super::about::{About, Written, go_together};
use super::around::{Held, Surroundings};
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::document::topology::{self, Endpoint, check};
use crate::words::{EndpointFlag, Time};

const ENDPOINT: Shape =
    Shape { heading: "`endpoint`", what: "a change of endpoints", keys: &["host", "add", "remove", "change", "flags", "id", "flush"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "endpoint", tables: &[&ENDPOINT], read: |value, mistakes| Some(Box::new(RawEndpoint::read(value, mistakes)?)) };

/// A change of a host's endpoints (`ip mptcp endpoint`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EndpointChange {
    /// Adds one.
    Add(Endpoint),
    /// Removes the one with this address.
    Remove(IpAddr),
    /// Removes the one with this id.
    RemoveId(u8),
    /// Removes id 0 with this address: the first subflow of each connection that has the address, which is not an endpoint.
    RemoveInitial(IpAddr),
    /// Sets these of the flags `backup` and `fullmesh` on the one with this address.
    Change(IpAddr, Vec<EndpointFlag>),
    /// Sets these of the flags `backup` and `fullmesh` on the one with this id.
    ChangeId(u8, Vec<EndpointFlag>),
    /// Removes all.
    Flush,
}

/// A change of endpoints as it is written.
#[derive(Debug)]
struct RawEndpoint {
    host: Option<Spanned<String>>,
    add: Option<Spanned<topology::RawEndpoint>>,
    remove: Option<Spanned<Which>>,
    change: Option<Spanned<Which>>,
    flags: Option<Spanned<Vec<Spanned<EndpointFlag>>>>,
    id: Option<Spanned<u8>>,
    flush: Option<Spanned<bool>>,
}

/// Which endpoint is meant.
#[derive(Debug)]
enum Which {
    /// The one of an interface or an address.
    At(String),
    /// The one with an id.
    Id(u8),
}

impl Read for Which {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if value.get_ref().is_integer() {
            return u8::read(value, mistakes).map(Self::Id);
        }
        String::read(value, mistakes).map(Self::At)
    }
}

impl Read for RawEndpoint {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &ENDPOINT, mistakes)?;
        table.exactly_one(&["add", "remove", "change", "flush"]);
        go_together(&mut table, "change", &["flags"], &["flags"]);
        go_together(&mut table, "remove", &[], &["id"]);
        go_together(&mut table, "add", &[], &[]);
        go_together(&mut table, "flush", &[], &[]);
        Some(Self {
            host: table.required("host"),
            add: table.optional("add"),
            remove: table.optional("remove"),
            change: table.optional("change"),
            flags: table.optional("flags"),
            id: table.optional("id"),
            flush: table.optional("flush"),
        })
    }
}

impl Written for RawEndpoint {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let topology = around.topology?;
        let name = self.host.as_ref()?;
        let interfaces = &named::host(topology, name, mistakes)?.interfaces;
        let refused = around.refused;
        let known = around.endpoints.0.entry(name.value.clone()).or_default();
        let change = if let Some(add) = &self.add {
            let endpoint = check::mptcp::endpoint_alone(&name.value, &add.value, interfaces, mistakes)?;
            if !refused {
                let new = known.addresses.insert(endpoint.address, endpoint.id).is_none();
                if !new && endpoint.port.is_none() && !known.guessed {
                    mistakes
                        .add(&add.span, format!("{} is already an endpoint", endpoint.address))
                        .help("use `change` for its flags, or `remove` it first");
                }
            }
            EndpointChange::Add(endpoint)
        } else if let Some(written) = self.remove.as_ref().or(self.change.as_ref()) {
            let flags = self.flags.as_ref().map(|flags| changeable(&flags.value, mistakes));
            let address = match &written.value {
                Which::Id(id) => {
                    return Some(Action::Endpoint { host: name.value.clone(), change: self.by_id(*id, flags, known, refused, mistakes) });
                }
                Which::At(at) => {
                    let written = Spanned { value: at.clone(), span: written.span.clone() };
                    let address = at.parse().ok();
                    address.or_else(|| named::address_of(&name.value, &topology.hosts[&name.value], &written, None, mistakes))?
                }
            };
            if let Some(id) = &self.id {
                if id.value != 0 {
                    mistakes.add(&id.span, "an endpoint is removed by its address or by its id").help("write remove = ID alone");
                }
                return Some(Action::Endpoint { host: name.value.clone(), change: EndpointChange::RemoveInitial(address) });
            }
            if !known.addresses.contains_key(&address) && !refused && !known.guessed {
                let known: Vec<String> = known.addresses.keys().map(ToString::to_string).collect();
                let has = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
                mistakes.add(&written.span, format!("`{}` has no endpoint {address} by then", name.value)).help(has);
            }
            if let Some(flags) = flags {
                EndpointChange::Change(address, flags)
            } else {
                // An endpoint whose change lacks its flags stays.
                if self.remove.is_some() && !refused {
                    known.addresses.remove(&address);
                }
                EndpointChange::Remove(address)
            }
        } else {
            if let Some(flush) = self.flush.as_ref().filter(|flush| !flush.value) {
                mistakes.add(&flush.span, "this does nothing").help("write flush = true");
            }
            *known = Held::default();
            EndpointChange::Flush
        };
        Some(Action::Endpoint { host: name.value.clone(), change })
    }
}

impl RawEndpoint {
    /// A change of the endpoint with this id.
    fn by_id(&self, id: u8, flags: Option<Vec<EndpointFlag>>, known: &mut Held, refused: bool, mistakes: &mut Mistakes) -> EndpointChange {
        let zero = self.id.as_ref().map(|id| &id.span).or_else(|| self.remove.as_ref().filter(|_| id == 0).map(|remove| &remove.span));
        if let Some(zero) = zero {
            mistakes
                .add(zero, "id 0 stands for first subflows, whose address is needed")
                .help("write remove = \"INTERFACE\" or an address, and id = 0");
        }
        if let Some(flags) = flags {
            return EndpointChange::ChangeId(id, flags);
        }
        if !refused {
            known.lose(id);
        }
        EndpointChange::RemoveId(id)
    }
}

fn changeable(flags: &[Spanned<EndpointFlag>], mistakes: &mut Mistakes) -> Vec<EndpointFlag> {
    for flag in flags.iter().filter(|flag| !matches!(flag.value, EndpointFlag::Backup | EndpointFlag::Fullmesh)) {
        mistakes
            .add(&flag.span, format!("the kernel can change only `backup` and `fullmesh` of an endpoint, not `{}`", flag.value))
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
            EndpointChange::RemoveId(id) => write!(f, "endpoint of {host}: remove id {id}"),
            EndpointChange::RemoveInitial(address) => write!(f, "endpoint of {host}: remove id 0 {address}"),
            EndpointChange::Change(address, flags) => write!(f, "endpoint of {host}: change {address} ({})", listed(flags)),
            EndpointChange::ChangeId(id, flags) => write!(f, "endpoint of {host}: change id {id} ({})", listed(flags)),
            EndpointChange::Flush => write!(f, "endpoints of {host}: flush"),
        }
    }
}

fn listed(flags: &[EndpointFlag]) -> String {
    flags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
