//! What a guest's machine must do: outside, boot a kernel for an errand; inside, hand over the order and transport the answers.
//! Not here: the machines. Each is a directory beside this file, and a line in [`super::init`].

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::store::Kernel;
use super::{GuestError, Inspection};
use crate::life::execute::News;
use crate::place::local::{Message, Request};
use crate::result::recording::MachineRecord;

/// What a guest is booted for.
pub(super) struct Errand<'a> {
    pub(super) kernel: &'a Kernel,
    /// The first process; this program if nothing is named.
    pub(super) program: Option<&'a PathBuf>,
    /// Whether the state after boot may be kept beside the kernel.
    pub(super) lasting: bool,
    pub(super) inspection: &'a Inspection,
    /// What to do, one after the other.
    pub(super) requests: &'a [Request],
    /// The seed of its random numbers.
    pub(super) seed: u64,
    /// How long it may be silent, by the wall clock.
    pub(super) silence: Duration,
}

/// The result of a boot.
pub(super) struct Boot {
    /// An answer for each request, up to the one that ended the guest.
    pub(super) answers: Vec<Message>,
    /// The output on the kernel's console.
    pub(super) console: String,
    /// Set if it was silent for too long and was killed.
    pub(super) hung: Option<Hang>,
    /// The machine's own error output.
    pub(super) complaint: String,
}

/// How a guest hung.
#[derive(Debug, Default)]
pub(super) struct Hang {
    /// What it was doing, in words, if the machine can tell.
    pub(super) at: Option<String>,
}

/// A machine, from outside.
pub(super) trait Machine: Debug + Send + Sync {
    /// Boots a kernel, has it carry out an errand, and reports news meanwhile, with the request's number.
    fn boot(&self, errand: &Errand, news: &mut dyn FnMut(usize, News)) -> Result<Boot, GuestError>;

    /// Whether it sees the packets of a guest from outside, as [`Inspection::capture`] wishes.
    fn sees_packets(&self) -> bool {
        false
    }

    /// What a recording says of it.
    fn record(&self) -> MachineRecord;

    /// All arguments of the machine and the kernel, except files.
    fn told(&self) -> String;

    /// The options of `mplab run` that name it beside the kernel, each with a space before it.
    fn options(&self) -> &'static str;

    /// The machine on which a kernel is probed.
    fn probing(&self) -> Arc<dyn Machine>;
}

/// A machine, for the first process in it.
pub(super) trait Inside {
    /// The guest's order: an [`Order`](super::order::Order) as JSON. Everything it needs is ready.
    fn order(&mut self) -> io::Result<Vec<u8>>;

    /// The archive of files that the order needs.
    fn payload(&mut self) -> io::Result<Vec<u8>>;

    /// Sends bytes out, in order.
    fn say(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Ends the guest at once.
    fn end(&self) -> !;
}

/// What distinguishes a file from another one at the same path.
pub(super) fn identity(file: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(file).ok()?;
    Some(format!("{} bytes of {}.{}", file.len(), file.mtime(), file.mtime_nsec()))
}
