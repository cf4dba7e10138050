//! Turns a case as written into a checked one and its topology, or into all the mistakes in both.
//! Not here: which keys there are (`raw`).

mod expect;
mod process;
mod step;
mod transfer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ::toml::Table;

use super::{Action, Amount, Case, Step, raw};
use crate::document::change::{self, Change};
use crate::document::diagnostic::{Diagnostics, LoadError, Mistakes};
use crate::document::toml::{self, Spanned};
use crate::document::topology::Topology;
use crate::document::topology::check::{parse_beside as parse_topology, summary};
use crate::document::traced::{Written, traced};
use crate::words::Time;

/// Where a case finds its topology.
pub trait Topologies {
    /// The topology that a case calls `name`, as written in its file.
    fn find(&self, name: &str) -> Result<Source, NotFound>;

    /// The directory of files that the case names, or `None` if the case is not a file.
    fn directory(&self) -> Option<&Path> {
        None
    }
}

/// A document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What messages call it, usually its path.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The directory of files that it names, or `None` if it is not a file.
    pub directory: Option<PathBuf>,
}

/// There is no such topology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// What was looked for, and where.
    pub message: String,
    /// The names that exist.
    pub known: Vec<String>,
}

/// Topologies by name, for documents that are part of the program: pairs of name and text.
impl Topologies for [(&str, &str)] {
    fn find(&self, name: &str) -> Result<Source, NotFound> {
        match self.iter().find(|(known, _)| *known == name) {
            Some((name, text)) => Ok(Source { name: format!("{name}.toml"), text: (*text).to_owned(), directory: None }),
            None => Err(NotFound {
                message: format!("there is no topology `{name}`"),
                known: self.iter().map(|(name, _)| (*name).to_owned()).collect(),
            }),
        }
    }
}

/// Topologies in files: `NAME` is `topologies/NAME.toml` in the case file's directory or the nearest one above it that has it; a name that
/// ends in `.toml` is a path, seen from the case file.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a>(
    /// The case file.
    pub &'a Path,
);

impl Topologies for Beside<'_> {
    fn find(&self, name: &str) -> Result<Source, NotFound> {
        let directory = self.0.parent().unwrap_or(Path::new(""));
        let load = |path: &Path| match toml::text_of(path) {
            Ok(text) => Ok(Source { name: path.display().to_string(), text, directory: path.parent().map(Path::to_owned) }),
            Err(error) => Err(NotFound { message: error.to_string(), known: Vec::new() }),
        };
        if Path::new(name).extension().is_some_and(|ending| ending == "toml") {
            return load(&directory.join(name));
        }
        // A relative path ends at the working directory, but the directories above it count too.
        let absolute = std::path::absolute(self.0).unwrap_or_else(|_| self.0.to_owned());
        let mut known = BTreeSet::new();
        for directory in absolute.ancestors().skip(1).map(|directory| directory.join("topologies")) {
            let path = directory.join(format!("{name}.toml"));
            if path.is_file() {
                let here = std::env::current_dir().unwrap_or_default();
                return load(path.strip_prefix(&here).unwrap_or(&path));
            }
            let files = std::fs::read_dir(&directory).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
            let names = files.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
            known.extend(names.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())));
        }
        let message = format!("there is no topologies/{name}.toml beside this file or above it");
        Err(NotFound { message, known: known.into_iter().collect() })
    }

    fn directory(&self) -> Option<&Path> {
        self.0.parent()
    }
}

/// Loads a case file and the topology it names.
pub fn load(path: &Path) -> Result<(Case, Topology), LoadError> {
    let text = toml::text_of(path)?;
    parse(&path.display().to_string(), &text, &Beside(path)).map_err(LoadError::Mistakes)
}

/// Reads the text of a case file that messages call `name`, and the topology it names. Returns the mistakes of both together or, if there are
/// none, those of its variants.
pub fn parse(name: &str, text: &str, topologies: &(impl Topologies + ?Sized)) -> Result<(Case, Topology), Vec<Diagnostics>> {
    let whole = parse_one(name, text, topologies)?;
    let variants = change::variants(text);
    let wrong: Vec<Diagnostics> =
        (0..variants.len()).filter_map(|number| parse_variant(name, text, topologies, number).err()).flatten().collect();
    if wrong.is_empty() { Ok(whole) } else { Err(wrong) }
}

