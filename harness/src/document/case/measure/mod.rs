//! Measures: what an expectation can ask of a run. Each is a file of its own with its key, whose it is, how it is written, how it is measured,
//! and the sentence of the reference document, whose table is made from these files.
//! Not here: which of them a case expects, and the verdict on a run.

mod about;
mod delivery;
mod ideal;
mod iperf3;
mod measured;
mod run;
#[cfg(test)]
mod table;

mod bytes;
mod congestion;
mod connections;
mod counters;
mod duration;
mod endpoints;
mod error;
mod events;
mod exit;
mod getsockopt;
mod goodput;
mod info;
mod intact;
mod latency;
mod limits;
mod listener;
mod mark;
mod may_grow;
mod one_by_one;
mod output;
mod protocol;
mod ready;
mod retransmits;
mod share;
mod sockets;
mod stall;
mod subflows;

use serde::{Deserialize, Serialize};

pub(crate) use about::Topic;
pub(in crate::document::case) use about::{About, Of, Scope, Written};
pub(in crate::document::case) use counters::named as named_counter;
pub use delivery::{Gap, Seen};
pub use events::EVENT_KINDS;
pub(crate) use exit::implied;
pub use latency::Rank;
pub(crate) use measured::{Measured, UNRECORDED};
pub use run::Run;
pub use share::carried;

use super::Transfer;
use crate::document::topology::Topology;
use crate::words::{Feature, Time, Window};
use measured::Measuring;

macro_rules! measures {
    ($($file:ident: $($variant:ident),+;)*) => {
        $(pub use $file::{$($variant),+};)*

        /// One measure and its constraint.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Measure {
            $($(#[doc = concat!("[`", stringify!($file), "`](", stringify!($variant), ").")] $variant($variant),)+)*
        }

        $($(impl From<$variant> for Measure {
            fn from(it: $variant) -> Self {
                Self::$variant(it)
            }
        })+)*

        /// All measures, in the order of the reference document.
        pub(in crate::document::case) const ALL: &[&About] = &[$(&$file::ABOUT),*];

        impl Measure {
            const fn about(&self) -> &'static About {
                match self {
                    $($(Self::$variant(_) => &$file::ABOUT,)+)*
                }
            }

            fn measuring(&self) -> &dyn Measuring {
                match self {
                    $($(Self::$variant(it) => it,)+)*
                }
            }
        }
    };
}

// Each file, and the measures in it.
measures! {
    intact: Intact;
    error: Failed;
    bytes: Bytes;
    duration: Duration, IdealDuration;
    goodput: Goodput;
    stall: Stall;
    latency: Latency;
    subflows: Subflows, FewestSubflows, BackupSubflows;
    connections: Connections;
    sockets: Sockets;
    congestion: Congestion;
    mark: Mark;
    getsockopt: Getsockopt;
    share: Share;
    protocol: Protocol;
    listener: Listener, Listening;
    counters: Counter, CounterBeside;
    may_grow: MayGrow;
    events: Event, EventOrder, NoEvents;
    endpoints: EndpointTable;
    limits: Limit;
    info: Info;
    one_by_one: OneByOne;
    ready: Ready;
    exit: Exit;
    output: Output;
    retransmits: Retransmits;
}

/// The subject of an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A transfer's.
    Transfer(String),
    /// A host's.
    Host(String),
    /// A process's.
    Process(String),
}

impl Measure {
    /// Its name: the key in a case file.
    pub const fn key(&self) -> &'static str {
        self.about().key
    }

    /// What must hold, as text: `>= 99%`.
    pub fn wanted(&self) -> String {
        self.measuring().wanted()
    }

    /// Which of several it is, where one key has several: `wlan`.
    pub fn item(&self) -> Option<String> {
        self.measuring().item()
    }

    /// The features it needs that not every kernel has.
    pub fn needs(&self) -> Vec<Feature> {
        self.measuring().needs()
    }

    /// Why a transfer has nothing of which this could be measured, and what to write instead.
    pub(in crate::document::case) fn unfounded(&self, topology: &Topology, transfer: &Transfer) -> Option<(String, &'static str)> {
        match self {
            Self::IdealDuration(_) => Some((ideal::of(topology, transfer).err()?, "write a time instead of the ideal")),
            Self::Latency(_) if transfer.exchange.is_none() => {
                Some(("this transfer makes no exchanges, which alone have a latency".to_owned(), "write `stall`, or give it `exchanges`"))
            }
            _ => None,
        }
    }

    /// Measures it in a run.
    pub(crate) fn of(&self, run: &Run<'_>, subject: &Subject, window: Window) -> Measured {
        let ended = Time::from_micros(run.end);
        if window.from.is_some_and(|from| from >= ended) {
            return Measured::missing(format!("the run ended at {ended}, before this window"));
        }
        let measured = match subject {
            Subject::Transfer(name) => Seen::find(run, name).and_then(|seen| self.measuring().of_transfer(&seen, window)),
            Subject::Host(name) => self.measuring().of_host(&run.host(name), window),
            Subject::Process(name) => run.process(name).and_then(|process| self.measuring().of_process(&process, window)),
        };
        let measured = measured.unwrap_or_else(Measured::missing);
        let cut_short = !measured.held && window.to.is_some_and(|to| to > ended);
        measured.because(cut_short.then(|| format!("the run ended at {ended}, within this window")))
    }
}

/// The topic of the measure with this key.
pub(crate) fn topic(key: &str) -> Topic {
    ALL.iter().find(|about| about.key == key).map_or(Topic::Other, |about| about.topic)
}
