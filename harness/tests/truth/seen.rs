//! What came of the frames, and whether that is what the link was asked to do.
//! Not here: how they were sent.
//!
//! In virtual time nothing but the link makes a frame late, so both bounds are judged. In real time a busy computer does, and only what no lateness
//! excuses is: a frame that came too early, more than a rate allows, more or fewer losses than chance allows.

use std::collections::BTreeMap;

use mplab::recording::Recording;
use mplab::words::shape::Distribution;
use mplab::words::{Engine, Rate, Time};

use crate::asked::{Asked, LONG, Link, sending};
use crate::probe::{BACK, CAME, LEFT, SENT};
use crate::table::Table;

/// Two stamps of one clock, taken one behind the other, may be so far apart from a delay that was kept, in ms.
const CLOCK: f64 = 0.001;
/// What a bucket holds: a computer that is late by less loses no rate (`BURST` in plan/wire.rs).
const BURST: Time = Time::from_millis(10);
/// Chance goes further than so many standard deviations once in 150,000 times.
const DEVIATIONS: f64 = 4.5;

/// What is written into tables, and what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) cells: Vec<(Table, String)>,
    pub(crate) wrong: Vec<String>,
}

impl Measured {
    fn cell(&mut self, table: Table, text: String) {
        self.cells.push((table, text));
    }

    fn judge(&mut self, holds: bool, words: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(words());
        }
    }
}

/// The stamps by the frames' numbers, in nanoseconds.
type Stamps = BTreeMap<u64, u64>;

struct Frames {
    sent: Stamps,
    came: Stamps,
    left: Stamps,
    back: Stamps,
}

impl Frames {
    fn read(recording: &Recording) -> Self {
        let lines: Vec<&str> = recording.processes.values().flat_map(|process| &process.output).map(|line| line.text.trim_end()).collect();
        let of = |what: &str| {
            let stamp = |line: &&str| {
                let (number, at) = line.strip_prefix(what)?.trim_start().split_once(' ')?;
                Some((number.parse().ok()?, at.parse().ok()?))
            };
            lines.iter().filter_map(stamp).collect()
        };
        Self { sent: of(SENT), came: of(CAME), left: of(LEFT), back: of(BACK) }
    }
}

fn millis(time: Time) -> f64 {
    time.0 as f64 / 1e6
}