/// Reads the variant with this number of a case file. Its mistakes point to where they are written: in the variant, or in what it changes.
fn parse_variant(
    name: &str,
    text: &str,
    topologies: &(impl Topologies + ?Sized),
    number: usize,
) -> Result<(Case, Topology), Vec<Diagnostics>> {
    let Some((variant, change)) = change::variants(text).into_iter().nth(number) else { return parse_one(name, text, topologies) };
    let called = of_variant(name, &variant);
    let told = |wrong: Diagnostics| {
        if wrong.name != called {
            return vec![wrong];
        }
        // What is different in its topology stands beside what is different in the case.
        let variant = ["variant".to_owned(), number.to_string()];
        let case = [variant.as_slice(), &["case".to_owned()]].concat();
        let parts = [(name, case), (name, variant.into()), (called.as_str(), Vec::new())];
        traced(wrong, &parts.map(|(name, part)| Written { name, text, part }))
    };
    parse_changed(&called, text, topologies, &change).map_err(|wrong| wrong.into_iter().flat_map(told).collect())
}

/// What messages call a variant of a case file.
fn of_variant(name: &str, variant: &str) -> String {
    format!("{name} ({variant})")
}

/// Reads the text of a case file that messages call `name` and the topology it names, both with a change. The result has no variants.
pub fn parse_changed(
    name: &str,
    text: &str,
    topologies: &(impl Topologies + ?Sized),
    change: &Change,
) -> Result<(Case, Topology), Vec<Diagnostics>> {
    parse_one(name, &change::changed(text.to_owned(), change), topologies)
}

/// Loads a variant of a case file.
pub fn load_variant(path: &Path, variant: &str) -> Result<(Case, Topology), LoadError> {
    let text = toml::text_of(path)?;
    let known: Vec<String> = change::variants(&text).into_iter().map(|(name, _)| name).collect();
    let Some(number) = known.iter().position(|name| name == variant) else {
        return Err(LoadError::Variant { path: path.to_owned(), variant: variant.to_owned(), known });
    };
    parse_variant(&path.display().to_string(), &text, &Beside(path), number).map_err(LoadError::Mistakes)
}

fn parse_one(name: &str, text: &str, topologies: &(impl Topologies + ?Sized)) -> Result<(Case, Topology), Vec<Diagnostics>> {
    let mut mistakes = Mistakes::default();
    let raw: Option<raw::Case> = toml::read(text, &mut mistakes);
    let (topology, elsewhere) = match raw.as_ref().and_then(|raw| raw.topology.as_ref()) {
        Some(written) => {
            let own = if written.changed { change::of_topology(text, raw::TOPOLOGY.keys) } else { Table::new() };
            topology(&written.name, Own { name, text, change: &own }, topologies, &mut mistakes)
        }
        None => (None, Vec::new()),
    };
    if raw.as_ref().is_some_and(|raw| !raw.has_traffic) {
        mistakes
            .absent(&(0..0), "a case needs a transfer or a process")
            .help("write [transfer.NAME] with client, server, and duration or bytes, or [process.NAME] with host and command");
    }
    let case = raw.map(|raw| check(&raw, topology.as_ref(), topologies.directory(), &mut mistakes));
    let wrong: Vec<Diagnostics> = mistakes.of(name, text).into_iter().chain(elsewhere).collect();
    match (case, topology) {
        (Some(case), Some(topology)) if wrong.is_empty() => Ok((case, topology)),
        _ => Err(wrong),
    }
}

