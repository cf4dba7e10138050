//! The measures of a run as quantities: those that its case asks for, and those by which any two runs can be compared.
//! Not here: whether they are what they should be.

use std::collections::BTreeMap;

use crate::document::case::measure::{Goodput, Share, Stall};
use crate::document::case::{Case, Measure, Subject};
use crate::result::recording::Recording;
use crate::words::{Amount, Better, Constraint, Percent, Rate, Time, Window};

/// A measured quantity.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reading {
    /// How much.
    pub amount: Amount,
    /// Which way it is better.
    pub better: Better,
}

/// A run's quantities by what they are: `download: share.wlan in 3s..4s`. Besides those of the case there are the goodput and the longest
/// stall of every transfer, and the share of every link that its client is at. What was not recorded is not among them.
pub fn readings(recording: &Recording, case: &Case) -> BTreeMap<String, Reading> {
    let asked =
        case.expects.iter().flat_map(|expect| expect.measures.iter().map(|measure| (expect.of.clone(), expect.during, measure.clone())));
    let any = case.transfers.iter().flat_map(|(name, transfer)| {
        let links = recording.job.topology.links.iter().filter(|(_, link)| link.end_at(&transfer.client).is_some());
        let shares = links.map(|(link, _)| Share(link.clone(), Constraint::Between(Percent(0.0), Percent(100.0))).into());
        let goodput = Goodput(Constraint::AtLeast(Rate(0))).into();
        let stall = Stall(Constraint::AtMost(Time(u64::MAX))).into();
        [goodput, stall].into_iter().chain(shares).map(|measure| (Subject::Transfer(name.clone()), Window::default(), measure))
    });
    let run = recording.run(case);
    let mut readings = BTreeMap::new();
    for (subject, window, asked) in asked.chain(any) {
        if let Some((amount, better)) = asked.of(&run, &subject, window).amount {
            // Of several about one thing the first counts: the case's own knows which way is better.
            readings.entry(name(&subject, &asked, window)).or_insert(Reading { amount, better });
        }
    }
    readings
}

fn name(subject: &Subject, measure: &Measure, window: Window) -> String {
    let (Subject::Transfer(name) | Subject::Host(name) | Subject::Process(name)) = subject;
    let item = measure.item().map(|item| format!(".{item}")).unwrap_or_default();
    let during = if window == Window::default() { String::new() } else { format!(" in {window}") };
    format!("{name}: {}{item}{during}", measure.key())
}
