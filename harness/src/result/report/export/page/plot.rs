//! A plot: curves over the time of the run, stacked or not, with axes, steps, kernel notices, and stalls.
//! Not here: what the curves show.
//!
//! The drawing is stretched to the width of the page, and its labels are text beside it: so it is as readable on a phone as on a wall. The
//! script reads values back from the paths, whose coordinates are whole parts of [`WIDTH`] and [`HEIGHT`].

use std::fmt::Write;

use maud::{Markup, html};

use super::paint::Paint;
use super::timeline::{NOTICES, Timeline};
use crate::result::report::ticks::{number, round_step};

/// What the width of a plot is divided into.
const WIDTH: f64 = 2000.0;
/// What its height is divided into.
const HEIGHT: f64 = 1000.0;
/// The least distance between step numbers on a phone, in a narrow window and in a wide one, in percent of the width (`page.css` has the widths).
const FLAGS: [f64; 3] = [8.5, 4.2, 2.6];

/// More curves than this are drawn thinner.
const MANY: usize = 12;

/// A line through points of time in µs and height in the plot's unit.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) paint: Paint,
    pub(super) points: Vec<(u64, f64)>,
}

/// What is plotted.
pub(super) struct Plot<'a> {
    /// Names it for links to it.
    pub(super) id: &'a str,
    /// The group of plots and rows whose n-th curves show the same thing.
    pub(super) group: &'a str,
    pub(super) title: &'a str,
    pub(super) unit: &'a str,
    /// What else is to be said of it.
    pub(super) note: &'a str,
    /// Whether the curves are stacked. Then all have points at the same times.
    pub(super) stacked: bool,
    pub(super) curves: &'a [Curve],
}

impl Plot<'_> {
    /// The plot as a figure.
    pub(super) fn figure(&self, timeline: &Timeline) -> Markup {
        let tops = self.tops();
        let highest = tops.iter().flatten().map(|point| point.1).fold(0.0, f64::max).max(1e-3) * 1.03;
        let step = round_step(highest / 4.0);
        let high = (highest / step).ceil() * step;
        let end = timeline.end as f64;
        let (across, tick) = (end / 1e6, round_step(end / 1e6 / 10.0));
        let x = |time: u64| time as f64 / end * WIDTH;
        let y = |value: f64| HEIGHT - value / high * HEIGHT;
        let heights: Vec<f64> = (0..=(high / step).round() as u32).map(|index| f64::from(index) * step).collect();
        let times: Vec<f64> = (0..=(across / tick + 1e-9) as u32).map(|index| f64::from(index) * tick).collect();
        html! {
            figure .plot .many[self.curves.len() > MANY] #(self.id) data-group=(self.group) data-end=(across) data-high=(high) data-unit=(self.unit) data-stacked[self.stacked] {
                figcaption { b { (self.title) } " " span .unit { (self.unit) } @if !self.note.is_empty() { span .note { (self.note) } } }
                div .frame {
                    div .ys aria-hidden="true" {
                        @for value in &heights { span style={ "bottom:" (format!("{:.2}", value / high * 100.0)) "%" } { (number(*value, step)) } }
                    }
                    div .area {
                        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label={ (self.title) " in " (self.unit) } {
                            path .grid d=(heights.iter().fold(String::new(), |d, value| d + &format!("M0 {:.0}H{WIDTH}", y(*value)))) {}
                            @if !self.stacked { (bands(timeline, &x)) }
                            @let drawn = tops.iter().enumerate().zip(self.curves);
                            @if self.stacked {
                                // The highest first: each curve covers what is below its edge, which leaves only the previous curve's own part.
                                @for ((index, top), curve) in drawn.rev() {
                                    path class={ "curve fill " (curve.paint.class()) } data-curve=(index) data-name=(curve.name) d=(area(top, &x, &y)) {}
                                }
                                (bands(timeline, &x))
                            } @else {
                                @for ((index, top), curve) in drawn {
                                    path class={ "curve line " (curve.paint.class()) } data-curve=(index) data-name=(curve.name) d=(line(top, &x, &y)) {}
                                }
                            }
                            @for (at, _) in &timeline.steps { path .step d={ "M" (format!("{:.0}", x(*at))) " 0V" (HEIGHT) } {} }
                            rect .window y="0" height=(HEIGHT) width="0" {}
                        }
                        @for (number, place, room) in flags(timeline, &x) { span class={ "flag r" (room) } style={ "left:" (format!("{place:.2}")) "%" } { (number) } }
                        @for (at, what) in timeline.notices.iter().take(NOTICES) { span .tick style={ "left:" (format!("{:.2}", x(*at) / WIDTH * 100.0)) "%" } title=(what) {} }
                        div .cursor hidden {}
                    }
                    div .xs aria-hidden="true" {
                        @for (index, time) in times.iter().enumerate() {
                            span .odd[index % 2 == 1] style={ "left:" (format!("{:.2}", time / across * 100.0)) "%" } { (number(*time, tick)) " s" }
                        }
                    }
                }
            }
        }
    }

    /// The curves as drawn: each on the previous one, or on the axis.
    fn tops(&self) -> Vec<Vec<(u64, f64)>> {
        let mut tops: Vec<Vec<(u64, f64)>> = Vec::new();
        for curve in self.curves {
            let below = tops.last().filter(|_| self.stacked);
            let on = |(index, &(time, value)): (usize, &(u64, f64))| {
                (time, value + below.and_then(|below| below.get(index)).map_or(0.0, |point| point.1))
            };
            tops.push(curve.points.iter().enumerate().map(on).collect());
        }
        tops
    }
}

fn bands(timeline: &Timeline, x: &impl Fn(u64) -> f64) -> Markup {
    html! {
        @for (from, to) in &timeline.stalls {
            rect .stall x=(format!("{:.0}", x(*from))) y="0" width=(format!("{:.0}", (x(*to) - x(*from)).max(1.0))) height=(HEIGHT) {}
        }
    }
}

/// The numbers of the steps with their places in percent, and in which of the [`FLAGS`] there is room for each, without those for which there never is.
fn flags(timeline: &Timeline, x: &impl Fn(u64) -> f64) -> Vec<(usize, f64, usize)> {
    let mut flags: Vec<(usize, f64, usize)> = Vec::new();
    for (room, apart) in FLAGS.into_iter().enumerate() {
        for (number, (at, _)) in (1..).zip(&timeline.steps) {
            let place = x(*at) / WIDTH * 100.0;
            if flags.iter().all(|(_, other, _)| (place - other).abs() >= apart) {
                flags.push((number, place, room));
            }
        }
    }
    flags
}

fn line(points: &[(u64, f64)], x: &impl Fn(u64) -> f64, y: &impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    for (index, &(time, value)) in points.iter().enumerate() {
        write!(path, "{}{:.0} {:.0}", if index == 0 { 'M' } else { 'L' }, x(time), y(value)).expect("writing to a string");
    }
    path
}

/// A line with all that is below it.
fn area(points: &[(u64, f64)], x: &impl Fn(u64) -> f64, y: &impl Fn(f64) -> f64) -> String {
    match (points.first(), points.last()) {
        (Some(first), Some(last)) => format!(
            "{}V{HEIGHT}H{:.0}Z",
            line(points, x, y).replace('M', &format!("M{:.0} {HEIGHT}L", x(first.0))),
            x(first.0).min(x(last.0))
        ),
        _ => String::new(),
    }
}
