//! Compares runs: how the measures of a case spread over seeds, what differs between kernels, what got worse since an earlier matrix and with
//! which kernel of a list, and where two runs diverge.
//! Not here: running, judging a single run, or how any of it is shown. It is pure.

mod apart;
mod bisect;
mod changes;
mod matrix;
mod run;
mod same;
mod spread;

pub use apart::{Apart, apart};
pub use bisect::{Search, Worth};
pub use changes::{Change, Changes, changes};
pub use matrix::{Cell, Column, FORMAT, Matrix, Moved};
pub use run::{Ended, Run};
pub use same::differences;
pub use spread::{Distance, Spread, spreads};
