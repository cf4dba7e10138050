//! Failures, as values that cross process borders: with kind, causes, the limit that was reached and the remedy.
//! Not here: a case that fails, which is a verdict.

use std::error::Error;
use std::{fmt, iter};

use serde::{Deserialize, Serialize};

use crate::kernel::limits;
use crate::kernel::process::Confined;
use crate::life::execute::ExecuteError;
use crate::life::lab::LabError;

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// No network namespace can be made there.
    Confined,
    /// The place lacks something that is needed.
    Unsupported,
    /// The request makes no sense.
    Mistake,
    /// A lab could not be built, changed or read back.
    Lab,
    /// A transfer could not be prepared or started.
    Traffic,
    /// A program could not be started.
    Process,
    /// A host could not be observed.
    Observation,
    /// The kernel could not be probed.
    Probe,
    /// A process, a thread, a pipe or a file of mplab's own.
    Machinery,
}

/// Why something could not be done. Its `Display` says everything in one line; [`Failure::seen`] leaves out the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What failed.
    pub kind: Kind,
    /// The error, above its causes.
    pub error: Cause,
    /// The limit of the process (setrlimit(2)) that was reached, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// What to do about it, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// An error or a cause of one, from the process where it arose. Its `Display` leaves out its own cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its message.
    pub text: String,
    /// The kernel's number for it (errno(3)), if the kernel refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// What caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Cause>>,
}

impl Cause {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let cause = error.source().map(|cause| Box::new(Self::of(cause)));
        Self { text: error.to_string(), errno: limits::own_errno(error), cause }
    }

    fn says(text: impl Into<String>) -> Self {
        Self { text: text.into(), errno: None, cause: None }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Failure {
    /// An error with all its causes, and the limit that was reached in this process.
    pub fn new(kind: Kind, error: &(dyn Error + 'static)) -> Self {
        let met = limits::of_run(error);
        let remedy = met.as_ref().and_then(|met| met.remedy).map(str::to_owned);
        Self { kind, error: Cause::of(error), limit: met.map(|met| met.limit), remedy }
    }

    /// A failure that no error caused.
    pub fn says(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, error: Cause::says(text), limit: None, remedy: None }
    }

    /// The same failure, as the cause of a larger one.
    #[must_use]
    pub fn within(self, what: impl Into<String>) -> Self {
        Self { error: Cause { cause: Some(Box::new(self.error)), ..Cause::says(what) }, ..self }
    }

    /// The same failure, with what to do about it.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// What failed and why, in a line, without the remedy.
    pub fn seen(&self) -> String {
        let causes = iter::successors(Some(&self.error), |cause| cause.cause.as_deref()).skip(1);
        // Many errors already include their cause.
        let join = |said: String, cause: &Cause| if said.ends_with(&cause.text) { said } else { said + ": " + &cause.text };
        let said = causes.fold(self.error.text.clone(), join);
        self.limit.iter().fold(said, |said, limit| said + "; " + limit)
    }

    /// The kernel's error number (errno(3)), if the kernel refused something.
    pub fn errno(&self) -> Option<i32> {
        iter::successors(Some(&self.error), |cause| cause.cause.as_deref()).find_map(|cause| cause.errno)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.seen())?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(out, ": {remedy}"))
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl From<&Confined> for Failure {
    fn from(confined: &Confined) -> Self {
        Self::new(Kind::Confined, confined).remedy(confined.remedy())
    }
}

impl From<&LabError> for Failure {
    fn from(error: &LabError) -> Self {
        Self::new(Kind::Lab, error)
    }
}

impl From<&ExecuteError> for Failure {
    fn from(error: &ExecuteError) -> Self {
        let kind = match error {
            ExecuteError::Lab(_) => Kind::Lab,
            ExecuteError::Traffic(_) => Kind::Traffic,
            ExecuteError::Process(_) => Kind::Process,
            ExecuteError::Observe(_) => Kind::Observation,
            ExecuteError::Loop(_) | ExecuteError::Capture(_) => Kind::Machinery,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn crossed(failure: &Failure) -> Failure {
        serde_json::from_str(&serde_json::to_string(failure).unwrap()).unwrap()
    }

    #[test]
    fn kind_cause_limit_and_remedy_cross_the_border() {
        let error = io::Error::from_raw_os_error(libc::EMFILE);
        let failure = Failure::new(Kind::Traffic, &error).within("failed to listen").within("failed to begin");
        let there = crossed(&failure);
        assert_eq!(there, failure);
        assert_eq!((there.kind, there.errno()), (Kind::Traffic, Some(libc::EMFILE)));
        let listen = there.source().unwrap();
        assert_eq!(listen.to_string(), "failed to listen");
        assert_eq!(listen.source().unwrap().to_string(), "Too many open files (os error 24)");
        let said = there.to_string();
        assert!(said.starts_with("failed to begin: failed to listen: Too many open files (os error 24); this process may have "), "{said}");
        assert_eq!(said, format!("{}: {}", there.seen(), there.remedy.unwrap()));
    }

    #[test]
    fn a_refusal_has_its_remedy_as_a_field() {
        let confined = Confined::Namespace(io::Error::from_raw_os_error(libc::EPERM));
        let failure = crossed(&Failure::from(&confined));
        assert_eq!(failure.kind, Kind::Confined);
        assert_eq!(failure.seen(), "no network namespace can be made here (Operation not permitted (os error 1))");
        assert!(failure.remedy.unwrap().starts_with("run as root, or allow user namespaces"));
    }

    #[test]
    fn what_an_error_says_of_its_cause_is_said_once() {
        let inner = Failure::says(Kind::Lab, "File exists").within("failed to do `ip link add`: File exists");
        assert_eq!(inner.to_string(), "failed to do `ip link add`: File exists");
    }
}
