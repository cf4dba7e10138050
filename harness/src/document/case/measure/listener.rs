//! `listener`: what listening sockets speak.
//! Not here: what connections speak.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about::{About, Found, Of, Scope, Topic, Written, one};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Named, Read, Value};
use crate::document::topology::Topology;
use crate::words::{Protocol, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "listener",
    value: r#"`"mptcp"` or `"tcp"`; of a host a table of ports, `{ 5201 = "mptcp" }`"#,
    of: &[Of::Transfer, Of::Host],
    scope: Scope::Run,
    topic: Topic::Protocol,
    meaning: "The protocol of the listening sockets, as `ss` shows it.",
    read,
    check,
};

/// What the server's listening sockets speak, as `ss` shows it (`tcp-ulp-mptcp`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Listener(pub Protocol);

/// What a host's listening sockets at a TCP port speak, as `ss` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Listening(pub u16, pub Protocol);

fn read(key: &Span, value: &Value<'_>, mistakes: &mut Mistakes) -> Vec<Found> {
    if !value.get_ref().is_table() {
        return one(key, value, mistakes, Listener);
    }
    let mut found = Vec::new();
    for (port, entry) in Named::<Protocol>::read(value, mistakes).unwrap_or_default() {
        match port.parse() {
            Ok(port) => found.push(Found { name: entry.name, value: value.span(), measure: Listening(port, entry.value).into() }),
            Err(_) => {
                mistakes.add(&entry.name, format!("`{port}` is not a port")).help("write 1 to 65535");
            }
        }
    }
    found
}

fn check(written: &Written, of: Option<Of>, _: Option<&Topology>, mistakes: &mut Mistakes) {
    match of {
        Some(Of::Transfer) if written.is_table => {
            mistakes.add(&written.value, "a transfer's sockets listen at one port").help("write listener = \"mptcp\" or \"tcp\"");
        }
        Some(Of::Host) if !written.found.is_empty() && !written.is_table => {
            let help = "write the port: listener = { 5201 = \"mptcp\" }";
            mistakes.add(&written.value, "a host's sockets may listen on several ports").help(help);
        }
        _ => {}
    }
}

impl Measuring for Listener {
    fn wanted(&self) -> String {
        format!("= {}", self.0)
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        let listener = seen.record.listener.ok_or("the listening socket was not seen")?;
        Ok(Measured::plain(listener.to_string(), listener == self.0))
    }
}

impl Measuring for Listening {
    fn wanted(&self) -> String {
        format!("= {}", self.1)
    }

    fn item(&self) -> Option<String> {
        Some(self.0.to_string())
    }

    fn of_host(&self, seen: &HostSeen<'_>, _: Window) -> Result<Measured, String> {
        let Self(port, wanted) = self;
        let listeners = &seen.record()?.listeners;
        let spoken = listeners.iter().filter(|(address, _)| address.port() == *port).map(|(_, protocol)| *protocol);
        let spoken: BTreeSet<_> = spoken.collect();
        let text: Vec<_> = spoken.iter().map(Protocol::to_string).collect();
        if spoken.is_empty() {
            Err(format!("no socket was seen listening at port {port}"))
        } else {
            Ok(Measured::plain(text.join(" and "), spoken.iter().all(|protocol| protocol == wanted)))
        }
    }
}
