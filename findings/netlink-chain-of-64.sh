#!/bin/sh
# netlink-socket2 0.3.5 (crates.io) loses all errors of a chain of exactly 64 requests.
#
# The crate sends several netlink requests in one system call (`request_chained`) and reads the answers (`recv_all`). Here each request deletes
# a network interface that does not exist, in a network namespace of its own, so the kernel answers each with ENODEV. A chain of 63 or 65 such
# requests returns that error. A chain of 64 returns Ok(()), as if every request had succeeded.
#
# Cause, read in src/chained.rs: the crate tracks answers in words of 64 bits. It marks the bits of the last word beyond the chain's length as done
# from the beginning, with `u64::MAX << (len % 64)`. With a length of 64 there are no such bits, but the shift is by 0 and marks all of them.
# Callers must therefore avoid chains whose length is a multiple of 64.
#
# Needs cargo and unshare (util-linux), and root or unprivileged user namespaces. Exits with 0 if this is still so, with 1 if it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "chain"
version = "0.0.0"
edition = "2021"

[dependencies]
netlink-bindings = { version = "=0.3.5", features = ["rt-link"] }
netlink-socket2 = "=0.3.5"
TOML
cat > src/main.rs <<'RUST'
use netlink_bindings::rt_link::{Chained, Ifinfomsg};
use netlink_socket2::NetlinkSocket;

fn main() {
    for length in [63, 64, 65] {
        let mut socket = NetlinkSocket::new();
        let mut chain = Chained::new(socket.reserve_seq(length));
        for _ in 0..length {
            chain.request().op_dellink_do(&Ifinfomsg::new()).encode().push_ifname(c"absent");
        }
        let chain = chain.finalize();
        let answer = socket.request_chained(&chain).expect("the requests are sent").recv_all();
        println!("{length} requests: {}", if answer.is_ok() { "Ok" } else { "an error" });
    }
}
RUST
cargo build --quiet
unshare --user --map-root-user --net target/debug/chain | tee seen
printf '63 requests: an error\n64 requests: Ok\n65 requests: an error\n' | cmp - seen || {
    echo "it has changed"
    exit 1
}
