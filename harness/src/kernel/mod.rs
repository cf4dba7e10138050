//! The kernel: namespaces, netlink, /proc. The only room with `unsafe`, setns and sockets' options.
//! No decision is taken here: each function does the one thing it says, or says why not.

pub mod before_main;
pub mod bond;
pub mod boot;
pub mod btf;
pub mod children;
pub mod computer;
pub mod confine;
pub mod counters;
pub mod doors;
mod dump;
pub mod firewall;
pub mod inhabitants;
pub mod inherited;
pub mod kmsg;
pub mod layout;
pub mod limits;
pub mod link;
pub mod link_stats;
pub mod load;
pub mod mptcp;
pub mod nameless;
pub mod names;
pub mod namespace;
pub mod netem;
pub mod netlink;
pub mod nftables;
pub mod packet;
pub mod pm_events;
pub mod port;
pub mod preload;
pub mod probe;
pub mod process;
pub mod program;
pub mod qdisc;
pub mod route;
pub mod sock_diag;
pub mod socket;
pub mod splice;
pub mod sysctl;
pub mod timers;
pub mod userspace_pm;
pub mod view;
pub mod wakeup;

pub use namespace::Namespace;
pub use netlink::{Batch, Netlink, NetlinkError};
