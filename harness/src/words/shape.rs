//! What one direction of a link does to packets, in tc's words: rate, delay, jitter, loss, queue.
//! Not here: doing it, nor how a topology file writes it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::trace::Trace;
use super::units::{Percent, Rate, Size, Time};

/// What shapes a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// What every kernel has: nothing for a bare cable, and the token bucket filter for a rate.
    Kernel,
    /// The kernel's network emulator.
    Netem,
    /// mplab's own link in user space.
    Relay,
}

impl Engine {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Netem => "netem",
            Self::Relay => "relay",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the first end to the second.
    Up,
    /// From the second end to the first.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Up { "up" } else { "down" })
    }
}

impl Direction {
    /// Both, `Up` first.
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];
}

/// The conditions of one direction of a link. The default is a bare cable.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// The rate; frames count with their Ethernet header, as in every qdisc.
    pub rate: Option<Rate>,
    /// A rate over time, in place of a rate. Frames count without their Ethernet header.
    pub trace: Option<Trace>,
    /// Other rates and delays from given times on.
    pub steps: Vec<Step>,
    /// The time every packet takes.
    pub delay: Time,
    /// The variation of the delay. As in netem, it changes the packets' order only without a rate.
    pub jitter: Option<Jitter>,
    /// Which packets are lost.
    pub loss: Option<Loss>,
    /// Which packets come twice.
    pub duplicate: Option<Chance>,
    /// Which packets have a bit flipped.
    pub corrupt: Option<Chance>,
    /// Which packets overtake all others.
    pub reorder: Option<Reorder>,
    /// When packets leave in groups. Only netem has it.
    pub slot: Option<Slot>,
    /// How much the queue before the rate holds, the packet being sent included; [`Limit::DEFAULT`] if absent. Without a rate it is netem's
    /// limit on what is in transit; none if absent.
    pub limit: Option<Limit>,
    /// The queue's discipline.
    pub discipline: Discipline,
}

/// In tc-netem(8)'s words where it has one.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.rate.map(|rate| format!("rate {rate}")));
        words.extend((self.delay > Time::ZERO).then(|| format!("delay {}", self.delay)));
        words.extend(self.jitter.map(|jitter| format!("jitter {}", jitter.amount)));
        match &self.loss {
            Some(Loss::Random(chance)) => words.push(format!("loss {}", chance.percent)),
            Some(Loss::Gemodel(_)) => words.push("loss gemodel".to_owned()),
            Some(Loss::Numbers(numbers)) => words.push(format!("loss of {} packets", numbers.len())),
            Some(Loss::Every(every)) => words.push(format!("loss of every {every}th packet")),
            None => {}
        }
        words.extend(self.duplicate.map(|chance| format!("duplicate {}", chance.percent)));
        words.extend(self.corrupt.map(|chance| format!("corrupt {}", chance.percent)));
        words.extend(self.reorder.map(|reorder| format!("reorder {}", reorder.percent)));
        words.extend(self.slot.map(|slot| format!("slot {}", slot.min)));
        words.extend(self.limit.map(|limit| match limit {
            Limit::Packets(packets) => format!("limit {packets}p"),
            Limit::Bytes(size) => format!("limit {}b", size.0),
        }));
        words.extend(self.trace.as_ref().map(|_| "trace".to_owned()));
        words.extend((!self.steps.is_empty()).then(|| format!("{} steps", self.steps.len())));
        f.write_str(if words.is_empty() { "a bare cable" } else { "" })?;
        f.write_str(&words.join(" "))
    }
}

impl Shape {
    /// Whether the fate of a packet depends on its size or number, so that super-packets must be segmented.
    pub fn needs_units(&self) -> bool {
        *self != Self { delay: self.delay, ..Self::default() }
    }

    /// Whether there is only a rate and its queue in bytes, which a token bucket can do.
    pub fn is_rate_alone(&self) -> bool {
        let in_packets = matches!(self.limit, Some(Limit::Packets(_)));
        !in_packets && *self == Self { rate: self.rate, limit: self.limit, ..Self::default() }
    }

    /// What netem cannot do of it, or does differently.
    pub fn beyond_netem(&self) -> Option<&'static str> {
        /// netem truncates a jitter of more than 31 bits (net/sched/sch_netem.c, netem_change).
        const MOST_JITTER: Time = Time(i32::MAX as u64);
        if self.trace.is_some() {
            Some("netem cannot follow a trace")
        } else if !self.steps.is_empty() {
            Some("netem takes no steps of its own")
        } else if self.discipline != Discipline::DropTail {
            Some("netem's queue is kept by its limit alone")
        } else if matches!(self.limit, Some(Limit::Bytes(_))) {
            Some("netem counts its queue in packets, not in bytes")
        } else if matches!(self.loss, Some(Loss::Numbers(_) | Loss::Every(_))) {
            Some("netem does not know packets by their numbers")
        } else if self.jitter.is_some_and(|jitter| jitter.amount > MOST_JITTER) {
            Some("netem's jitter ends at 2.147s")
        } else {
            None
        }
    }

    /// Whether packets pass unchanged and at once.
    pub fn is_bare(&self) -> bool {
        *self == Self::default()
    }

    /// Whether packets wait in a queue for others to be sent.
    pub fn has_queue(&self) -> bool {
        self.rate.is_some() || self.trace.is_some() || self.steps.iter().any(|step| step.rate.is_some())
    }
}

