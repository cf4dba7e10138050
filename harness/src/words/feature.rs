//! Features: what a place can do and a plan may need. The difference is why a case is unsupported there.
//! Features are probed by trying them, never inferred from a kernel's version; programs are looked up.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that not every kernel can do, or not every computer has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Feature {
    /// `IPPROTO_MPTCP` sockets and the path manager's netlink family.
    Mptcp,
    /// IPv6.
    Ipv6,
    /// Forwarding across a wire by the ingress qdisc, u32 and mirred.
    Redirect,
    /// Forwarding across a wire by a bridge.
    Bridge,
    /// Bonds: several interfaces as one.
    Bonding,
    /// VLANs: several networks on one cable, told apart by tags.
    Vlan,
    /// VLAN tags that survive links in user space. No place has it.
    RelayedVlans,
    /// The token bucket filter: a rate.
    Tbf,
    /// The network emulator: delay, jitter, loss.
    Netem,
    /// Seeds of the network emulator's random numbers.
    NetemSeed,
    /// Two network emulators in a row, one of which duplicates packets.
    NetemPairs,
    /// Packet sockets, which mplab's own link in user space needs.
    Relay,
    /// An MPTCP packet scheduler (`net.mptcp.available_schedulers`).
    Scheduler(String),
    /// An MPTCP path manager (`net.mptcp.available_path_managers`, or `net.mptcp.pm_type` before Linux had that).
    PathManager(String),
    /// A host's path manager is chosen by its name (`net.mptcp.path_manager`), not by its number.
    PathManagerNames,
    /// Path manager events of listening sockets.
    ListenerEvents,
    /// The kernel counts MPTCP sockets in use (/proc/net/protocols).
    SocketsInUse,
    /// MPTCP connections whose first bytes go with their SYN.
    FastOpen,
    /// That sockets are ended from outside (`SOCK_DESTROY`).
    SocketDestruction,
    /// A firewall that drops and resets, by nf_tables.
    Firewall,
    /// A firewall that strips options (`reset tcp option`).
    StripOptions,
    /// A firewall that changes a byte of what TCP carries, and counts packets.
    CorruptPayload,
    /// Translation of addresses, by nf_tables.
    Nat,
    /// Interception of connections, by nf_tables.
    Tproxy,
    /// Endpoints with the `laminar` flag.
    LaminarEndpoints,
    /// MPTCP limits up to this value. A place that accepts higher ones has it, too.
    Limits(u32),
    /// This many endpoints in one host. A place that accepts more has it, too.
    Endpoints(u32),
    /// This many bytes of `struct mptcp_info` (`MPTCP_INFO`). A place that has more has these, too.
    Info(u32),
    /// An installed program, by its name or path.
    Program(String),
    /// A sysctl of MPTCP's, by its dotted name.
    Sysctl(String),
    /// An MPTCP counter (/proc/net/netstat), by `nstat`'s name.
    Counter(String),
}

/// The Debian packages of programs that cases often use.
const PACKAGES: [(&str, &str); 9] = [
    ("curl", "curl"),
    ("haproxy", "haproxy"),
    ("ip", "iproute2"),
    ("iperf3", "iperf3"),
    ("mptcpize", "mptcpize"),
    ("ncat", "ncat"),
    ("nginx", "nginx-light"),
    ("ss", "iproute2"),
    ("/usr/libexec/mptcpd", "mptcpd"),
];

