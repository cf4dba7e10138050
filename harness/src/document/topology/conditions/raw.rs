//! Conditions of a link as they are written, in a topology's links and in a case's steps. topologies/README.md explains the keys.
//! Not here: whether they can be combined.

use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Read, Shape as Keys, Spanned, Table, Value, is_word, word};
use crate::words::shape::{Chance, Codel, Discipline, Distribution, Gemodel, Jitter, Limit, Loss, Reorder, Slot, Step};
use crate::words::{Percent, Rate, Size, Time};

/// The conditions themselves: of a direction, and among the keys of a link and of a step that shapes one.
pub(crate) const CONDITIONS: Keys = Keys {
    heading: "Conditions",
    what: "a table of conditions",
    keys: &["rate", "limit", "queue", "delay", "jitter", "loss", "duplicate", "corrupt", "reorder", "slot", "trace", "steps"],
};
const QUEUE: Keys = Keys { heading: "`queue`", what: "a queue's discipline", keys: &["codel"] };
const CODEL: Keys = Keys { heading: "`codel`", what: "a table of what CoDel aims at", keys: &["target", "interval"] };
const JITTER: Keys = Keys { heading: "`jitter`", what: "a jitter", keys: &["amount", "distribution", "correlation"] };
const LOSS: Keys = Keys { heading: "`loss`", what: "a loss", keys: &["random", "correlation", "gemodel", "numbers", "every"] };
const GEMODEL: Keys = Keys { heading: "`gemodel`", what: "a Gilbert-Elliott model", keys: &["p", "r", "bad", "good"] };
const CHANCE: Keys = Keys { heading: "`duplicate` and `corrupt`", what: "a table of a percentage", keys: &["percent", "correlation"] };
const REORDER: Keys = Keys { heading: "`reorder`", what: "a reordering", keys: &["percent", "correlation", "gap"] };
const SLOT: Keys = Keys { heading: "`slot`", what: "a table of slots", keys: &["min", "max", "packets", "bytes"] };
const STEPS: Keys = Keys { heading: "`steps`", what: "a step of a link", keys: &["at", "rate", "delay"] };

/// Every table of conditions, for the test that compares them with the reference document.
#[cfg(test)]
pub(in crate::document::topology) const SHAPES: [&Keys; 10] =
    [&CONDITIONS, &QUEUE, &CODEL, &JITTER, &LOSS, &GEMODEL, &CHANCE, &REORDER, &SLOT, &STEPS];

/// The value of a condition's key.
#[derive(Debug, Clone)]
pub(super) enum Setting<T> {
    /// `"none"`: there is no such condition.
    None,
    /// It is this.
    Some(T),
}

/// A condition and where it is written, if it is.
pub(super) type Written<T> = Option<Spanned<Setting<T>>>;

/// The conditions that a table names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    pub(super) rate: Written<Rate>,
    pub(super) limit: Written<Limit>,
    pub(super) queue: Written<Discipline>,
    pub(super) delay: Written<Time>,
    pub(super) jitter: Written<Jitter>,
    pub(super) loss: Written<Loss>,
    pub(super) duplicate: Written<Chance>,
    pub(super) corrupt: Written<Chance>,
    pub(super) reorder: Written<Reorder>,
    pub(super) slot: Written<Slot>,
    pub(super) trace: Written<String>,
    pub(super) steps: Written<Vec<Spanned<Step>>>,
}

impl Conditions {
    /// Reads those among the keys of a table that was opened with them.
    pub(crate) fn among(table: &mut Table<'_, '_>) -> Self {
        Self {
            rate: table.optional("rate"),
            limit: table.optional("limit"),
            queue: table.optional("queue"),
            delay: table.optional("delay"),
            jitter: table.optional("jitter"),
            loss: table.optional("loss"),
            duplicate: table.optional("duplicate"),
            corrupt: table.optional("corrupt"),
            reorder: table.optional("reorder"),
            slot: table.optional("slot"),
            trace: table.optional("trace"),
            steps: table.optional("steps"),
        }
    }
}

