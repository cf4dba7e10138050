//! Exit codes: every outcome has its own.

use std::process::ExitCode;

use mplab::compare::Ended;
use mplab::judge::Outcome;

/// How a command ended. Of several the worst counts, in this order.
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
    /// For `git bisect run`: there is no telling of this kernel.
    Untold,
    /// For `git bisect run`: it is to stop.
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
            Ended::Broken(_) => Self::Broken,
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
