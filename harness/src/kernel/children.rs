//! A process's children, and the CPU time that a process has used, from /proc.
//! Not here: how busy the computer is.

use std::fs;
use std::time::Duration;

/// The processes that a process is the parent of, by number.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut children: Vec<u32> = ids.filter(|id| stat(*id).is_some_and(|stat| number(&stat, PARENT) == Some(parent.into()))).collect();
    children.sort_unstable();
    children
}

/// How much CPU time a process has used, if it lives.
pub(crate) fn used(process: u32) -> Option<Duration> {
    /// `USER_HZ`: what /proc counts in has been a hundredth of a second on every architecture (proc_stat(5)).
    const TICK: Duration = Duration::from_millis(10);
    let stat = stat(process)?;
    Some(TICK * u32::try_from(number(&stat, USER)? + number(&stat, SYSTEM)?).ok()?)
}

/// Fields of proc_pid_stat(5), from the state on: what is before it may have spaces in it.
const PARENT: usize = 1;
const USER: usize = 11;
const SYSTEM: usize = 12;

fn stat(process: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/stat")).ok()
}

fn number(stat: &str, field: usize) -> Option<u64> {
    stat.rsplit_once(") ")?.1.split_whitespace().nth(field)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_moves_no_field() {
        let stat = "77 (a) b (c) S 5 77 77 0 -1 4194560 100 0 0 0 12 34 0 0 20 0 1 0";
        assert_eq!([PARENT, USER, SYSTEM].map(|field| number(stat, field)), [Some(5), Some(12), Some(34)]);
        assert!(used(std::process::id()).is_some());
    }
}
