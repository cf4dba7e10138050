//! mplab: a lab for multipath transports on one Linux machine.
//!
//! A topology and a case become a [`Job`], a place runs the job and leaves a [`Recording`], the judge makes a [`Verdict`](judge::Verdict) of it:
//!
//! ```text
//! topology.toml + case.toml --check--> Topology + Case --plan--> Job --run--> Recording --judge--> Verdict --> report
//! pure: no root, no clock, no I/O ------------------------------|  effects   |  pure again, anywhere, any time later
//! ```
//!
//! # Where to start
//!
//! **You test a program of your own.** [`fixture`] builds a lab inside an ordinary `#[test]`: run your program in its hosts, cut a link, and look at
//! what crossed the others.
//!
//! ```no_run
//! use mplab::fixture::{How, Lab};
//!
//! mplab::before_main!();
//!
//! # fn main() {
//! let lab = Lab::file("tests/laptop.toml");
//! let server = lab.host("server").command("my-server").spawn().unwrap();
//! lab.cut("ethernet", How::Carrier);
//! # }
//! ```
//!
//! **You run cases from a tool of your own.** [`suite`] finds case files, plans them for a [`place`] and runs them many at a time; it tells you what
//! happens as [events](suite::Event), and its [result](suite::Results) is a value. A binary that runs cases calls [`enter`] first.
//!
//! ```no_run
//! use mplab::place::Place;
//! use mplab::suite::{self, Event, Suite, Task};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! mplab::enter();
//! let at = Place::Local;
//! let place = at.place()?;
//! let mut tasks = Vec::new();
//! for file in suite::find("cases".as_ref())? {
//!     let job = suite::plan(&file, suite::SEED, &place)?;
//!     tasks.push(Task { file, job });
//! }
//! let suite = Suite { at_once: at.parallel(), per_boot: 1, output: None, capture: None, at, place, tasks };
//! let results = suite.run(&mut |event: &Event<'_>| {
//!     if let Event::Ended(case, _) = event {
//!         println!("{}: {}", case.file.name, case.run.ended.word());
//!     }
//! });
//! println!("{} cases in {:?}", results.cases.len(), results.took);
//! # Ok(())
//! # }
//! ```
//!
//! **You read recordings.** A [`recording`] is JSON that stays readable. [`judge`] judges it again, also by another [`case`], and [`report`] draws it.
//! None of that needs root, or the kernel that the run had.
//!
//! ```no_run
//! use mplab::judge::judge;
//! use mplab::report::{self, Style};
//! use mplab::Recording;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recording = Recording::from_json(&std::fs::read_to_string("recording.json")?)?;
//! let verdict = judge(&recording, &recording.job.case);
//! println!("{}", report::headline(&recording, &verdict, Style::Plain));
//! # Ok(())
//! # }
//! ```
//!
//! Everything is made of [`words`]: names, units and constraints, spelled as iproute2 and the kernel spell them. What is not on this page is for mplab's
//! own command line and tests, and may change with any commit.
//!
//! # Inside
//!
//! | directory | holds | rule |
//! |---|---|---|
//! | `front` | `suite`, `fixture`, `standing` labs, `doctor`, the `pool` | what people call |
//! | `place` | `place::local`, `guest` | know where, not what |
//! | `life` | `lab`, `traffic`, `processes`, `relay`, `proxy`, `observe`, `capture`, `execute`, `clock` | effects, no decisions about MPTCP |
//! | `kernel` | namespaces, netlink, sockets, processes, probes | the only directory with `unsafe`, netlink, /proc, setns |
//! | `result` | `recording`, `splat`, `judge`, `compare`, `shards`, `report` | pure functions and types |
//! | `plan` | operations whose `Display` is the ip, tc or sysctl line; the job | pure |
//! | `document` | `diagnostic`, `topology`, `case` with its measures, the `disk` they are on | text in, values out; a measure reads records |
//! | `record` | what is seen of hosts, transfers and processes | plain data |
//! | `words` | names, units, constraints, features | no I/O |
//!
//! `front`, `place`, `life` and `kernel` exist on Linux only. The rest, which reads documents and recordings, compiles on other systems.
//!
//! A module may use modules of its own directory and of those below it in this table; a test enforces that. Users of the library call modules by
//! their short paths: `mplab::fixture`.

#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, unreachable_pub, unused_imports, reason = "what makes recordings is there on Linux alone")
)]

mod document;
#[cfg(target_os = "linux")]
mod front;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "system calls that no library wraps are made here and nowhere else")]
#[doc(hidden)]
pub mod kernel;
#[cfg(target_os = "linux")]
mod life;
#[cfg(target_os = "linux")]
pub mod place;
#[doc(hidden)]
pub mod plan;
mod record;
mod result;
pub mod words;

#[doc(inline)]
pub use document::{case, change, diagnostic, schema, topology};
#[cfg(target_os = "linux")]
#[doc(inline)]
pub use front::{fixture, suite};
#[cfg(target_os = "linux")]
#[doc(inline)]
pub use place::enter;
#[doc(inline)]
pub use result::{compare, judge, recording, report, shards};

pub use case::Case;
pub use plan::Job;
pub use recording::Recording;
pub use topology::Topology;

// For the command line, and for tests and benches of what is behind the front.
#[doc(hidden)]
pub use document::{disk, names_topology};
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub use front::{capture, doctor, pool, standing};
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub use life::{clock, execute, lab, observe, processes, proxy, relay, traffic};
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub use place::{guest, local};
#[doc(hidden)]
pub use result::splat;
