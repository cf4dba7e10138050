//! The snap length: how many of a packet's first bytes a capture keeps.
//! Not here: capturing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many of a packet's first bytes a capture keeps. The default, 128, holds every header of TCP over IPv6 with all its options (Ethernet
/// with a tag 18, IPv6 40, TCP 60 at the most; RFC 9293, section 3.1), and so for every option of MPTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snap(u32);

/// Text that is not a snap length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a snap length: write a number of bytes from {least} to {most}", least = Snap::LEAST, most = Snap::MOST)]
pub struct SnapError(String);

impl Snap {
    /// Ethernet, IPv4 and TCP without options.
    pub const LEAST: u32 = 54;
    /// The longest packet that Wireshark reads (`WTAP_MAX_PACKET_SIZE_STANDARD`): more than any super-packet has.
    pub const MOST: u32 = 262_144;

    /// In bytes.
    pub const fn bytes(self) -> u32 {
        self.0
    }

    /// The bytes that are kept of a packet.
    pub fn of(self, packet: &[u8]) -> &[u8] {
        &packet[..packet.len().min(self.0 as usize)]
    }
}

impl Default for Snap {
    fn default() -> Self {
        Self(128)
    }
}

impl fmt::Display for Snap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snap {
    type Err = SnapError;
    fn from_str(text: &str) -> Result<Self, SnapError> {
        let bytes = text.parse().ok().filter(|bytes| (Self::LEAST..=Self::MOST).contains(bytes));
        bytes.map(Self).ok_or_else(|| SnapError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snap_length_has_bounds() {
        assert_eq!("96".parse(), Ok(Snap(96)));
        for wrong in ["", "53", "262145", "-1", "96B"] {
            let said = wrong.parse::<Snap>().unwrap_err().to_string();
            assert_eq!(said, format!("`{wrong}` is not a snap length: write a number of bytes from 54 to 262144"));
        }
    }

    #[test]
    fn what_is_shorter_is_kept_whole() {
        assert_eq!(Snap(54).of(&[1; 60]).len(), 54);
        assert_eq!(Snap(54).of(&[1; 4]), [1; 4]);
    }
}
