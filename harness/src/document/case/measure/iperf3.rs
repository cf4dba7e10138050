//! What iperf3 reports about its traffic, over a whole run or a part of it.
//! Not here: reading its JSON.

use super::run::ProcessSeen;
use crate::record::{Iperf3Interval, Iperf3Record};
use crate::words::{Rate, Time, Window};

/// What iperf3 reported, or why it reported nothing.
pub(super) fn numbers<'a>(seen: &ProcessSeen<'a>) -> Result<&'a Iperf3Record, String> {
    let numbers = seen.record()?.iperf3.as_ref().ok_or("it printed no JSON as iperf3 does")?;
    numbers.error.as_ref().map_or(Ok(numbers), |error| Err(format!("iperf3: {error}")))
}

impl Iperf3Record {
    /// The part of each interval that is in the window, from 0 to 1.
    fn parts(&self, window: Window) -> impl Iterator<Item = (&Iperf3Interval, f64)> {
        let (from, to) = (window.from.map_or(0, Time::micros), window.to.map_or(u64::MAX, Time::micros));
        let within = move |start: u64, end: u64| end.min(to).saturating_sub(start.max(from));
        self.intervals.iter().map(move |interval| {
            let whole = (interval.to - interval.from).max(1);
            (interval, within(interval.from, interval.to) as f64 / whole as f64)
        })
    }

    pub(super) fn bytes(&self, window: Window) -> Result<u64, String> {
        if window == Window::default() {
            return self.received.ok_or_else(|| "iperf3 did not report what arrived".to_owned());
        }
        Ok(self.parts(window).map(|(interval, part)| interval.bytes as f64 * part).sum::<f64>() as u64)
    }

    pub(super) fn goodput(&self, window: Window) -> Result<Rate, String> {
        let bytes = self.bytes(window)?;
        let seen: f64 = self.parts(window).map(|(interval, part)| (interval.to - interval.from) as f64 * part).sum();
        let took = if window == Window::default() { self.took } else { seen as u64 };
        if took == 0 { Err("iperf3 has no interval in this window".to_owned()) } else { Ok(Rate::of(bytes, Time::from_micros(took))) }
    }

    pub(super) fn retransmits(&self, window: Window) -> Result<u64, String> {
        let unknown = || "iperf3 reports no retransmissions at this end: only the sender knows them".to_owned();
        if window == Window::default() {
            return self.retransmits.ok_or_else(unknown);
        }
        let parts = self.parts(window).map(|(interval, part)| Some(interval.retransmits? as f64 * part));
        parts.sum::<Option<f64>>().map(|sum| sum as u64).ok_or_else(unknown)
    }
}
