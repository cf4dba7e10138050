//! What a guest's machine must do: from outside, to boot a kernel for an errand; inside, to hand over the order and carry what is said.
//! Not here: any machine. Each is a directory beside this file, and a line of [`super::init`].

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
    /// Whether what a boot came to may be kept beside the kernel.
    pub(super) lasting: bool,
    pub(super) inspection: &'a Inspection,
    /// What to do, one after the other.
    pub(super) requests: &'a [Request],
    /// What its random numbers follow from.
    pub(super) seed: u64,
    /// How long it may say nothing, in time of the wall clock.
    pub(super) silence: Duration,
}

/// What became of a boot.
pub(super) struct Boot {
    /// One for each request, but for the one that ended it and those behind that.
    pub(super) answers: Vec<Message>,
    /// What the kernel's console said.
    pub(super) console: String,
    /// If it said nothing for too long and was ended.
    pub(super) hung: Option<Hang>,
    /// What the machine itself complained of.
    pub(super) complaint: String,
}

/// How a guest hung.
#[derive(Debug, Default)]
pub(super) struct Hang {
    /// What it was at, in words, if the machine can tell.
    pub(super) at: Option<String>,
}

/// A machine, from outside.
pub(super) trait Machine: Debug + Send + Sync {
    /// Boots a kernel, has it do an errand to its end, and tells what happens meanwhile, with the request's number.
    fn boot(&self, errand: &Errand, news: &mut dyn FnMut(usize, News)) -> Result<Boot, GuestError>;

    /// Whether it sees the packets of a guest from outside, as [`Inspection::capture`] wishes.
    fn sees_packets(&self) -> bool {
        false
    }

    /// What a recording says of it.
    fn record(&self) -> MachineRecord;

    /// All that the machine and the kernel are told but for files.
    fn told(&self) -> String;

    /// The options of `mplab run` that name it beside the kernel, each with a space before it.
    fn options(&self) -> &'static str;

    /// The machine on which it is found out what a kernel can do.
    fn probing(&self) -> Arc<dyn Machine>;
}

/// A machine, for the first process in it.
pub(super) trait Inside {
    /// What the guest is to do: an [`Order`](super::order::Order) as JSON. All is ready for it.
    fn order(&mut self) -> io::Result<Vec<u8>>;

    /// The archive of files that the order needs.
    fn payload(&mut self) -> io::Result<Vec<u8>>;

    /// Carries bytes out, in order.
    fn say(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Ends the guest at once.
    fn end(&self) -> !;
}

/// What tells a file from another one at the same path.
pub(super) fn identity(file: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(file).ok()?;
    Some(format!("{} bytes of {}.{}", file.len(), file.mtime(), file.mtime_nsec()))
}
