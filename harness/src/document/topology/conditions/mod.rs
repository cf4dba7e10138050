//! Turns written conditions of a link into a checked [`Shape`] for each direction, for a topology's links and a case's steps.
//! Not here: which keys there are (`raw`), nor when a step is taken.

mod raw;

use std::collections::BTreeMap;
use std::path::Path;

#[cfg(test)]
pub(super) use raw::SHAPES;
pub(crate) use raw::{CONDITIONS, Conditions};
use raw::{Setting, Written};

use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{self, Spanned};
use crate::words::shape::{Discipline, Distribution, Limit};
use crate::words::trace::Trace;
use crate::words::{Engine, Rate, Shape, Size, Time};

/// An Ethernet header, which counts towards a queue's size.
const HEADER: u64 = 14;

/// A link's conditions in a document: those for both directions, and what differs for each.
#[derive(Debug, Default)]
pub(crate) struct LinkConditions {
    pub(crate) both: Conditions,
    pub(crate) up: Conditions,
    pub(crate) down: Conditions,
}

/// What is needed of the link to check its conditions.
pub(crate) struct Circumstances<'a> {
    /// Where the link or the step is written.
    pub(crate) around: &'a Span,
    /// The largest packet.
    pub(crate) mtu: u32,
    /// Its engine, if that is written, and where.
    pub(crate) engine: Option<(Engine, Span)>,
    /// The directory of files that the document names, or `None` if it is not a file itself.
    pub(crate) directory: Option<&'a Path>,
}

/// The shapes of both directions, `up` first, once `told` has replaced what is in force.
pub(crate) fn replace(in_force: [&Shape; 2], told: &LinkConditions, of: &Circumstances<'_>, mistakes: &mut Mistakes) -> [Shape; 2] {
    let mut trace = |conditions: &Conditions| {
        alone(conditions, mistakes);
        trace(conditions, of.directory, mistakes)
    };
    let traces = [&told.both, &told.up, &told.down].map(&mut trace);
    let [up, down] = [(in_force[0], &told.up, traces[1].as_ref()), (in_force[1], &told.down, traces[2].as_ref())].map(
        |(in_force, told_of_it, trace)| {
            let mut way = Conditioned { shape: in_force.clone(), spans: BTreeMap::new() };
            way.replace(&told.both, traces[0].as_ref());
            way.replace(told_of_it, trace);
            way
        },
    );
    up.check(of, mistakes);
    if up != down {
        down.check(of, mistakes);
    }
    [up.shape, down.shape]
}

/// One direction: its conditions, and where the document has them.
#[derive(Debug, PartialEq)]
struct Conditioned {
    shape: Shape,
    spans: BTreeMap<&'static str, Span>,
}

impl Conditioned {
    fn replace(&mut self, told: &Conditions, trace: Option<&Spanned<Setting<Trace>>>) {
        self.set("rate", told.rate.as_ref(), |shape, rate| shape.rate = rate);
        self.set("limit", told.limit.as_ref(), |shape, limit| shape.limit = limit);
        self.set("queue", told.queue.as_ref(), |shape, queue| shape.discipline = queue.unwrap_or_default());
        self.set("delay", told.delay.as_ref(), |shape, delay| shape.delay = delay.unwrap_or_default());
        self.set("jitter", told.jitter.as_ref(), |shape, jitter| shape.jitter = jitter);
        self.set("loss", told.loss.as_ref(), |shape, loss| shape.loss = loss);
        self.set("duplicate", told.duplicate.as_ref(), |shape, chance| shape.duplicate = chance);
        self.set("corrupt", told.corrupt.as_ref(), |shape, chance| shape.corrupt = chance);
        self.set("reorder", told.reorder.as_ref(), |shape, reorder| shape.reorder = reorder);
        self.set("slot", told.slot.as_ref(), |shape, slot| shape.slot = slot);
        self.set("trace", trace, |shape, trace| shape.trace = trace);
        self.set("steps", told.steps.as_ref(), |shape, steps| {
            shape.steps = steps.unwrap_or_default().into_iter().map(|step| step.value).collect();
        });
    }

    fn set<T: Clone>(&mut self, key: &'static str, written: Option<&Spanned<Setting<T>>>, place: impl FnOnce(&mut Shape, Option<T>)) {
        if let Some(written) = written {
            let value = match &written.value {
                Setting::None => None,
                Setting::Some(value) => Some(value.clone()),
            };
            place(&mut self.shape, value);
            self.spans.insert(key, written.span.clone());
        }
    }

