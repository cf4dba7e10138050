#!/usr/bin/env bash
# netlink-socket2 0.3.5: if a socket cannot be created, the error is always "Operation not permitted", whatever the cause.
#
# socket(2) of the C library returns -1 and gives the cause in errno. netlink-socket2 takes the returned value for a negative error number, as
# a bare system call would return it, and -1 is EPERM. So a process without free descriptors (EMFILE), a kernel without the protocol
# (EPROTONOSUPPORT) and one without memory all look like missing privileges. The crate treats setsockopt(2) in the same way. After the same call,
# the standard library's std::io::Error::last_os_error() has the cause.
#
# Shown with netlink-socket2 0.3.5 and libc 0.2.186 from the registry of Rust packages, for a process at its limit of descriptors and for a
# netlink protocol that does not exist. Needs cargo. Exits with 0 if this is still so.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "errno"
version = "0.0.0"
edition = "2021"

[dependencies]
libc = "=0.2.186"
netlink-socket2 = "=0.3.5"
TOML
cat >src/main.rs <<'RUST'
use netlink_socket2::MulticastSocketRaw as Socket;

fn bare(protocol: i32) -> std::io::Error {
    assert!(unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW, protocol) } < 0);
    std::io::Error::last_os_error()
}

fn main() {
    println!("no such protocol: socket(2): {}; netlink-socket2: {}", bare(99), Socket::new(99).err().unwrap());
    let limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    println!("no descriptor left: socket(2): {}; netlink-socket2: {}", bare(0), Socket::new(0).err().unwrap());
}
RUST
cargo run --quiet >seen
cat seen
grep -q '^no such protocol: socket(2): Protocol not supported .*; netlink-socket2: Operation not permitted' seen &&
    grep -q '^no descriptor left: socket(2): Too many open files .*; netlink-socket2: Operation not permitted' seen ||
    { echo "it has changed: the reason is told"; exit 1; }
