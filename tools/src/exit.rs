//! Exit codes: every outcome has its own.

use std::process::ExitCode;

use mplab::compare::Ended;
use mplab::judge::Outcome;

/// How a command ended, from best to worst. Of several results the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything asked for was done, everything run passed.
    Passed,
    /// Nothing could run here.
    Unsupported,
    /// The computer was too busy for a verdict.
    Disturbed,
    /// An expectation was not met.
    Failed,
    /// Wrong usage, or a mistake in a file.
    Usage,
    /// The machinery broke: neither the kernel's fault nor the case's.
    Broken,
    /// For `git bisect run`: this kernel is neither good nor bad.
    Untold,
    /// For `git bisect run`: stop.
    Stop,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Passed,
            Outcome::Failed => Self::Failed,
            Outcome::Disturbed => Self::Disturbed,
        }
    }
}

impl From<&Ended> for Exit {
    fn from(ended: &Ended) -> Self {
        match ended {
            Ended::Passed => Self::Passed,
            Ended::Unsupported(_) => Self::Unsupported,
            Ended::Disturbed(_) => Self::Disturbed,
            Ended::Failed(_) | Ended::Kernel(_) => Self::Failed,
            Ended::Missing(_) | Ended::Broken(_) => Self::Broken,
        }
    }
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Broken => 3,
            Self::Unsupported => 4,
            Self::Disturbed => 5,
            Self::Untold => 125,
            // Every code above 127 ends `git bisect run`.
            Self::Stop => 255,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_documents_has_every_code() {
        let document = include_str!("../../docs/commands.md").split("## Exit codes").nth(1).expect("it has that heading");
        let told: Vec<u8> = document.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |")?.0.parse().ok()).collect();
        let order = [Exit::Passed, Exit::Unsupported, Exit::Disturbed, Exit::Failed, Exit::Usage, Exit::Broken];
        let mut known: Vec<u8> = order.into_iter().chain([Exit::Untold, Exit::Stop]).map(Exit::code).collect();
        assert!(order.is_sorted());
        let worst = order.map(|exit| exit.code().to_string()).join(", ");
        assert!(document.contains(&format!("From best to worst: {worst}.")), "{worst}");
        known.sort_unstable();
        assert_eq!(told, known);
        // One that is added has to be told, too.
        match Exit::Passed {
            Exit::Passed | Exit::Unsupported | Exit::Disturbed | Exit::Failed | Exit::Usage | Exit::Broken | Exit::Untold | Exit::Stop => {}
        }
    }
}
