//! Many runs beside each other: how the measures of a case spread over seeds.
//! Not here: running, judging a single run, or how any of it is shown. It is pure.

mod run;
mod spread;

pub use run::{Ended, Run};
pub use spread::{Distance, Spread, spreads};
