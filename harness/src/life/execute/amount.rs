//! How much there is now of what a step waits for.
//! Not here: the waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::document::case::Condition;
use crate::life::observe::{ObserveError, Observer};
use crate::life::processes::Processes;
use crate::life::traffic::Running;
use crate::plan::Job;

/// The current amount of what a step waits for.
pub(super) fn amount(
    condition: &Condition,
    job: &Job,
    observer: &mut Observer,
    running: &BTreeMap<String, Running>,
    processes: &Processes,
) -> Result<u64, ObserveError> {
    Ok(match condition {
        Condition::Subflows(transfer, _) => {
            let asked = &job.case.transfers[transfer];
            let server = SocketAddr::new(asked.to, asked.port);
            let subflows = observer.subflows(&asked.client)?;
            // A connection is identified by its first subflow, or by its subflow with the transfer's address.
            let tokens: BTreeSet<u32> = subflows.iter().filter(|subflow| subflow.remote == server).map(|subflow| subflow.token).collect();
            let of = |token: u32| subflows.iter().filter(|subflow| subflow.token == token && subflow.established).count() as u64;
            if tokens.len() < asked.connections as usize { 0 } else { tokens.into_iter().map(of).min().unwrap_or(0) }
        }
        Condition::Bytes(transfer, _) => running.get(transfer).map(Running::progress).map_or(0, |progress| progress.up + progress.down),
        Condition::Counter(host, name, _) => observer.counter(host, name)?,
        Condition::Ready(process) => processes.is_ready(process).into(),
        Condition::Event(host, kind, _) => {
            observer.seen(host).map_or(0, |seen| seen.events.iter().filter(|event| event.kind == *kind).count() as u64)
        }
    })
}
