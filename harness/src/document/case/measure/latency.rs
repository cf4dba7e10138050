//! `latency`: how long exchanges took, from the request to the whole response.
//! Not here: making them.

use serde::{Deserialize, Serialize};

use super::about::{About, Found, Of, Scope, Topic, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Table, Value};
use crate::record::ConnectionRecord;
use crate::words::{Constraint, Size, Time, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "latency",
    value: "table of `median`, `p99` and `max`",
    of: &[Of::Transfer],
    scope: Scope::Window,
    topic: Topic::Carriage,
    meaning: "How long `exchanges` took, from the request to the end of its response: a constraint of a time each. `median` and `p99` are what \
              50% and 99% did not exceed (of fewer than 100, `p99` is the slowest). In a window: of all that were under way in it, each with \
              its whole length. One that was never answered is slower than any time.",
    read,
    check: sound,
};

/// A latency of exchanges: which, and what must hold of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency(pub Rank, pub Constraint<Time>);

/// Which of the exchanges, in the order of their latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    /// The middle one.
    Median,
    /// The one that 99% do not exceed.
    P99,
    /// The slowest.
    Max,
}

impl Rank {
    const ALL: [Self; 3] = [Self::Median, Self::P99, Self::Max];

    /// Its key.
    const fn key(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::P99 => "p99",
            Self::Max => "max",
        }
    }

    /// The one of these exchanges, of which there is one at the least and the quickest is the first.
    fn of(self, all: &[Exchange]) -> Exchange {
        let percent = match self {
            Self::Median => 50,
            Self::P99 => 99,
            Self::Max => 100,
        };
        all[(all.len() * percent).div_ceil(100) - 1]
    }
}

const TABLE: Shape = Shape { heading: "`latency`", what: "a table of latencies", keys: &["median", "p99", "max"] };

fn read(_: &Span, value: &Value<'_>, mistakes: &mut Mistakes) -> Vec<Found> {
    let Some(mut table) = Table::open(value, &TABLE, mistakes) else { return Vec::new() };
    if table.lacks(TABLE.keys) {
        let help = "write latency = { median = \"<= 20ms\" }";
        table.mistakes.absent(&value.span(), "a table of latencies needs `median`, `p99` or `max`").help(help);
    }
    let read = |rank: Rank| {
        table.with(rank.key(), |key, value, mistakes| {
            let measure = Latency(rank, Constraint::read(value, mistakes)?).into();
            Some(Found { name: key.clone(), value: value.span(), measure })
        })
    };
    Rank::ALL.into_iter().filter_map(read).flatten().collect()
}

/// An exchange of a connection, which has its number. Times are in µs.
#[derive(Debug, Clone, Copy)]
struct Exchange {
    connection: usize,
    from: u64,
    /// When it ended; absent if it never did.
    to: Option<u64>,
}

impl Exchange {
    /// Those of a connection in their order, of which each request is so long: each begins when the one before it has ended.
    fn of(number: usize, connection: &ConnectionRecord, request: Size) -> Vec<Self> {
        let Some(mut from) = connection.connected else { return Vec::new() };
        let mut all = Vec::new();
        for took in &connection.exchanges {
            let to = from.saturating_add(*took);
            all.push(Self { connection: number, from, to: Some(to) });
            from = to;
        }
        let answered = request.0.saturating_mul(connection.exchanges.len() as u64);
        let asks = connection.up.as_ref().is_some_and(|up| up.sent > answered);
        if asks || connection.down.as_ref().is_none_or(|down| down.ended.is_none()) {
            all.push(Self { connection: number, from, to: None });
        }
        all
    }

    /// Whether it was under way in a window.
    fn touches(&self, window: Window) -> bool {
        let [from, to] = [window.from, window.to].map(|time| time.map(Time::micros));
        to.is_none_or(|to| self.from < to) && from.is_none_or(|from| self.to.is_none_or(|ended| ended > from))
    }

    /// How long it took; longer than any time if it never ended.
    fn took(&self) -> u64 {
        self.to.map_or(u64::MAX, |to| to - self.from)
    }
}

impl Seen<'_> {
    /// The exchanges that were under way in a window, the quickest first; or why there were none.
    fn exchanges(&self, window: Window) -> Result<Vec<Exchange>, String> {
        let request = self.asked.exchange.ok_or("the transfer makes no exchanges")?.request;
        let connections = self.record.connections.iter().enumerate();
        if let Some((index, _)) = connections.clone().find(|(_, connection)| connection.connected.is_none()) {
            return Err(format!("connection {} was never made", index + 1));
        }
        let all = connections.flat_map(|(index, connection)| Exchange::of(index + 1, connection, request));
        let mut all: Vec<Exchange> = all.filter(|exchange| exchange.touches(window)).collect();
        all.sort_by_key(|exchange| (exchange.took(), exchange.from));
        if all.is_empty() { Err("no exchange was under way".to_owned()) } else { Ok(all) }
    }

    /// How long its exchanges took, in words: `143 exchanges: median 11ms, p99 12ms, max 412ms`. Nothing of a transfer that makes none.
    pub fn latencies(&self) -> Option<String> {
        self.asked.exchange?;
        let all = match self.exchanges(Window::default()) {
            Ok(all) => all,
            Err(why) => return Some(why),
        };
        let of = |rank: Rank| {
            let took = rank.of(&all).to.map(|_| Time::from_micros(rank.of(&all).took()).to_string());
            format!("{} {}", rank.key(), took.unwrap_or_else(|| UNANSWERED.to_owned()))
        };
        Some(format!("{} exchanges: {}", all.len(), Rank::ALL.map(of).join(", ")))
    }
}

/// What is said of an exchange that never ended.
const UNANSWERED: &str = "never answered";

impl Measuring for Latency {
    fn wanted(&self) -> String {
        self.1.to_string()
    }

    fn item(&self) -> Option<String> {
        Some(self.0.key().to_owned())
    }

    fn of_transfer(&self, seen: &Seen<'_>, window: Window) -> Result<Measured, String> {
        let all = seen.exchanges(window)?;
        let Exchange { connection, from, to } = self.0.of(&all);
        let from = Time::from_micros(from);
        let Some(to) = to.map(Time::from_micros) else {
            return Ok(Measured::plain(UNANSWERED.to_owned(), false).because([format!("connection {connection}, from {from} on")]));
        };
        let measured = Measured::of(&self.1, to.since(from));
        let where_it_was =
            (!measured.held).then(|| format!("connection {connection}, from {from} to {to}: one of {} exchanges", all.len()));
        Ok(measured.because(where_it_was))
    }
}
