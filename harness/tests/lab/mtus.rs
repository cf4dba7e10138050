//! What is too large for the end of a link that it comes to is dropped there, be it a packet or a part of a super-packet.
//!
//! A link keeps the order of its packets: what has not come when a smaller one that was sent after it has, never comes.

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use mplab::lab::Lab;
use mplab::plan::{self, Forwarding, Means};
use mplab::words::Engine;
use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};

use crate::support;

/// A link whose second end takes less than its first one sends.
pub(crate) fn topology(engine: Engine, conditions: &str) -> String {
    format!(
        r#"
        summary = "an MTU that does not fit"
        link.x = {{ ends = ["a:x", "b:x"], engine = "{engine}"{conditions} }}
        host.b.interface.x.mtu = 1400
        "#
    )
}

/// With what a link is made.
pub(crate) const LINKS: [(&str, Engine, &str); 5] = [
    ("a_bare_link", Engine::Kernel, ""),
    ("a_bucket", Engine::Kernel, ", rate = \"100mbit\""),
    ("netem", Engine::Netem, ", rate = \"100mbit\", delay = \"1ms\""),
    ("a_netem_that_delays_alone", Engine::Netem, ", delay = \"1ms\""),
    ("a_relay", Engine::Relay, ", delay = \"1ms\""),
];

pub(crate) fn trials(means: Means, by: &str, missing: impl Fn(&str) -> Option<String>) -> Vec<Trial> {
    let trial = |(name, engine, conditions)| {
        let text = topology(engine, conditions);
        support::trial(&format!("behind_{name}_only_what_fits_arrives{by}"), missing(&text), move || only_what_fits(&text, means))
    };
    LINKS.into_iter().filter(|(_, engine, _)| *engine != Engine::Relay || means.forwarding == Forwarding::Redirect).map(trial).collect()
}

fn only_what_fits(text: &str, means: Means) -> Result<(), Failed> {
    let setup = plan::lab(&super::parse(text), means);
    let lab = Lab::build(&setup)?;
    let bind = |host: &str, address: &str| -> io::Result<UdpSocket> {
        let socket = lab.namespace(host).expect("a host of the lab").enter(|| UdpSocket::bind((address, 4000)))??;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(socket)
    };
    let (a, b) = (bind("a", "10.0.1.1")?, bind("b", "10.0.1.2")?);

    let length = |socket: &UdpSocket| {
        // One with a timeout is not called again by itself after a signal (signal(7)).
        std::iter::repeat_with(|| socket.recv(&mut [0; 2048]))
            .find(|got| !got.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted))
            .expect("it repeats")
    };
    // Each has 28 bytes of headers. Whoever has not resolved the other's address yet keeps three packets.
    a.send_to(&[1; 900], "10.0.1.2:4000")?;
    assert_eq!(length(&b)?, 900);
    a.send_to(&[1; 1450], "10.0.1.2:4000")?;
    setsockopt(&a, UdpGsoSegment, &1430)?;
    a.send_to(&[1; 3 * 1430], "10.0.1.2:4000")?;
    setsockopt(&a, UdpGsoSegment, &1000)?;
    a.send_to(&[1; 3 * 1000], "10.0.1.2:4000")?;
    for _ in 0..3 {
        assert_eq!(length(&b)?, 1000, "what does not fit came");
    }
    setsockopt(&b, UdpGsoSegment, &1300)?;
    b.send_to(&[1; 3 * 1300], "10.0.1.1:4000")?;
    for _ in 0..3 {
        assert_eq!(length(&a)?, 1300);
    }
    Ok(())
}
