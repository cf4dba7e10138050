//! How busy the computer is: CPU time that a hypervisor took for others, and time in which some task waited for a CPU.
//! Not here: how busy is too busy.

use std::fs;

/// Totals since boot, in µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Load {
    /// CPU time of all CPUs together, idle time included (/proc/stat).
    pub cpu: u64,
    /// CPU time of it that the hypervisor gave to others.
    pub stolen: u64,
    /// Time in which at least one task waited for a CPU (/proc/pressure/cpu, `some`); 0 on a kernel without PSI.
    pub waited: u64,
}

impl Load {
    /// Reads the totals. What cannot be read is 0.
    pub(crate) fn read() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let pressure = fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
        Self::parse(&stat, &pressure)
    }

    fn parse(stat: &str, pressure: &str) -> Self {
        /// `USER_HZ`: what /proc counts in has been a hundredth of a second on every architecture (proc_stat(5)).
        const TICK_MICROS: u64 = 10_000;
        // user nice system idle iowait irq softirq steal; guest time is part of user time.
        let ticks: Vec<u64> =
            stat.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect();
        let some = pressure.lines().find(|line| line.starts_with("some"));
        let waited = some.and_then(|line| line.rsplit_once("total=")).and_then(|(_, total)| total.trim().parse().ok());
        Self {
            cpu: ticks.iter().sum::<u64>() * TICK_MICROS,
            stolen: ticks.get(7).copied().unwrap_or(0) * TICK_MICROS,
            waited: waited.unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        let stat = "cpu  100 0 50 800 5 0 15 30 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n";
        let pressure = "some avg10=1.00 avg60=0.50 avg300=0.10 total=123456\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(Load::parse(stat, pressure), Load { cpu: 10_000_000, stolen: 300_000, waited: 123_456 });
        assert_eq!(Load::parse("", ""), Load::default());
    }
}
