//! The options of the kernel's network emulator. Their `Display` is what follows `netem` in a line of `tc qdisc`.
//! Not here: sending them, or which of a link's conditions netem gets.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::shape::{Chance, Distribution, Gemodel, Jitter, Loss, Reorder, Shape, Slot};
use super::units::{Percent, Rate, Time};

/// The rate of a queueing discipline that must not delay anything: tc can write it, and a packet takes at most a nanosecond.
pub const UNLIMITED: Rate = Rate(100_000_000_000_000);

/// The place of a queueing discipline on an interface, and its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QdiscHandle {
    /// The handle of the one above; it is the root if absent.
    pub parent: Option<u16>,
    /// Its handle, up to 9: tc writes handles in hexadecimal numbers.
    pub handle: u16,
}

impl fmt::Display for QdiscHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parent {
            None => f.write_str("root")?,
            Some(parent) => write!(f, "parent {parent}:1")?,
        }
        write!(f, " handle {}:", self.handle)
    }
}

/// tc-netem(8)'s options.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Netem {
    /// How many packets it holds, those on their way included.
    pub limit: u32,
    /// The delay.
    pub delay: Time,
    /// Its variation.
    pub jitter: Option<Jitter>,
    /// Which packets are lost: at random or in bursts. netem knows no others.
    pub loss: Option<Loss>,
    /// Which come twice.
    pub duplicate: Option<Chance>,
    /// Which have a bit flipped.
    pub corrupt: Option<Chance>,
    /// Which are sent at once.
    pub reorder: Option<Reorder>,
    /// The rate.
    pub rate: Option<Rate>,
    /// When packets leave in groups.
    pub slot: Option<Slot>,
    /// The seed of its random numbers; the kernel chooses if absent.
    pub seed: Option<u64>,
    /// It may already exist with other conditions, so absent ones are sent too: netem keeps what it is not told to change.
    pub again: bool,
}

impl Netem {
    /// The conditions of a shape, except its rate, slots and queue.
    pub fn of(shape: &Shape) -> Self {
        let Shape { delay, jitter, loss, duplicate, corrupt, reorder, .. } = shape.clone();
        Self { delay, jitter, loss, duplicate, corrupt, reorder, ..Self::default() }
    }

    /// Whether it duplicates packets.
    pub fn duplicates(&self) -> bool {
        self.duplicate.is_some_and(|chance| chance.percent > Percent(0.0))
    }
}

/// A time in units that tc knows. tc ignores fractions of a microsecond; netem itself takes nanoseconds.
fn time(time: Time) -> String {
    let shown = time.to_string();
    if shown.parse() == Ok(time) { shown } else { format!("{}us", time.0 as f64 / 1e3) }
}

impl fmt::Display for Netem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |percent: Percent| self.again || percent > Percent(0.0);
        let percent = |f: &mut fmt::Formatter<'_>, percent: Percent| write!(f, " {}%", percent.0);
        let chance = |f: &mut fmt::Formatter<'_>, word: &str, Chance { percent, correlation }| {
            write!(f, " {word} {}%", percent.0)?;
            if some(correlation) { write!(f, " {}%", correlation.0) } else { Ok(()) }
        };
        let or_none = |chance: Option<Chance>| chance.or(self.again.then(Chance::default));
        write!(f, "limit {}", self.limit)?;
        let jitter = self.jitter.unwrap_or_default();
        // tc sends the correlation of duplicates only if another one was written too, as of iproute2 6.1.
        let correlated = some(jitter.correlation) || self.duplicate.is_some_and(|chance| some(chance.correlation));
        if correlated || self.delay > Time::ZERO || jitter.amount > Time::ZERO {
            write!(f, " delay {}", time(self.delay))?;
        }
        if correlated || jitter.amount > Time::ZERO {
            write!(f, " {}", time(jitter.amount))?;
        }
        if correlated {
            percent(f, jitter.correlation)?;
        }
        if jitter.amount > Time::ZERO && jitter.distribution != Distribution::Uniform {
            write!(f, " distribution {}", jitter.distribution)?;
        }
        if let Some(Loss::Gemodel(Gemodel { p, r, bad, good })) = self.loss {
            write!(f, " loss gemodel {}%", p.0)?;
            let all = [r, bad, good];
            let defaults = [Percent(100.0 - p.0), Percent(100.0), Percent(0.0)];
            let written = all.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
            for (told, default) in all.into_iter().zip(defaults).take(written) {
                percent(f, told.unwrap_or(default))?;
            }
        } else {
            let random = if let Some(Loss::Random(chance)) = self.loss { Some(chance) } else { None };
            or_none(random).map_or(Ok(()), |random| chance(f, "loss", random))?;
        }
        or_none(self.duplicate).map_or(Ok(()), |duplicate| chance(f, "duplicate", duplicate))?;
        or_none(self.corrupt).map_or(Ok(()), |corrupt| chance(f, "corrupt", corrupt))?;
        if let Some(Reorder { percent, correlation, gap }) = self.reorder {
            chance(f, "reorder", Chance { percent, correlation })?;
            if gap > 1 {
                write!(f, " gap {gap}")?;
            }
        } else if self.again {
            chance(f, "reorder", Chance::default())?;
        }
        if let Some(rate) = self.rate.or(self.again.then_some(Rate(0))) {
            write!(f, " rate {}bit", rate.0)?;
        }
        if let Some(Slot { min, max, packets, bytes }) = self.slot.or(self.again.then(Slot::default)) {
            write!(f, " slot {} {}", time(min), time(max))?;
            packets.map_or(Ok(()), |packets| write!(f, " packets {packets}"))?;
            bytes.map_or(Ok(()), |bytes| write!(f, " bytes {}", bytes.0))?;
        }
        self.seed.map_or(Ok(()), |seed| write!(f, " seed {seed}"))
    }
}
