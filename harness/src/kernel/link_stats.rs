//! What a namespace's interfaces have carried, and whether they are running (`ip -s link`).
//! Not here: making or changing them.

use std::io;

use netlink_bindings::rt_link::{IfinfoFlags, Ifinfomsg, IterableLinkAttrs, LinkAttrs, Request, RtextFilter};

use super::dump::Dumps;
use crate::words::names;

/// An interface as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkStats {
    /// Its name.
    pub name: String,
    /// Bytes received, link-layer headers included.
    pub rx_bytes: u64,
    /// Bytes sent, link-layer headers included.
    pub tx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Whether it is set up and has a carrier.
    pub running: bool,
}

/// A netlink socket that asks for the interfaces of the namespace it was opened in.
pub(crate) struct Links {
    dumps: Dumps,
    /// What the kernel should leave out (`RTEXT_FILTER_*`).
    filter: u32,
}

impl Links {
    /// Opens it in the calling thread's namespace.
    pub(crate) fn open() -> io::Result<Self> {
        // Leaves out what takes the kernel longest, IPv6's statistics of each interface ...
        let mut links = Self { dumps: Dumps::open(libc::NETLINK_ROUTE)?, filter: RtextFilter::SkipStats as u32 };
        // Every namespace has `lo`.
        if !links.each(|_, attributes| attributes.flatten().any(|attribute| matches!(attribute, LinkAttrs::Stats64(_))))?.contains(&true) {
            // ... and newer kernels leave out all.
            links.filter = 0;
        }
        Ok(links)
    }

    /// Calls `of` with the flags and attributes of each interface.
    fn each<T>(&mut self, mut of: impl FnMut(u32, IterableLinkAttrs<'_>) -> T) -> io::Result<Vec<T>> {
        let mut request = Request::new().op_getlink_dump(&Ifinfomsg::new());
        request.encode().push_ext_mask(self.filter);
        let mut made = Vec::new();
        self.dumps.each(&[request], |(header, attributes)| made.push(of(header.ifi_flags, attributes)))?;
        Ok(made)
    }

    /// All interfaces except `lo` and those that the kernel itself put into the namespace.
    pub(crate) fn read(&mut self) -> io::Result<Vec<LinkStats>> {
        let ours = |flags: u32| flags & IfinfoFlags::Loopback as u32 == 0;
        let links = self.each(|flags, attributes| ours(flags).then(|| LinkStats::of(flags, attributes.flatten())))?;
        Ok(links.into_iter().flatten().filter(|link| !names::is_of_kernel(&link.name)).collect())
    }
}

impl LinkStats {
    fn of<'a>(flags: u32, attributes: impl Iterator<Item = LinkAttrs<'a>>) -> Self {
        let running = IfinfoFlags::Up as u32 | IfinfoFlags::LowerUp as u32;
        let mut link = Self { running: flags & running == running, ..Self::default() };
        for attribute in attributes {
            match attribute {
                LinkAttrs::Ifname(name) => link.name = name.to_string_lossy().into_owned(),
                LinkAttrs::Stats64(stats) => {
                    (link.rx_bytes, link.tx_bytes) = (stats.rx_bytes, stats.tx_bytes);
                    (link.rx_packets, link.tx_packets) = (stats.rx_packets, stats.tx_packets);
                }
                _ => {}
            }
        }
        link
    }
}