impl Read for Conditions {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        Some(Self::among(&mut Table::open(value, &CONDITIONS, mistakes)?))
    }
}

impl<T: Read> Read for Setting<T> {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if is_word(value, "none", mistakes) { Some(Self::None) } else { T::read(value, mistakes).map(Self::Some) }
    }
}

/// A percentage of at most 100.
#[derive(Default)]
struct Part(Percent);

impl Read for Part {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let percent = Percent::read(value, mistakes)?;
        if percent > Percent(100.0) {
            mistakes.add(&value.span(), "this is a part of the packets or of a draw: write at most 100%");
            return None;
        }
        Some(Self(percent))
    }
}

/// A whole number from 1 on.
struct Positive(u64);

impl Read for Positive {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let number = u64::read(value, mistakes)?;
        if number == 0 {
            mistakes.add(&value.span(), "0 is too few: write 1 or more");
        }
        (number > 0).then_some(Self(number))
    }
}

impl Table<'_, '_> {
    /// Reads an optional percentage.
    fn part(&mut self, key: &'static str) -> Option<Percent> {
        self.optional::<Part>(key).map(|part| part.value.0)
    }

    /// Reads a required percentage.
    fn needed_part(&mut self, key: &'static str) -> Option<Percent> {
        self.required::<Part>(key).map(|part| part.value.0)
    }
}

impl Read for Limit {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if value.get_ref().is_integer() {
            return Positive::read(value, mistakes).map(|packets| Self::Packets(packets.0));
        }
        Size::read(value, mistakes).map(Self::Bytes)
    }
}

impl Read for Discipline {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_table() {
            let words = [("drop-tail", Self::DropTail), ("codel", Self::CoDel(Codel::default()))];
            return word(value, "discipline of a queue", &words, mistakes);
        }
        let mut table = Table::open(value, &QUEUE, mistakes)?;
        table.required::<Codel>("codel").map(|codel| Self::CoDel(codel.value))
    }
}

impl Read for Codel {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let default = Self::default();
        let mut table = Table::open(value, &CODEL, mistakes)?;
        let mut time = |key, absent| {
            let Some(time) = table.optional::<Time>(key) else { return absent };
            if time.value == Time::ZERO {
                table.mistakes.add(&time.span, format!("CoDel's {key} must be longer than 0: write one such as \"5ms\""));
            }
            time.value
        };
        Some(Self { target: time("target", default.target), interval: time("interval", default.interval) })
    }
}

impl Read for Jitter {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_table() {
            return Time::read(value, mistakes).map(|amount| Self { amount, ..Self::default() });
        }
        let mut table = Table::open(value, &JITTER, mistakes)?;
        let (amount, distribution) = (table.required("amount"), table.optional("distribution"));
        Some(Self {
            correlation: table.part("correlation").unwrap_or_default(),
            distribution: distribution.map(|distribution| distribution.value).unwrap_or_default(),
            amount: amount?.value,
        })
    }
}

impl Read for Distribution {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let words = [("uniform", Self::Uniform), ("normal", Self::Normal), ("pareto", Self::Pareto), ("paretonormal", Self::ParetoNormal)];
        word(value, "distribution of delays", &words, mistakes)
    }
}

impl Read for Loss {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_table() {
            return Part::read(value, mistakes).map(|part| Self::Random(Chance { percent: part.0, ..Chance::default() }));
        }
        let mut table = Table::open(value, &LOSS, mistakes)?;
        table.exactly_one(&["random", "gemodel", "numbers", "every"]);
        let correlation = table.part("correlation");
        if let ([], [(_, span), ..]) = (table.present(&["random"]).as_slice(), table.present(&["correlation"]).as_slice()) {
            table.mistakes.add(span, "only a random loss has a correlation").help("write `random` too");
        }
        let correlation = correlation.unwrap_or_default();
        let random = table.part("random").map(|percent| Self::Random(Chance { percent, correlation }));
        let gemodel = table.optional("gemodel").map(|model| Self::Gemodel(model.value));
        let numbers = table.optional::<Vec<Spanned<Positive>>>("numbers").map(|numbers| {
            if numbers.value.is_empty() {
                table.mistakes.add(&numbers.span, "this loses nothing: write the numbers of packets, the first being 1");
            }
            Self::Numbers(numbers.value.iter().map(|number| number.value.0).collect())
        });
        let every = table.optional::<Positive>("every").map(|every| Self::Every(every.value.0));
        random.or(gemodel).or(numbers).or(every)
    }
}

