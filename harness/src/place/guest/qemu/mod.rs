//! QEMU as a guest's machine: in real time with the fastest acceleration that works, or in virtual time, which counts executed instructions.
//! Not here: what is inside the guest.
//!
//! The order comes in through the machine's firmware configuration, the answers leave by a debug port, and nothing else goes in or out.

mod accel;
mod align;
mod capture;
mod command;
mod memory;
mod monitor;
pub(super) mod port;
mod ready;
mod stub;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::contents::{self, Payload};
use super::hearing::hear;
use super::machine::{Boot, Errand, Hang, Machine, identity};
use super::order::Order;
use super::store::Kernel;
use super::{GuestError, Inspection, SHIFT, SILENCE, failed, filled, path, said};
use crate::kernel::process::{anonymous_file, code};
use crate::life::execute::News;
use crate::place::failure::{Failure, Kind};
use crate::place::local::{Message, Request};
use crate::result::recording::{Acceleration, Clockwork, MachineRecord};
use crate::words::Snap;
use capture::{Capture, Log};
use command::{Hardware, Process};
use memory::Memory;
use monitor::Monitor;
use port::{MARK, ORDER, PAYLOAD};
use ready::{Kept, Ready};
use stub::Stub;

/// How much memory a guest has, in MiB. With less than 768 free, the kernel limits TCP to smaller receive buffers than common computers have
/// (net/ipv4/tcp.c, tcp_init).
const MEMORY: u32 = 1024;

/// QEMU's version, if it can be started.
pub(super) fn version() -> Result<String, GuestError> {
    command::version().map_err(|error| GuestError::no_qemu(&error))
}

/// A machine that QEMU emulates.
#[derive(Debug, Clone)]
pub(super) struct Qemu {
    version: String,
    hardware: Hardware,
}

/// Why there is no guest that waits for its order.
enum Unready {
    /// It ended before it was ready.
    Ended(Boot),
    Broken(GuestError),
}

impl From<GuestError> for Unready {
    fn from(error: GuestError) -> Self {
        Self::Broken(error)
    }
}

impl Qemu {
    /// A machine with the fastest acceleration that works for `kernel` if none is named. Only TCG has virtual time.
    pub(super) fn new(kernel: &Kernel, clock: Clockwork, acceleration: Option<Acceleration>) -> Result<Self, GuestError> {
        let version = version()?;
        let with = |acceleration| Self { version: version.clone(), hardware: Hardware { acceleration, clock, memory: MEMORY } };
        Ok(match (clock, acceleration) {
            (Clockwork::Real, None) => {
                let store = kernel.directory.parent().unwrap_or(Path::new("."));
                with(accel::fastest(store, || with(Acceleration::Kvm).answers_within(kernel, accel::DEADLINE)))
            }
            (Clockwork::Real, Some(named)) => with(named),
            (_, None | Some(Acceleration::Tcg)) => with(Acceleration::Tcg),
            (_, Some(_)) => {
                return Err(GuestError::refused(Failure::says(
                    Kind::Unsupported,
                    "there is no virtual time under KVM, since only TCG counts instructions",
                )));
            }
        })
    }

    /// Whether a guest boots and answers in time.
    fn answers_within(&self, kernel: &Kernel, silence: Duration) -> bool {
        let (requests, inspection) = ([Request::Probe], Inspection::default());
        let errand = Errand { kernel, program: None, lasting: false, inspection: &inspection, requests: &requests, seed: 0, silence };
        let boot = self.watched(&errand, Watch::Nothing, &mut |_, _| ());
        boot.is_ok_and(|boot| boot.answers.iter().any(|answer| matches!(answer, Message::Place(_))))
    }

    /// Prepares a capture of the links of an errand's first job: the addresses to watch in the kernel are found by booting it.
    fn capture(&self, errand: &Errand, snap: Snap) -> Result<Result<Watch, Boot>, GuestError> {
        let memory = || Memory::new(self.hardware.memory).map_err(failed("make the guest's memory"));
        let Some(job) = errand.requests.first().and_then(Request::job) else { return Ok(Ok(Watch::Nothing)) };
        let looked = Arc::new(memory()?);
        let (requests, inspection) = ([Request::Layout], Inspection::default());
        let looking = Errand { requests: &requests, inspection: &inspection, seed: 0, silence: SILENCE, ..*errand };
        let mut boot = self.watched(&looking, Watch::Memory(looked.clone()), &mut |_, _| ())?;
        let layout = match boot.answers.pop() {
            Some(Message::Layout(layout)) => layout,
            Some(Message::Failed(why)) => return Err(GuestError::Failed(why)),
            _ => return Ok(Err(boot)),
        };
        let clocks: Vec<u64> = layout.read_clock.iter().filter_map(|&function| looked.behind_rdtsc(function)).collect();
        if clocks.is_empty() {
            return Err(failed("find where the kernel reads its clock")(io::Error::other("it has no rdtsc there")));
        }
        let capture = Capture::new(layout, clocks, &job.topology, snap).map_err(failed("keep packets"))?;
        Ok(Ok(Watch::Packets(Box::new(capture), memory()?)))
    }

