//! A transfer as one drawing: what each interface carried over time, stacked, with the steps, kernel notices,
//! and stalls.
//! Not here: pixels. It is a self-contained SVG, the same bytes for the same recording.

use super::{Export, Source};
use crate::result::recording::Recording;
use crate::result::report::speeds::{Bins, speeds};
use crate::result::report::stalls::stalls;
use crate::result::report::ticks::{number, round_step};
use crate::result::report::traffic::Traffic;
use crate::result::report::{notices, steps};
use crate::words::terminal::visible;
use crate::words::{Percent, Time};

/// The format.
pub(super) const EXPORT: Export = Export { ending: "svg", is: "the throughput as a drawing", make: |source| source.file(drawing(source)) };

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;
/// The height added below the axis for kernel notices.
const LANE: f64 = 22.0;
/// The height added for each further row of the legend.
const LEGEND: f64 = 18.0;
/// The plot's edges.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 932.0;
const TOP: f64 = 102.0;
const BOTTOM: f64 = 364.0;
/// The colours of the interfaces, in their order: those of links on a light page (`page.css`). They differ in lightness too.
const COLOURS: [&str; 8] = ["#2f6db5", "#e8a317", "#2a9d78", "#c77aa8", "#58b0e3", "#d1582b", "#7c63b8", "#8b949e"];
/// How solid they are. Further interfaces repeat them in a lighter tint.
const TINTS: [f64; 3] = [0.8, 0.5, 0.25];
const ALARM: &str = "#c62828";
const INK: &str = "#24292f";
const GREY: &str = "#5b6570";
/// How many points a line has at most.
const POINTS: u64 = 200;
/// The width of a character of small text, near enough.
const CHARACTER: f64 = 6.3;

/// Draws the first transfer of the only recording, or says why not.
pub fn drawing(source: &Source<'_>) -> Result<String, String> {
    let output = source.output.display();
    let [recording] = source.recordings else {
        return Err(format!("{output}: a drawing shows one recording, not {}", source.recordings.len()));
    };
    let transfer = recording.job.case.transfers.keys().next();
    let transfer = transfer.ok_or_else(|| format!("{output}: the case has no transfer to draw"))?;
    Ok(svg(recording, transfer))
}

/// Draws a transfer as its client saw it.
pub fn svg(recording: &Recording, transfer: &str) -> String {
    let summary = &recording.job.case.summary;
    // A long title is set smaller: a bold character is about 0.6 of its size wide.
    let size = ((RIGHT - LEFT) / (0.6 * summary.chars().count().max(1) as f64)).clamp(9.0, 17.0);
    let notices = notices::told(recording);
    let mut height = if notices.is_empty() { HEIGHT } else { HEIGHT + LANE };
    let mut parts = vec![text(LEFT, 34.0, "start", INK, &format!("font-size=\"{size:.1}\" font-weight=\"600\""), summary)];
    match Traffic::of(recording, transfer) {
        Ok(traffic) => {
            let stalls = stalls(recording, transfer);
            let (legend, rows) = legend(&traffic, !stalls.is_empty());
            let down = (rows - 1) as f64 * LEGEND;
            height += down;
            parts.push(legend);
            let plot = plot(recording, &traffic, &notices, &stalls).join("\n");
            parts.push(if down > 0.0 { format!("<g transform=\"translate(0 {down})\">\n{plot}\n</g>") } else { plot });
            let origin = format!("{transfer}: bytes {}", traffic.origin());
            parts.push(text(LEFT, height - 12.0, "start", GREY, "font-size=\"11\"", &origin));
        }
        Err(why) => parts.push(text(WIDTH / 2.0, HEIGHT / 2.0, "middle", GREY, "", &format!("Nothing to draw: {why}"))),
    }
    let place = format!("{}, Linux {}, seed {}", recording.place.name, recording.place.kernel, recording.job.seed);
    parts.push(text(RIGHT, height - 12.0, "end", GREY, "font-size=\"11\"", &place));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"12\">\n\
         <title>{}</title>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}\n</svg>\n",
        escaped(&recording.job.case.summary),
        parts.join("\n")
    )
}

/// The plot with its axes, steps, notices and stalls.
fn plot(recording: &Recording, traffic: &Traffic, notices: &[(u64, String)], stalls: &[(u64, u64)]) -> Vec<String> {
    let layers = Layers::of(traffic, recording.job.case.sample);
    let highest = layers.tops.last().into_iter().flatten().copied().fold(0.0, f64::max);
    let step = round_step(highest.max(1e-3) * 1.05 / 5.0);
    let scale = Scale { end: recording.end.max(traffic.end()).max(1) as f64, high: (highest.max(1e-3) * 1.05 / step).ceil() * step };
    let mut parts = grid(&scale, step);
    parts.extend(layers.paths(&scale));
    parts.extend(marks(&scale, &steps::taken(recording)));
    parts.extend(ticks(&scale, notices));
    let longest = stalls.iter().copied().max_by_key(|(from, to)| to - from);
    parts.extend(stalls.iter().map(|&span| band(&scale, span, Some(span) == longest)));
    parts
}

