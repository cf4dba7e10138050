//! Operations on the namespace itself and its sysctls.
//! Not here: what is in it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::Feature;
use crate::words::mptcp::PATH_MANAGERS;

/// One operation on a namespace as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostAct {
    /// Makes the namespace.
    Namespace,
    /// Sets a sysctl.
    Sysctl {
        /// Its dotted name.
        key: String,
        /// Its value.
        value: String,
    },
}

impl HostAct {
    /// The feature that it needs, if not every place has it.
    pub(super) fn needs(&self) -> Option<Feature> {
        let Self::Sysctl { key, value } = self else { return None };
        Some(match key.strip_prefix("net.mptcp.")? {
            "scheduler" => Feature::Scheduler(value.clone()),
            "path_manager" => Feature::PathManager(value.clone()),
            "pm_type" => Feature::PathManager((*PATH_MANAGERS.get(value.parse::<usize>().ok()?)?).to_owned()),
            "enabled" => Feature::Mptcp,
            _ => Feature::Sysctl(key.clone()),
        })
    }

    /// Writes the line that a person would type, for a namespace.
    pub(super) fn line(&self, ns: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace => write!(f, "ip netns add {ns}"),
            Self::Sysctl { key, value } => {
                let quote = if value.contains(char::is_whitespace) { "\"" } else { "" };
                write!(f, "ip netns exec {ns} sysctl -q -w {key}={quote}{value}{quote}")
            }
        }
    }
}
