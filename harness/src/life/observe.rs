//! Observes the hosts of a run: samples everything each of them counts, and records its path manager's events and
//! its kernel's notices about links, addresses and routes.
//! Not here: when to sample, and what the samples mean.

mod glance;
mod now;
mod series;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::task::Poll;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::kernel::Namespace;
use crate::kernel::counters::Counters;
use crate::kernel::link_stats::Links;
use crate::kernel::notices::Notices;
use crate::kernel::pm_events::PmEvents;
use crate::kernel::protocols::Protocols;
use crate::kernel::sock_diag::SockDiag;
use crate::result::recording::HostRecord;
use crate::words::{Protocol, Time};

pub use glance::Glance;
use series::Series;

/// Observes the hosts of one run. What a kernel cannot show is absent from the records.
pub struct Observer {
    hosts: BTreeMap<String, Host>,
    /// How many samples were taken.
    samples: usize,
}

/// Counters are read in each sample whose number is a multiple of this: the kernel prints each with its name, which would be a quarter of a
/// guest's work for a transfer at ten times a second.
const COUNTED: usize = 5;

/// The words for a kernel's notices in an error.
const NOTICES: &str = "links, addresses and routes";

/// What could not be observed.
#[derive(Debug, thiserror::Error)]
#[error("failed to observe the {what} of host {host}: {source}")]
pub struct ObserveError {
    host: String,
    what: &'static str,
    source: io::Error,
}

/// Open sockets and files inside a host's namespace, so that observing it does not require entering it.
struct Host {
    counters: Counters,
    protocols: Protocols,
    links: Links,
    sockets: SockDiag,
    events: Option<AsyncFd<PmEvents>>,
    notices: AsyncFd<Notices>,
    /// Whether the last sample had subflows.
    flowing: bool,
    /// Whether each connection and subflow is also queried by itself.
    asks_each: bool,
    seen: Series,
}

