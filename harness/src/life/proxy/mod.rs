//! A proxy that turns TCP into MPTCP and back: what one end sends on its connection reaches the other end on another connection, including the end
//! of data and resets.
//! Not here: diverting packets to it, which a firewall does, and sockets (`kernel::socket`).
//!
//! One thread serves all connections. Bytes go through pipes that exist only while something is in them. If a receiver is slow, its pipe
//! stays full, nothing more is read from the sender, and TCP's own windows hold the sender back.

pub mod command;
mod pump;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::kernel::{limits, socket};
use crate::words::Protocol;
use pump::Pipes;

/// The options of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What it speaks there.
    pub listen_protocol: Protocol,
    /// Where it connects to for each connection accepted. If absent, where the client wanted to go, which the kernel knows for intercepted
    /// connections (nft's `tproxy`).
    pub to: Option<SocketAddr>,
    /// What it speaks there.
    pub to_protocol: Protocol,
}

/// A proxy that listens.
#[derive(Debug)]
pub struct Proxy {
    options: Options,
    listener: TcpListener,
    pipes: Arc<Pipes>,
}

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 4096;
/// How long a proxy without free descriptors waits before it tries again.
const PAUSE: Duration = Duration::from_millis(20);
/// The least time between two warnings about connections that could not be accepted.
const QUIET: Duration = Duration::from_secs(10);

/// The event loop that a proxy's one thread runs.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_io().enable_time().build()
}

impl Proxy {
    /// Listens in the calling thread's network namespace. Needs the runtime to be entered.
    pub fn listen(options: Options) -> io::Result<Self> {
        let listening = socket::stream(options.listen_protocol, options.listen.ip())?;
        if options.to.is_none() {
            socket::accept_for_others(&listening, options.listen.is_ipv6())?;
        }
        socket::bind(&listening, options.listen)?;
        let listener = TcpListener::from_std(socket::listen(listening, BACKLOG)?)?;
        Ok(Self { options, listener, pipes: Arc::default() })
    }

    /// Where it listens, the port included if the kernel chose it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves connections as they come. Only a listening socket that no longer works ends it.
    pub async fn serve(self) -> io::Result<Infallible> {
        let mut complains = Instant::now();
        loop {
            match self.listener.accept().await {
                Ok((client, from)) => {
                    let (options, pipes) = (self.options, Arc::clone(&self.pipes));
                    tokio::spawn(async move {
                        if let Err(error) = serve_one(client, options, &pipes).await {
                            tracing::debug!("a connection from {from} ended: {error}");
                        }
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error),
                Err(error) => {
                    // The connection was gone before it was accepted, or there are too many: others go on meanwhile.
                    if Instant::now() >= complains {
                        tracing::warn!("{}", limits::told("failed to accept a connection", &error));
                        complains = Instant::now() + QUIET;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Connects to the client's destination, and carries both directions to their end.
async fn serve_one(client: TcpStream, options: Options, pipes: &Pipes) -> io::Result<()> {
    let to = options.to.map_or_else(|| client.local_addr(), Ok)?;
    let server = match connect(options.to_protocol, to).await {
        Ok(server) => server,
        Err(error) => {
            socket::reset_on_close(&client)?;
            return Err(error);
        }
    };
    // Both ends batch by themselves; the proxy must not delay.
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let carried = tokio::try_join!(pump::carry(&client, &server, pipes), pump::carry(&server, &client, pipes));
    if carried.is_err() {
        socket::reset_on_close(&client)?;
        socket::reset_on_close(&server)?;
    }
    carried.map(|_| ())
}

async fn connect(protocol: Protocol, to: SocketAddr) -> io::Result<TcpStream> {
    let stream = StdStream::from(socket::stream(protocol, to.ip())?);
    socket::connect(&stream, to)?;
    let stream = TcpStream::from_std(stream)?;
    stream.writable().await?;
    stream.take_error()?.map_or(Ok(stream), Err)
}