    fn watched(&self, errand: &Errand, watch: Watch, news: &mut dyn FnMut(usize, News)) -> Result<Boot, GuestError> {
        // Only a boot in virtual time reaches the same state each time.
        let ready = match self.hardware.clock {
            Clockwork::Real => None,
            Clockwork::Virtual { .. } | Clockwork::Events => match self.ready(errand) {
                Ok(ready) => Some(ready),
                Err(Unready::Ended(boot)) => return Ok(boot),
                Err(Unready::Broken(error)) => return Err(error),
            },
        };
        let (mut monitor, monitors, mut more) = Monitor::open().map_err(failed("make a connection to QEMU"))?;
        let archive;
        if ready.is_some() {
            more.extend(Ready::ARGUMENTS.map(str::to_owned));
        } else {
            archive = contents::booted(errand.kernel, errand.program.map(PathBuf::as_path))
                .map_err(failed("make the guest's first file system"))?;
            more.extend(self.hardware.boots(&errand.kernel.image(), &archive, MARK));
        }
        let (watching, follower, complaints) = watch.begin(ready.as_deref()).map_err(failed("watch the guest"))?;
        more.extend(watching);
        let handed = Handed::of(errand)?;
        more.extend(handed.arguments());
        let console = anonymous_file("console").map_err(failed("make a file for the guest's console"))?;
        let (mut qemu, port) = Process::start(self.hardware, &more, &console, vec![monitors], complaints)?;
        if let Err(error) = begin(&mut monitor, ready.as_deref(), errand.inspection.gdb, news) {
            qemu.kill();
            let complaint = qemu.end().map_err(failed("wait for QEMU"))?;
            return Err(failed("let the guest begin")(io::Error::other(format!("{error} {complaint}"))));
        }
        let heard = hear(port, errand.requests.len(), errand.silence, news)?;
        if heard.hung {
            qemu.kill();
        }
        let mut complaint = qemu.end().map_err(failed("wait for QEMU"))?;
        let (answers, hung) = heard.end();
        if let Some(follower) = follower {
            let ended = follower.join().unwrap_or_else(|_| Err(io::Error::other("it panicked")));
            let (said, packets) = ended.map_err(failed("capture"))?;
            complaint = said + &complaint;
            if let Some(Message::Recording(recording)) = answers.first() {
                align::tell(recording, packets, &mut |fresh| news(0, fresh)).map_err(failed("read the captured packets"))?;
            }
        }
        let before = ready.map(|ready| ready.console.clone()).unwrap_or_default();
        Ok(Boot { answers, console: before + &said(console)?, hung: hung.then(Hang::default), complaint })
    }

    /// A guest that has booted and waits for its order.
    fn ready(&self, errand: &Errand) -> Result<Arc<Ready>, Unready> {
        let mut files = code().map_err(failed("find this program's libraries"))?;
        files.extend([errand.program.cloned().unwrap_or_else(|| PathBuf::from("/proc/self/exe")), errand.kernel.image()]);
        let made_of: Vec<_> = files.iter().map(|file| (file, identity(file))).collect();
        // The program that makes QEMU's command line may differ from the one in the guest.
        let kind = format!("QEMU {}, {}, {made_of:?}", self.version, self.hardware);
        let file = errand.kernel.directory.join("ready");
        ready::kept(&kind, Some(&*file).filter(|_| errand.lasting), || {
            let archive = contents::booted(errand.kernel, errand.program.map(PathBuf::as_path))
                .map_err(failed("make the guest's first file system"))?;
            let memory = Memory::new(self.hardware.memory).map_err(failed("make the guest's memory"))?;
            let console = anonymous_file("console").map_err(failed("make a file for the guest's console"))?;
            let (mut stub, stubs, stops) = Stub::open().map_err(failed("make a connection to QEMU"))?;
            let (mut monitor, monitors, listens) = Monitor::open().map_err(failed("make a connection to QEMU"))?;
            let boots = self.hardware.boots(&errand.kernel.image(), &archive, MARK);
            let more = [boots, memory.arguments(), stops, listens].concat();
            let (mut qemu, _port) = Process::start(self.hardware, &more, &console, vec![stubs, monitors], None)?;
            let kept = ready::keep(&mut stub, &mut monitor, SILENCE);
            if !matches!(kept, Ok(Kept::Ended)) {
                qemu.kill();
            }
            let complaint = qemu.end().map_err(failed("wait for QEMU"))?;
            let console = said(console)?;
            let hung = match kept {
                Ok(Kept::Waits(devices)) => return Ok(Ready { memory, devices, console }),
                Ok(Kept::Ended) => false,
                Ok(Kept::Hangs) => true,
                Err(error) => return Err(failed("keep the guest that has booted")(io::Error::other(format!("{error} {complaint}"))).into()),
            };
            Err(Unready::Ended(Boot { answers: Vec::new(), console, hung: hung.then(Hang::default), complaint }))
        })
    }
}

