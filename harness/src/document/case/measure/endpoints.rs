//! `endpoints`: which MPTCP endpoints a host has in the end.
//! Not here: the subflows that result from them.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::toml::Spanned;
use crate::words::{Endpoint, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "endpoints",
    value: "array of strings",
    of: &[Of::Host],
    scope: Scope::Run,
    topic: Topic::Paths,
    meaning: "All endpoints of the host at the end, including those that the kernel made itself (`implicit`), as `ip mptcp endpoint` shows \
              them: `[\"10.0.1.2 id 2 subflow dev eth0\"]`. Without `id`, any id matches.",
    read: |key, value, mistakes| one(key, value, mistakes, EndpointTable::of),
    check: sound,
};

/// These endpoints and no others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointTable(pub Vec<Endpoint>);

impl EndpointTable {
    fn of(endpoints: Vec<Spanned<Endpoint>>) -> Self {
        Self(endpoints.into_iter().map(|endpoint| endpoint.value).collect())
    }

    /// Whether an endpoint is as wanted.
    fn same(wanted: &Endpoint, has: &Endpoint) -> bool {
        let flags = |endpoint: &Endpoint| {
            let mut flags = endpoint.flags.clone();
            flags.sort_unstable();
            flags
        };
        let known = Endpoint { id: has.id.filter(|_| wanted.id.is_some()), flags: flags(has), ..has.clone() };
        known == Endpoint { flags: flags(wanted), ..wanted.clone() }
    }
}

fn listed(endpoints: &[Endpoint]) -> String {
    if endpoints.is_empty() { "none".to_owned() } else { endpoints.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ") }
}

impl Measuring for EndpointTable {
    fn wanted(&self) -> String {
        listed(&self.0)
    }

    fn of_host(&self, seen: &HostSeen<'_>, _: Window) -> Result<Measured, String> {
        let state = seen.record()?.state.as_ref().ok_or("the host's configuration was not read")?;
        let has = state.endpoints.as_ref().ok_or("the host's endpoints could not be read")?;
        let mut left: Vec<&Endpoint> = has.iter().collect();
        for wanted in &self.0 {
            let Some(place) = left.iter().position(|has| Self::same(wanted, has)) else { return Ok(Measured::plain(listed(has), false)) };
            left.remove(place);
        }
        Ok(Measured::plain(listed(has), left.is_empty()))
    }
}