impl Read for Gemodel {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &GEMODEL, mistakes)?;
        let p = table.needed_part("p");
        let (r, bad, good) = (table.part("r"), table.part("bad"), table.part("good"));
        Some(Self { p: p?, r, bad, good })
    }
}

impl Read for Chance {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_table() {
            return Part::read(value, mistakes).map(|part| Self { percent: part.0, ..Self::default() });
        }
        let mut table = Table::open(value, &CHANCE, mistakes)?;
        let percent = table.needed_part("percent");
        let correlation = table.part("correlation").unwrap_or_default();
        Some(Self { percent: percent?, correlation })
    }
}

impl Read for Reorder {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_table() {
            return Part::read(value, mistakes).map(|part| Self { percent: part.0, correlation: Percent(0.0), gap: 1 });
        }
        let mut table = Table::open(value, &REORDER, mistakes)?;
        let percent = table.needed_part("percent");
        let correlation = table.part("correlation").unwrap_or_default();
        let gap = table.optional::<u32>("gap");
        if let Some(gap) = gap.as_ref().filter(|gap| gap.value == 0) {
            table.mistakes.add(&gap.span, "0 is too few: write 1 or more");
        }
        Some(Self { percent: percent?, correlation, gap: gap.map_or(1, |gap| gap.value) })
    }
}

/// netem's counters have 31 bits, and its times 63.
impl Read for Slot {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        const MOST: u64 = i32::MAX as u64;
        let mut table = Table::open(value, &SLOT, mistakes)?;
        let (min, max) = (table.required::<Time>("min"), table.optional::<Time>("max"));
        let (packets, bytes) = (table.optional::<Positive>("packets"), table.optional::<Size>("bytes"));
        if let Some(packets) = packets.as_ref().filter(|packets| packets.value.0 > MOST) {
            table.mistakes.add(&packets.span, format!("a slot cannot hold so many packets: write at most {MOST}"));
        }
        if let Some(bytes) = bytes.as_ref().filter(|bytes| !(1..=MOST).contains(&bytes.value.0)) {
            table.mistakes.add(&bytes.span, format!("a slot cannot hold so many bytes: write 1 to {MOST}"));
        }
        let min = min?;
        match &max {
            Some(max) if max.value < min.value => {
                table
                    .mistakes
                    .add(&max.span, format!("this is shorter than the shortest time, {}", min.value))
                    .beside(&min.span, "here")
                    .help("write the shorter one first");
            }
            None if min.value == Time::ZERO => {
                table
                    .mistakes
                    .add(&min.span, "without a time between them there are no slots")
                    .help("write a `max` too, or slot = \"none\"");
            }
            _ => {}
        }
        Some(Self {
            min: min.value,
            max: max.map_or(min.value, |max| max.value),
            packets: packets.and_then(|packets| u32::try_from(packets.value.0).ok()),
            bytes: bytes.map(|bytes| bytes.value),
        })
    }
}

impl Read for Step {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &STEPS, mistakes)?;
        if table.lacks(&["rate", "delay"]) {
            table.mistakes.absent(&value.span(), "this step changes nothing").help("write `rate`, `delay` or both");
        }
        let at = table.required("at");
        let (rate, delay) = (table.optional("rate"), table.optional("delay"));
        Some(Self { at: at?.value, rate: rate.map(|rate| rate.value), delay: delay.map(|delay| delay.value) })
    }
}
