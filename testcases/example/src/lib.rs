//! An echo server that speaks MPTCP with those who do, and TCP with everybody else.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, lookup_host};

/// Listens with MPTCP. Call it where a tokio runtime is.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = mptcp(address)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    TcpListener::from_std(socket.into())
}

/// Connects with MPTCP.
pub async fn connect(to: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let address = lookup_host(to).await?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    TcpSocket::from_std_stream(mptcp(address)?.into()).connect(address).await
}

/// Sends back what comes, on every connection, until the listener fails.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let (mut from, mut to) = stream.split();
            tokio::io::copy(&mut from, &mut to).await
        });
    }
}

/// To the program a TCP socket like any other: only the protocol's number differs (IPPROTO_MPTCP, Linux 5.6).
fn mptcp(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::MPTCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
