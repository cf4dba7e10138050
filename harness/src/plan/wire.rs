//! A link's wire: the two interfaces in the hidden namespace between its ends, what carries packets across, and what shapes them.
//! Not here: the hosts' own interfaces.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Act, Op};
use crate::topology::Link;
use crate::words::names::WIRES;
use crate::words::shape::{Limit, Loss};
use crate::words::{Engine, Feature, Percent, Rate, Shape, Size, Time, Way};

/// How packets cross a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forwarding {
    /// By the ingress qdisc of either end.
    #[default]
    Redirect,
    /// By a bridge that both ends are ports of. It keeps frames to 01:80:C2:00:00:0X (LACP, STP) to itself.
    Bridge,
}

impl Forwarding {
    /// What a place must be able to do for it.
    pub const fn feature(self) -> Feature {
        match self {
            Self::Redirect => Feature::Redirect,
            Self::Bridge => Feature::Bridge,
        }
    }
}

/// What a place has for its wires, and the seed of what decides the fate of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// How packets cross.
    pub forwarding: Forwarding,
    /// What delays and loses them where no file pins it: netem, or the relay where there is none.
    pub delays: Engine,
    /// The seed.
    pub seed: u64,
}

impl Means {
    /// Those of a place with `features`: redirection, or bridges where there is none; netem, or the relay where there is none.
    pub fn of(features: &BTreeSet<Feature>, seed: u64) -> Self {
        let bridge = !features.contains(&Feature::Redirect) && features.contains(&Feature::Bridge);
        Self {
            forwarding: if bridge { Forwarding::Bridge } else { Forwarding::Redirect },
            delays: if features.contains(&Feature::Netem) { Engine::Netem } else { Engine::Relay },
            seed,
        }
    }
}

/// Those of a kernel that has everything.
impl From<Forwarding> for Means {
    fn from(forwarding: Forwarding) -> Self {
        Self { forwarding, delays: Engine::Netem, seed: 0 }
    }
}

/// What makes a link, and why that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What makes it.
    pub engine: Engine,
    /// Why.
    pub why: String,
}

/// What a link is made with: what its file says, else the least that does what it asks for.
pub(super) fn choose(link: &Link, means: Means) -> Choice {
    let every = |test: fn(&Shape) -> bool| test(&link.up) && test(&link.down);
    let (engine, why) = match (link.engine, means.delays) {
        (Some(engine), _) => (engine, "the topology says so"),
        (None, _) if every(Shape::is_bare) => (Engine::Kernel, "nothing is asked for"),
        (None, _) if every(Shape::is_rate_alone) => (Engine::Kernel, "only a rate is asked for"),
        (None, _) if !every(Shape::is_plain) => (Engine::Relay, "more than delay, jitter, random loss and a rate is asked for"),
        (None, Engine::Netem) => (Engine::Netem, "delay, jitter or loss is asked for, and the kernel has netem"),
        (None, engine) => (engine, "delay, jitter or loss is asked for, and the kernel has no netem"),
    };
    Choice { engine, why: why.to_owned() }
}

/// What a place must be able to do to make a link.
pub(super) fn needs(link: &Link, means: Means) -> Vec<Feature> {
    match choose(link, means).engine {
        Engine::Relay => vec![Feature::Relay],
        Engine::Netem => vec![means.forwarding.feature(), Feature::Netem],
        Engine::Kernel => {
            let rate = link.up.rate.or(link.down.rate).map(|_| Feature::Tbf);
            std::iter::once(means.forwarding.feature()).chain(rate).collect()
        }
    }
}

/// The wire's interface towards the link's first (0) or second (1) end.
pub(super) fn dev(link: &str, end: usize) -> String {
    format!("{link}-{}", ["a", "b"][end])
}

fn op(act: Act) -> Op {
    Op::new(WIRES, act)
}

/// The direction of packets that enter at end `from`.
const fn way(from: usize) -> Way {
    Way::BOTH[from]
}

/// Lets packets cross that enter at end `from`, or vanish.
pub(super) fn pass(name: &str, link: &Link, from: usize, passes: bool, means: Means) -> Op {
    let (dev, to) = (dev(name, from), dev(name, 1 - from));
    op(match (choose(link, means).engine, means.forwarding) {
        (Engine::Relay, _) => Act::Swallow { link: name.to_owned(), way: way(from), on: !passes },
        (_, Forwarding::Redirect) if passes => Act::Redirect { dev, to },
        (_, Forwarding::Redirect) => Act::Unredirect { dev },
        (_, Forwarding::Bridge) => Act::Port { dev: to, flood: passes },
    })
}

