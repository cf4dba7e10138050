//! The places where a job can run, behind one interface: this computer's kernel, or another one in a guest.
//! Not here: how either of them does it.

mod enter;
mod failure;
#[doc(hidden)]
pub mod guest;
mod lines;
#[doc(hidden)]
pub mod local;

pub use enter::enter;
pub use failure::{Cause, Failure, Kind};
pub use guest::{Cache, Guest, GuestError};
pub use local::LocalError;

use std::sync::Arc;

use crate::life::execute::News;
use crate::plan::Job;
use crate::result::recording::{PlaceRecord, Recording};
use crate::words::Snap;

/// Where jobs run.
#[derive(Debug, Clone)]
pub enum Place {
    /// In namespaces of this computer's kernel.
    Local,
    /// In a guest.
    Guest(Box<Guest>),
}

/// Why a place could not do what it was asked to.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// This computer's error.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// A guest's error.
    #[error(transparent)]
    Guest(#[from] GuestError),
}

impl Place {
    /// What the place can do.
    pub fn place(&self) -> Result<PlaceRecord, PlaceError> {
        Ok(match self {
            Self::Local => local::place()?,
            Self::Guest(guest) => guest.place()?,
        })
    }

    /// Runs a job, and reports news meanwhile.
    pub fn run(&self, job: &Job, news: &mut dyn FnMut(News)) -> Result<Recording, PlaceError> {
        let mut results = self.run_all(std::slice::from_ref(job), None, &mut |_, fresh| news(fresh));
        results.pop().expect("a result for each job")
    }

    /// Runs jobs one after the other, in a guest in one boot, and reports news meanwhile, with the job's number. Returns a result for each. With a
    /// snap length, the news include the packets, and each job has a boot of its own.
    pub fn run_all(&self, jobs: &[Job], capture: Option<Snap>, news: &mut dyn FnMut(usize, News)) -> Vec<Result<Recording, PlaceError>> {
        let local = |(number, job)| Ok(local::run_captured(job, capture, &mut |fresh| news(number, fresh))?);
        match (self, capture) {
            (Self::Local, _) => jobs.iter().enumerate().map(local).collect(),
            (Self::Guest(guest), None) => guest.run(jobs, news).into_iter().map(|result| Ok(result?)).collect(),
            (Self::Guest(guest), Some(snap)) => {
                let guest = guest.clone().capturing(snap);
                guest.run(jobs, news).into_iter().map(|result| Ok(result?)).collect()
            }
        }
    }

    /// The same place, with its runs cached if they depend only on their jobs.
    #[must_use]
    pub fn cached(self, cache: Arc<Cache>) -> Self {
        match self {
            Self::Local => self,
            Self::Guest(guest) => Self::Guest(Box::new(guest.cached(cache))),
        }
    }

    /// How many runs came from its cache, if it has one.
    pub fn taken(&self) -> Option<usize> {
        match self {
            Self::Local => None,
            Self::Guest(guest) => guest.taken(),
        }
    }

    /// The options of `mplab run` that name the place, each with a space before it.
    pub fn options(&self) -> String {
        match self {
            Self::Local => String::new(),
            Self::Guest(guest) => guest.options(),
        }
    }

    /// The default number of concurrent runs. On this computer they mostly wait for their links (with more of them a fault of Linux 6.18 shows more often:
    /// docs/limits.md); an emulated guest takes a core.
    pub fn parallel(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match self {
            Self::Local => cores * 4,
            Self::Guest(_) => cores,
        }
    }
}