    /// The first of these keys that the document names, else the whole of it.
    fn place<'a>(&'a self, keys: &[&'static str], of: &'a Circumstances<'_>) -> &'a Span {
        keys.iter().find_map(|key| self.spans.get(key)).unwrap_or(of.around)
    }

    /// Checks that the conditions can be combined, and fit the link.
    fn check(&self, of: &Circumstances<'_>, mistakes: &mut Mistakes) {
        let shape = &self.shape;
        let frame = u64::from(of.mtu) + HEADER;
        match shape.limit {
            Some(_) if !shape.has_queue() => {
                let place = self.place(&["limit", "rate", "trace", "steps"], of);
                mistakes.add(place, "a link without a rate has no queue to limit").help("write a `rate` too");
            }
            Some(Limit::Bytes(size)) if size < Size(frame) => {
                let message = format!("the queue is too short for one packet of {frame} bytes: large ones would never pass");
                mistakes.add(self.place(&["limit"], of), message).help(format!("write {frame} or more"));
            }
            _ => {}
        }
        if shape.discipline != Discipline::DropTail && !shape.has_queue() {
            let place = self.place(&["queue", "rate", "trace", "steps"], of);
            mistakes
                .add(place, "a link without a rate has no queue to keep short")
                .help("write a `rate` or a `trace` too, or queue = \"none\"");
        }
        let delayed = shape.delay > Time::ZERO || shape.steps.iter().any(|step| step.delay.is_some());
        if let Some(jitter) = shape.jitter.filter(|jitter| jitter.amount > Time::ZERO) {
            let place = self.place(&["jitter", "delay"], of);
            if !delayed {
                mistakes.add(place, "jitter is the variation of the delay, and this link has none").help("write a `delay` too");
            } else if jitter.amount > shape.delay && shape.delay > Time::ZERO && jitter.distribution == Distribution::Uniform {
                mistakes.add(place, format!("the delay of {} cannot vary by more than itself: write a jitter of at most {0}", shape.delay));
            }
        }
        if shape.reorder.is_some() && !delayed {
            let place = self.place(&["reorder", "delay"], of);
            mistakes.add(place, "packets can only overtake delayed ones, and this link has no delay").help("write a `delay` too");
        }
        if shape.trace.is_some() && (shape.rate.is_some() || shape.steps.iter().any(|step| step.rate.is_some())) {
            let place = self.place(&["trace", "rate", "steps"], of);
            mistakes
                .add(place, "a trace is a rate over time: there cannot be another rate")
                .help("write rate = \"none\", or trace = \"none\"");
        }
        self.check_engine(of, mistakes);
    }

    fn check_engine(&self, of: &Circumstances<'_>, mistakes: &mut Mistakes) {
        match &of.engine {
            engine if self.shape.slot.is_some() && !matches!(engine, Some((Engine::Netem, _))) => {
                mistakes
                    .add(self.place(&["slot"], of), "only netem can send packets in slots, and this link may get another engine")
                    .help("write engine = \"netem\" to the link");
            }
            Some((Engine::Kernel, span)) if !self.shape.is_rate_alone() => {
                mistakes
                    .add(span, "without netem the kernel can give a link only a rate and a queue in bytes")
                    .help("write \"netem\" or \"relay\", or leave the choice to mplab");
            }
            Some((Engine::Netem, span)) => {
                if let Some(beyond) = self.shape.beyond_netem() {
                    mistakes.add(span, beyond).help("write \"relay\", or leave the choice to mplab");
                }
            }
            _ => {}
        }
    }
}

/// Checks each condition by itself.
fn alone(conditions: &Conditions, mistakes: &mut Mistakes) {
    if let Some(Spanned { value: Setting::Some(rate), span }) = &conditions.rate
        && *rate < Rate(8)
    {
        mistakes.add(span, "nothing would ever pass at this rate").help("write at least \"8bit\"; a step can cut the link");
    }
    if let Some(Spanned { value: Setting::Some(steps), .. }) = &conditions.steps {
        for pair in steps.windows(2).filter(|pair| pair[1].value.at <= pair[0].value.at) {
            mistakes
                .add(&pair[1].span, format!("this step follows one at {}, but is not later", pair[0].value.at))
                .help("write steps in the order of time")
                .beside(&pair[0].span, "here");
        }
    }
}

/// Reads the file of a trace.
fn trace(conditions: &Conditions, directory: Option<&Path>, mistakes: &mut Mistakes) -> Written<Trace> {
    let Spanned { value, span } = conditions.trace.as_ref()?;
    let Setting::Some(name) = value else { return Some(Spanned { value: Setting::None, span: span.clone() }) };
    let text = toml::text_beside(directory, name, span, "the conditions instead of a file's name", mistakes)?;
    let parsed = text.parse().map_err(|error| mistakes.add(span, format!("`{name}` is not a trace: {error}")));
    parsed.ok().map(|trace| Spanned { value: Setting::Some(trace), span: span.clone() })
}
