//! Operations on links that mplab itself carries, in user space.
//! Not here: how it carries them (`life::relay`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::{Direction, Feature, Shape};

/// One operation on the relay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelayAct {
    /// Makes mplab itself carry packets between the two ends of a wire.
    Relay {
        /// The link.
        link: String,
        /// Towards the first end.
        dev: String,
        /// Towards the second end.
        to: String,
        /// The conditions from the first end to the second.
        up: Box<Shape>,
        /// The conditions from the second end to the first.
        down: Box<Shape>,
        /// The seed for the fate of packets.
        seed: u64,
    },
    /// Changes the conditions of a direction of a relayed link.
    Reshape {
        /// The link.
        link: String,
        /// The direction.
        way: Direction,
        /// The conditions.
        shape: Box<Shape>,
    },
    /// Makes packets of one direction of a relayed link vanish, or ends that.
    Swallow {
        /// The link.
        link: String,
        /// The direction.
        way: Direction,
        /// Whether they vanish.
        on: bool,
    },
}

impl RelayAct {
    /// The feature that it needs, if not every place has it.
    pub(super) fn needs(&self) -> Option<Feature> {
        matches!(self, Self::Relay { .. }).then_some(Feature::Relay)
    }

    /// Writes the line that a person would type; the kernel knows nothing of it.
    pub(super) fn line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relay { link, dev, to, up, down, .. } => {
                write!(f, "# mplab relays {link} between {dev} and {to}: up {up}, down {down}")
            }
            Self::Reshape { link, way, shape } => write!(f, "# mplab's relay gives {link} other conditions {way}: {shape}"),
            Self::Swallow { link, way, on } => {
                write!(f, "# mplab's relay {} what goes {way} on {link}", if *on { "swallows" } else { "carries" })
            }
        }
    }
}
