//! `address`: adds an address to an interface, or removes one.
//! Not here: endpoints, which stay when their address is removed.

use serde::{Deserialize, Serialize};

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::words::{Network, Time};

const ADDRESS: Shape = Shape { heading: "`address`", what: "a change of addresses", keys: &["host", "interface", "add", "remove"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "address", tables: &[&ADDRESS], read: |value, mistakes| Some(Box::new(RawAddress::read(value, mistakes)?)) };

/// A change of an interface's addresses (`ip address`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressChange {
    /// The host.
    pub host: String,
    /// The interface.
    pub interface: String,
    /// The address, with the length of its network's prefix.
    pub address: Network,
    /// Whether it is added; removed if not.
    pub add: bool,
}

/// A change of addresses as it is written.
#[derive(Debug)]
struct RawAddress {
    host: Option<Spanned<String>>,
    interface: Option<Spanned<String>>,
    add: Option<Spanned<Network>>,
    remove: Option<Spanned<Network>>,
}

impl Read for RawAddress {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &ADDRESS, mistakes)?;
        table.exactly_one(&["add", "remove"]);
        Some(Self {
            host: table.required("host"),
            interface: table.required("interface"),
            add: table.optional("add"),
            remove: table.optional("remove"),
        })
    }
}

impl Written for RawAddress {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let name = self.host.as_ref()?;
        let host = named::host(around.topology?, name, mistakes)?;
        let interface = self.interface.as_ref()?;
        named::interface(&name.value, host, interface, mistakes)?;
        let written = self.add.as_ref().or(self.remove.as_ref())?;
        let (address, add) = (written.value, self.add.is_some());
        let has = around.addresses.entry((name.value.clone(), interface.value.clone()));
        let has = has.or_insert_with(|| host.interfaces[&interface.value].addresses.iter().copied().collect());
        let changed = around.refused || if add { has.insert(address) } else { has.remove(&address) };
        if !changed && add {
            mistakes.add(&written.span, format!("{}:{} has this address by then", name.value, interface.value)).help("remove the step");
        } else if !changed {
            let known: Vec<String> = has.iter().map(ToString::to_string).collect();
            let help = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
            mistakes.add(&written.span, format!("{}:{} has no address {address} by then", name.value, interface.value)).help(help);
        }
        let (host, interface) = (name.value.clone(), interface.value.clone());
        Some(Action::Address(AddressChange { host, interface, address, add }))
    }
}

/// `address of laptop:wlan0: add 10.0.2.9/24`
pub(super) fn words(change: &AddressChange) -> String {
    let AddressChange { host, interface, address, add } = change;
    format!("address of {host}:{interface}: {} {address}", if *add { "add" } else { "remove" })
}
