//! Operations where packets enter and leave an interface: `tc`.
//! Not here: which conditions become which queueing discipline (`netem`, `wire`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::netem::UNLIMITED;
use crate::words::{Feature, Netem, QdiscHandle, Rate, Size};

/// One operation on what handles the packets of an interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QdiscAct {
    /// Gives an interface an ingress qdisc, to which [`Self::Redirect`] can be attached.
    Ingress {
        /// The interface.
        dev: String,
    },
    /// Whatever enters by `dev` leaves by `to`.
    Redirect {
        /// Where packets come in.
        dev: String,
        /// Where they go out.
        to: String,
    },
    /// Whatever enters by `dev` stays in the wires' namespace, which drops it.
    Unredirect {
        /// Where packets come in.
        dev: String,
    },
    /// Limits what leaves by an interface to a rate.
    Tbf {
        /// The interface.
        dev: String,
        /// Its place among the queueing disciplines, if it is not the only one.
        #[serde(default)]
        place: Option<QdiscHandle>,
        /// Its rate.
        rate: Rate,
        /// The bucket: what may leave at once.
        burst: Size,
        /// What may wait.
        limit: Size,
    },
    /// Segments super-packets that leave by an interface into the packets that a real cable would carry.
    Split {
        /// The interface.
        dev: String,
        /// Its place among the queueing disciplines.
        place: QdiscHandle,
        /// The longest packet with its Ethernet header.
        packet: Size,
        /// What may wait if nothing is attached below it: all packets of a super-packet come at once.
        #[serde(default)]
        queue: Option<Size>,
    },
    /// Delays, drops and otherwise impairs what leaves by an interface, and limits it to a rate.
    Netem {
        /// The interface.
        dev: String,
        /// Its place among the queueing disciplines.
        place: QdiscHandle,
        /// What is done to packets.
        netem: Box<Netem>,
    },
    /// Removes whatever shapes what leaves by an interface.
    Unshape {
        /// The interface.
        dev: String,
    },
}

impl QdiscAct {
    /// The feature that it needs, if not every place has it.
    pub(super) fn needs(&self) -> Option<Feature> {
        match self {
            Self::Redirect { .. } => Some(Feature::Redirect),
            Self::Tbf { .. } | Self::Split { .. } => Some(Feature::Tbf),
            Self::Netem { .. } => Some(Feature::Netem),
            Self::Ingress { .. } | Self::Unredirect { .. } | Self::Unshape { .. } => None,
        }
    }

    /// Writes the line that a person would type, for a namespace.
    pub(super) fn line(&self, ns: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ingress { dev } => write!(f, "tc -n {ns} qdisc add dev {dev} ingress"),
            Self::Redirect { dev, to } => write!(
                f,
                "tc -n {ns} filter add dev {dev} ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev {to}"
            ),
            Self::Unredirect { dev } => write!(f, "tc -n {ns} filter del dev {dev} ingress protocol all prio 1"),
            Self::Tbf { dev, place, rate, burst, limit } => {
                let place = place.map_or_else(|| "root".to_owned(), |place| place.to_string());
                write!(f, "tc -n {ns} qdisc replace dev {dev} {place} tbf rate {}bit burst {}b limit {}b", rate.0, burst.0, limit.0)
            }
            Self::Split { dev, place, packet, queue } => {
                let (rate, burst, limit) = (UNLIMITED.0, packet.0, queue.unwrap_or(*packet).0);
                write!(f, "tc -n {ns} qdisc replace dev {dev} {place} tbf rate {rate}bit burst {burst}b limit {limit}b")
            }
            Self::Netem { dev, place, netem } => write!(f, "tc -n {ns} qdisc replace dev {dev} {place} netem {netem}"),
            Self::Unshape { dev } => write!(f, "tc -n {ns} qdisc del dev {dev} root"),
        }
    }
}
