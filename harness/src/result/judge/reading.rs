//! The measures of a run as quantities: those in its case, and those by which any two runs can be compared.
//! Not here: whether they satisfy the case.

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
    /// Whether higher or lower is better.
    pub better: Better,
}

/// A run's quantities by name: `download: share.wlan in 3s..4s`. Besides those of the case, they include the goodput and the longest stall of
/// every transfer, and the share of every link of its client. What was not recorded is left out.
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
            // Of several with one name the first counts: the case's own knows which direction is better.
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
