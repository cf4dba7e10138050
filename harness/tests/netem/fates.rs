//! How many packets are lost, doubled, corrupted, sent at once, and which.
//! Not here: when they come.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use libtest_mimic::Failed;
use mplab::kernel::packet::{HEADER, LONGEST, PacketSocket};
use mplab::relay::model::{Model, Shape};
use mplab::words::shape::{Chance, Loss};
use mplab::words::{Percent, Time};

use crate::crossing::{Crossing, cross, lab, socket};

/// The variable that says how many frames cross if it shall not be a hundred thousand.
pub(crate) const FRAMES: &str = "MPLAB_TEST_FRAMES";

const SOON: Duration = Duration::from_millis(10);

fn many() -> u32 {
    std::env::var(FRAMES).map_or(100_000, |frames| frames.parse().expect("it is a number"))
}

/// Whether so many of so many are within the 99.9 % interval of a binomial distribution.
fn assert_binomial(what: &str, many: u64, of: u64, probability: f64) {
    let (mean, deviation) = (of as f64 * probability, (of as f64 * probability * (1.0 - probability)).sqrt());
    assert!((many as f64 - mean).abs() <= 3.2905 * deviation + 0.5, "{what}: {many} of {of}, expected {mean} ± {:.0}", 3.2905 * deviation);
}

pub(crate) fn random_losses_are_as_many_as_was_asked_for() -> Result<(), Failed> {
    let many = many();
    for percent in [0.1, 2.0, 30.0] {
        let seen = cross(&format!("loss = \"{percent}%\""), many, SOON)?;
        assert_binomial("lost", seen.lost(many).len() as u64, many.into(), percent / 100.0);
        assert_eq!(seen.corrupt, 0);
    }
    Ok(())
}

/// A correlation makes rare losses rarer, and both engines as much so.
pub(crate) fn correlated_losses_are_the_relay_s() -> Result<(), Failed> {
    let many = many();
    let seen = cross("loss = { random = \"10%\", correlation = \"25%\" }", many, SOON)?;
    let loss = Chance { percent: Percent(10.0), correlation: Percent(25.0) };
    let mut model = Model::new(Shape { loss: Some(Loss::Random(loss)), ..Shape::default() }, 1);
    let of = 10 * u64::from(many);
    for number in 0..of {
        model.offer(Time(number), 114, number);
        while model.take(Time(number)).is_some() {}
    }
    let expected = model.counts().dropped.loss as f64 / of as f64;
    let share = seen.lost(many).len() as f64 / f64::from(many);
    assert!(expected < 0.08 && (share / expected - 1.0).abs() < 0.1, "{share} in place of the relay's {expected}");
    Ok(())
}

pub(crate) fn duplicates_are_as_many_as_was_asked_for() -> Result<(), Failed> {
    let many = many();
    let seen = cross("duplicate = \"2%\"", many, SOON)?;
    assert!(seen.lost(many).is_empty());
    assert_binomial("doubled", seen.came.len() as u64 - u64::from(many), many.into(), 0.02);
    Ok(())
}

pub(crate) fn corrupted_packets_are_as_many_as_was_asked_for() -> Result<(), Failed> {
    let many = many();
    let seen = cross("corrupt = \"2%\"", many, SOON)?;
    assert_binomial("corrupted", seen.corrupt, many.into(), 0.02);
    assert_eq!(seen.came.len() as u64 + seen.corrupt, u64::from(many));
    Ok(())
}

pub(crate) fn packets_sent_at_once_are_as_many_as_was_asked_for() -> Result<(), Failed> {
    let many = many();
    let delay = Duration::from_millis(100);
    let seen = cross("delay = \"100ms\", reorder = \"5%\"", many, 2 * delay)?;
    assert!(seen.lost(many).is_empty());
    assert_binomial("sent at once", seen.came.iter().filter(|(_, took)| *took < delay).count() as u64, many.into(), 0.05);
    Ok(())
}

/// They skip the rate as they skip the delay, as on the relay: at 57 ms for each a second is time for few.
pub(crate) fn packets_sent_at_once_skip_the_rate() -> Result<(), Failed> {
    const MANY: u32 = 200;
    let seen = cross("rate = \"16kbit\", limit = 1000, delay = \"2s\", reorder = \"50%\"", MANY, Duration::from_secs(15))?;
    assert!(seen.lost(MANY).is_empty());
    let at_once = seen.came.iter().filter(|(_, took)| *took < Duration::from_secs(1)).count();
    assert_binomial("sent at once", at_once as u64, MANY.into(), 0.5);
    Ok(())
}

pub(crate) fn losses_come_in_bursts() -> Result<(), Failed> {
    let many = many();
    let seen = cross("loss = { gemodel = { p = \"1%\", r = \"20%\" } }", many, SOON)?;
    let lost = seen.lost(many);
    let bursts = 1 + lost.windows(2).filter(|pair| pair[1] - pair[0] > 1).count();
    // A burst ends behind each packet with the chance r. Two that touch count as one: r less p of them is what ends a burst.
    let r: f64 = 0.2 * (1.0 - 0.01);
    let (mean, deviation) = (1.0 / r, (1.0 - r).sqrt() / r / (bursts as f64).sqrt());
    let length = lost.len() as f64 / bursts as f64;
    assert!((length - mean).abs() < 3.2905 * deviation, "{length} packets in a burst, expected {mean} ± {:.2}", 3.2905 * deviation);
    Ok(())
}

/// The longest frame that a socket has received.
fn longest(socket: &PacketSocket) -> usize {
    let mut buffer = vec![0; LONGEST];
    std::iter::from_fn(|| socket.receive(&mut buffer).ok()).map(|received| received.length - HEADER).max().unwrap_or_default()
}

/// Or a loss of 1 % would be one of 1 % of what TCP sends at once, and a limit of 50 packets one of a thousand.
pub(crate) fn super_packets_are_taken_apart_on_the_wire() -> Result<(), Failed> {
    const BYTES: usize = 1 << 20;
    let lab = lab("rate = \"1gbit\", delay = \"1ms\"", 0)?;
    let (before, behind) = (socket(&lab, "wires", "x-a")?, socket(&lab, "b", "eth0")?);
    let [client, server] = ["a", "b"].map(|host| lab.namespace(host).expect("it was built"));
    let listener = server.enter(|| TcpListener::bind(("10.0.1.2", 5001)))??;
    let reading = thread::spawn(move || listener.accept()?.0.read_to_end(&mut Vec::new()));
    client.enter(|| TcpStream::connect(("10.0.1.2", 5001)))??.write_all(&vec![7; BYTES])?;
    assert_eq!(reading.join().map_err(|_| "reading panicked")??, BYTES);
    let (before, behind) = (longest(&before), longest(&behind));
    assert!(before > 1514 && behind == 1514, "{before} bytes before and {behind} behind");
    Ok(())
}

pub(crate) fn a_seed_is_a_fate() -> Result<(), Failed> {
    let lost = |seed| {
        let lab = lab("loss = \"5%\"", seed)?;
        let mut crossing = Crossing::new(&lab)?;
        crossing.send(10_000)?;
        Ok::<_, Failed>(crossing.end(SOON)?.lost(10_000))
    };
    let first = lost(1)?;
    assert!(first.len() > 300 && first == lost(1)? && first != lost(2)?);
    Ok(())
}
