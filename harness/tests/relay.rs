//! The relay between real hosts.
fn main() {}
