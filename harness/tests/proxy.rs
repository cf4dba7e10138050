//! The proxy between real sockets: every byte, the end, a reset, a slow reader, and two thousand at a time.

#[path = "support/mod.rs"]
mod support;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::kernel::socket::{self, Spoken};
use mplab::proxy::{self, Options, Proxy};
use mplab::words::Protocol::{self, Mptcp, Tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use support::trial;

/// How long anything may take on a busy computer.
const DEADLINE: Duration = Duration::from_secs(60);
/// After how long without an event nothing more is expected to come.
const QUIET: Duration = Duration::from_secs(1);

fn main() {
    mplab::enter();
    let confined = support::leave_network();
    if confined.is_none() {
        support::loopback_up().expect("a network of our own");
    }
    let both = [(Tcp, Mptcp), (Mptcp, Tcp)];
    let mut trials: Vec<Trial> = Vec::new();
    for (from, to) in both {
        let mut add = |what: &str, run: fn(Protocol, Protocol) -> Result<(), Failed>| {
            trials.push(trial(&format!("{from}_to_{to}_{what}"), confined.clone(), move || run(from, to)));
        };
        add("carries_both_ways_and_each_end_by_itself", |from, to| run(half_closes(from, to)));
        add("speaks_what_it_is_told", |from, to| run(speaks(from, to)));
        add("passes_a_reset_of_the_server_on", |from, to| run(server_resets(from, to)));
        add("passes_a_reset_of_the_client_on", |from, to| run(client_resets(from, to)));
        add("passes_a_reset_on_after_one_side_has_ended", |from, to| run(client_resets_after_the_end(from, to)));
        add("resets_a_client_whose_server_is_not_there", |from, to| run(nobody_there(from, to)));
        add("holds_a_sender_back_while_the_receiver_is_slow", |from, to| run(slow_reader(from, to)));
        add("serves_two_thousand_at_a_time", |from, to| run(two_thousand(from, to)));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn run(test: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    let runtime = proxy::runtime()?;
    runtime.block_on(async { timeout(DEADLINE, test).await.map_err(|_| format!("it took longer than {DEADLINE:?}"))? })
}

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn listener(protocol: Protocol) -> io::Result<StdListener> {
    let listening = socket::stream(protocol, anywhere().ip())?;
    socket::bind(&listening, anywhere())?;
    socket::listen(listening, 4096)
}

/// A server's socket, and where a proxy with a thread of its own leads to it.
fn behind_proxy(from: Protocol, to: Protocol) -> Result<(TcpListener, SocketAddr), Failed> {
    let server = TcpListener::from_std(listener(to)?)?;
    let address = proxy_to(server.local_addr()?, from, to)?;
    Ok((server, address))
}

fn proxy_to(to: SocketAddr, listen_protocol: Protocol, to_protocol: Protocol) -> Result<SocketAddr, Failed> {
    let (told, listens) = mpsc::channel();
    thread::spawn(move || {
        let runtime = proxy::runtime().expect("a runtime");
        runtime.block_on(async {
            let proxy = Proxy::listen(Options { listen: anywhere(), listen_protocol, to: Some(to), to_protocol }).expect("it can listen");
            told.send(proxy.address().expect("it listens")).expect("the test waits for it");
            proxy.serve().await.expect("it can accept");
        });
    });
    Ok(listens.recv_timeout(DEADLINE)?)
}

async fn connect(protocol: Protocol, to: SocketAddr) -> io::Result<TcpStream> {
    let stream = StdStream::from(socket::stream(protocol, to.ip())?);
    socket::connect(&stream, to)?;
    let stream = TcpStream::from_std(stream)?;
    stream.writable().await?;
    stream.take_error()?.map_or(Ok(stream), Err)
}

/// A client's connection and the server's, with the proxy in between.
async fn pair(from: Protocol, to: Protocol) -> Result<(TcpStream, TcpStream), Failed> {
    let (listening, address) = behind_proxy(from, to)?;
    let client = connect(from, address).await?;
    let (server, _) = listening.accept().await?;
    Ok((client, server))
}

/// Bytes that are different everywhere.
fn content(seed: u32, length: usize) -> Vec<u8> {
    (0..length as u32).map(|at| (at.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as u8).collect()
}

async fn half_closes(from: Protocol, to: Protocol) -> Result<(), Failed> {
    for client_first in [true, false] {
        let (client, server) = pair(from, to).await?;
        let (mut first, mut second) = if client_first { (client, server) } else { (server, client) };
        let (said, answered) = (content(1, 300_001), content(2, 3_000_017));
        let speak = async {
            first.write_all(&said).await?;
            first.shutdown().await?;
            let mut heard = Vec::new();
            first.read_to_end(&mut heard).await?;
            io::Result::Ok(heard)
        };
        let answer = async {
            let mut heard = Vec::new();
            second.read_to_end(&mut heard).await?;
            // The other direction is as open as ever.
            second.write_all(&answered).await?;
            second.shutdown().await?;
            io::Result::Ok(heard)
        };
        let (heard_back, heard) = tokio::try_join!(speak, answer)?;
        assert!(heard == said, "{} bytes of {}", heard.len(), said.len());
        assert!(heard_back == answered, "{} bytes of {}", heard_back.len(), answered.len());
    }
    Ok(())
}

async fn speaks(from: Protocol, to: Protocol) -> Result<(), Failed> {
    let (mut client, mut server) = pair(from, to).await?;
    client.write_all(b"hello").await?;
    let mut heard = [0; 5];
    server.read_exact(&mut heard).await?;
    assert_eq!(&heard, b"hello");
    for (stream, protocol) in [(client, from), (server, to)] {
        let spoken = socket::spoken(&stream.into_std()?)?;
        assert_eq!(matches!(spoken, Spoken::Mptcp { .. }), protocol == Mptcp, "{spoken:?}");
    }
    Ok(())
}

fn reset(stream: TcpStream) -> io::Result<()> {
    socket::reset_on_close(&stream.as_fd())
}

async fn assert_reset(stream: &mut TcpStream) {
    let heard = stream.read(&mut [0; 16]).await;
    assert!(heard.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset), "{heard:?}");
}

async fn server_resets(from: Protocol, to: Protocol) -> Result<(), Failed> {
    let (mut client, server) = pair(from, to).await?;
    reset(server)?;
    assert_reset(&mut client).await;
    Ok(())
}

async fn client_resets(from: Protocol, to: Protocol) -> Result<(), Failed> {
    let (client, mut server) = pair(from, to).await?;
    reset(client)?;
    assert_reset(&mut server).await;
    Ok(())
}

async fn client_resets_after_the_end(from: Protocol, to: Protocol) -> Result<(), Failed> {
    let (mut client, mut server) = pair(from, to).await?;
    client.shutdown().await?;
    assert_eq!(server.read(&mut [0; 16]).await?, 0, "the end");
    reset(client)?;
    // An end has come already, so that nothing is left to be read: the reset is met by writing.
    while server.write(&[0; 1024]).await.is_ok() {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn nobody_there(from: Protocol, to: Protocol) -> Result<(), Failed> {
    // A port that was somebody's a moment ago, and is nobody's.
    let gone = listener(to)?.local_addr()?;
    match connect(from, proxy_to(gone, from, to)?).await {
        Ok(mut client) => assert_reset(&mut client).await,
        // The reset may be quicker than this.
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    Ok(())
}

async fn slow_reader(from: Protocol, to: Protocol) -> Result<(), Failed> {
    let (mut client, mut server) = pair(from, to).await?;
    let block = content(3, 64 * 1024);
    let mut sent = 0;
    while let Ok(written) = timeout(QUIET, client.write(&block[sent % block.len()..])).await {
        sent += written?;
        assert!(sent < 128 << 20, "nobody reads, and {sent} bytes have been taken");
    }
    client.shutdown().await?;
    let mut heard = vec![0; block.len()];
    let mut received = 0;
    loop {
        let read = server.read(&mut heard).await?;
        if read == 0 {
            break;
        }
        for byte in &heard[..read] {
            assert_eq!(*byte, block[received % block.len()], "byte {received}");
            received += 1;
        }
    }
    assert_eq!(received, sent);
    Ok(())
}

async fn two_thousand(from: Protocol, to: Protocol) -> Result<(), Failed> {
    const MANY: u32 = 2000;
    let (listening, address) = behind_proxy(from, to)?;
    let mut echoes = JoinSet::new();
    let mut clients = Vec::new();
    for seed in 0..MANY {
        let mut client = connect(from, address).await?;
        let (mut server, _) = listening.accept().await?;
        echoes.spawn(async move {
            let (mut read, mut write) = server.split();
            tokio::io::copy(&mut read, &mut write).await?;
            write.shutdown().await
        });
        client.write_all(&content(seed, 100)).await?;
        clients.push((seed, client));
    }
    // All are open by now, and each says more.
    let mut talks = JoinSet::new();
    for (seed, mut client) in clients {
        talks.spawn(async move {
            client.write_all(&content(seed, 20_000)[100..]).await?;
            client.shutdown().await?;
            let mut heard = Vec::new();
            client.read_to_end(&mut heard).await?;
            io::Result::Ok(heard == content(seed, 20_000))
        });
    }
    while let Some(talk) = talks.join_next().await {
        assert!(talk??, "every byte comes back");
    }
    while let Some(echo) = echoes.join_next().await {
        echo??;
    }
    Ok(())
}
