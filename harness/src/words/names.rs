//! Names: which are valid, and which known name an unknown one was probably meant to be.
//! Not here: what is named.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::synonyms;

/// The longest name of a network interface (include/uapi/linux/if.h: `IFNAMSIZ` less the closing zero).
pub const INTERFACE_MAX: usize = 15;
/// The longest name of a link: its wire's two ends are interfaces called NAME-a and NAME-b.
pub const LINK_MAX: usize = INTERFACE_MAX - 2;
/// The longest name of a host, as in a host's name on a network (RFC 1035, section 2.3.4).
pub const HOST_MAX: usize = 63;
/// The hidden namespace that holds every link's wire. No host can have this name.
pub const WIRES: &str = "wires";

/// Why a text cannot be a name, in words that say what can be one.
pub fn complaint(what: &str, name: &str, longest: usize) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > longest {
        Some(format!("a {what}'s name has 1 to {longest} characters: write another"))
    } else if !name.chars().all(allowed) || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Some(format!("a {what}'s name has letters, digits, `-`, `_` and `.`, and starts with a letter or digit: write another"))
    } else {
        None
    }
}

/// The name that a lab gives a device that the kernel itself put into a namespace. Nothing in a topology can have such a name.
pub fn of_kernel(device: &str) -> String {
    let kept: String = device.chars().take(INTERFACE_MAX - OF_KERNEL.len_utf8()).collect();
    format!("{OF_KERNEL}{kept}")
}

/// Whether this is such a name.
pub fn is_of_kernel(device: &str) -> bool {
    device.starts_with(OF_KERNEL)
}

/// What such a name begins with.
const OF_KERNEL: char = '~';

/// The known name that was probably meant by an unknown one: the one nearest to it, or else what `ip`, `tc` or `iperf3` would call so. None if two are
/// as near.
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_ascii_lowercase().replace('-', "_");
    let wanted = plain(unknown);
    let near = |name: &&'a str| {
        let distance = strsim::damerau_levenshtein(&wanted, &plain(name));
        let longest = wanted.len().max(name.len());
        let alike = distance < longest && distance <= (longest / 3).max(1);
        (alike || (!wanted.is_empty() && plain(name).starts_with(&wanted))).then_some(distance)
    };
    let known: Vec<&str> = known.into_iter().collect();
    let mut candidates: Vec<_> = known.iter().filter_map(|name| Some((near(name)?, *name))).collect();
    candidates.sort_unstable();
    candidates.dedup();
    match candidates.as_slice() {
        [(first, _), (second, _), ..] if first == second => None,
        [(_, name), ..] => Some(name),
        [] => known.into_iter().find(|name| synonyms::of(name).contains(&wanted.as_str())),
    }
}

/// One end of a link: an interface of a host, written `laptop:eth0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// The host.
    pub host: String,
    /// Its interface.
    pub interface: String,
}

impl End {
    /// The end at `interface` of `host`.
    pub fn new(host: impl Into<String>, interface: impl Into<String>) -> Self {
        Self { host: host.into(), interface: interface.into() }
    }
}

impl FromStr for End {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (host, interface) = text
            .split_once(':')
            .ok_or_else(|| format!("`{text}` is not an interface of a host: write \"HOST:INTERFACE\", such as \"laptop:eth0\""))?;
        match complaint("host", host, HOST_MAX).or_else(|| complaint("network interface", interface, INTERFACE_MAX)) {
            Some(complaint) => Err(format!("`{text}`: {complaint}")),
            None => Ok(Self::new(host, interface)),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.interface)
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name() {
        assert_eq!(nearest("etehrnet", ["ethernet", "wlan"]), Some("ethernet"));
        assert_eq!(nearest("cellular", ["ethernet", "wlan"]), None);
        assert_eq!(nearest("MP_Prio", ["mp-fail", "mp-prio"]), Some("mp-prio"));
        assert_eq!(nearest("eth9", ["eth0", "eth1", "wlan0"]), None, "either may be meant");
        assert_eq!(nearest("q", ["w"]), None, "they have nothing in common");
        assert_eq!(nearest("bandwidth", ["delay", "rate"]), Some("rate"));
    }

    #[test]
    fn no_topology_has_the_name_of_a_device_of_the_kernel() {
        for device in ["sit0", "a-name-of-15-ch"] {
            let name = of_kernel(device);
            assert!(is_of_kernel(&name) && name.len() <= INTERFACE_MAX, "{name}");
            assert!(complaint("network interface", &name, INTERFACE_MAX).is_some(), "{name}");
            assert!(!is_of_kernel(device));
        }
    }

    #[test]
    fn ends_are_read_and_written_alike() {
        assert_eq!("laptop:eth0".parse::<End>().unwrap().to_string(), "laptop:eth0");
        assert!("laptop".parse::<End>().unwrap_err().contains("HOST:INTERFACE"));
        assert!("laptop:a-name-too-long-for-linux".parse::<End>().unwrap_err().contains("1 to 15"));
    }
}
