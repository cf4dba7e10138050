//! Netlink to one namespace: single requests, or a batch in one system call.
//! Not here: the contents of requests.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use netlink_bindings::builtin::Nlmsghdr;
use netlink_bindings::traits::{LookupFn, NetlinkChained, NetlinkRequest, Protocol};
use netlink_socket2::{NetlinkSocket, ReplyError};
use nix::errno::Errno;

use super::Namespace;

/// Why the kernel refused, in its own words if it gives any (the extended acknowledgement).
#[derive(Debug, thiserror::Error)]
#[error("{errno}{}", .said.as_deref().map(|said| format!(": {said}")).unwrap_or_default())]
pub struct NetlinkError {
    /// The errno. The text includes it already, so it is not reported as a cause.
    errno: io::Error,
    /// The kernel's text.
    pub said: Option<String>,
    /// The position of the request in its batch.
    pub position: usize,
}

impl NetlinkError {
    fn at(position: usize, error: ReplyError) -> Self {
        let said = error.ext_ack().and_then(|ack| ack.get_msg().ok().map(|text| text.to_string_lossy().into_owned()));
        Self { errno: error.into(), said, position }
    }

    /// The errno, 0 if there was none.
    pub(crate) fn errno(&self) -> i32 {
        self.errno.raw_os_error().unwrap_or(0)
    }
}

impl From<ReplyError> for NetlinkError {
    fn from(error: ReplyError) -> Self {
        Self::at(0, error)
    }
}

impl From<io::Error> for NetlinkError {
    fn from(errno: io::Error) -> Self {
        Self { errno, said: None, position: 0 }
    }
}

/// Requests of one protocol that are sent together. rtnetlink handles them in order, one by one: this is fast, but not atomic. The kernel answers
/// only the last, and any that it refuses.
#[derive(Default)]
pub struct Batch {
    protonum: u16,
    bytes: Vec<u8>,
    /// How each is looked up.
    requests: Vec<LookupFn>,
    /// The request that is always answered, and where it begins.
    last: Option<(usize, usize)>,
    /// The one that was answered last.
    answered: AtomicUsize,
}

/// Where a request has the lower byte of its flags (struct nlmsghdr).
const FLAGS: usize = if cfg!(target_endian = "little") { 6 } else { 7 };

/// The sequence number of a batch's first request; single requests count from 1 and never get this far.
const FIRST_SEQ: u32 = 1 << 30;

impl Batch {
    /// How many requests go into one system call. netlink-socket2 loses the errors of a chain of 64.
    pub const MOST: usize = 60;

    /// Adds a request.
    pub fn push<R: NetlinkRequest>(&mut self, request: &R) {
        self.add(request, true);
    }

    /// Adds a request that not every kernel acknowledges: its answer is not waited for.
    pub(crate) fn push_unanswered<R: NetlinkRequest>(&mut self, request: &R) {
        self.add(request, false);
    }

    fn add<R: NetlinkRequest>(&mut self, request: &R, answered: bool) {
        let Protocol::Raw { request_type, protonum } = request.protocol() else {
            unreachable!("a batch holds no requests of generic netlink");
        };
        self.protonum = protonum;
        let acknowledge = if answered { libc::NLM_F_ACK } else { 0 };
        if answered {
            let before = self.last.replace((self.requests.len(), self.bytes.len()));
            if let Some((_, start)) = before {
                self.bytes[start + FLAGS] &= !(libc::NLM_F_ACK as u8);
            }
        }
        let header = Nlmsghdr {
            len: (Nlmsghdr::len() + request.payload().len()) as u32,
            r#type: request_type,
            flags: request.flags() | (libc::NLM_F_REQUEST | acknowledge) as u16,
            seq: FIRST_SEQ + self.requests.len() as u32,
            pid: 0,
        };
        self.bytes.extend(header.as_slice());
        self.bytes.extend(request.payload());
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.requests.push(R::lookup);
    }

