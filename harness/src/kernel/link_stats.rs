//! What a namespace's interfaces have carried, and whether they run (`ip -s link`).
//! Not here: making or changing them.

use std::io;

use netlink_bindings::rt_link::{IfinfoFlags, Ifinfomsg, LinkAttrs, Request, RtextFilter};
use netlink_socket2::NetlinkSocket;

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
pub struct Links {
    socket: NetlinkSocket,
}

impl Links {
    /// Opens it in the calling thread's namespace.
    pub fn open() -> io::Result<Self> {
        let mut links = Self { socket: NetlinkSocket::new() };
        // The socket is made by its first request.
        links.read()?;
        Ok(links)
    }

    /// All interfaces but `lo`.
    pub fn read(&mut self) -> io::Result<Vec<LinkStats>> {
        let mut request = Request::new().op_getlink_dump(&Ifinfomsg::new());
        // Leaves out what takes the kernel longest, IPv6's statistics of each interface.
        request.encode().push_ext_mask(RtextFilter::SkipStats as u32);
        let mut replies = self.socket.request(&request)?;
        let mut links = Vec::new();
        while let Some(reply) = replies.recv() {
            let (header, attributes) = reply?;
            if header.ifi_flags & IfinfoFlags::Loopback as u32 == 0 {
                links.push(LinkStats::of(header.ifi_flags, attributes.flatten()));
            }
        }
        Ok(links)
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
