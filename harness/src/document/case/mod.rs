//! A checked case: which traffic runs over a topology, what happens meanwhile, and what must hold.
//! Not here: how it is written (`raw`), how it runs, how it is judged.

pub mod check;
pub mod measure;
mod named;
pub mod process;
mod raw;
mod step;
mod transfer;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use measure::{EVENT_KINDS, Measure, Subject};
pub use process::{Process, Ready, Sign, Verb};
pub use step::{Action, AddressChange, Command, Condition, Cut, EndpointChange, How, MtuChange, Reshape, RouteChange, Step, When};
pub use transfer::{Abort, Amount, Exchange, Transfer};

use super::form::Form;
use super::toml::{self, Read};
use crate::words::{Time, Window};

/// The form of a case file.
pub(super) fn form() -> Form {
    toml::form(|value, mistakes| drop(raw::Case::read(value, mistakes)))
}

/// A checked case: every host, interface, link and transfer it names exists in its topology.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// One line that says what it shows.
    pub summary: String,
    /// The topology's name.
    pub topology: String,
    /// When a run that is still going is ended; what has not arrived by then counts as lost.
    pub deadline: Time,
    /// The sampling interval.
    pub sample: Time,
    /// The transfers by name.
    pub transfers: BTreeMap<String, Transfer>,
    /// The processes by name.
    #[serde(default)]
    pub processes: BTreeMap<String, Process>,
    /// What happens meanwhile, in the order of time.
    pub steps: Vec<Step>,
    /// What must hold.
    pub expects: Vec<Expect>,
    /// The measures that must miss their constraint, for a case that tests the tests: the run passes if these and no others fail.
    pub must_fail: Vec<String>,
}

impl Case {
    /// The hosts whose sockets are to be asked for one by one.
    pub fn asked_one_by_one(&self) -> impl Iterator<Item = &str> {
        let wants = |expect: &&Expect| expect.measures.iter().any(|measure| matches!(measure, Measure::OneByOne(_)));
        self.expects.iter().filter(wants).filter_map(|expect| match &expect.of {
            Subject::Host(host) => Some(host.as_str()),
            Subject::Transfer(_) | Subject::Process(_) => None,
        })
    }

    /// The transfers whose sockets are to be asked about their connections.
    pub fn asked_sockets(&self) -> impl Iterator<Item = &str> {
        let wants = |expect: &&Expect| expect.measures.iter().any(|measure| matches!(measure, Measure::Getsockopt(_)));
        self.expects.iter().filter(wants).filter_map(|expect| match &expect.of {
            Subject::Transfer(transfer) => Some(transfer.as_str()),
            Subject::Host(_) | Subject::Process(_) => None,
        })
    }

    /// How long it lasts as far as the case says: until its last transfer or step ends. What ends only with the run does not count.
    pub fn lasts(&self) -> Time {
        let times = |transfer: &Transfer| u64::from(transfer.reconnects) + 1;
        let transfers = self.transfers.values().map(|transfer| {
            transfer.start.after(match (transfer.amount, transfer.rate) {
                (Amount::Duration(time), _) => Time(time.0.saturating_mul(times(transfer))),
                (Amount::Bytes(size), Some(rate)) => {
                    let nanobits = u128::from(size.0) * u128::from(times(transfer)) * 8_000_000_000;
                    Time((nanobits / u128::from(rate.0.max(1))) as u64)
                }
                (Amount::Bytes(_), None) => Time::ZERO,
            })
        });
        let steps = self.steps.iter().map(|step| step.at);
        transfers.chain(steps).max().unwrap_or(Time::ZERO)
    }
}

/// An expectation: every measure in it must satisfy its constraint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expect {
    /// Whose measures.
    pub of: Subject,
    /// The part of the run; the whole run if open at both ends.
    pub during: Window,
    /// The measures and their constraints, in the order of the file.
    pub measures: Vec<Measure>,
}