/// From time and speed to a place in the drawing.
struct Scale {
    end: f64,
    high: f64,
}

impl Scale {
    fn x(&self, micros: f64) -> f64 {
        LEFT + (micros / self.end).min(1.0) * (RIGHT - LEFT)
    }

    fn y(&self, megabits: f64) -> f64 {
        BOTTOM - megabits / self.high * (BOTTOM - TOP)
    }
}

/// Stacked speeds: the upper edge of each interface's area in Mbit/s.
struct Layers {
    times: Vec<f64>,
    tops: Vec<Vec<f64>>,
}

impl Layers {
    fn of(traffic: &Traffic, sample: Time) -> Self {
        let bins = Bins::of(traffic.end(), sample, POINTS);
        let curves = traffic.interfaces.iter().map(|(_, bytes)| bins.points(speeds(&bins, traffic.at, bytes)));
        let (mut times, mut tops): (Vec<f64>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for curve in curves {
            let ground = vec![0.0; curve.len()];
            let top = curve.iter().zip(tops.last().unwrap_or(&ground)).map(|((_, speed), below)| below + speed).collect();
            times = curve.iter().map(|(time, _)| *time as f64).collect();
            tops.push(top);
        }
        Self { times, tops }
    }

    fn paths(&self, scale: &Scale) -> Vec<String> {
        let ground = vec![0.0; self.times.len()];
        let edge = |heights: &[f64]| -> Vec<String> {
            self.times.iter().zip(heights).map(|(&time, &height)| format!("{:.1},{:.1}", scale.x(time), scale.y(height))).collect()
        };
        let area = |(layer, top): (usize, &Vec<f64>)| {
            let (upper, mut lower) = (edge(top), edge(if layer == 0 { &ground } else { &self.tops[layer - 1] }));
            lower.reverse();
            let (colour, tint) = paint(layer);
            format!(
                "<path d=\"M{} L{}Z\" fill=\"{colour}\" fill-opacity=\"{tint}\"/>\n\
                 <path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\" stroke-linejoin=\"round\"/>",
                upper.join(" "),
                lower.join(" "),
                upper.join(" ")
            )
        };
        if self.times.is_empty() { Vec::new() } else { self.tops.iter().enumerate().map(area).collect() }
    }
}

fn grid(scale: &Scale, step: f64) -> Vec<String> {
    let mut parts = vec![text(LEFT - 10.0, TOP - 14.0, "end", GREY, "font-size=\"11\"", "Mbit/s")];
    for index in 0..=(scale.high / step).round() as u32 {
        let value = f64::from(index) * step;
        let (y, colour) = (scale.y(value), if index == 0 { GREY } else { "#e3e7eb" });
        parts.push(line(LEFT, y, RIGHT, y, &format!("stroke=\"{colour}\"")));
        parts.push(text(LEFT - 10.0, y + 4.0, "end", GREY, "", &number(value, step)));
    }
    let seconds = scale.end / 1e6;
    let step = round_step(seconds / 10.0);
    for index in 0..=(seconds / step + 1e-9) as u32 {
        let value = f64::from(index) * step;
        let x = scale.x(value * 1e6);
        parts.push(line(x, BOTTOM, x, BOTTOM + 5.0, &format!("stroke=\"{GREY}\"")));
        parts.push(text(x, BOTTOM + 20.0, "middle", GREY, "", &format!("{} s", number(value, step))));
    }
    parts
}

/// A stall's band. Only the longest is labelled: others may be too close together.
fn band(scale: &Scale, (from, to): (u64, u64), longest: bool) -> String {
    let (left, right) = (scale.x(from as f64), scale.x(to as f64));
    let band = format!(
        "<rect x=\"{left:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\" fill=\"{ALARM}\" fill-opacity=\"0.22\"/>",
        (right - left).max(1.0),
        BOTTOM - TOP
    );
    if !longest {
        return band;
    }
    let label = format!("{} without a byte", Time::from_micros(to - from));
    let fits = right + 8.0 + label.len() as f64 * CHARACTER < RIGHT;
    let (x, anchor) = if fits { (right + 6.0, "start") } else { (left - 6.0, "end") };
    band + "\n" + &text(x, TOP + 16.0, anchor, ALARM, &format!("font-size=\"11\" font-weight=\"600\" {HALO}"), &label)
}

/// Keeps text readable on whatever it crosses.
const HALO: &str = "paint-order=\"stroke\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\"";

/// The steps: dashed lines with labels above the plot, in two rows if they are close. One for which neither has room has none.
fn marks(scale: &Scale, steps: &[(u64, String)]) -> Vec<String> {
    let mut taken = [f64::MIN; 2];
    let (mut lines, mut labels) = (Vec::new(), Vec::new());
    for (at, label) in steps {
        let x = scale.x(*at as f64);
        let width = label.chars().count() as f64 * CHARACTER;
        let (start, anchor) = if x + width > RIGHT + 20.0 { (x - width, "end") } else { (x, "start") };
        let row = taken.iter().position(|taken| start >= *taken);
        let y = TOP - 8.0 - row.unwrap_or(0) as f64 * 14.0;
        lines.push(line(x, y + 3.0, x, BOTTOM, &format!("stroke=\"{INK}\" stroke-width=\"1.2\" stroke-dasharray=\"4 3\"")));
        if let Some(row) = row {
            taken[row] = start + width + 8.0;
            labels.push(text(x, y, anchor, INK, &format!("font-size=\"11\" {HALO}"), label));
        }
    }
    // Labels come last, so that no line crosses them.
    lines.into_iter().chain(labels).collect()
}

/// The kernel notices: triangles on the axis, with the words below if there is room.
fn ticks(scale: &Scale, notices: &[(u64, String)]) -> Vec<String> {
    let mut taken = f64::MIN;
    let mut parts = Vec::new();
    for (at, said) in notices {
        let x = scale.x(*at as f64);
        parts.push(format!("<path d=\"M{:.1} {:.1}h8l-4 -7Z\" fill=\"{GREY}\"/>", x - 4.0, BOTTOM + 8.0));
        let width = said.chars().count() as f64 * CHARACTER;
        let (start, anchor) = if x - 4.0 + width > RIGHT + 20.0 { (x + 4.0 - width, "end") } else { (x - 4.0, "start") };
        if start >= taken && start >= 0.0 {
            taken = start + width + 8.0;
            parts.push(text(if anchor == "end" { x + 4.0 } else { x - 4.0 }, BOTTOM + 38.0, anchor, GREY, "font-size=\"11\"", said));
        }
    }
    parts
}

/// The legend: the interfaces by colour, with their shares; and how many rows it has.
fn legend(traffic: &Traffic, stalled: bool) -> (String, usize) {
    let totals = traffic.totals();
    let whole = totals.iter().sum();
    let name = |((name, _), &bytes): (&(&str, Vec<u64>), &u64)| format!("{name} {:.0}%", Percent::of(bytes, whole).0);
    let mut entries: Vec<(String, &str, f64)> = Vec::new();
    for (index, entry) in traffic.interfaces.iter().zip(&totals).enumerate() {
        let (colour, tint) = paint(index);
        entries.push((name(entry), colour, tint));
    }
    if stalled {
        entries.push(("stalled".to_owned(), ALARM, 0.22));
    }
    let (mut x, mut row) = (LEFT, 0);
    let entry = |(label, colour, opacity): &(String, &str, f64)| {
        let width = 18.0 + label.chars().count() as f64 * 7.2 + 18.0;
        if x > LEFT && x + width > WIDTH {
            (x, row) = (LEFT, row + 1);
        }
        let y = 49.0 + row as f64 * LEGEND;
        let swatch =
            format!("<rect x=\"{x:.1}\" y=\"{y}\" width=\"12\" height=\"12\" rx=\"2\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>");
        let entry = swatch + &text(x + 18.0, y + 10.0, "start", INK, "", label);
        x += width;
        entry
    };
    let drawn = entries.iter().map(entry).collect::<Vec<_>>().join("\n");
    (drawn, row + 1)
}

/// The colour of an interface, and how solid it is.
fn paint(index: usize) -> (&'static str, f64) {
    (COLOURS[index % COLOURS.len()], TINTS[index / COLOURS.len() % TINTS.len()])
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64, look: &str) -> String {
    format!("<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {look}/>")
}

fn text(x: f64, y: f64, anchor: &str, colour: &str, look: &str, content: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\" {look}>{}</text>", escaped(content))
}

/// Text in XML 1.0, which has no control characters but tab and newline, and neither U+FFFE nor U+FFFF (section 2.2).
fn escaped(text: &str) -> String {
    visible(text)
        .replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_link_has_the_same_colour_in_a_page() {
        let css = include_str!("page/page.css");
        for (number, colour) in COLOURS.iter().enumerate() {
            assert!(css.contains(&format!("--h{number}: {colour};")), "{colour}");
        }
    }

    #[test]
    fn twenty_links_look_different() {
        let looks = (0..20).map(paint).map(|(colour, tint)| format!("{colour} {tint}"));
        assert_eq!(looks.collect::<BTreeSet<_>>().len(), 20);
    }
}
