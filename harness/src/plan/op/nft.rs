//! Operations on nf_tables: a firewall, masquerading, interception.
//! Not here: what a rule matches (`words::firewall`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::{Feature, Rule, RuleAction};

/// One operation on rules of nf_tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NftAct {
    /// Gives a firewall exactly these rules, for what the host forwards and receives, except from itself.
    Firewall {
        /// The rules.
        rules: Vec<Rule>,
    },
    /// Gives packets that leave by these interfaces the interface's address as their source.
    Masquerade {
        /// The interfaces.
        devs: Vec<String>,
    },
    /// Diverts TCP that enters by an interface to the program that listens at a port, whatever its destination, and marks it.
    Intercept {
        /// The interfaces, each with its port.
        ports: Vec<(String, u16)>,
        /// The mark.
        mark: u32,
    },
}

impl NftAct {
    /// The feature that it needs.
    pub(super) fn needs(&self) -> Feature {
        match self {
            Self::Firewall { rules } if rules.iter().any(|rule| rule.action == RuleAction::Strip) => Feature::StripOptions,
            Self::Firewall { rules } if rules.iter().any(changes_or_counts) => Feature::CorruptPayload,
            Self::Firewall { .. } => Feature::Firewall,
            Self::Masquerade { .. } => Feature::Nat,
            Self::Intercept { .. } => Feature::Tproxy,
        }
    }

    /// Writes the line that a person would type, for a namespace.
    pub(super) fn line(&self, ns: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Firewall { rules } => {
                write!(f, "ip netns exec {ns} nft 'table inet firewall; delete table inet firewall")?;
                if rules.is_empty() {
                    return f.write_str("'");
                }
                f.write_str("; table inet firewall { chain rules {")?;
                rules.iter().try_for_each(|rule| write!(f, " {rule};"))?;
                f.write_str(" }; chain forward { type filter hook forward priority 0; jump rules; }")?;
                f.write_str("; chain input { type filter hook input priority 0; iifname != \"lo\" jump rules; }; }'")
            }
            Self::Masquerade { devs } => {
                write!(f, "ip netns exec {ns} nft 'table inet nat; delete table inet nat; table inet nat {{ ")?;
                f.write_str("chain postrouting { type nat hook postrouting priority 100;")?;
                devs.iter().try_for_each(|dev| write!(f, " oifname \"{dev}\" masquerade;"))?;
                f.write_str(" }; }'")
            }
            Self::Intercept { ports, mark } => {
                write!(f, "ip netns exec {ns} nft 'table inet intercept; delete table inet intercept; table inet intercept {{ ")?;
                f.write_str("chain prerouting { type filter hook prerouting priority -150;")?;
                ports.iter().try_for_each(|(dev, port)| {
                    write!(f, " iifname \"{dev}\" meta l4proto tcp tproxy to :{port} meta mark set {mark} accept;")
                })?;
                f.write_str(" }; }'")
            }
        }
    }
}

fn changes_or_counts(rule: &Rule) -> bool {
    matches!(rule.action, RuleAction::Corrupt | RuleAction::Forge) || rule.number.is_some()
}
