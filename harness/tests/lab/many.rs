//! Fifty shaped links in one lab, and traffic on all of them at once.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use mplab::lab::Lab;
use mplab::plan::{self, Forwarding};
use mplab::relay::Direction;

use crate::support;

const LINKS: u8 = 50;
const BYTES: usize = 30_000;
/// At 5 Mbit/s.
const TAKES: Duration = Duration::from_millis(48);

/// Links of the relay, whose names have the order of their networks.
pub(crate) fn topology() -> String {
    let link = |number| {
        format!("link{number:02} = {{ ends = [\"a:{number}\", \"b:{number}\"], engine = \"relay\", rate = \"5mbit\", delay = \"5ms\" }}\n")
    };
    format!("summary = \"two hosts, fifty links\"\n[link]\n{}", (1..=LINKS).map(link).collect::<String>())
}

pub(crate) fn trial(missing: Option<String>) -> Trial {
    support::trial("fifty_shaped_links_carry_traffic_at_once", missing, all_carry)
}

fn all_carry() -> Result<(), Failed> {
    let lab = Lab::build(&plan::lab(&crate::parse(&topology()), Forwarding::Redirect))?;
    let connections = (1..=LINKS).map(|number| connect(&lab, number)).collect::<Result<Vec<_>, Failed>>()?;
    let begun = Instant::now();
    let threads: Vec<_> = connections
        .into_iter()
        .map(|(client, server)| {
            let echo = thread::spawn(move || std::io::copy(&mut &server, &mut &server));
            let there_and_back = thread::spawn(move || there_and_back(client).map(|()| begun.elapsed()));
            (echo, there_and_back)
        })
        .collect();
    let mut fastest = Duration::MAX;
    for (echo, there_and_back) in threads {
        fastest = fastest.min(there_and_back.join().map_err(|_| "it panicked: see above")??);
        assert_eq!(echo.join().map_err(|_| "it panicked: see above")??, BYTES as u64);
    }
    assert!(fastest >= TAKES, "{BYTES} bytes within {fastest:?}");
    let relay = lab.relay().ok_or("the links are its")?;
    for number in 1..=LINKS {
        for way in Direction::BOTH {
            let seen = relay.seen(&format!("link{number:02}"), way)?;
            assert!(seen.counts.packets as usize > BYTES / 1448 && seen.late.packets >= seen.counts.packets, "{number} {way}: {seen:?}");
        }
    }
    Ok(())
}

/// A connection over a link: the client's socket, and the server's.
fn connect(lab: &Lab, number: u8) -> Result<(TcpStream, TcpStream), Failed> {
    let [client, server] = ["a", "b"].map(|host| lab.namespace(host).expect("it was built"));
    let to = (Ipv4Addr::new(10, 0, number, 2), 5001);
    let listener = server.enter(|| TcpListener::bind(to))??;
    let client = client.enter(|| TcpStream::connect(to))??;
    Ok((client, listener.accept()?.0))
}

/// Sends bytes that are nowhere the same, and compares what comes back.
fn there_and_back(client: TcpStream) -> std::io::Result<()> {
    let sent: Vec<u8> = (0..BYTES as u32 / 4).flat_map(u32::to_be_bytes).collect();
    let mut came = Vec::new();
    let (mut reading, mut writing) = (client.try_clone()?, client);
    let expected = sent.clone();
    let writing = thread::spawn(move || writing.write_all(&sent).and_then(|()| writing.shutdown(std::net::Shutdown::Write)));
    reading.read_to_end(&mut came)?;
    writing.join().expect("it does not panic")?;
    assert!(came == expected, "{} bytes came back", came.len());
    Ok(())
}
