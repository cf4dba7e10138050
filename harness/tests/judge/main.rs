//! The judge and the reports, on recordings made up in code.

mod beside;
mod bounds;
mod compare;
mod counters;
mod delivery;
mod explain;
mod exports;
mod matrix;
mod page;
mod paths;
mod reports;
mod shards;
mod synthetic;
mod verdicts;
