//! The closed list of what mplab does to a kernel, by domain. An operation's `Display` is the `ip`, `tc` or `sysctl` line that a person would type.
//! Not here: doing it, which `lab` does by the same domains, or deciding what to do.

mod device;
mod host;
mod mptcp;
mod nft;
mod qdisc;
mod relay;
mod route;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use device::DeviceAct;
pub use host::HostAct;
pub use mptcp::MptcpAct;
pub use nft::NftAct;
pub use qdisc::QdiscAct;
pub use relay::RelayAct;
pub use route::{MAIN_TABLE, RouteAct};

use crate::words::Feature;

/// One operation on one namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// The namespace: a host's name, or the wires' (`words::names::WIRES`).
    pub ns: String,
    /// What is done in it.
    pub act: Act,
}

/// The possible operations, by domain. Recordings contain only the operation, so no two domains have one of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "an operation that this mplab knows")]
pub enum Act {
    /// On a namespace as a whole.
    Host(HostAct),
    /// On an interface.
    Device(DeviceAct),
    /// On addresses, routes or rules.
    Route(RouteAct),
    /// On the queueing disciplines of an interface.
    Qdisc(QdiscAct),
    /// On links that mplab itself carries.
    Relay(RelayAct),
    /// On rules of nf_tables.
    Nft(NftAct),
    /// On MPTCP.
    Mptcp(MptcpAct),
}

/// An operation of a domain is an operation.
macro_rules! of_domains {
    ($($domain:ident($act:ty))*) => {
        $(impl From<$act> for Act {
            fn from(act: $act) -> Self {
                Self::$domain(act)
            }
        })*
    };
}

of_domains! { Host(HostAct) Device(DeviceAct) Route(RouteAct) Qdisc(QdiscAct) Relay(RelayAct) Nft(NftAct) Mptcp(MptcpAct) }

impl Op {
    /// The operation `act` in namespace `ns`.
    pub fn new(ns: impl Into<String>, act: impl Into<Act>) -> Self {
        Self { ns: ns.into(), act: act.into() }
    }
}

impl Act {
    /// The feature that it needs, if not every place has it.
    pub fn needs(&self) -> Option<Feature> {
        match self {
            Self::Host(act) => act.needs(),
            Self::Device(act) => act.needs(),
            Self::Route(act) => act.needs(),
            Self::Qdisc(act) => act.needs(),
            Self::Relay(act) => act.needs(),
            Self::Nft(act) => Some(act.needs()),
            Self::Mptcp(act) => act.needs(),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.act {
            Act::Host(act) => act.line(&self.ns, f),
            Act::Device(act) => act.line(&self.ns, f),
            Act::Route(act) => act.line(&self.ns, f),
            Act::Qdisc(act) => act.line(&self.ns, f),
            Act::Relay(act) => act.line(f),
            Act::Nft(act) => act.line(&self.ns, f),
            Act::Mptcp(act) => act.line(&self.ns, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As recordings have had it since before there were domains.
    #[test]
    fn recordings_hold_operations_without_their_domains() {
        let ops = [
            (r#"{"ns":"a","act":"namespace"}"#, Op::new("a", HostAct::Namespace)),
            (r#"{"ns":"a","act":{"up":{"dev":"lo"}}}"#, Op::new("a", DeviceAct::Up { dev: "lo".into() })),
            (r#"{"ns":"a","act":"flush-endpoints"}"#, Op::new("a", MptcpAct::FlushEndpoints)),
        ];
        for (json, op) in ops {
            assert_eq!(serde_json::to_string(&op).unwrap(), json);
            assert_eq!(serde_json::from_str::<Op>(json).unwrap(), op);
        }
        let old = r#"{"ns":"a","act":{"attach":{"dev":"x","bridge":"b"}}}"#;
        let attach = DeviceAct::Attach { dev: "x".into(), master: "b".into() };
        assert_eq!(serde_json::from_str::<Op>(old).unwrap(), Op::new("a", attach));
        let unknown = serde_json::from_str::<Op>(r#"{"ns":"a","act":{"teleport":{"dev":"x"}}}"#).unwrap_err();
        assert!(unknown.to_string().starts_with("an operation that this mplab knows"), "{unknown}");
    }
}
