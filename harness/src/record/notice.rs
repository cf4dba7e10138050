//! Notices: what a host's kernel reported about links, addresses and routes during the run (`ip monitor link address route`).
//! Not here: path-manager events, and what the lab did to bring it about.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// Whether there is such an interface.
    Interface,
    /// Whether the interface is set up (`IFF_UP`).
    Up,
    /// Whether an interface that is set up has a carrier (`IFF_LOWER_UP`).
    Carrier,
    /// Whether the interface has an address.
    Address,
    /// Whether there is a unicast route.
    Route,
    /// A gap: the kernel had to drop notices (`ENOBUFS`).
    Lost,
}

/// A notice: from now on something is so, or no longer so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// When it was read, in µs.
    pub at: u64,
    /// What it is about.
    pub about: About,
    /// Whether that is so now.
    pub now: bool,
    /// The interface; absent for a route over none, or over several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The address with the length of its prefix, or the route, as `ip` spells them; otherwise empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl fmt::Display for NoticeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interface = self.interface.as_deref().unwrap_or("?");
        let detail = &self.detail;
        match (self.about, self.now) {
            (About::Interface, true) => write!(f, "{interface} was created"),
            (About::Interface, false) => write!(f, "{interface} was removed"),
            (About::Up, true) => write!(f, "{interface} was set up"),
            (About::Up, false) => write!(f, "{interface} was set down"),
            (About::Carrier, true) => write!(f, "{interface} has a carrier again"),
            (About::Carrier, false) => write!(f, "{interface} lost its carrier"),
            (About::Address, true) => write!(f, "{interface} got the address {detail}"),
            (About::Address, false) => write!(f, "{interface} lost the address {detail}"),
            (About::Route, true) => write!(f, "route added: {detail}"),
            (About::Route, false) => write!(f, "route removed: {detail}"),
            (About::Lost, _) => write!(f, "the kernel dropped notices here: too many came at once"),
        }
    }
}
