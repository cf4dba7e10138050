//! A link's wire: the two interfaces in the hidden namespace between its ends, what carries packets across, and what shapes them.
//! Not here: the hosts' own interfaces.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::netem::{Chain, Course};
use super::{Act, DeviceAct, Op, QdiscAct, RelayAct};
use crate::document::topology::Link;
use crate::words::names::WIRES;
use crate::words::shape::{Distribution, Jitter, Limit};
use crate::words::trace::Trace;
use crate::words::{Direction, Engine, Feature, Percent, QdiscHandle, Rate, Shape, Size, Time};

/// How packets cross a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forwarding {
    /// By the ingress qdisc of either end.
    #[default]
    Redirect,
    /// By a bridge that both ends are ports of. It does not forward frames to 01:80:C2:00:00:0X (LACP, STP).
    Bridge,
}

/// What a place has for its wires and path managers, and the seed for the fate of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// How packets cross.
    pub forwarding: Forwarding,
    /// The engine that delays and loses them unless a file names one: netem, or the relay if there is no netem.
    pub delays: Engine,
    /// Whether netem accepts a seed.
    pub seeds: bool,
    /// Whether one netem may duplicate packets before another.
    pub pairs: bool,
    /// Whether path managers are selected by name.
    pub managers: bool,
    /// The rate of links that nothing slows down, in a place where they would otherwise be infinitely fast.
    pub unshaped: Option<Rate>,
    /// The seed.
    pub seed: u64,
}

impl Means {
    /// The means of a place with `features`: redirection, or else bridges; netem, or else the relay.
    pub fn of(features: &BTreeSet<Feature>, seed: u64) -> Self {
        let bridge = !features.contains(&Feature::Redirect) && features.contains(&Feature::Bridge);
        Self {
            forwarding: if bridge { Forwarding::Bridge } else { Forwarding::Redirect },
            delays: if features.contains(&Feature::Netem) { Engine::Netem } else { Engine::Relay },
            seeds: features.contains(&Feature::NetemSeed),
            pairs: features.contains(&Feature::NetemPairs),
            managers: features.contains(&Feature::PathManagerNames),
            unshaped: None,
            seed,
        }
    }
}

/// The means of a kernel that has everything.
impl From<Forwarding> for Means {
    fn from(forwarding: Forwarding) -> Self {
        Self { forwarding, delays: Engine::Netem, seeds: true, pairs: true, managers: true, unshaped: None, seed: 0 }
    }
}

/// The engine of a link, and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The engine.
    pub engine: Engine,
    /// Why.
    pub why: String,
}

/// The engine of a link that has these conditions in the course of a case, up and down: the one that its file names, or else the simplest that can
/// do it.
pub(super) fn choose(link: &Link, course: [&[&Shape]; 2], means: Means) -> Choice {
    let every = |test: fn(&Shape) -> bool| course.concat().iter().all(|shape| test(shape));
    let (engine, why) = match (link.engine, means.delays) {
        (Some(engine), _) => (engine, "the topology says so"),
        (None, _) if every(Shape::is_bare) => (Engine::Kernel, "nothing is asked for"),
        (None, _) if every(Shape::is_rate_alone) => (Engine::Kernel, "only a rate is asked for"),
        (None, Engine::Netem) => match beyond_netem(course, means) {
            Some(beyond) => (Engine::Relay, beyond),
            None => (Engine::Netem, "more than a rate is asked for, and the kernel has netem"),
        },
        (None, engine) => (engine, "more than a rate is asked for, and the kernel has no netem"),
    };
    Choice { engine, why: why.to_owned() }
}

/// Why the relay makes these conditions better than netem, if so.
fn beyond_netem(course: [&[&Shape]; 2], means: Means) -> Option<&'static str> {
    let all = course.concat();
    // netem draws delays from the low bits of correlated numbers, and these are not correlated; and the rest of a division of 32 bits is
    // not evenly spread if the divisor is large (net/sched/sch_netem.c, tabledist).
    let correlated = |jitter: &Jitter| jitter.correlation > Percent(0.0);
    let skewed = |jitter: &Jitter| jitter.distribution == Distribution::Uniform && jitter.amount > MOST_EVEN_JITTER;
    let jitter = |test: fn(&Jitter) -> bool| all.iter().any(|shape| shape.jitter.as_ref().is_some_and(test));
    let pair = || course.iter().any(|shapes| Course::of(shapes.iter().copied()).pair_duplicates());
    let beyond = all.iter().find_map(|shape| shape.beyond_netem());
    beyond
        .or(jitter(correlated).then_some("netem's delays are not correlated, whatever it is told"))
        .or(jitter(skewed).then_some("netem does not spread so large a jitter evenly"))
        .or((!means.pairs && pair()).then_some("this kernel's netem does not duplicate packets before a queue"))
}

