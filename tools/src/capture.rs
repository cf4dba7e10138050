//! The options that ask for a capture, and the messages about one.
//! Not here: capturing.

use std::io;
use std::path::Path;

use mplab::capture::Kept;
use mplab::words::Snap;

#[derive(clap::Args)]
pub(crate) struct Capturing {
    /// Capture the packets of all links, for Wireshark and tcpdump, in a .pcapng file beside the recording
    #[arg(long)]
    capture: bool,
    /// With --capture: number of bytes to keep of each packet. 128 hold all headers with all their options
    #[arg(long, value_name = "BYTES", default_value_t, requires = "capture")]
    snap: Snap,
}

impl Capturing {
    /// How much to keep of each packet, or `None` without a capture.
    pub(crate) fn snap(&self) -> Option<Snap> {
        self.capture.then_some(self.snap)
    }
}

/// The message about a capture that could not be written.
pub(crate) fn not_written(path: &Path) -> String {
    format!("failed to write the capture {}", path.display())
}

/// The message about a capture that was written, with the packets that it lacks.
pub(crate) fn told(path: &Path, kept: &io::Result<Kept>) -> Option<String> {
    let Kept { packets, missed } = kept.as_ref().ok()?;
    let lost = if *missed == 0 { String::new() } else { format!(" ({missed} more came too fast to be kept: a smaller --snap keeps more)") };
    Some(format!("captured in {}: {packets} packets{lost}", path.display()))
}
