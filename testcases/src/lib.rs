//! Every case under `cases/` is a trial of `cargo test`; the runner is `tests/cases.rs`.
