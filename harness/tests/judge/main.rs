//! The judge and the reports, on recordings made up in code.

mod attempts;
mod beside;
mod between;
mod bounds;
mod carriage;
mod compare;
mod counters;
mod delivery;
mod diag;
mod explain;
mod exports;
mod latency;
mod matrix;
mod page;
mod paths;
mod reports;
mod shards;
mod synthetic;
mod verdicts;
