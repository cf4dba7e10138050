//! `destroy`: the sockets of a subflow are ended from outside, as by `ss -K`.
//! Not here: what path managers make of that.

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::words::{Protocol, Time};

const DESTROY: Shape = Shape { heading: "`destroy`", what: "the end of a subflow", keys: &["transfer", "subflow", "host"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "destroy", tables: &[&DESTROY], read: |value, mistakes| Some(Box::new(RawDestroy::read(value, mistakes)?)) };

/// The end of a subflow as it is written.
#[derive(Debug)]
struct RawDestroy {
    transfer: Option<Spanned<String>>,
    subflow: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
}

impl Read for RawDestroy {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &DESTROY, mistakes)?;
        Some(Self { transfer: table.required("transfer"), subflow: table.required("subflow"), host: table.optional("host") })
    }
}

impl Written for RawDestroy {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let topology = around.topology?;
        let written = self.transfer.as_ref()?;
        let (name, transfer) = named::transfer(written, around.transfers, mistakes)?;
        if [transfer.client_protocol, transfer.server_protocol].contains(&Protocol::Tcp) {
            mistakes
                .add(&written.span, format!("`{name}` speaks TCP, which has no subflows"))
                .help("let both of its ends speak MPTCP, or remove the step");
        }
        let ends = [transfer.client.clone(), transfer.server.clone()];
        if let Some(host) = &self.host {
            named::end_of(host, name, transfer, mistakes)?;
        }
        let ipv6 = Some(transfer.to.is_ipv6());
        let address = named::address_of(&transfer.client, &topology.hosts[&transfer.client], self.subflow.as_ref()?, ipv6, mistakes)?;
        let at = |end: &String| self.host.as_ref().is_none_or(|host| host.value == *end);
        let hosts = ends.into_iter().filter(at).collect();
        Some(Action::Destroy { transfer: name.to_owned(), address, hosts })
    }
}

/// `destroy the subflow from 10.0.2.1 at laptop and server (download)`
pub(super) fn words(transfer: &str, address: std::net::IpAddr, hosts: &[String]) -> String {
    format!("destroy the subflow from {address} at {} ({transfer})", hosts.join(" and "))
}
