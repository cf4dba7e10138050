//! The whole of which shards are parts: cases by kernels by seeds, and what the results depend on.
//! Not here: which shard has which runs.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::result::compare::Column;
use crate::words::{Digest, Seeds, Time};

/// The whole of a command's runs, the same for each shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    /// The command.
    pub command: Command,
    /// The digest of the program that runs and judges the cases.
    pub program: Digest,
    /// The format of the recordings that were judged.
    pub recording: u32,
    /// Each case runs with these on each kernel that it can run on.
    pub seeds: Seeds,
    /// The kernels, in the order in which they were named.
    pub kernels: Vec<KernelUsed>,
    /// The cases by name.
    pub cases: BTreeMap<String, CaseUsed>,
}

/// A command whose runs can be divided into shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Cases on one kernel, once.
    Run,
    /// A case with many seeds.
    Explore,
    /// Cases on several kernels.
    Matrix,
}

/// A kernel that cases run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelUsed {
    /// Its column in a matrix.
    #[serde(flatten)]
    pub column: Column,
    /// The digest of its image and modules; absent for this computer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Digest>,
    /// The virtual machine that it runs on, if any, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The options of `mplab run` that name it, each with a space before it.
    pub options: String,
}

/// A case that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseUsed {
    /// Its file, as `mplab run` takes it.
    pub file: String,
    /// The digest of its plans, which depend on its text, its topology's text, and the kernels.
    pub digest: Digest,
    /// What kernels on which it cannot run lack, in words, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lacks: BTreeMap<String, String>,
    /// How long a run is expected to take on each kernel, by which shards are balanced.
    pub takes: BTreeMap<String, Time>,
}

/// A run that is to be made, or the only one of a case on a kernel that it cannot run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit<'a> {
    /// The case.
    pub case: &'a str,
    /// The kernel's name.
    pub kernel: &'a str,
    /// The seed.
    pub seed: u64,
}

/// `survival::flap with um-7.3, seed 3`
impl fmt::Display for Unit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {}, seed {}", self.case, self.kernel, self.seed)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "run",
            Self::Explore => "explore",
            Self::Matrix => "matrix",
        })
    }
}

impl Whole {
    /// All runs by case, kernel and seed, with how long each is expected to take.
    pub fn units(&self) -> impl Iterator<Item = (Unit<'_>, Time)> {
        self.cases.iter().flat_map(move |(case, used)| {
            self.kernels.iter().flat_map(move |KernelUsed { column, .. }| {
                let kernel = column.name.as_str();
                let lacks = used.lacks.contains_key(kernel);
                let takes = if lacks { Time::ZERO } else { used.takes.get(kernel).copied().unwrap_or(Time::ZERO) };
                let seeds = self.seeds.all().take(if lacks { 1 } else { usize::MAX });
                seeds.map(move |seed| (Unit { case, kernel, seed }, takes))
            })
        })
    }

    /// The command that makes one of the runs alone.
    pub fn again(&self, case: &str, kernel: &str, seed: u64) -> String {
        let file = self.cases.get(case).map_or(case, |used| used.file.as_str());
        let options = self.kernels.iter().find(|used| used.column.name == kernel).map_or("", |used| used.options.as_str());
        format!("mplab run {file} --seed {seed}{options}")
    }

    /// What differs in another, in words about the other; empty if both are the same.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut differs = |differs: bool, what: String| found.extend(differs.then_some(what));
        differs(self.command != other.command, format!("it is of `mplab {}`, not of `mplab {}`", other.command, self.command));
        let programs = [other.program.short(), self.program.short()];
        differs(self.program != other.program, format!("another build of mplab made it: the program {}, not {}", programs[0], programs[1]));
        let formats = format!("its runs were recorded in format {}, not {}", other.recording, self.recording);
        differs(self.recording != other.recording, formats);
        differs(self.seeds != other.seeds, format!("its seeds are {}, not {}", other.seeds, self.seeds));
        found.extend(self.other_kernels(other));
        found.extend(self.other_cases(other));
        found
    }

    fn other_kernels(&self, other: &Self) -> Vec<String> {
        let names = |whole: &Self| whole.kernels.iter().map(|kernel| kernel.column.name.clone()).collect::<Vec<_>>().join(", ");
        let (ours, theirs) = (names(self), names(other));
        if ours != theirs {
            return vec![format!("its kernels are {theirs}, not {ours}")];
        }
        let time = |kernel: &KernelUsed| if kernel.column.in_virtual_time { "virtual" } else { "real" };
        let compared = self.kernels.iter().zip(&other.kernels).filter_map(|(here, there)| {
            let name = &here.column.name;
            match () {
                () if here.column.release != there.column.release => {
                    Some(format!("its kernel {name} is Linux {}, not {}", there.column.release, here.column.release))
                }
                () if here.image != there.image => {
                    let short = |kernel: &KernelUsed| kernel.image.map_or_else(|| "none".to_owned(), |image| image.short());
                    Some(format!("its kernel {name} is another image: {}, not {}", short(there), short(here)))
                }
                () if time(here) != time(there) => {
                    Some(format!("its kernel {name} ran in {} time, not in {} time", time(there), time(here)))
                }
                () if here.machine != there.machine => {
                    let machine = |kernel: &KernelUsed| kernel.machine.clone().unwrap_or_else(|| "no machine".to_owned());
                    Some(format!("its kernel {name} ran on {}, not on {}", machine(there), machine(here)))
                }
                () => None,
            }
        });
        compared.collect()
    }

    fn other_cases(&self, other: &Self) -> Vec<String> {
        let lacking = self.cases.keys().filter(|name| !other.cases.contains_key(*name)).map(|name| format!("it has no case {name}"));
        let there = other.cases.iter().filter_map(|(name, there)| {
            let Some(here) = self.cases.get(name) else { return Some(format!("it has the case {name}, which the others lack")) };
            match () {
                () if here.digest != there.digest => Some(format!("its case {name} or that case's topology differs")),
                () if here.lacks != there.lacks => {
                    let lacks = |used: &CaseUsed| {
                        let each = used.lacks.iter().map(|(kernel, what)| format!("{kernel}: {what}"));
                        if used.lacks.is_empty() { "it can".to_owned() } else { each.collect::<Vec<_>>().join(", ") }
                    };
                    Some(format!("its case {name} cannot run on the same kernels ({}; elsewhere {})", lacks(there), lacks(here)))
                }
                () if here.takes != there.takes => Some(format!("its shards were balanced by other durations of {name}")),
                () => None,
            }
        });
        lacking.chain(there).collect()
    }
}