/// Reads the text of a case that messages call `name`, for a topology that is already checked. It may have steps without traffic. Files that it
/// names are relative to the root directory.
pub fn parse_for(topology: &Topology, name: &str, text: &str) -> Result<Case, Diagnostics> {
    let mut mistakes = Mistakes::default();
    let raw: Option<raw::Case> = toml::read(text, &mut mistakes);
    let case = raw.map(|raw| check(&raw, Some(topology), Some(Path::new("/")), &mut mistakes));
    match (mistakes.of(name, text), case) {
        (None, Some(case)) => Ok(case),
        (Some(diagnostics), _) => Err(diagnostics),
        (None, None) => unreachable!("a document that cannot be read has mistakes"),
    }
}

/// What a case has different from the topology that it names, and where it says so.
struct Own<'a> {
    name: &'a str,
    text: &'a str,
    change: &'a Table,
}

fn topology(
    written: &Spanned<String>,
    own: Own<'_>,
    topologies: &(impl Topologies + ?Sized),
    mistakes: &mut Mistakes,
) -> (Option<Topology>, Vec<Diagnostics>) {
    let source = match topologies.find(&written.value) {
        Ok(source) => source,
        Err(NotFound { message, known }) if known.is_empty() => {
            mistakes.add(&written.span, message).help("write the name of a topology, or the path of its file");
            return (None, Vec::new());
        }
        Err(NotFound { message, known }) => {
            mistakes.unknown(&written.span, message, &written.value, known.iter().map(String::as_str));
            return (None, Vec::new());
        }
    };
    let text = if own.change.is_empty() { source.text.clone() } else { change::extended(source.text.clone(), own.change) };
    match parse_topology(&source.name, &text, source.directory.as_deref()) {
        Ok(topology) => (Some(topology), Vec::new()),
        Err(wrong) if own.change.is_empty() => (None, vec![wrong]),
        Err(wrong) => {
            let case = Written { name: own.name, text: own.text, part: vec!["topology".to_owned()] };
            let whole = Written { name: &source.name, text: &source.text, part: Vec::new() };
            (None, traced(wrong, &[case, whole]))
        }
    }
}

/// The key of findings about steps that wait, beside those about measures.
pub(crate) const WAITED: &str = "when";
/// The key of findings about steps that must be refused.
pub(crate) const REFUSED: &str = "refused";
/// The default sampling interval.
const SAMPLE: Time = Time::from_millis(100);
/// The possible sampling intervals.
pub const SAMPLES: std::ops::RangeInclusive<Time> = Time::from_millis(10)..=Time::from_millis(10_000);
/// The default deadline of a run, counted from its last planned moment.
const GRACE: Time = Time::from_millis(20_000);
/// The default time for a transfer of a number of bytes or a process.
const PATIENCE: Time = Time::from_millis(60_000);

/// Checks what was read; without a topology, only what needs none. What is wrong is left out of the value, which must then not be used.
fn check(raw: &raw::Case, topology: Option<&Topology>, directory: Option<&Path>, mistakes: &mut Mistakes) -> Case {
    let summary = summary(raw.summary.as_ref(), mistakes);
    let transfers = transfer::check(&raw.transfers, topology, mistakes);
    let processes = process::check(raw, topology, directory, mistakes);
    let steps = step::check(raw, topology, &transfers, directory, mistakes);
    let expects = expect::check(raw, topology, &transfers, mistakes);
    must_fail(raw, mistakes);
    variants(raw, mistakes);

    let ends = transfers.values().map(|transfer| match transfer.amount {
        Amount::Duration(duration) => transfer.start.after(duration).after(GRACE),
        Amount::Bytes(_) => transfer.start.after(PATIENCE),
    });
    let ends = ends.chain(processes.values().map(|process| {
        let start = process.start.unwrap_or(Time::ZERO);
        if process.serves { start.after(GRACE) } else { start.after(PATIENCE) }
    }));
    let over = |step: &Step| if let Action::Shape(shape) = &step.action { step.at.after(shape.over) } else { step.at };
    let mut latest = Time::ZERO;
    for step in &steps {
        latest = step.when.as_ref().map_or(latest, |when| latest.after(when.within).after(when.after)).max(over(step));
    }
    let planned = ends.chain((!steps.is_empty()).then(|| latest.after(GRACE))).max().unwrap_or(GRACE);
    let deadline = raw.deadline.as_ref().map_or(planned, |deadline| deadline.value);
    if let Some(written) = &raw.deadline {
        before(written, raw, mistakes);
    }
    if let Some(sample) = raw.sample.as_ref().filter(|sample| !SAMPLES.contains(&sample.value)) {
        mistakes
            .add(&sample.span, format!("the sampling interval is too short or too long: write {} to {}", SAMPLES.start(), SAMPLES.end()));
    }
    Case {
        summary,
        topology: raw.topology.as_ref().map(|topology| topology.name.value.clone()).unwrap_or_default(),
        deadline,
        sample: raw.sample.as_ref().map_or(SAMPLE, |sample| sample.value),
        transfers,
        processes,
        steps,
        expects,
        must_fail: raw.must_fail.iter().map(|key| key.value.clone()).collect(),
    }
}