impl Feature {
    /// Why a case that needs it cannot run where it is absent. For numbers, [`Lack`] also says the place's own.
    pub fn absence(&self) -> String {
        match self {
            Self::Mptcp => "this kernel has no MPTCP".to_owned(),
            Self::Ipv6 => "this kernel has no IPv6".to_owned(),
            Self::Redirect => "this kernel has no sch_ingress, cls_u32 or act_mirred".to_owned(),
            Self::Bridge => "this kernel has no bridge".to_owned(),
            Self::Bonding => "this kernel has no bonding".to_owned(),
            Self::Vlan => "this kernel has no VLANs (8021q)".to_owned(),
            Self::RelayedVlans => {
                "mplab's relay, which makes this link here, loses the tags of VLANs: give the link only a rate, or use a kernel with sch_netem"
                    .to_owned()
            }
            Self::Tbf => "this kernel has no sch_tbf, which a link's rate needs".to_owned(),
            Self::Netem => "this kernel has no sch_netem, which a link of engine netem needs".to_owned(),
            Self::NetemSeed => "this kernel's netem does not accept a seed".to_owned(),
            Self::NetemPairs => "this kernel does not accept a netem that duplicates packets together with another netem".to_owned(),
            Self::Relay => "no packet socket can be opened here, which links in user space need".to_owned(),
            Self::Scheduler(name) => format!("this kernel has no MPTCP scheduler `{name}`"),
            Self::PathManager(name) => format!("this kernel has no MPTCP path manager `{name}`"),
            Self::PathManagerNames => "this kernel's MPTCP path managers have no names".to_owned(),
            Self::ListenerEvents => "this kernel's MPTCP path manager sends no events of listening sockets".to_owned(),
            Self::SocketsInUse => "this kernel does not count the MPTCP sockets in use".to_owned(),
            Self::FastOpen => "this kernel's MPTCP has no fast open".to_owned(),
            Self::SocketDestruction => "this kernel ends no sockets from outside (CONFIG_INET_DIAG_DESTROY)".to_owned(),
            Self::Firewall => "this kernel has no nf_tables with what a firewall needs".to_owned(),
            Self::StripOptions => "this kernel's nf_tables cannot strip TCP options".to_owned(),
            Self::CorruptPayload => "this kernel's nf_tables cannot count packets and change what they carry".to_owned(),
            Self::Nat => "this kernel's nf_tables cannot translate addresses".to_owned(),
            Self::Tproxy => "this kernel's nf_tables cannot intercept connections (tproxy)".to_owned(),
            Self::LaminarEndpoints => "this kernel has no laminar endpoints".to_owned(),
            Self::Limits(wanted) => format!("this kernel does not accept an MPTCP limit of {wanted}"),
            Self::Endpoints(wanted) => format!("this kernel does not accept {wanted} MPTCP endpoints in one host"),
            Self::Info(wanted) => format!("this kernel's MPTCP_INFO has fewer than {wanted} bytes"),
            Self::Sysctl(name) => format!("this kernel has no sysctl `{name}`"),
            Self::Counter(name) => format!("this kernel does not count `{name}`"),
            Self::Program(name) => {
                let package = PACKAGES.iter().find(|(program, _)| program == name);
                let package = package.map(|(_, package)| format!(" (Debian: {package})")).unwrap_or_default();
                format!("`{name}` is not installed{package}")
            }
        }
    }
}

/// A feature that is needed and absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack<'a> {
    /// The feature.
    pub feature: &'a Feature,
    /// For a number: the place's own.
    pub here: Option<u32>,
}

impl Lack<'_> {
    /// Why a case that needs the feature cannot run there.
    pub fn absence(&self) -> String {
        match (self.feature, self.here) {
            (Feature::Limits(wanted), Some(here)) => format!("this kernel accepts MPTCP limits up to {here}, but {wanted} is needed"),
            (Feature::Endpoints(wanted), Some(here)) => {
                format!("this kernel accepts {here} MPTCP endpoints in one host, but {wanted} are needed")
            }
            (Feature::Info(wanted), Some(here)) => format!("this kernel's MPTCP_INFO has {here} bytes, but {wanted} are needed"),
            (feature, _) => feature.absence(),
        }
    }
}

