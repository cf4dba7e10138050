//! MPTCP's own words, spelled as `ip mptcp` and the kernel spell them.
//! Not here: giving them to a kernel.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The path managers that have numbers, in the order of the numbers (`net.mptcp.pm_type`, Documentation/networking/mptcp-sysctl.rst).
pub const PATH_MANAGERS: [&str; 2] = ["kernel", "userspace"];

/// A field of `struct mptcp_info`, which `MPTCP_INFO` and inet_diag report for a connection (include/uapi/linux/mptcp.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfoField {
    /// The kernel's name for it, without `mptcpi_`.
    pub name: &'static str,
    /// Where it begins, in bytes.
    pub offset: u32,
    /// How many bytes it has.
    pub length: u32,
}

impl InfoField {
    const fn new(name: &'static str, offset: u32, length: u32) -> Self {
        Self { name, offset, length }
    }

    /// The least number of bytes from a kernel that has it.
    pub const fn end(self) -> u32 {
        self.offset + self.length
    }
}

/// The fields that are plain numbers, without random or momentary ones.
pub const INFO_FIELDS: [InfoField; 21] = [
    InfoField::new("extra_subflows", 0, 1),
    InfoField::new("add_addr_signal", 1, 1),
    InfoField::new("add_addr_accepted", 2, 1),
    InfoField::new("limit_extra_subflows", 3, 1),
    InfoField::new("endp_signal_max", 4, 1),
    InfoField::new("limit_add_addr_accepted", 5, 1),
    InfoField::new("flags", 8, 4),
    InfoField::new("local_addr_used", 40, 1),
    InfoField::new("endp_subflow_max", 41, 1),
    InfoField::new("csum_enabled", 42, 1),
    InfoField::new("retransmits", 44, 4),
    InfoField::new("bytes_retrans", 48, 8),
    InfoField::new("bytes_sent", 56, 8),
    InfoField::new("bytes_received", 64, 8),
    InfoField::new("bytes_acked", 72, 8),
    InfoField::new("subflows_total", 80, 1),
    InfoField::new("endp_laminar_max", 81, 1),
    InfoField::new("endp_fullmesh_max", 82, 1),
    InfoField::new("last_data_sent", 84, 4),
    InfoField::new("last_data_recv", 88, 4),
    InfoField::new("last_ack_recv", 92, 4),
];

/// A flag of an MPTCP endpoint (ip-mptcp(8); include/uapi/linux/mptcp.h, `MPTCP_PM_ADDR_FLAG_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointFlag {
    /// Announced to the peer by `ADD_ADDR`.
    Signal,
    /// Used as source of additional subflows to the peer's initial address.
    Subflow,
    /// Subflows from or to it carry data only when no other can (`MP_JOIN`'s B bit, `MP_PRIO`).
    Backup,
    /// Used as source of subflows to every known address of the peer.
    Fullmesh,
    /// Made by the kernel for an unconfigured address in use; the kernel refuses to add one on request.
    Implicit,
    /// Used as source of the one subflow that answers each announced address (Linux 6.18 and later).
    Laminar,
}

impl EndpointFlag {
    /// All flags, in the kernel's order.
    pub const ALL: [Self; 6] = [Self::Signal, Self::Subflow, Self::Backup, Self::Fullmesh, Self::Implicit, Self::Laminar];

    /// The kernel's bit.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The word, as `ip mptcp endpoint` has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Subflow => "subflow",
            Self::Backup => "backup",
            Self::Fullmesh => "fullmesh",
            Self::Implicit => "implicit",
            Self::Laminar => "laminar",
        }
    }
}

impl FromStr for EndpointFlag {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|flag| flag.word() == text).ok_or(())
    }
}

impl fmt::Display for EndpointFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The protocol that a socket is made for, and that a connection was seen to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `IPPROTO_MPTCP`.
    #[default]
    Mptcp,
    /// `IPPROTO_TCP`; for a connection also: MPTCP that fell back to it (RFC 8684, section 3.7).
    Tcp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mptcp => "mptcp",
            Self::Tcp => "tcp",
        })
    }
}

/// Which way a transfer's bytes go, as seen from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransferDirection {
    /// From client to server, iperf3's default.
    #[default]
    Upload,
    /// From server to client, iperf3's `--reverse`.
    Download,
    /// Both at once on the same connection, iperf3's `--bidir`.
    Both,
}

impl TransferDirection {
    /// Whether the client sends.
    pub const fn uploads(self) -> bool {
        matches!(self, Self::Upload | Self::Both)
    }

    /// Whether the server sends.
    pub const fn downloads(self) -> bool {
        matches!(self, Self::Download | Self::Both)
    }
}

impl fmt::Display for TransferDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Both => "both",
        })
    }
}

/// An address that the path manager may use or announce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The address.
    pub address: IpAddr,
    /// The interface it is bound to (`dev`).
    pub interface: Option<String>,
    /// Its flags.
    pub flags: Vec<EndpointFlag>,
    /// Its id, 1 to 255; chosen by the kernel if absent.
    pub id: Option<u8>,
    /// The port announced with it.
    pub port: Option<u16>,
}

/// As `ip mptcp endpoint` shows it: `10.0.1.2 id 2 subflow dev eth0`
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        self.port.map_or(Ok(()), |port| write!(f, " port {port}"))?;
        self.id.map_or(Ok(()), |id| write!(f, " id {id}"))?;
        self.flags.iter().try_for_each(|flag| write!(f, " {flag}"))?;
        self.interface.as_ref().map_or(Ok(()), |dev| write!(f, " dev {dev}"))
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let address = words.next().and_then(|word| word.parse().ok());
        let address =
            address.ok_or_else(|| format!("`{text}` does not begin with an address: write one such as \"10.0.1.2 id 2 subflow\""))?;
        let mut endpoint = Self { address, interface: None, flags: Vec::new(), id: None, port: None };
        while let Some(word) = words.next() {
            let value = if ["id", "port", "dev"].contains(&word) {
                words.next().ok_or_else(|| format!("`{word}` has no value: write one such as \"10.0.1.2 id 2 subflow\""))?
            } else {
                ""
            };
            let wrong =
                |_| format!("`{value}` is not a valid {word}: write 1 to {}", if word == "id" { u16::from(u8::MAX) } else { u16::MAX });
            match word {
                "id" => endpoint.id = Some(value.parse().map_err(wrong)?),
                "port" => endpoint.port = Some(value.parse().map_err(wrong)?),
                "dev" => endpoint.interface = Some(value.to_owned()),
                _ => endpoint.flags.push(word.parse().map_err(|()| {
                    let flags = EndpointFlag::ALL.map(EndpointFlag::word).join(", ");
                    format!("`{word}` is not a flag of an endpoint: write {flags}, or id, port or dev with its value")
                })?),
            }
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_as_ip_shows_them() {
        for text in ["10.0.1.1 id 1", "10.0.1.2 port 4321 id 2 signal backup dev eth0", "fd00::2 fullmesh"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        for (text, said) in [
            ("eth0", "does not begin"),
            ("10.0.1.1 id", "no value"),
            ("10.0.1.1 id 300", "not a valid id"),
            ("10.0.1.1 nobackup", "not a flag"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn flags_have_the_kernel_s_bits() {
        assert_eq!(EndpointFlag::ALL.map(EndpointFlag::bit), [1, 2, 4, 8, 16, 32]);
        for flag in EndpointFlag::ALL {
            assert_eq!(flag.word().parse(), Ok(flag));
        }
    }
}
