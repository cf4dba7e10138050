//! The echo server between a laptop and a server that have two links: it uses both, and survives the loss of either.

use mplab::fixture::{How, Lab};
use rstest::{fixture, rstest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

mplab::before_main!();

/// Each test has a lab of its own. It ends with the test.
#[fixture]
fn lab() -> Lab {
    Lab::file("tests/laptop.toml")
}

/// Says so many bytes, and hears them again.
async fn chat(stream: &mut TcpStream, bytes: usize) {
    let said: Vec<u8> = (0..bytes).map(|n| (n % 251) as u8).collect();
    let mut heard = vec![0; bytes];
    let (mut from, mut to) = stream.split();
    let (sent, read) = tokio::join!(to.write_all(&said), from.read_exact(&mut heard));
    sent.expect("the server reads");
    read.expect("the server answers");
    assert!(said == heard, "the echo differs");
}

#[rstest]
#[tokio::test]
async fn both_links_carry_their_share(lab: Lab) {
    let (laptop, server) = (lab.host("laptop"), lab.host("server"));
    server.spawn(async || echo_server::serve(echo_server::listen("0.0.0.0:7000".parse().unwrap())?).await);
    server.until(|now| now.listens(7000)).await;

    // A socket stays in the host where it was made: it can be used from anywhere.
    let mut stream = laptop.run(async || echo_server::connect("server:7000").await).await.unwrap();
    // The other subflow comes once both ends have heard of each other.
    chat(&mut stream, 1).await;
    laptop.until(|now| now.subflows.len() == 2).await;

    let watch = lab.watch();
    chat(&mut stream, 4 << 20).await;
    let seen = watch.end();
    assert!(seen.share("laptop", "ethernet") > 2.0, "{seen}");
    assert!(seen.share("laptop", "wlan") > 2.0, "{seen}");
    assert_eq!(laptop.counter("MPTcpExtMPJoinSynTx"), 1);
}

#[rstest]
#[tokio::test]
async fn a_pulled_cable_is_survived(lab: Lab) {
    let (laptop, server) = (lab.host("laptop"), lab.host("server"));
    // The program itself this time, as it is installed.
    let mut program = server.command("echo-server").arg("0.0.0.0:7000").spawn().unwrap();
    server.until(|now| now.listens(7000)).await;
    let mut stream = laptop.run(async || echo_server::connect("server:7000").await).await.unwrap();
    chat(&mut stream, 1).await;
    laptop.until(|now| now.subflows.len() == 2).await;

    lab.cut("ethernet", How::Carrier);
    let watch = lab.watch();
    chat(&mut stream, 100_000).await;
    let seen = watch.end();
    assert!(seen.share("laptop", "wlan") > 99.0, "{seen}");

    lab.restore("ethernet");
    let watch = lab.watch();
    while watch.so_far().bytes("laptop:eth0") < 100_000 {
        chat(&mut stream, 100_000).await;
    }
    assert!(program.try_wait().unwrap().is_none(), "the server has ended");
}

#[rstest]
#[tokio::test]
async fn a_slow_link_is_seen(lab: Lab) {
    let (laptop, server) = (lab.host("laptop"), lab.host("server"));
    lab.cut("ethernet", How::Blackhole);
    lab.shape("wlan", "delay=50ms");
    let address = server.address("wlan0");
    server.spawn(async move || echo_server::serve(echo_server::listen((address, 7000).into())?).await);
    server.until(|now| now.listens(7000)).await;

    let mut stream = laptop.run(async move || echo_server::connect((address, 7000)).await).await.unwrap();
    chat(&mut stream, 1).await;
    let subflows = laptop.subflows();
    assert!(subflows[0].rtt >= 100_000, "there and back in microseconds: {subflows:#?}");
}

#[rstest]
#[tokio::test]
async fn clients_that_speak_tcp_are_served(lab: Lab) {
    let (laptop, server) = (lab.host("laptop"), lab.host("server"));
    server.spawn(async || echo_server::serve(echo_server::listen("0.0.0.0:7000".parse().unwrap())?).await);
    server.until(|now| now.listens(7000)).await;

    let mut stream = laptop.run(async || TcpStream::connect("server:7000").await).await.unwrap();
    chat(&mut stream, 10_000).await;
    assert!(laptop.subflows().is_empty());
    assert_eq!(server.counter("MPTcpExtMPCapableSYNRX"), 0);
}