/// With this jitter, netem's uniform distribution deviates by up to 0.6 % of the packets; with ten times as much, by 5 %.
const MOST_EVEN_JITTER: Time = Time::from_millis(50);

/// A link with its name and engine.
#[derive(Clone, Copy)]
pub(super) struct Wire<'a> {
    pub(super) name: &'a str,
    pub(super) link: &'a Link,
    pub(super) engine: Engine,
    /// The highest rate and the other conditions of each direction in the course of a case.
    pub(super) fastest: [Option<Rate>; 2],
    pub(super) course: [Course; 2],
    /// Whether each direction leads to an end with a smaller MTU than the other end's. Too large packets are dropped there, but a super-packet would
    /// pass whatever it is made of (include/linux/netdevice.h, `__is_skb_forwardable`), so it must be segmented before.
    pub(super) narrows: [bool; 2],
    pub(super) means: Means,
}

/// The wire's interface towards the link's first (0) or second (1) end.
pub(super) fn dev(link: &str, end: usize) -> String {
    format!("{link}-{}", ["a", "b"][end])
}

fn op(act: impl Into<Act>) -> Op {
    Op::new(WIRES, act)
}

/// The Ethernet header, which qdiscs count.
const ETHERNET: u64 = 14;
/// How much may leave at once after a pause: a computer that is less late than this loses no throughput.
const BURST: Time = Time::from_millis(10);
/// The default queue before a rate: what passes in this time ...
const QUEUE: Time = Time::from_millis(50);
/// ... but not fewer packets than this: 50 ms at 1 Mbit/s are four.
const QUEUE_PACKETS: u64 = 30;

/// The place of the qdisc that segments super-packets, and of the one below it.
const FIRST: QdiscHandle = QdiscHandle { parent: None, handle: 1 };
const SECOND: QdiscHandle = QdiscHandle { parent: Some(1), handle: 2 };
/// How many bytes may wait at the first if there is no second: many super-packets.
const APART: Size = Size(4 << 20);