impl Machine for Qemu {
    fn boot(&self, errand: &Errand, news: &mut dyn FnMut(usize, News)) -> Result<Boot, GuestError> {
        let watch = match errand.inspection.capture.filter(|_| self.sees_packets()) {
            Some(snap) => match self.capture(errand, snap)? {
                Ok(watch) => watch,
                Err(boot) => return Ok(boot),
            },
            None => Watch::Nothing,
        };
        self.watched(errand, watch, news)
    }

    fn sees_packets(&self) -> bool {
        // In real time printing would slow it down.
        matches!(self.hardware.clock, Clockwork::Virtual { .. })
    }

    fn record(&self) -> MachineRecord {
        MachineRecord {
            emulator: format!("QEMU {}", self.version),
            acceleration: self.hardware.acceleration,
            clock: self.hardware.clock,
            kernel_line: self.hardware.kernel_line(MARK),
        }
    }

    fn told(&self) -> String {
        format!("{} {}", self.version, self.hardware)
    }

    fn options(&self) -> &'static str {
        if matches!(self.hardware.clock, Clockwork::Real) { "" } else { " --virtual" }
    }

    fn probing(&self) -> Arc<dyn Machine> {
        // In virtual time a busy computer cannot make a probe fail.
        let hardware = Hardware { acceleration: Acceleration::Tcg, clock: Clockwork::Virtual { shift: SHIFT }, ..self.hardware };
        Arc::new(Self { hardware, ..self.clone() })
    }
}

/// Starts a guest, from a kept state if there is one, or lets a debugger start it.
fn begin(monitor: &mut Monitor, ready: Option<&Ready>, gdb: Option<u16>, news: &mut dyn FnMut(usize, News)) -> io::Result<()> {
    monitor.greet()?;
    ready.map_or(Ok(()), |ready| ready.restore(monitor))?;
    let Some(port) = gdb else { return monitor.go() };
    monitor.debugged(port)?;
    news(0, News::Waits { gdb: format!("gdb -ex 'target remote :{port}' VMLINUX") });
    Ok(())
}

/// An order and what it needs, in unnamed files that QEMU's firmware configuration hands to the guest.
struct Handed {
    order: File,
    payload: File,
}

impl Handed {
    fn of(errand: &Errand) -> Result<Self, GuestError> {
        let Payload { modules, archive } = Payload::of(errand.kernel, errand.requests).map_err(failed("pack what the guest needs"))?;
        let order = Order { seed: errand.seed, modules, requests: errand.requests.to_vec() };
        Ok(Self {
            order: order.in_frame().and_then(|frame| filled("order", &frame)).map_err(failed("write the guest's order"))?,
            payload: filled("payload", &archive).map_err(failed("write what the guest needs"))?,
        })
    }

    /// QEMU's arguments.
    fn arguments(&self) -> impl Iterator<Item = String> {
        let files = [(ORDER, &self.order), (PAYLOAD, &self.payload)];
        files.into_iter().flat_map(|(name, file)| ["-fw_cfg".to_owned(), format!("name={name},file={}", path(file))])
    }
}

/// What to watch of a boot from outside.
enum Watch {
    Nothing,
    /// Its memory, once it is over.
    Memory(Arc<Memory>),
    Packets(Box<Capture>, Memory),
}

/// The thread that follows a guest to its end, and returns QEMU's other output and the packets.
type Follower = thread::JoinHandle<io::Result<(String, File)>>;

impl Watch {
    /// QEMU's arguments for a guest that begins with the memory of a ready one, or with empty memory. For packets also the thread that follows them
    /// and QEMU's standard error.
    fn begin(self, ready: Option<&Ready>) -> io::Result<(Vec<String>, Option<Follower>, Option<OwnedFd>)> {
        let shown = |memory: &Memory| {
            ready.map_or(Ok(()), |ready| memory.take(&ready.memory))?;
            io::Result::Ok(memory.arguments())
        };
        Ok(match self {
            Self::Nothing => (ready.map(|ready| ready.memory.beginning()).unwrap_or_default(), None, None),
            Self::Memory(memory) => (shown(&memory)?, None, None),
            Self::Packets(capture, memory) => {
                let arguments = [shown(&memory)?, capture.arguments()].concat();
                let Log { read, write } = Log::open()?;
                (arguments, Some(thread::Builder::new().spawn(move || capture.follow(read, &memory))?), Some(write))
            }
        })
    }
}
