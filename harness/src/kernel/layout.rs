//! The places in this kernel's memory that a capture from outside needs: three functions and some structure members.
//! Not here: reading them.

use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::btf::Btf;

/// Addresses in this boot, and offsets in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// `dev_hard_start_xmit(struct sk_buff *, struct net_device *, ...)` (net/core/dev.c): every packet of an interface leaves by it.
    pub transmit: u64,
    /// `read_tsc` (arch/x86/kernel/tsc.c) and `ktime_get` (kernel/time/timekeeping.c): the clock is read in the one, or, by newer kernels, in
    /// the other.
    pub read_clock: [u64; 2],
    /// `sk_buff.next`, a pointer.
    pub next: usize,
    /// `sk_buff.len`, 32 bits: bytes of the packet ...
    pub len: usize,
    /// ... and `sk_buff.data_len`, how many of them are elsewhere.
    pub data_len: usize,
    /// `sk_buff.data`, a pointer to the others.
    pub data: usize,
    /// `net_device.name`, 16 bytes.
    pub name: usize,
    /// What belongs to an interface's driver: its structure's end. A veth has a pointer to its peer there (drivers/net/veth.c).
    pub private: usize,
}

/// Asks this kernel.
pub(crate) fn read() -> io::Result<Layout> {
    let raw = fs::read("/sys/kernel/btf/vmlinux")
        .map_err(|error| io::Error::other(format!("the kernel does not describe its types: {error}")))?;
    let btf = Btf::parse(&raw).ok_or_else(|| io::Error::other("the kernel's description of its types cannot be read"))?;
    let symbols = fs::read_to_string("/proc/kallsyms")?;
    let unknown = |what: &str| io::Error::other(format!("the kernel has no {what}"));
    let address = |name: &str| {
        let line = symbols.lines().find(|line| line.split(' ').nth(2) == Some(name)).ok_or_else(|| unknown(name))?;
        u64::from_str_radix(line.split(' ').next().unwrap_or_default(), 16).map_err(|_| unknown(name))
    };
    let offset = |structure: &str, member: &str| btf.offset(structure, member).ok_or_else(|| unknown(member));
    let private = btf.size("net_device").ok_or_else(|| unknown("net_device"))?.next_multiple_of(NETDEV_ALIGN);
    Ok(Layout {
        transmit: address("dev_hard_start_xmit")?,
        read_clock: [address("read_tsc")?, address("ktime_get")?],
        next: offset("sk_buff", "next")?,
        len: offset("sk_buff", "len")?,
        data_len: offset("sk_buff", "data_len")?,
        data: offset("sk_buff", "data")?,
        name: offset("net_device", "name")?,
        private,
    })
}

/// `NETDEV_ALIGN` (include/linux/netdevice.h).
const NETDEV_ALIGN: usize = 32;