impl Wire<'_> {
    fn dev(&self, end: usize) -> String {
        dev(self.name, end)
    }

    /// Lets packets that enter at end `from` cross, or makes them vanish.
    pub(super) fn pass(&self, from: usize, passes: bool) -> Op {
        let (dev, to) = (self.dev(from), self.dev(1 - from));
        match (self.engine, self.means.forwarding) {
            (Engine::Relay, _) => op(RelayAct::Swallow { link: self.name.to_owned(), way: Direction::BOTH[from], on: !passes }),
            (_, Forwarding::Redirect) if passes => op(QdiscAct::Redirect { dev, to }),
            (_, Forwarding::Redirect) => op(QdiscAct::Unredirect { dev }),
            (_, Forwarding::Bridge) => op(DeviceAct::Port { dev: to, flood: passes }),
        }
    }

    /// What it needs once its interfaces exist, before it can be opened.
    pub(super) fn prepare(&self) -> Vec<Op> {
        let ends = [0, 1];
        match (self.engine, self.means.forwarding) {
            (Engine::Relay, _) => Vec::new(),
            (_, Forwarding::Redirect) => ends.map(|end| op(QdiscAct::Ingress { dev: self.dev(end) })).to_vec(),
            (_, Forwarding::Bridge) => {
                let bridge = self.name.to_owned();
                let ports = ends.map(|end| op(DeviceAct::Attach { dev: self.dev(end), master: bridge.clone() }));
                std::iter::once(op(DeviceAct::Bridge { dev: bridge.clone() })).chain(ports).collect()
            }
        }
    }

    /// What carries packets across, once it is prepared.
    pub(super) fn open(&self) -> Vec<Op> {
        if self.engine != Engine::Relay {
            return [0, 1].map(|from| self.pass(from, true)).to_vec();
        }
        let of = |shape| Box::new(self.with_queue(shape));
        let (up, down) = (of(&self.link.up), of(&self.link.down));
        vec![op(RelayAct::Relay { link: self.name.to_owned(), dev: self.dev(0), to: self.dev(1), up, down, seed: self.seed(&[]) })]
    }

    /// A seed of its own, so that the links of a lab, and their decisions, are unrelated.
    fn seed(&self, of: &[u64]) -> u64 {
        // FNV-1a.
        let bytes = self.name.bytes().chain(of.iter().flat_map(|number| number.to_le_bytes()));
        self.means.seed ^ bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }

    /// What shapes it at first, in the kernel: each direction at the interface by which packets leave the wire.
    pub(super) fn shape(&self) -> Vec<Op> {
        let ways = [(Direction::Up, &self.link.up), (Direction::Down, &self.link.down)];
        let shaped = |way: Direction, shape: &Shape| match self.engine {
            Engine::Relay => false,
            Engine::Kernel => !shape.is_bare(),
            Engine::Netem => self.course[way as usize].shaped,
        };
        let split = |way: Direction| self.split(way).filter(|_| self.engine != Engine::Netem || !self.course[way as usize].shaped).map(op);
        let made = |(way, shape)| if shaped(way, shape) { self.reshape(way, shape, None) } else { Vec::new() };
        ways.into_iter().flat_map(|(way, shape)| split(way).into_iter().chain(made((way, shape)))).collect()
    }

    /// Segments super-packets that leave for an end with a smaller MTU. netem's chain begins with such a qdisc anyway.
    fn split(&self, way: Direction) -> Option<QdiscAct> {
        let (dev, packet) = (self.dev(usize::from(way == Direction::Up)), Size(self.frame()));
        let act = || QdiscAct::Split { dev, place: FIRST, packet, queue: Some(APART) };
        self.narrows[way as usize].then(act)
    }

    /// The operations that give a direction its first conditions, or others at a time.
    pub(super) fn reshape(&self, way: Direction, shape: &Shape, at: Option<Time>) -> Vec<Op> {
        let dev = self.dev(usize::from(way == Direction::Up));
        let frame = self.frame();
        let act: Act = match (self.engine, shape.rate) {
            (Engine::Relay, _) => RelayAct::Reshape { link: self.name.to_owned(), way, shape: Box::new(self.with_queue(shape)) }.into(),
            (Engine::Kernel, None) => return std::iter::once(QdiscAct::Unshape { dev }).chain(self.split(way)).map(op).collect(),
            (Engine::Kernel, Some(rate)) => {
                // The bucket keeps its size when the rate falls: otherwise a waiting super-packet larger than the bucket would wait forever, and
                // everything after it (net/sched/sch_tbf.c).
                let fastest = self.fastest[way as usize].map_or(rate, |fastest| fastest.max(rate));
                let burst = Size(fastest.bytes_in(BURST).max(10 * frame));
                let place = self.narrows[way as usize].then_some(SECOND);
                QdiscAct::Tbf { dev, place, rate, burst, limit: Size(self.queue(shape, rate)) }.into()
            }
            (Engine::Netem, rate) => {
                let queue = rate.map(|rate| u32::try_from(self.queue(shape, rate) / frame).unwrap_or(u32::MAX));
                // A netem that gets its seed again restarts its random numbers.
                let seed = self.means.seeds.then(|| self.seed(&[way as u64, at.map_or(0, |at| at.0)]));
                let chain = Chain { dev: &dev, course: self.course[way as usize], packet: Size(frame) };
                return chain.acts(shape, queue, seed, at.is_some()).into_iter().map(op).collect();
            }
        };
        vec![op(act)]
    }

    /// The longest frame.
    fn frame(&self) -> u64 {
        u64::from(self.link.mtu) + ETHERNET
    }

    /// The queue before a rate, in bytes.
    fn queue(&self, shape: &Shape, rate: Rate) -> u64 {
        match shape.limit {
            None => rate.bytes_in(QUEUE).max(QUEUE_PACKETS * self.frame()),
            Some(Limit::Bytes(size)) => size.0.max(self.frame()),
            Some(Limit::Packets(packets)) => packets.max(1) * self.frame(),
        }
    }

    /// Conditions with the default queue of a rate: that of the highest rate of the link's own steps, or of a trace's mean.
    fn with_queue(&self, shape: &Shape) -> Shape {
        let highest = || shape.rate.into_iter().chain(shape.steps.iter().filter_map(|step| step.rate)).max();
        let rate = shape.trace.as_ref().map(Trace::mean).or_else(highest);
        let limit = shape.limit.or(rate.map(|rate| Limit::Bytes(Size(self.queue(shape, rate)))));
        Shape { limit, ..shape.clone() }
    }
}