/// What a wire whose interfaces exist needs before it can be opened.
pub(super) fn prepare(name: &str, link: &Link, means: Means) -> Vec<Op> {
    let ends = [0, 1];
    match (choose(link, means).engine, means.forwarding) {
        (Engine::Relay, _) => Vec::new(),
        (_, Forwarding::Redirect) => ends.map(|end| op(Act::Ingress { dev: dev(name, end) })).to_vec(),
        (_, Forwarding::Bridge) => {
            let bridge = name.to_owned();
            let ports = ends.map(|end| op(Act::Attach { dev: dev(name, end), bridge: bridge.clone() }));
            std::iter::once(op(Act::Bridge { dev: bridge.clone() })).chain(ports).collect()
        }
    }
}

/// What carries packets across a wire that is prepared.
pub(super) fn open(name: &str, link: &Link, means: Means) -> Vec<Op> {
    if choose(link, means).engine != Engine::Relay {
        return [0, 1].map(|from| pass(name, link, from, true, means)).to_vec();
    }
    // FNV-1a: links of one lab have nothing to do with each other.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let of = |shape| Box::new(with_queue(link, shape));
    let act = Act::Relay {
        link: name.to_owned(),
        dev: dev(name, 0),
        to: dev(name, 1),
        up: of(&link.up),
        down: of(&link.down),
        seed: means.seed ^ hash,
    };
    vec![op(act)]
}

/// Conditions with the queue that a rate has if the file does not say.
fn with_queue(link: &Link, shape: &Shape) -> Shape {
    let limit = shape.limit.or(shape.rate.map(|rate| Limit::Bytes(Size(queue(link, shape, rate)))));
    Shape { limit, ..shape.clone() }
}

/// The Ethernet header, which qdiscs count.
const ETHERNET: u64 = 14;
/// How much may leave at once after a pause: a computer that is late by less loses no rate.
const BURST: Time = Time::from_millis(10);
/// The queue before a rate, if the file does not say: what passes in this time ...
const QUEUE: Time = Time::from_millis(50);
/// ... but not fewer packets than this: 50 ms at 1 Mbit/s are four.
const QUEUE_PACKETS: u64 = 30;
/// The packets that netem holds where the file says nothing of a rate.
const NETEM_PACKETS: u64 = 100_000;

/// The longest frame of a link.
fn frame(link: &Link) -> u64 {
    u64::from(link.mtu) + ETHERNET
}

/// What may wait before a link's rate, in bytes.
fn queue(link: &Link, shape: &Shape, rate: Rate) -> u64 {
    match shape.limit {
        None => rate.bytes_in(QUEUE).max(QUEUE_PACKETS * frame(link)),
        Some(Limit::Bytes(size)) => size.0.max(frame(link)),
        Some(Limit::Packets(packets)) => packets.max(1) * frame(link),
    }
}

/// What shapes a link in the kernel, in both directions: each at the interface by which packets leave the wire.
pub(super) fn shape(name: &str, link: &Link, means: Means) -> Vec<Op> {
    let engine = choose(link, means).engine;
    let ways = [(1, &link.up), (0, &link.down)];
    ways.into_iter().filter_map(|(end, shape)| in_kernel(engine, dev(name, end), link, shape)).map(op).collect()
}

/// The qdisc for one direction, if it needs one.
fn in_kernel(engine: Engine, dev: String, link: &Link, shape: &Shape) -> Option<Act> {
    let packet = frame(link);
    match (engine, shape.rate) {
        (Engine::Relay, _) | (Engine::Kernel, None) => None,
        (Engine::Kernel, Some(rate)) => {
            Some(Act::Tbf { dev, rate, burst: Size(rate.bytes_in(BURST).max(10 * packet)), limit: Size(queue(link, shape, rate)) })
        }
        (Engine::Netem, rate) => {
            // netem's limit counts the packets on their way too.
            let limit = rate.map_or(NETEM_PACKETS, |rate| (queue(link, shape, rate) + rate.bytes_in(shape.delay)).div_ceil(packet) + 1);
            let loss = match shape.loss {
                Some(Loss::Random(chance)) => chance.percent,
                _ => Percent(0.0),
            };
            let jitter = shape.jitter.map(|jitter| jitter.amount).unwrap_or_default();
            Some(Act::Netem { dev, delay: shape.delay, jitter, loss, rate, limit: limit as u32 })
        }
    }
}
