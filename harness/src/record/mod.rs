//! What is seen of a run, as plain data: of its transfers, its processes and its hosts.
//! Not here: seeing it, the whole of a recording, or an opinion of it.
//!
//! Times are microseconds from the run's start, cumulative counts start at 0. Series are columns: the n-th value of each belongs to the
//! n-th value of its `at`.

mod host;
mod moment;
mod notice;
mod packet;
mod process;
mod series;
mod state;
mod transfer;

pub use host::{ConnectionSeries, EventRecord, HostRecord, InterfaceSeries, OneByOneRecord, SubflowSeries};
pub use moment::{HostMoment, Moment, SubflowMoment};
pub use notice::{About, NoticeRecord};
pub(crate) use packet::{Captured, Packet};
pub use process::{Iperf3Interval, Iperf3Record, OutputLine, ProcessRecord};
pub(crate) use series::grown;
pub use series::{growth, value_at};
pub use state::{LimitsRecord, RouteRecord, StateRecord};
pub use transfer::{AnswersRecord, ConnectionRecord, FlowRecord, SubflowAnswer, TransferRecord, WrongRecord};
