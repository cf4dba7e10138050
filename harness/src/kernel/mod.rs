//! The kernel: namespaces, netlink, /proc. The only room with `unsafe`, setns and sockets' options.
//! No decision is taken here: each function does the one thing it says, or says why not.

pub mod counters;
pub mod link_stats;
pub mod namespace;
pub mod pm_events;
pub mod sock_diag;

pub use namespace::Namespace;
