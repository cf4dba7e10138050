//! The kernel: namespaces, netlink, /proc. The only room with `unsafe`, setns and sockets' options.
//! No decision is taken here: each function does the one thing it says, or says why not.

pub mod link;
pub mod mptcp;
pub mod namespace;
pub mod netlink;
pub mod probe;
pub mod process;
pub mod qdisc;
pub mod route;
pub mod sysctl;

pub use namespace::Namespace;
pub use netlink::{Batch, Netlink, NetlinkError};
