//! What users call: suites of cases, labs in tests, standing labs, and what this computer can do for them.
//! Not here: where a job runs, and what it does there.

pub mod capture;
pub mod doctor;
pub mod fixture;
pub mod pool;
pub mod standing;
pub mod suite;
