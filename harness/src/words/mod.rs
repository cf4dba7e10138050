//! The words everything else is written in: names, units, MPTCP's vocabulary, constraints, features.
//! Pure values: no I/O, and no idea of files or kernels.

pub mod amount;
pub mod bond;
pub mod constraint;
pub mod distribution;
pub mod ending;
pub mod feature;
pub mod firewall;
pub mod mptcp;
pub mod names;
pub mod netem;
pub mod network;
pub mod ramp;
pub mod seeds;
pub mod shape;
pub mod terminal;
pub mod trace;
pub mod units;

pub use amount::Amount;
pub use bond::{BondMode, XmitHashPolicy};
pub use constraint::{Better, Constraint, Window};
pub use ending::{Exit, Signal};
pub use feature::Feature;
pub use firewall::{Deed, MptcpOption, Packets, Rule};
pub use mptcp::{Direction, Endpoint, EndpointFlag, Protocol};
pub use names::End;
pub use netem::{Netem, Place};
pub use network::Network;
pub use seeds::Seeds;
pub use shape::{Engine, Shape, Way};
pub use units::{Count, Percent, Quantity, Rate, Size, Time};
