//! A run's life: the lab, its traffic and programs, what is observed, and the one loop that takes the steps.
//! Not here: decisions about MPTCP, which are in the plan, and system calls, which are in `kernel`.

pub(crate) mod capture;
pub mod clock;
pub mod execute;
pub mod lab;
pub(crate) mod news;
pub mod observe;
pub mod processes;
pub mod proxy;
pub mod relay;
pub mod traffic;
mod waiting;
