//! Every series of recordings as CSV in long form: a line for each value (RFC 4180, with line feeds).
//! Not here: which series there are.

use std::borrow::Cow;
use std::fmt::Write;

use super::Export;
use crate::result::recording::Recording;
use crate::result::report::series::series;

/// The format.
pub(super) const EXPORT: Export =
    Export { ending: "csv", is: "all series, for tables", make: |source| source.file(Ok(csv(source.recordings))) };

/// The columns.
pub const COLUMNS: [&str; 11] = ["case", "place", "kernel", "seed", "host", "kind", "name", "link", "measure", "time", "value"];

/// The text. `time` is in seconds from the run's start.
pub fn csv<'a>(recordings: impl IntoIterator<Item = &'a Recording>) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for recording in recordings {
        let (job, place) = (&recording.job, &recording.place);
        let run = format!("{},{},{},{}", field(&job.name), field(&place.name), field(&place.kernel), job.seed);
        for series in series(recording) {
            let measure = series.measure;
            let of = format!(
                "{run},{},{},{},{},{}",
                field(series.host),
                measure.kind,
                field(&series.name),
                field(series.link.unwrap_or_default()),
                measure.name
            );
            for (at, value) in series.points {
                writeln!(text, "{of},{}.{:06},{value}", at / 1_000_000, at % 1_000_000).expect("writing to a string");
            }
        }
    }
    text
}

/// A field, in quotes where it has to be.
fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")).into() } else { text.into() }
}
