//! Looks at the hosts of a standing lab on request: what their interfaces have carried, their subflows, and their kernels' latest
//! notices.
//! Not here: recording it, which the observer of a run does.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use crate::kernel::Namespace;
use crate::kernel::link_stats::Links;
use crate::kernel::notices::Notices;
use crate::kernel::sock_diag::{SockDiag, Subflow};
use crate::record::{HostMoment, Moment, NoticeRecord, SubflowMoment};
use crate::words::Time;

use super::{Attempt, NOTICES, ObserveError};

/// The hosts of a lab, each observed through sockets and files inside its namespace.
pub struct Glance {
    hosts: BTreeMap<String, Host>,
}

/// A host that is observed.
struct Host {
    links: Links,
    sockets: SockDiag,
    heard: Notices,
    /// The last notices.
    notices: Vec<NoticeRecord>,
}

impl Glance {
    /// Opens what is needed to look at these hosts.
    pub fn open<'a>(hosts: impl IntoIterator<Item = (&'a str, &'a Namespace)>) -> Result<Self, ObserveError> {
        let sockets = || -> Attempt<_> {
            Ok(Host {
                links: Links::open().map_err(|error| ("interfaces", error))?,
                sockets: SockDiag::open().map_err(|error| ("sockets", error))?,
                heard: Notices::open().map_err(|error| (NOTICES, error))?,
                notices: Vec::new(),
            })
        };
        let open = |(name, namespace): (&str, &Namespace)| {
            let host = namespace.enter(sockets).map_err(|error| ("namespace", error)).and_then(|host| host);
            Ok((name.to_owned(), host.map_err(|failure| ObserveError::of(name, failure))?))
        };
        Ok(Self { hosts: hosts.into_iter().map(open).collect::<Result<_, _>>()? })
    }

    /// Looks.
    pub fn look(&mut self, now: Time) -> Result<Moment, ObserveError> {
        let look = |(name, Host { links, sockets, heard, notices }): (&String, &mut Host)| {
            let wrong = |what| move |error| ObserveError::of(name, (what, error));
            match heard.read(now.micros()) {
                Ok(fresh) => notices.extend(fresh),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(wrong(NOTICES)(error)),
            }
            notices.drain(..notices.len().saturating_sub(HostMoment::NOTICES));
            let seen = links.read().map_err(wrong("interfaces"))?;
            let interfaces = seen.into_iter().map(|link| (link.name, (link.rx_bytes, link.tx_bytes))).collect();
            let subflows = sockets.subflows().map_err(wrong("subflows"))?.into_iter().map(SubflowMoment::from).collect();
            Ok((name.clone(), HostMoment { interfaces, subflows, notices: notices.clone() }))
        };
        Ok(Moment { at: now.micros(), hosts: self.hosts.iter_mut().map(look).collect::<Result<_, ObserveError>>()? })
    }
}

impl From<Subflow> for SubflowMoment {
    fn from(seen: Subflow) -> Self {
        Self {
            token: seen.token,
            local: seen.local.to_string(),
            remote: seen.remote.to_string(),
            flags: seen.flags,
            established: seen.established,
            bytes_acked: seen.bytes_acked,
            bytes_received: seen.bytes_received,
            retransmits: seen.retransmits,
            rtt: seen.rtt,
            cwnd: seen.cwnd,
        }
    }
}
