//! The words everything else is written in: names, units, MPTCP's vocabulary, constraints, features.
//! Pure values: no I/O, and no idea of files or kernels.

pub(crate) mod absent;
pub mod amount;
pub mod bond;
pub mod constraint;
pub mod digest;
pub mod distribution;
pub mod ending;
pub mod errno;
pub mod feature;
pub mod firewall;
pub mod mptcp;
pub mod names;
pub mod netem;
pub mod network;
pub mod ramp;
pub mod seeds;
pub mod shape;
pub mod shard;
pub mod snap;
mod synonyms;
pub mod terminal;
pub mod trace;
pub mod units;

pub use amount::Amount;
pub use bond::{BondMode, XmitHashPolicy};
pub use constraint::{Better, Constraint, Window};
pub use digest::Digest;
pub use ending::{Exit, Signal};
pub use errno::Errno;
pub use feature::Feature;
pub use firewall::{MptcpOption, Packets, Rule, RuleAction};
pub use mptcp::{Endpoint, EndpointFlag, Protocol, TransferDirection};
pub use names::End;
pub use netem::{Netem, QdiscHandle};
pub use network::Network;
pub use seeds::Seeds;
pub use shape::{Direction, Engine, Shape};
pub use shard::Shard;
pub use snap::Snap;
pub use units::{Count, Percent, Quantity, Rate, Size, Time};