/// How long it took from one stamp to the other, in ms, the shortest first.
fn between(from: &Stamps, to: &Stamps) -> Vec<f64> {
    let mut times: Vec<_> = to.iter().filter_map(|(number, at)| Some((*at as f64 - *from.get(number)? as f64) / 1e6)).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn at(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

/// What became of a link's frames.
pub(crate) fn measure(link: &Link, recording: &Recording) -> Result<Measured, String> {
    let frames = Frames::read(recording);
    if frames.sent.len() as u64 != link.sent.many || frames.came.is_empty() {
        let counts = (frames.sent.len(), frames.came.len());
        return Err(format!("{}: {counts:?} of {} frames: {:?} {:?}", link.name(), link.sent.many, recording.processes, recording.splats));
    }
    let exact = recording.place.is_virtual();
    let mut measured = Measured::default();
    match link.asked {
        Asked::Delay(asked) => delay(&mut measured, &frames, millis(asked), exact),
        Asked::Rate(asked, queue) => rate(&mut measured, &frames, (asked, queue), link.engine, exact),
        Asked::Jitter(delay, amount, distribution) => jitter(&mut measured, &frames, (millis(delay), millis(amount)), distribution, exact),
        Asked::Loss(part) => loss(&mut measured, &frames, part),
    }
    measured.wrong.iter_mut().for_each(|words| *words = format!("{}: {words}", link.name()));
    Ok(measured)
}

fn delay(measured: &mut Measured, frames: &Frames, asked: f64, exact: bool) {
    let mut ways = between(&frames.sent, &frames.came);
    ways.extend(between(&frames.left, &frames.back));
    ways.sort_by(f64::total_cmp);
    let trips = between(&frames.sent, &frames.back);
    let complete = ways.len() == 2 * frames.sent.len() && trips.len() == frames.sent.len();
    measured.judge(complete, || format!("{} of {} came", ways.len(), 2 * frames.sent.len()));
    if !complete {
        return;
    }
    for (table, times, asked, most) in [(Table::OneWay, &ways, asked, 0.1), (Table::RoundTrip, &trips, 2.0 * asked, 0.2)] {
        let [least, half, slow] = [0.0, 0.5, 0.99].map(|part| at(times, part) - asked);
        let beyond = mean(times) - asked;
        measured.judge(least >= -CLOCK, || format!("{asked} ms were asked for, and one took {} ms", times[0]));
        if exact {
            measured.judge(beyond <= asked / 100.0 + most, || {
                format!("{asked} ms were asked for, and they took {beyond:.3} ms more on average")
            });
            measured.judge(slow <= 0.5, || format!("{asked} ms were asked for, and one of a hundred took {slow:.3} ms more"));
            measured.cell(table, format!("{beyond:.2} / {slow:.2}"));
        } else {
            measured.cell(table, format!("{least:.2} / {half:.2}"));
        }
    }
}

fn rate(measured: &mut Measured, frames: &Frames, (asked, queue): (Rate, u64), engine: Engine, exact: bool) {
    let mut came: Vec<u64> = frames.came.values().copied().collect();
    came.sort_unstable();
    let carried = |times: &[u64]| ((times.len() - 1) as u64 * LONG * 8) as f64 / (times[times.len() - 1] - times[0]) as f64 * 1e3;
    // When the bucket is empty and the queue full.
    let late = &came[came.len() / 2..];
    let sent: Vec<u64> = frames.sent.values().copied().collect();
    let (offered, rate) = (carried(&sent), carried(late));
    let megabits = asked.0 as f64 / 1e6;
    let first = sent[0];
    let allowed = |at: u64| asked.bytes_in(Time(at - first).after(BURST)).max(asked.bytes_in(Time(at - first)) + 10 * LONG) + LONG;
    let excess = came.iter().enumerate().find(|(number, at)| (*number as u64 + 1) * LONG > allowed(**at));
    measured.judge(excess.is_none(), || format!("more came than {megabits} Mbit/s allow: {excess:?}"));
    // Who cannot send as much cannot be held back. A CPU of 250 MHz sends no Gbit/s, and where it moves each frame in user space, too, no 100 Mbit/s.
    if offered < 1.2 * megabits {
        let fastest = if engine == Engine::Relay { 10.0 } else { 100.0 };
        measured.judge(!exact || megabits > fastest, || format!("only {offered:.1} Mbit/s were offered"));
        measured.cell(Table::Rate, format!("({rate:.0} Mbit/s)"));
        measured.cell(Table::Queue, "-".to_owned());
        return;
    }
    let waits = between(&frames.sent, &frames.came);
    let base = if waits[0] >= 9.0 { 9.0 } else { 0.0 };
    let (longest, full) = (waits[waits.len() - 1] - base, millis(Time(sending(asked, LONG).0 * queue)));
    let frame = millis(sending(asked, LONG));
    if exact {
        measured.judge((rate / megabits - 1.0).abs() <= 0.01, || format!("it carried {rate:.3} Mbit/s"));
        let bounds = full - 1.5 * frame..=full + frame + 0.5;
        measured.judge(bounds.contains(&longest), || format!("the longest wait was {longest:.2} ms in a queue of {full:.2} ms"));
    }
    measured.cell(Table::Rate, format!("{:.1} %", rate / megabits * 100.0));
    measured.cell(Table::Queue, format!("{longest:.2} / {full:.2}"));
}

fn jitter(measured: &mut Measured, frames: &Frames, (delay, amount): (f64, f64), distribution: Distribution, exact: bool) {
    let ways = between(&frames.sent, &frames.came);
    let many = ways.len() as f64;
    measured.judge(ways.len() == frames.sent.len(), || format!("{many} of {} came", frames.sent.len()));
    let wanted = |number: usize| delay + amount * distribution.deviation((number as f64 + 0.5) / many);
    let apart: Vec<f64> = ways.iter().enumerate().map(|(number, way)| (way - wanted(number)).abs()).collect();
    let (beyond, apart) = (mean(&ways) - delay, mean(&apart));
    if exact {
        // A mean of so many is itself off by chance.
        let chance = DEVIATIONS * amount / many.sqrt();
        measured.judge(beyond.abs() <= delay / 100.0 + 0.1 + chance, || format!("the mean is {beyond:.3} ms off"));
        measured.judge(apart <= 0.1 * amount, || format!("on average a delay is {apart:.3} ms from where the distribution has it"));
    }
    measured.cell(Table::Jitter, format!("{beyond:+.2} / {apart:.2}"));
}

fn loss(measured: &mut Measured, frames: &Frames, part: f64) {
    let many = frames.sent.len() as f64;
    let lost = many - frames.came.len() as f64;
    let deviation = (many * part * (1.0 - part)).sqrt();
    measured.judge((lost - many * part).abs() <= DEVIATIONS * deviation, || format!("{lost} of {many} were lost"));
    measured.cell(Table::Loss, format!("{:.1} %", lost / many * 100.0));
}
