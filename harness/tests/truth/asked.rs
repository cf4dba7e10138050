//! The links that are measured, what each is asked to do, and what is sent over it.
//! Not here: sending it, and what came of it.

use mplab::case::check;
use mplab::plan::{Job, Means};
use mplab::recording::PlaceRecord;
use mplab::words::shape::Distribution;
use mplab::words::{Engine, Rate, Time};

use crate::probe::{FAR, NEAR};

/// Frames that fill no link.
pub(crate) const SHORT: u64 = 114;
/// Frames that do.
pub(crate) const LONG: u64 = 1514;

/// What a link is asked to do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    /// So long one way, both ways. With a rate the time that a frame takes to be sent is part of it.
    Delay(Time),
    /// So much per second, behind a queue of so many of the longest frames.
    Rate(Rate, u64),
    /// A delay that varies by so much.
    Jitter(Time, Time, Distribution),
    /// The part of the frames that is lost.
    Loss(f64),
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// How many frames.
    pub(crate) many: u64,
    /// How long each is.
    pub(crate) length: u64,
    /// What is between them.
    pub(crate) gap: Time,
    /// Whether each is answered.
    pub(crate) answered: bool,
    /// After how long none can be on its way any more.
    pub(crate) longest: Time,
}

/// A link.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) engine: Engine,
    /// Its conditions, as a topology has them.
    pub(crate) conditions: String,
    pub(crate) asked: Asked,
    pub(crate) sent: Sent,
}

/// How long a frame takes at a rate.
pub(crate) fn sending(rate: Rate, length: u64) -> Time {
    Time(length * 8 * 1_000_000_000 / rate.0)
}

/// All of them.
pub(crate) fn links() -> Vec<Link> {
    let engines = [Engine::Netem, Engine::Relay];
    let delays = ["0.1ms", "1ms", "3ms", "9ms", "20ms", "100ms"].map(|delay| (delay, None));
    // Those whose round trips showed that guests rounded their timers up.
    let shaped = ["1ms", "20ms"].map(|delay| (delay, Some("20mbit")));
    let delayed = delays.into_iter().chain(shaped).flat_map(|(delay, rate)| engines.map(|engine| delayed(engine, delay, rate)));
    let rates = ["1mbit", "10mbit", "100mbit", "1000mbit"];
    let limited = rates.into_iter().flat_map(|rate| {
        [limited(Engine::Kernel, rate, None), limited(Engine::Netem, rate, Some("9ms")), limited(Engine::Relay, rate, Some("9ms"))]
    });
    let spread = [Distribution::Uniform, Distribution::Normal].into_iter().flat_map(|of| engines.map(|engine| spread(engine, of)));
    delayed.chain(limited).chain(spread).chain(engines.map(lossy)).collect()
}

fn delayed(engine: Engine, delay: &str, rate: Option<&str>) -> Link {
    let conditions = format!("delay = \"{delay}\"") + &rate.map(|rate| format!(", rate = \"{rate}\"")).unwrap_or_default();
    let parsed: Time = delay.parse().expect("it is a time");
    let rate: Option<Rate> = rate.map(|rate| rate.parse().expect("it is a rate"));
    let asked = parsed.after(rate.map_or(Time::ZERO, |rate| sending(rate, SHORT)));
    // No multiple of a tick: the frames come at every part of one.
    let sent = Sent { many: 200, length: SHORT, gap: Time::from_micros(3_300), answered: true, longest: asked.after(asked) };
    Link { engine, conditions, asked: Asked::Delay(asked), sent }
}

fn limited(engine: Engine, rate: &str, delay: Option<&str>) -> Link {
    let parsed: Rate = rate.parse().expect("it is a rate");
    let queue = (parsed.bytes_in(Time::from_millis(20)) / LONG).max(30);
    let limit = if engine == Engine::Kernel { format!("\"{}\"", queue * LONG) } else { queue.to_string() };
    let delay = delay.map(|delay| format!(", delay = \"{delay}\"")).unwrap_or_default();
    let conditions = format!("rate = \"{rate}\", limit = {limit}{delay}");
    let frame = sending(parsed, LONG);
    let longest = Time(frame.0 * queue);
    // Half as much again as the link carries, for as long as it takes to fill the queue twice and a bucket, and as long once more.
    let many = (queue * 4 + parsed.bytes_in(Time::from_millis(40)) / LONG) * 3;
    let sent = Sent { many, length: LONG, gap: Time(frame.0 * 2 / 3), answered: false, longest };
    Link { engine, conditions, asked: Asked::Rate(parsed, queue), sent }
}

fn spread(engine: Engine, distribution: Distribution) -> Link {
    let (delay, amount) = (Time::from_millis(20), Time::from_millis(4));
    let conditions = format!("delay = \"20ms\", jitter = {{ amount = \"4ms\", distribution = \"{distribution}\" }}");
    let sent = Sent { many: 1_000, length: SHORT, gap: Time::from_micros(1_100), answered: false, longest: Time::from_millis(40) };
    Link { engine, conditions, asked: Asked::Jitter(delay, amount, distribution), sent }
}

fn lossy(engine: Engine) -> Link {
    let sent = Sent { many: 2_000, length: SHORT, gap: Time::from_micros(500), answered: false, longest: Time::from_millis(1) };
    Link { engine, conditions: "loss = \"5%\"".to_owned(), asked: Asked::Loss(0.05), sent }
}

impl Link {
    /// What it is called in a table.
    pub(crate) fn name(&self) -> String {
        let engine = if self.engine == Engine::Kernel { "tbf" } else { self.engine.word() };
        format!("{engine}: `{}`", self.conditions.replace('"', ""))
    }

    /// The job that measures it: two hosts with this link, and this program in both.
    pub(crate) fn job(&self, place: &PlaceRecord) -> Job {
        let topology = format!(
            "summary = \"two hosts\"\n[link.x]\nends = [\"near:eth0\", \"far:eth0\"]\nengine = \"{}\"\n{}\n",
            self.engine,
            // Only frames that are answered need the same way back. Behind a queue, or lost, an answer would be another measurement.
            if self.sent.answered { self.conditions.replace(", rate", "\nrate") } else { format!("up = {{ {} }}", self.conditions) }
        );
        let Sent { many, length, gap, answered, longest } = self.sent;
        let case = format!(
            r#"
                summary = "what a link does"
                topology = "two"
                deadline = "10min"
                sample = "10s"
                process.far = {{ host = "far", privileged = true, command = ["/proc/self/exe", "{FAR}"], ready = {{ line = "ready" }} }}
                process.near = {{ host = "near", privileged = true, command = ["/proc/self/exe", "{NEAR}", "{many}", "{length}", "{}", "{answered}", "{}"], after = ["far"] }}
                expect = [{{ process = "near", exit = 0 }}, {{ process = "far", exit = 0 }}]
            "#,
            gap.0, longest.0
        );
        let parsed = check::parse("truth.toml", &case, [("two", topology.as_str())].as_slice());
        let (case, topology) = parsed.unwrap_or_else(|wrong| panic!("{}: {}", self.name(), wrong[0]));
        Job::plan("truth", topology, case, Means::of(&place.features, 1))
    }
}
