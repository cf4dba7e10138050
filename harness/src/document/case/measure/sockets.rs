//! `sockets`: how many MPTCP sockets of a host are in use.
//! Not here: which connections these are.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::words::{Constraint, Count, Feature, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "sockets",
    value: "constraint of a number",
    of: &[Of::Host],
    scope: Scope::Moment,
    topic: Topic::Protocol,
    meaning: "MPTCP sockets in use, as `/proc/net/protocols` counts them, listening ones included: the highest number at any time, or the \
              number at the moment, as read with the counters (`sample`).",
    read: |key, value, mistakes| one(key, value, mistakes, Sockets),
    check: sound,
};

/// MPTCP sockets of a host that are in use: the most in one sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sockets(pub Constraint<Count>);

impl Measuring for Sockets {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn needs(&self) -> Vec<Feature> {
        vec![Feature::SocketsInUse]
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let record = seen.record()?;
        let counted = record.counted.iter().copied().zip(record.mptcp_sockets.iter().copied());
        let most = match window.moment() {
            Some(moment) => counted.take_while(|(at, _)| *at <= moment.micros()).last().map(|(_, sockets)| sockets),
            None => counted.filter(|(at, _)| window.contains(*at)).map(|(_, sockets)| sockets).max(),
        };
        Ok(Measured::of(&self.0, Count(most.ok_or("sockets were not counted in this window")?)))
    }
}