/// Reports what begins after the end of the run.
fn before(deadline: &Spanned<Time>, raw: &raw::Case, mistakes: &mut Mistakes) {
    let steps = raw.steps.iter().filter_map(|step| step.value.at.as_ref());
    for at in steps.filter(|at| at.value >= deadline.value) {
        mistakes
            .add(&at.span, format!("the run will have ended by then: its deadline is {}", deadline.value))
            .beside(&deadline.span, "here")
            .help("take the step earlier, or write a later `deadline`");
    }
    for (name, transfer) in &raw.transfers {
        if transfer.value.start >= deadline.value {
            mistakes
                .add(&transfer.name, format!("`{name}` starts after the run has ended: its deadline is {}", deadline.value))
                .beside(&deadline.span, "here")
                .help("start it earlier, or write a later `deadline`");
        } else if let Some(duration) = &transfer.value.duration
            && transfer.value.start.after(duration.value) > deadline.value
        {
            mistakes
                .add(&duration.span, format!("`{name}` would send longer than the run lasts: its deadline is {}", deadline.value))
                .beside(&deadline.span, "here")
                .help("write a shorter `duration`, or a later `deadline`");
        }
    }
    for during in raw.expects.iter().filter_map(|expect| expect.value.during.as_ref()) {
        if during.value.from.is_some_and(|from| from >= deadline.value) {
            let message = format!("this window begins after the run has ended: its deadline is {}", deadline.value);
            mistakes.add(&during.span, message).beside(&deadline.span, "here").help("write an earlier window, or a later `deadline`");
        }
    }
}

/// Checks the names of variants, which tell them apart and are parts of trials' names.
fn variants(raw: &raw::Case, mistakes: &mut Mistakes) {
    let mut names: Vec<&Spanned<String>> = Vec::new();
    for name in raw.variants.iter().filter_map(|variant| variant.value.name.as_ref()) {
        if name.value.is_empty() || !name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            mistakes
                .add(&name.span, format!("`{}` cannot be the name of a variant", name.value))
                .help("write letters, digits and _, as in \"over_ipv6\"");
        }
        if let Some(other) = names.iter().find(|other| other.value == name.value) {
            mistakes.add(&name.span, "another variant has this name").beside(&other.span, "here").help("give each a name of its own");
        }
        names.push(name);
    }
}

fn must_fail(raw: &raw::Case, mistakes: &mut Mistakes) {
    let waits = raw.steps.iter().filter_map(|step| step.value.when.as_ref().map(|_| WAITED));
    let expected = raw.expects.iter().flat_map(|expect| expect.value.measures.iter().map(|written| written.about.key));
    let refusals = raw.steps.iter().filter_map(|step| step.value.refused.as_ref().map(|_| REFUSED));
    let measured: BTreeSet<&str> = expected.chain(waits).chain(refusals).collect();
    for key in &raw.must_fail {
        if !measured.contains(key.value.as_str()) {
            let message = format!("`{}` must fail, but no expectation uses it", key.value);
            mistakes.undefined(&key.span, message, &key.value, measured.iter().copied());
        }
    }
}
