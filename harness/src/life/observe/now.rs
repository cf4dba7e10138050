//! Looks at a host during a run for what steps wait for. None of it is recorded.
//! Not here: samples.

use crate::kernel::sock_diag::Subflow;

use super::{ObserveError, Observer};

impl Observer {
    /// The subflows that a host has now.
    pub fn subflows(&mut self, host: &str) -> Result<Vec<Subflow>, ObserveError> {
        let Some(watched) = self.hosts.get_mut(host) else { return Ok(Vec::new()) };
        watched.sockets.subflows().map_err(|error| ObserveError::of(host, ("subflows", error)))
    }

    /// The current value of a host's counter; 0 if its kernel has none of this name.
    pub fn counter(&mut self, host: &str, name: &str) -> Result<u64, ObserveError> {
        let Some(watched) = self.hosts.get_mut(host) else { return Ok(0) };
        let mut found = 0;
        let read = watched.counters.read(|counter, value| {
            if counter == name {
                found = value;
            }
        });
        read.map_err(|error| ObserveError::of(host, ("counters", error)))?;
        Ok(found)
    }
}
