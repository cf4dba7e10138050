//! Carries one direction of a connection, from the socket where bytes arrive to the one where they leave.
//! Not here: the other direction, and what happens to both when one fails.

use std::io;
use std::os::fd::AsFd;
use std::sync::Mutex;

use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::kernel::socket;
use crate::kernel::splice::Pipe;

/// Empty pipes that wait to be used again.
#[derive(Debug, Default)]
pub(super) struct Pipes(Mutex<Vec<Pipe>>);

/// How many are kept.
const KEPT: usize = 64;

impl Pipes {
    fn take(&self) -> io::Result<Pipe> {
        let kept = self.0.lock().expect("nobody panics with it").pop();
        kept.map_or_else(Pipe::new, Ok)
    }

    /// Returns an empty pipe for reuse. One that still holds something is dropped.
    fn give(&self, pipe: Pipe) {
        let mut kept = self.0.lock().expect("nobody panics with it");
        if pipe.is_empty() && kept.len() < KEPT {
            kept.push(pipe);
        }
    }
}

/// Carries everything that comes `from` one socket `to` the other, and then the end.
pub(super) async fn carry(from: &TcpStream, to: &TcpStream, pipes: &Pipes) -> io::Result<()> {
    loop {
        // Watch `to` as well: its reset must reach `from` even when nothing arrives.
        tokio::select! {
            ready = from.readable() => ready?,
            ready = to.ready(Interest::ERROR) => { ready?; return Err(error_of(to)) }
        }
        let mut pipe = pipes.take()?;
        match from.try_io(Interest::READABLE, || pipe.fill(&from.as_fd())) {
            Ok(0) => {
                pipes.give(pipe);
                return socket::end(to);
            }
            Ok(_) => tokio::select! {
                drained = drain(&mut pipe, to) => drained?,
                ready = from.ready(Interest::ERROR) => { ready?; return Err(error_of(from)) }
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        pipes.give(pipe);
    }
}

async fn drain(pipe: &mut Pipe, to: &TcpStream) -> io::Result<()> {
    while !pipe.is_empty() {
        to.writable().await?;
        match to.try_io(Interest::WRITABLE, || pipe.drain(&to.as_fd())) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Why a socket failed.
fn error_of(stream: &TcpStream) -> io::Error {
    let pending = stream.take_error().unwrap_or_else(Some);
    pending.unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
}
