//! The one loop of a transfer: waits for connects, accepts, reports, partings and the stop, and passes each on to its connection.
//! Not here: how a connection reacts.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags};

use super::connection::{Connection, Report};
use super::mailbox::Mailbox;
use super::stop::poll;
use super::{Client, Shared};
use crate::result::recording::TransferRecord;

/// Runs the transfer to its end or until it is stopped.
pub(super) fn drive(shared: &Arc<Shared>, reports: &Mailbox<Report>, listeners: Vec<TcpListener>, clients: Vec<Client>) -> TransferRecord {
    let started = shared.clock.now().micros();
    let clients = clients.into_iter().enumerate();
    let mut connections: Vec<_> =
        clients.map(|(number, client)| Connection::begin(shared, number, client, shared.transfer.reconnects)).collect();
    while !shared.stop.asked() && !connections.iter().all(Connection::finished) {
        let turn = wait(shared, reports, &listeners, &connections).and_then(|ready| {
            for connection in ready.connects {
                connections[connection].connect_ended();
            }
            for connection in ready.partings {
                let number = connections.len();
                let again = connections[connection].again(number);
                connections.push(again);
            }
            for report in reports.take(ready.reports) {
                connections[report.connection].reported(report);
            }
            ready.accepts.into_iter().try_for_each(|listener| accept(&listeners[listener], &mut connections))
        });
        if let Err(error) = turn {
            let words = format!("accepting at {} on {}: {error}", shared.server_address(), shared.transfer.server);
            connections.iter_mut().filter(|connection| !connection.finished()).for_each(|connection| connection.fail(&words));
        }
    }
    drop(listeners);
    connections.iter_mut().for_each(Connection::join);
    for report in reports.take(false) {
        connections[report.connection].reported(report);
    }
    TransferRecord { started, connections: connections.into_iter().map(Connection::into_record).collect(), listener: None }
}

/// What there is to do.
struct Ready {
    connects: Vec<usize>,
    partings: Vec<usize>,
    reports: bool,
    /// Which listeners have a connection to accept.
    accepts: Vec<usize>,
}

fn wait(shared: &Shared, reports: &Mailbox<Report>, listeners: &[TcpListener], connections: &[Connection]) -> io::Result<Ready> {
    let mut fds = vec![shared.stop.line(), reports.bell()];
    fds.extend(listeners.iter().map(|listener| PollFd::new(listener.as_fd(), PollFlags::POLLIN)));
    let (listening, first) = (2, fds.len());
    let mut connecting = Vec::new();
    for (number, connection) in connections.iter().enumerate() {
        if let Some(client) = connection.connecting() {
            fds.push(PollFd::new(client.as_fd(), PollFlags::POLLOUT));
            connecting.push(number);
        }
    }
    let waiting = fds.len();
    let mut parting = Vec::new();
    for (number, connection) in connections.iter().enumerate() {
        if let Some(client) = connection.parting() {
            // A socket that is closed both ways tells of it unasked (POLLHUP).
            fds.push(PollFd::new(client.as_fd(), PollFlags::empty()));
            parting.push(number);
        }
    }
    poll(&mut fds, None)?;
    let ready = |fd: &PollFd<'_>| fd.revents().is_none_or(|flags| !flags.is_empty());
    let those = |numbers: Vec<usize>, fds: &[PollFd<'_>]| {
        numbers.into_iter().zip(fds).filter(|(_, fd)| ready(fd)).map(|(number, _)| number).collect()
    };
    let (connects, partings) = (those(connecting, &fds[first..waiting]), those(parting, &fds[waiting..]));
    let accepts = (0..listeners.len()).filter(|listener| ready(&fds[listening + listener])).collect();
    Ok(Ready { connects, partings, reports: ready(&fds[1]), accepts })
}

/// Accepts all that wait. A stranger, whose port is not a client's, is closed again; but a transfer's only connection may come from anywhere,
/// as it does through a proxy.
fn accept(listener: &TcpListener, connections: &mut [Connection]) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((server, peer)) => {
                let alone = connections.len() == 1;
                // The latest of those that had this port one after the other.
                if let Some(connection) = connections.iter_mut().rev().find(|connection| connection.comes_from(peer, alone)) {
                    connection.accepted(server);
                }
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return Ok(()),
                ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                _ => return Err(error),
            },
        }
    }
}
