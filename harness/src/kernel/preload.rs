//! Libraries to load before a program's own (`LD_PRELOAD`, ld.so(8)), compiled by build.rs.
//! Not here: starting programs with them.

/// Turns TCP sockets into MPTCP sockets.
pub(crate) const MPTCPIZE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mptcpize.so"));