    /// How many requests it holds.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// What would be sent.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

impl NetlinkChained for Batch {
    fn protonum(&self) -> u16 {
        self.protonum
    }

    fn payload(&self) -> &[u8] {
        &self.bytes
    }

    fn chain_len(&self) -> usize {
        self.requests.len()
    }

    fn get_index(&self, seq: u32) -> Option<usize> {
        let index = seq.checked_sub(FIRST_SEQ).map(|index| index as usize).filter(|index| *index < self.requests.len())?;
        self.answered.store(index, Ordering::Relaxed);
        Some(index)
    }

    fn name(&self, _index: usize) -> &'static str {
        "request"
    }

    fn supports_ack(&self, index: usize) -> Option<bool> {
        (index < self.requests.len()).then(|| self.last.is_some_and(|(last, _)| last == index))
    }

    fn lookup(&self, index: usize) -> LookupFn {
        self.requests[index]
    }
}

/// Finds out why no socket of a protocol can be opened in the calling thread's namespace, if so. netlink-socket2 0.3.5 opens its own with the first
/// request, and reports every failure as EPERM.
pub(super) fn try_socket(protocol: u16) -> io::Result<()> {
    // SAFETY: socket(2) reads no memory of ours.
    let socket = Errno::result(unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol.into()) })?;
    // SAFETY: the kernel has just made it for this thread, and nothing else knows it.
    drop(unsafe { OwnedFd::from_raw_fd(socket) });
    Ok(())
}

/// Netlink sockets of one namespace.
pub struct Netlink {
    ns: Arc<Namespace>,
    socket: NetlinkSocket,
    /// The protocols that it has a socket for. One stays in the namespace that it was opened in.
    open: BTreeSet<u16>,
}

impl Netlink {
    /// For the namespace `ns`. The sockets are opened on first use.
    pub fn new(ns: Arc<Namespace>) -> Self {
        Self { ns, socket: NetlinkSocket::new(), open: BTreeSet::new() }
    }

    /// Sends a batch and waits until the kernel has handled every request. Returns the first refusal; later requests may have been accepted or refused.
    pub fn send(&mut self, batch: &Batch) -> Result<(), NetlinkError> {
        if batch.is_empty() {
            return Ok(());
        }
        let sent = self.talk(batch.protonum(), |socket| {
            let mut replies = socket.request_chained(batch)?;
            while let Some(reply) = replies.recv() {
                reply.map_err(|error| NetlinkError::at(batch.answered.load(Ordering::Relaxed), error))?;
            }
            Ok(())
        });
        if sent.is_err() {
            // Answers to requests after the refused one may still be in the socket.
            *self = Self::new(Arc::clone(&self.ns));
        }
        sent
    }

    /// Sends one request and waits for the kernel's acknowledgement.
    pub(crate) fn request<R: NetlinkRequest>(&mut self, request: &R) -> Result<(), NetlinkError> {
        self.each(request, |_| ())
    }

    /// Sends one request and looks at each part of the answer.
    pub fn each<R: NetlinkRequest>(&mut self, request: &R, mut look: impl FnMut(R::ReplyType<'_>)) -> Result<(), NetlinkError> {
        let protocol = match request.protocol() {
            Protocol::Raw { protonum, .. } => protonum,
            Protocol::Generic(_) => libc::NETLINK_GENERIC as u16,
        };
        self.talk(protocol, |socket| {
            let mut replies = socket.request(request)?;
            while let Some(reply) = replies.recv() {
                look(reply?);
            }
            Ok(())
        })
    }

    /// Lets `work` use the socket of a protocol, which is opened in the namespace if needed.
    fn talk(&mut self, protocol: u16, work: impl FnOnce(&mut NetlinkSocket) -> Result<(), NetlinkError>) -> Result<(), NetlinkError> {
        let Self { ns, socket, open } = self;
        if open.contains(&protocol) {
            return work(socket);
        }
        ns.enter(|| {
            try_socket(protocol)?;
            work(socket)
        })??;
        open.insert(protocol);
        Ok(())
    }
}
