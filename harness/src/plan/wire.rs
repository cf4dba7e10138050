//! A link's wire: the two interfaces in the hidden namespace between its ends, what carries packets across, and what shapes them.
//! Not here: the hosts' own interfaces.

use serde::{Deserialize, Serialize};

use super::{Act, Op};
use crate::topology::Link;
use crate::words::names::WIRES;
use crate::words::{Feature, Percent, Size, Time};

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

    /// The way for a place with `features`: redirection, or a bridge where there is none.
    pub fn for_place(features: &std::collections::BTreeSet<Feature>) -> Self {
        if !features.contains(&Feature::Redirect) && features.contains(&Feature::Bridge) { Self::Bridge } else { Self::Redirect }
    }
}

/// The wire's interface towards the link's first (0) or second (1) end.
pub(super) fn dev(link: &str, end: usize) -> String {
    format!("{link}-{}", ["a", "b"][end])
}

fn op(act: Act) -> Op {
    Op::new(WIRES, act)
}

/// Lets packets cross that enter at end `from`.
pub(super) fn open(link: &str, from: usize, forwarding: Forwarding) -> Op {
    let (dev, to) = (dev(link, from), dev(link, 1 - from));
    op(match forwarding {
        Forwarding::Redirect => Act::Redirect { dev, to },
        Forwarding::Bridge => Act::Port { dev: to, flood: true },
    })
}

/// Lets packets vanish that enter at end `from`.
pub(super) fn blackhole(link: &str, from: usize, forwarding: Forwarding) -> Op {
    op(match forwarding {
        Forwarding::Redirect => Act::Unredirect { dev: dev(link, from) },
        Forwarding::Bridge => Act::Port { dev: dev(link, 1 - from), flood: false },
    })
}

/// What a wire whose interfaces exist needs before it can be opened.
pub(super) fn prepare(link: &str, forwarding: Forwarding) -> Vec<Op> {
    let ends = [0, 1];
    match forwarding {
        Forwarding::Redirect => ends.map(|end| op(Act::Ingress { dev: dev(link, end) })).to_vec(),
        Forwarding::Bridge => {
            let bridge = link.to_owned();
            let ports = ends.map(|end| op(Act::Attach { dev: dev(link, end), bridge: bridge.clone() }));
            std::iter::once(op(Act::Bridge { dev: bridge.clone() })).chain(ports).collect()
        }
    }
}

/// What a link's conditions are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shaper {
    Tbf,
    Netem,
}

impl Shaper {
    pub(super) const fn feature(self) -> Feature {
        match self {
            Self::Tbf => Feature::Tbf,
            Self::Netem => Feature::Netem,
        }
    }
}

/// The kernel's token bucket where only a rate is asked for, netem for everything else, nothing for a bare cable.
pub(super) fn shaper(link: &Link) -> Option<Shaper> {
    if link.delay.is_some() || link.jitter.is_some() || link.loss.is_some() { Some(Shaper::Netem) } else { link.rate.map(|_| Shaper::Tbf) }
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

/// What shapes a link, in both directions: each at the interface by which packets leave the wire.
pub(super) fn shape(name: &str, link: &Link) -> Vec<Op> {
    let Some(shaper) = shaper(link) else { return Vec::new() };
    let packet = u64::from(link.mtu) + ETHERNET;
    let queue = |rate: crate::words::Rate| link.limit.map_or(rate.bytes_in(QUEUE).max(QUEUE_PACKETS * packet), |limit| limit.0.max(packet));
    let act = |dev: String| match (shaper, link.rate) {
        (Shaper::Tbf, Some(rate)) => Act::Tbf { dev, rate, burst: Size(rate.bytes_in(BURST).max(10 * packet)), limit: Size(queue(rate)) },
        (_, rate) => {
            let delay = link.delay.unwrap_or_default();
            // netem's limit counts the packets on their way too.
            let limit = rate.map_or(NETEM_PACKETS, |rate| (queue(rate) + rate.bytes_in(delay)).div_ceil(packet) + 1);
            Act::Netem {
                dev,
                delay,
                jitter: link.jitter.unwrap_or_default(),
                loss: link.loss.unwrap_or(Percent(0.0)),
                rate,
                limit: limit as u32,
            }
        }
    };
    [1, 0].map(|end| op(act(dev(name, end)))).to_vec()
}
