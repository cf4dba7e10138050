//! mplab: a lab for multipath transports on one Linux machine.
//!
//! A topology and a case become a [`plan::Job`], a place runs the job and leaves a [`recording::Recording`], the judge makes a verdict of it:
//!
//! ```text
//! topology.toml + case.toml --check--> Topology + Case --plan--> Job --run--> Recording --judge--> Verdict --> report
//! pure: no root, no clock, no I/O ------------------------------|  effects   |  pure again, anywhere, any time later
//! ```
//!
//! | layer | modules | rule |
//! |---|---|---|
//! | 5 places | [`local`], [`guest`], [`place`], [`standing`], [`fixture`], [`suite`], [`disk`], [`doctor`] | know where, not what |
//! | 4 life | [`lab`], [`traffic`], [`processes`], [`relay`], [`proxy`], [`observe`], [`execute`], [`clock`] | effects, no decisions about MPTCP |
//! | 3 kernel | [`kernel`] | the only room with `unsafe`, netlink, /proc, setns |
//! | 2 decisions | [`plan`], [`recording`], [`splat`], [`judge`], [`compare`], [`report`] | pure functions and types |
//! | 1 documents | [`topology`], [`case`], [`address`], [`diagnostic`], `document` | text in, values out |
//! | 0 words | [`words`] | no I/O |
//!
//! A module uses its own layer and those below it; a test keeps it so.

pub mod address;
pub mod case;
pub mod clock;
pub mod compare;
pub mod diagnostic;
pub mod disk;
pub mod doctor;
mod document;
pub mod execute;
pub mod fixture;
pub mod guest;
pub mod judge;
#[allow(unsafe_code, reason = "system calls that no library wraps are made here and nowhere else")]
pub mod kernel;
pub mod lab;
pub mod local;
pub mod observe;
pub mod place;
pub mod plan;
pub mod processes;
pub mod proxy;
pub mod recording;
pub mod relay;
pub mod report;
pub mod splat;
pub mod standing;
pub mod suite;
pub mod topology;
pub mod traffic;
pub mod words;