type Attempt<T> = Result<T, (&'static str, io::Error)>;

impl Observer {
    /// Opens what is needed to observe these hosts. Events are kept from now on. Must be called inside a tokio runtime.
    pub fn open<'a>(hosts: impl IntoIterator<Item = (&'a str, &'a Namespace)>) -> Result<Self, ObserveError> {
        let open = |(name, namespace): (&str, &Namespace)| {
            let host = namespace.enter(Host::open).map_err(|error| ("namespace", error)).and_then(|host| host);
            Ok((name.to_owned(), host.map_err(|failure| ObserveError::of(name, failure))?))
        };
        Ok(Self { hosts: hosts.into_iter().map(open).collect::<Result<_, _>>()?, samples: 0 })
    }

    /// Adds one sample of every host. The last sample includes everything.
    pub fn sample(&mut self, now: Time, last: bool) -> Result<(), ObserveError> {
        let count = last || self.samples.is_multiple_of(COUNTED);
        self.samples += 1;
        self.hosts.iter_mut().try_for_each(|(name, host)| host.sample(now, count).map_err(|failure| ObserveError::of(name, failure)))
    }

    /// From now on, each sample also queries every MPTCP connection and subflow of a host by itself.
    pub fn ask_each(&mut self, host: &str) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.asks_each = true;
        }
    }

    /// Waits until an event or a notice of any host can be drained. Cancelling it loses nothing.
    pub async fn event(&self) {
        std::future::poll_fn(|context| {
            // Every source is polled, so that each of them wakes the task.
            let mut ready = false;
            for host in self.hosts.values() {
                ready |= host.events.as_ref().is_some_and(|events| events.poll_read_ready(context).is_ready());
                ready |= host.notices.poll_read_ready(context).is_ready();
            }
            if ready { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Records the events and notices that have come since the last time, as far as [`Self::event`] has seen them.
    pub fn drain_events(&mut self, now: Time) -> Result<(), ObserveError> {
        self.drain(now, false)
    }

    /// Records all events and notices that have come, though nobody has waited for them.
    pub fn drain_last_events(&mut self, now: Time) -> Result<(), ObserveError> {
        self.drain(now, true)
    }

    fn drain(&mut self, now: Time, last: bool) -> Result<(), ObserveError> {
        self.hosts.iter_mut().try_for_each(|(name, host)| host.drain_events(now, last).map_err(|failure| ObserveError::of(name, failure)))
    }

    /// The host's listening TCP sockets and their protocols, which are also recorded. Empty for a host that is not observed.
    pub fn listeners(&mut self, host: &str) -> Result<BTreeMap<SocketAddr, Protocol>, ObserveError> {
        let Some(watched) = self.hosts.get_mut(host) else { return Ok(BTreeMap::new()) };
        let listeners = watched.sockets.listeners().map_err(|error| ObserveError::of(host, ("listening sockets", error)))?;
        watched.seen.listeners(&listeners);
        Ok(listeners)
    }

    /// What was seen of a host so far; its columns are equally long.
    pub fn seen(&self, host: &str) -> Option<&HostRecord> {
        self.hosts.get(host).map(|host| host.seen.record())
    }

    /// What was seen, by host.
    pub fn finish(self) -> BTreeMap<String, HostRecord> {
        self.hosts.into_iter().map(|(name, host)| (name, host.seen.into_record())).collect()
    }
}

impl Host {
    fn open() -> Attempt<Self> {
        let events = PmEvents::open().and_then(|events| events.map(PmEvents::into_async).transpose());
        Ok(Self {
            events: events.map_err(|error| ("path-manager events", error))?,
            notices: Notices::open().and_then(Notices::into_async).map_err(|error| (NOTICES, error))?,
            sockets: SockDiag::open().map_err(|error| ("sockets", error))?,
            links: Links::open().map_err(|error| ("interfaces", error))?,
            counters: Counters::open().map_err(|error| ("counters", error))?,
            protocols: Protocols::open().map_err(|error| ("counters", error))?,
            flowing: false,
            asks_each: false,
            seen: Series::default(),
        })
    }

    fn sample(&mut self, now: Time, count: bool) -> Attempt<()> {
        let at = now.micros();
        let links = self.links.read().map_err(|error| ("interfaces", error))?;
        let connections = self.sockets.connections().map_err(|error| ("connections", error))?;
        // Listing subflows takes longest, so it is done only while there are connections, and then until the last subflow is gone.
        let may_flow = self.flowing || connections.as_ref().is_none_or(|connections| !connections.is_empty());
        let subflows = if may_flow { self.sockets.subflows().map_err(|error| ("subflows", error))? } else { Vec::new() };
        self.flowing = !subflows.is_empty();
        self.seen.begin(at);
        for link in &links {
            self.seen.link(link);
        }
        if self.asks_each {
            let connections = connections.as_deref().unwrap_or_default();
            let wrong = self.sockets.ask_each(connections, &subflows).map_err(|error| ("sockets one by one", error))?;
            self.seen.asked_for((connections.len() + subflows.len()) as u64, wrong);
        }
        for subflow in subflows {
            self.seen.subflow(at, subflow);
        }
        for connection in connections.iter().flatten() {
            self.seen.connection(at, connection);
        }
        let counters = if count {
            self.seen.count();
            let in_use = self.protocols.mptcp();
            self.counters.read(|name, value| self.seen.counter(name, value)).and(in_use).map(|in_use| self.seen.mptcp_sockets(in_use))
        } else {
            Ok(())
        };
        self.seen.end();
        counters.map_err(|error| ("counters", error))
    }

    fn drain_events(&mut self, now: Time, last: bool) -> Attempt<()> {
        let (at, seen) = (now.micros(), &mut self.seen);
        if let Some(events) = &mut self.events {
            drain(events, last, |events| events.read(), |event| seen.event(at, event)).map_err(|error| ("path-manager events", error))?;
        }
        drain(&mut self.notices, last, |notices| notices.read(at), |notice| seen.notice(notice)).map_err(|error| (NOTICES, error))
    }
}

/// Reads a source until it has been found empty; until then it counts as ready. For the last time it is read even if it is not known to be ready:
/// that is known only from the last wait.
fn drain<S: AsRawFd, T>(
    source: &mut AsyncFd<S>,
    last: bool,
    mut read: impl FnMut(&mut S) -> io::Result<Vec<T>>,
    mut take: impl FnMut(T),
) -> io::Result<()> {
    loop {
        let found = if last { read(source.get_mut()) } else { source.try_io_mut(Interest::READABLE, &mut read) };
        match found {
            Ok(read) => read.into_iter().for_each(&mut take),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

impl ObserveError {
    fn of(host: &str, (what, source): (&'static str, io::Error)) -> Self {
        Self { host: host.to_owned(), what, source }
    }
}
