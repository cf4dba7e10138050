//! The kernel: namespaces, netlink, /proc. The only room with `unsafe`, setns and sockets' options.
//! No decision is taken here: each function does the one thing it says, or says why not.

pub mod namespace;
pub mod socket;

pub use namespace::Namespace;
