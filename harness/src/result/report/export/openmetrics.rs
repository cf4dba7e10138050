//! Every series of recordings as OpenMetrics text with timestamps, which Prometheus can load.
//! Not here: which series there are.
//!
//! A recording has no date: runs begin at [`START`], as guests in virtual time do.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Export;
use crate::result::recording::Recording;
use crate::result::report::series::{MEASURES, Measure, Nature, Series, series};

/// The format.
pub(super) const EXPORT: Export =
    Export { ending: "om", is: "the same for Prometheus (OpenMetrics)", make: |source| source.file(Ok(openmetrics(source.recordings))) };

/// When runs begin, in seconds of Unix time: 2026-01-01 00:00:00 UTC.
pub const START: u64 = 1_767_225_600;

/// The text. A metric is called `mplab_KIND_MEASURE`, with the suffix that its type requires; `rtt` is in seconds, as usual in Prometheus.
pub fn openmetrics<'a>(recordings: impl IntoIterator<Item = &'a Recording>) -> String {
    let recordings: Vec<(&Recording, Vec<Series>)> = recordings.into_iter().map(|recording| (recording, series(recording))).collect();
    let mut text = String::new();
    for measure in &MEASURES {
        let family = family(measure);
        let (kind, ending) = match measure.nature {
            Nature::Count => ("counter", "_total"),
            Nature::Level => ("gauge", ""),
            Nature::Unknown => ("unknown", ""),
        };
        writeln!(text, "# TYPE {family} {kind}\n# HELP {family} {}", escaped(measure.means)).expect("writing to a string");
        // Two runs have the same labels if one case was run twice: a metric has one series.
        let mut metrics: BTreeMap<String, BTreeMap<u64, u64>> = BTreeMap::new();
        for (recording, all) in &recordings {
            for series in all.iter().filter(|series| series.measure == measure) {
                metrics.entry(labels(recording, series)).or_default().extend(series.points.iter().copied());
            }
        }
        for (labels, points) in metrics {
            for (at, value) in points {
                let value = if measure.unit == "us" { format!("{}", value as f64 / 1e6) } else { value.to_string() };
                writeln!(text, "{family}{ending}{{{labels}}} {value} {}.{:06}", START + at / 1_000_000, at % 1_000_000)
                    .expect("writing to a string");
            }
        }
    }
    text + "# EOF\n"
}

/// A metric's name without the ending of its type.
fn family(measure: &Measure) -> String {
    match (measure.kind, measure.unit) {
        ("counter", _) => "mplab_kernel_counter".to_owned(),
        (kind, "us") => format!("mplab_{kind}_{}_seconds", measure.name),
        (kind, "bytes") if !measure.name.contains("bytes") => format!("mplab_{kind}_{}_bytes", measure.name),
        (kind, _) => format!("mplab_{kind}_{}", measure.name),
    }
}

fn labels(recording: &Recording, series: &Series) -> String {
    let (job, place) = (&recording.job, &recording.place);
    let seed = job.seed.to_string();
    let run = [("case", job.name.as_str()), ("place", &place.name), ("kernel", &place.kernel), ("seed", &seed), ("host", series.host)];
    let own = [(series.measure.kind, series.name.as_str())].into_iter().chain(series.link.map(|link| ("link", link)));
    run.into_iter().chain(own).map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect::<Vec<_>>().join(",")
}

/// Escapes backslashes, quotes and newlines as the format requires.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
