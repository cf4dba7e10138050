//! `error`: the error with which connections failed.
//! Not here: what happened to their bytes (`intact`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::words::{Errno, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "error",
    value: "the name of an error",
    of: &[Of::Transfer],
    scope: Scope::Run,
    topic: Topic::Delivery,
    meaning: "Every connection failed with this error of errno(3): `\"ECONNREFUSED\"`. If one end aborts (`abort`), it is the error at the \
              other end, and the bytes need not be intact.",
    read: |key, value, mistakes| one(key, value, mistakes, Failed),
    check: sound,
};

/// Every connection failed with this error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Failed(pub Errno);

impl Measuring for Failed {
    fn wanted(&self) -> String {
        format!("= {}", self.0)
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        let connections = &seen.record.connections;
        let errors: BTreeSet<String> = connections
            .iter()
            .map(|connection| match (connection.errno, &connection.error) {
                (Some(errno), _) => errno.to_string(),
                (None, Some(words)) => words.clone(),
                (None, None) => "no error".to_owned(),
            })
            .collect();
        let held = !connections.is_empty() && connections.iter().all(|connection| connection.errno == Some(self.0));
        Ok(Measured::plain(errors.into_iter().collect::<Vec<_>>().join(" and "), held)
            .because(seen.problems().into_iter().filter(|_| !held)))
    }
}
