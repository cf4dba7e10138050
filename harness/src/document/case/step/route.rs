//! `route`: adds a route to a host, or removes one.
//! Not here: what a route may be, which topologies share.

use serde::{Deserialize, Serialize};

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::document::topology::{self, Route, check};
use crate::words::Time;

const ROUTE: Shape = Shape { heading: "`route`", what: "a change of routes", keys: &["host", "add", "remove"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "route", tables: &[&ROUTE], read: |value, mistakes| Some(Box::new(RawRoute::read(value, mistakes)?)) };

/// A change of a host's routes (`ip route`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteChange {
    /// The host.
    pub host: String,
    /// The route.
    pub route: Route,
    /// Whether it is added, replacing one to the same destination; removed if not.
    pub add: bool,
}

/// A change of routes as it is written.
#[derive(Debug)]
struct RawRoute {
    host: Option<Spanned<String>>,
    add: Option<Spanned<topology::RawRoute>>,
    remove: Option<Spanned<topology::RawRoute>>,
}

impl Read for RawRoute {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &ROUTE, mistakes)?;
        table.exactly_one(&["add", "remove"]);
        Some(Self { host: table.required("host"), add: table.optional("add"), remove: table.optional("remove") })
    }
}

impl Written for RawRoute {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let name = self.host.as_ref()?;
        let host = named::host(around.topology?, name, mistakes)?;
        let written = self.add.as_ref().or(self.remove.as_ref())?;
        let route = check::host::route(&name.value, &written.value, &host.interfaces, mistakes)?;
        Some(Action::Route(RouteChange { host: name.value.clone(), route, add: self.add.is_some() }))
    }
}

/// `route of laptop: remove 10.9.0.0/24`
pub(super) fn words(change: &RouteChange) -> String {
    let RouteChange { host, route, add } = change;
    let via = route.via.map(|via| format!(" via {via}")).unwrap_or_default();
    let dev = route.interface.as_ref().map(|dev| format!(" dev {dev}")).unwrap_or_default();
    format!("route of {host}: {} {}{via}{dev}", if *add { "add" } else { "remove" }, route.to)
}