/// Which of `needs` a place with `features` lacks.
pub fn missing<'a>(needs: &'a BTreeSet<Feature>, features: &BTreeSet<Feature>) -> Vec<Lack<'a>> {
    let most = |number: fn(&Feature) -> Option<u32>| features.iter().filter_map(number).max();
    let lack = |feature: &'a Feature| {
        let here = match feature {
            Feature::Limits(_) => most(|feature| if let Feature::Limits(most) = feature { Some(*most) } else { None }),
            Feature::Endpoints(_) => most(|feature| if let Feature::Endpoints(most) = feature { Some(*most) } else { None }),
            Feature::Info(_) => most(|feature| if let Feature::Info(most) = feature { Some(*most) } else { None }),
            _ => None,
        };
        let has = match feature {
            Feature::Limits(wanted) | Feature::Endpoints(wanted) | Feature::Info(wanted) => here.is_some_and(|most| most >= *wanted),
            _ => features.contains(feature),
        };
        (!has).then_some(Lack { feature, here })
    };
    needs.iter().filter_map(lack).collect()
}

/// Why a case that needs these cannot run where they are absent.
pub fn absences(missing: &[Lack]) -> String {
    missing.iter().map(Lack::absence).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mptcp => f.write_str("mptcp"),
            Self::Ipv6 => f.write_str("ipv6"),
            Self::Redirect => f.write_str("redirect"),
            Self::Bridge => f.write_str("bridge"),
            Self::Bonding => f.write_str("bonding"),
            Self::Vlan => f.write_str("vlan"),
            Self::RelayedVlans => f.write_str("relayed-vlans"),
            Self::Tbf => f.write_str("tbf"),
            Self::Netem => f.write_str("netem"),
            Self::NetemSeed => f.write_str("netem seed"),
            Self::NetemPairs => f.write_str("netem pairs"),
            Self::Relay => f.write_str("relay"),
            Self::Scheduler(name) => write!(f, "scheduler {name}"),
            Self::PathManager(name) => write!(f, "path manager {name}"),
            Self::PathManagerNames => f.write_str("names of path managers"),
            Self::ListenerEvents => f.write_str("events of listeners"),
            Self::SocketsInUse => f.write_str("sockets in use"),
            Self::FastOpen => f.write_str("fast open"),
            Self::SocketDestruction => f.write_str("destruction of sockets"),
            Self::Firewall => f.write_str("firewall"),
            Self::StripOptions => f.write_str("stripping of options"),
            Self::CorruptPayload => f.write_str("corruption of payload"),
            Self::Nat => f.write_str("nat"),
            Self::Tproxy => f.write_str("tproxy"),
            Self::LaminarEndpoints => f.write_str("laminar endpoints"),
            Self::Limits(most) => write!(f, "limits up to {most}"),
            Self::Endpoints(most) => write!(f, "{most} endpoints in one host"),
            Self::Info(size) => write!(f, "{size} bytes of MPTCP_INFO"),
            Self::Sysctl(name) => write!(f, "sysctl {name}"),
            Self::Counter(name) => write!(f, "counter {name}"),
            Self::Program(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_takes_more_takes_less() {
        let place = BTreeSet::from([Feature::Mptcp, Feature::Limits(8), Feature::Endpoints(255)]);
        let lacks = |needs: &[Feature]| absences(&missing(&needs.iter().cloned().collect(), &place));
        assert_eq!(lacks(&[Feature::Mptcp, Feature::Limits(8), Feature::Endpoints(9)]), "");
        assert_eq!(lacks(&[Feature::Limits(9)]), "this kernel accepts MPTCP limits up to 8, but 9 is needed");
        assert_eq!(
            lacks(&[Feature::Ipv6, Feature::Endpoints(256)]),
            "this kernel has no IPv6; this kernel accepts 255 MPTCP endpoints in one host, but 256 are needed"
        );
        assert_eq!(missing(&[Feature::Limits(1)].into(), &BTreeSet::new()), [Lack { feature: &Feature::Limits(1), here: None }]);
    }
}
