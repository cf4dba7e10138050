//! `one_by_one`: whether sockets that are listed are found by themselves.
//! Not here: asking for them.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::words::Window;

/// Its description.
pub(super) const ABOUT: About = About {
    key: "one_by_one",
    value: "true or false",
    of: &[Of::Host],
    scope: Scope::Run,
    topic: Topic::Other,
    meaning: "Each MPTCP connection that the host lists is also found by its token, and each subflow by its addresses and ports, when it is asked for \
              by itself (inet_diag without `NLM_F_DUMP`), and is the same then: with every sample.",
    read: |key, value, mistakes| one(key, value, mistakes, OneByOne),
    check: sound,
};

/// Whether sockets that are listed are found by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneByOne(pub bool);

impl Measuring for OneByOne {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn of_host(&self, seen: &HostSeen<'_>, _: Window) -> Result<Measured, String> {
        let record = seen.record()?.one_by_one.as_ref().ok_or("mplab did not query its sockets one by one")?;
        if record.asked == 0 {
            return Err("it had no MPTCP connection to query".to_owned());
        }
        let sound = record.wrong.is_empty();
        Ok(Measured::plain(sound.to_string(), sound == self.0).because(record.wrong.first().cloned()))
    }
}