/// A rate or delay from a time on, counted from when the steps came into effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// When it begins.
    pub at: Time,
    /// The rate; unchanged if absent. Nothing passes at 0.
    pub rate: Option<Rate>,
    /// The delay; unchanged if absent.
    pub delay: Option<Time>,
}

/// `delay TIME JITTER CORRELATION distribution NAME`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jitter {
    /// Half the width of a uniform distribution, the standard deviation of the others.
    pub amount: Time,
    /// The distribution of the delays.
    pub distribution: Distribution,
    /// How much a delay resembles the one before.
    pub correlation: Percent,
}

/// The distributions of tc-netem(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distribution {
    /// Every delay within the jitter is equally likely.
    #[default]
    Uniform,
    /// A bell curve.
    Normal,
    /// A long tail.
    Pareto,
    /// A quarter of the bell curve and three quarters of the long tail.
    ParetoNormal,
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uniform => "uniform",
            Self::Normal => "normal",
            Self::Pareto => "pareto",
            Self::ParetoNormal => "paretonormal",
        })
    }
}

/// `PERCENT CORRELATION`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chance {
    /// How many of the packets.
    pub percent: Percent,
    /// How much the draw for a packet resembles the one before. As in netem, a correlation makes rare things rarer.
    pub correlation: Percent,
}

impl Chance {
    /// This percentage of the packets, independently of each other.
    pub const fn of(percent: f64) -> Self {
        Self { percent: Percent(percent), correlation: Percent(0.0) }
    }
}

/// `reorder PERCENT CORRELATION gap DISTANCE`: packets that are sent at once while the others take their delay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reorder {
    /// How many of the candidates.
    pub percent: Percent,
    /// How much the draw for a packet resembles the one before.
    #[serde(default)]
    pub correlation: Percent,
    /// A packet is a candidate after `gap` - 1 packets that were not sent at once.
    #[serde(default = "one")]
    pub gap: u32,
}

/// `slot MIN MAX packets PACKETS bytes BYTES`: packets that are due wait for a slot, in which as many leave as fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slot {
    /// The shortest time to the next slot, ...
    pub min: Time,
    /// ... and the longest. Every time in between is equally likely.
    pub max: Time,
    /// How many packets fit; any number if absent.
    pub packets: Option<u32>,
    /// How many bytes fit; any number if absent.
    pub bytes: Option<Size>,
}

fn one() -> u32 {
    1
}

/// Which packets are lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Loss {
    /// `loss random`.
    Random(Chance),
    /// `loss gemodel`: bursts.
    Gemodel(Gemodel),
    /// Those with these numbers. The first packet since the loss came into effect has number 1; duplicates are not counted.
    Numbers(Vec<u64>),
    /// Every n-th, beginning with the n-th.
    Every(u64),
}

/// The Gilbert-Elliott model: a good and a bad state, each with a loss of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gemodel {
    /// `p`: how likely a packet is the last of the good state.
    pub p: Percent,
    /// `r`: how likely a packet is the last of the bad state; 100 % - p if absent.
    #[serde(default)]
    pub r: Option<Percent>,
    /// `1-h`: the loss in the bad state; all if absent.
    #[serde(default)]
    pub bad: Option<Percent>,
    /// `1-k`: the loss in the good state; none if absent.
    #[serde(default)]
    pub good: Option<Percent>,
}

/// How much a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// This many packets.
    Packets(u64),
    /// This many bytes.
    Bytes(Size),
}

impl Limit {
    /// netem's default.
    pub const DEFAULT: Self = Self::Packets(1000);

    /// Whether a packet of `len` bytes fits beside what is there.
    pub fn fits(self, packets: u64, bytes: u64, len: u32) -> bool {
        match self {
            Self::Packets(most) => packets < most,
            Self::Bytes(most) => bytes + u64::from(len) <= most.0,
        }
    }
}

/// How a queue is kept short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discipline {
    /// Only by its limit: a packet that finds it full is dropped.
    #[default]
    DropTail,
    /// By controlled delay too (RFC 8289).
    CoDel(Codel),
}

/// CoDel's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Codel {
    /// The longest acceptable wait in a standing queue.
    pub target: Time,
    /// How long the wait may exceed the target.
    pub interval: Time,
}

impl Default for Codel {
    fn default() -> Self {
        Self { target: Time::from_millis(5), interval: Time::from_millis(100) }
    }
}
