//! `mark`: with which mark subflows send their packets.
//! Not here: setting it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::record::SubflowSeries;
use crate::words::Window;

/// Its description.
pub(super) const ABOUT: About = About {
    key: "mark",
    value: "number",
    of: &[Of::Transfer],
    scope: Scope::Run,
    topic: Topic::Other,
    meaning: "The mark of every subflow, the first included, at both ends (`fwmark` of `ss -e`), with which its packets leave (`meta mark` of nft, \
              `ip rule fwmark`).",
    read: |key, value, mistakes| one(key, value, mistakes, Mark),
    check: sound,
};

/// The mark of every subflow at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub u32);

impl Measuring for Mark {
    fn wanted(&self) -> String {
        format!("= {}", self.0)
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        let (client, name) = (seen.client()?, &seen.asked.server);
        let server = seen.run.hosts.get(name).ok_or_else(|| format!("nothing was recorded of host {name}"))?;
        let ours = seen.record.connections.iter().flat_map(|connection| seen.subflows(client, connection)).collect();
        let ends = [(&seen.asked.client, ours), (name, seen.subflows_of_server(client, server))];
        if let Some((host, _)) = ends.iter().find(|(_, subflows)| subflows.is_empty()) {
            return Err(format!("no subflow was seen at {host}"));
        }
        let all = || ends.iter().flat_map(|(host, subflows)| subflows.iter().map(move |subflow| (host, *subflow)));
        let marks: BTreeSet<u32> = all().map(|(_, subflow)| subflow.mark).collect();
        let text: Vec<String> = marks.iter().map(ToString::to_string).collect();
        let other = |(_, subflow): &(_, &SubflowSeries)| subflow.mark != self.0;
        let others = all().filter(other).map(|(host, subflow)| format!("{} from {} at {host}", subflow.mark, subflow.local));
        Ok(Measured::plain(text.join(" and "), marks.iter().all(|mark| *mark == self.0)).because(others))
    }
}
