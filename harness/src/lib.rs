//! mplab: a lab for multipath transports on one Linux machine.
//!
//! A topology and a case become a [`plan::Job`], a place runs the job and leaves a [`recording::Recording`], the judge makes a verdict of it:
//!
//! ```text
//! topology.toml + case.toml --check--> Topology + Case --plan--> Job --run--> Recording --judge--> Verdict --> report
//! pure: no root, no clock, no I/O ------------------------------|  effects   |  pure again, anywhere, any time later
//! ```
//!
//! | directory | holds | rule |
//! |---|---|---|
//! | [`front`] | [`suite`], [`fixture`], [`standing`] labs, [`doctor`], the [`pool`] | what people call |
//! | [`place`] | [`place::local`], [`guest`] | know where, not what |
//! | [`life`] | [`lab`], [`traffic`], [`processes`], [`relay`], [`proxy`], [`observe`], [`execute`], [`clock`] | effects, no decisions about MPTCP |
//! | [`kernel`] | namespaces, netlink, sockets, processes, probes | the only room with `unsafe`, netlink, /proc, setns |
//! | [`result`] | [`recording`], [`splat`], [`judge`], [`compare`], [`report`] | pure functions and types |
//! | [`plan`] | operations whose `Display` is the ip, tc or sysctl line; the job | pure |
//! | [`document`] | [`diagnostic`], [`topology`], [`case`] with its measures, the [`disk`] they are on | text in, values out; a measure reads records |
//! | [`record`] | what is seen of hosts, transfers and processes | plain data |
//! | [`words`] | names, units, constraints, features | no I/O |
//!
//! A module uses modules of its own directory and of those below it in this table; a test keeps it so. Outside, modules are called by their short
//! paths: `mplab::fixture`.

pub mod document;
pub mod front;
#[allow(unsafe_code, reason = "system calls that no library wraps are made here and nowhere else")]
pub mod kernel;
pub mod life;
pub mod place;
pub mod plan;
pub mod record;
pub mod result;
pub mod words;

#[doc(inline)]
pub use document::{case, diagnostic, disk, topology};
#[doc(inline)]
pub use front::{doctor, fixture, pool, standing, suite};
#[doc(inline)]
pub use life::{clock, execute, lab, observe, processes, proxy, relay, traffic};
#[doc(inline)]
pub use place::{enter, guest, local};
#[doc(inline)]
pub use result::{compare, judge, recording, report, splat};
