//! The place called by a kernel's name: a virtual machine of QEMU that boots it and runs jobs in it, in real time or in virtual time.
//! Not here: what runs there, which is the same as on this computer.
//!
//! A guest is this same program as the first process of another kernel. The kernel unpacks an archive with it, its order is in the machine's
//! firmware configuration, what it has to say leaves by a debug port, and nothing else goes in or out.

mod accel;
mod archive;
mod capture;
mod contents;
mod frames;
pub(crate) mod init;
mod memory;
mod monitor;
mod pcapng;
mod program;
mod qemu;
mod ready;
pub mod store;
mod stub;

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{fs, io, process, thread};

use serde::{Deserialize, Serialize};

use crate::kernel::process::{anonymous_file, code};
use crate::life::execute::News;
use crate::place::local::{Message, Request};
use crate::plan::Job;
use crate::result::recording::{Acceleration, Clockwork, MachineRecord, Place, Recording};
use crate::result::splat::{self, Splat};
use capture::{Capture, Log};
use contents::Luggage;
use init::{LUGGAGE, MARK, ORDER, Order};
use memory::Memory;
use monitor::Monitor;
use qemu::{Machine, Qemu};
use ready::{Kept, Ready};
use store::Kernel;
use stub::Stub;

/// Why a guest could not do what it was ordered. This is broken machinery, not a failed case.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GuestError {
    /// There is no QEMU.
    #[error("`qemu-system-x86_64` cannot be started ({0}): install it (Debian: qemu-system-x86)")]
    NoQemu(String),
    /// KVM was asked for in virtual time.
    #[error("there is no virtual time under KVM: only TCG counts instructions")]
    NoVirtualTime,
    /// The guest could not be made ready.
    #[error("failed to {0}: {1}")]
    Prepare(String, String),
    /// The guest ended without an answer, and its kernel said nothing of a reason.
    #[error("the guest with kernel {kernel} ended without an answer{}\n{tail}", .complaint.as_ref().map(|said| format!(": {said}")).unwrap_or_default())]
    Silent {
        /// The kernel's name.
        kernel: String,
        /// What QEMU said.
        complaint: Option<String>,
        /// The end of the console.
        tail: String,
    },
    /// The guest said that it could not do it.
    #[error("{0}")]
    Broken(String),
}

/// How long a guest may say nothing, in seconds of the wall clock, before it counts as hanging: it tells each of its samples.
const SILENCE: Duration = Duration::from_secs(180);
/// The same where a debugger may stop it.
const DEBUGGED: Duration = Duration::from_secs(24 * 3600);
/// How much memory a guest has, in MiB. With less than 768 free the kernel allows TCP smaller receive buffers than common computers have
/// (net/ipv4/tcp.c, tcp_init).
const MEMORY: u32 = 1024;

/// A place that boots a kernel for what it is asked.
#[derive(Debug, Clone)]
pub struct Guest {
    kernel: Kernel,
    machine: Machine,
    emulator: String,
    /// What runs in it; this program if nothing is named.
    program: Option<PathBuf>,
    eyes: Eyes,
    /// Whether what a boot came to is kept beside the kernel.
    lasting: bool,
}

/// What else looks at a guest, from outside: it does not notice.
#[derive(Debug, Clone, Default)]
pub struct Eyes {
    /// QEMU waits at this port of the loopback interface for a debugger, which lets the guest begin.
    pub gdb: Option<u16>,
    /// The packets of each link go into a file below this directory.
    pub capture: Option<PathBuf>,
}

/// How long an instruction takes in virtual time: 2 to the power of this many nanoseconds. 4 ns are a CPU of 250 MHz that does one a cycle:
/// slower than real ones, and as fast as TCG is on common hardware, so that a busy guest's time passes about as fast as the wall clock's.
pub const SHIFT: u8 = 2;

/// QEMU's version, if it can be started.
pub fn emulator() -> Result<String, GuestError> {
    qemu::version().map_err(|error| GuestError::NoQemu(error.to_string()))
}

/// What a program of mplab found a kernel to do.
#[derive(Serialize, Deserialize)]
struct Probed {
    /// Another program may look for other things.
    program: String,
    place: Place,
}

impl Probed {
    fn program() -> Option<String> {
        identity(Path::new("/proc/self/exe"))
    }

    fn read(file: &Path) -> Option<Place> {
        let probed: Self = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
        (Some(probed.program) == Self::program()).then_some(probed.place)
    }

    /// A store that cannot be written to costs a boot the next time, and nothing else.
    fn write(file: &Path, place: &Place) {
        let Some(program) = Self::program() else { return };
        let draft = file.with_extension(format!("{}.tmp", process::id()));
        let json = serde_json::to_string(&Self { program, place: place.clone() }).expect("a place has string keys only");
        let written = fs::write(&draft, json).and_then(|()| fs::rename(&draft, file));
        if written.is_err() {
            fs::remove_file(&draft).ok();
        }
    }
}

/// Why there is no guest that waits for its order.
enum Unready {
    /// It did not come so far.
    Ended(Boot),
    Broken(GuestError),
}

impl From<GuestError> for Unready {
    fn from(error: GuestError) -> Self {
        Self::Broken(error)
    }
}

/// What tells a file from another one at the same path.
fn identity(file: &Path) -> Option<String> {
    let file = fs::metadata(file).ok()?;
    Some(format!("{} bytes of {}.{}", file.len(), file.mtime(), file.mtime_nsec()))
}

/// What became of a boot.
struct Boot {
    answers: Vec<Message>,
    console: String,
    hung: bool,
    complaint: String,
}

impl Guest {
    /// A guest that boots `kernel`, with the fastest acceleration that works if none is named. Only TCG has virtual time.
    pub fn new(kernel: Kernel, clock: Clockwork, acceleration: Option<Acceleration>) -> Result<Self, GuestError> {
        let emulator = emulator()?;
        let with = |acceleration| Machine { acceleration, clock, memory: MEMORY };
        let machine = with(Acceleration::Tcg);
        let mut guest = Self { kernel, machine, emulator, program: None, eyes: Eyes::default(), lasting: false };
        guest.machine.acceleration = match (clock, acceleration) {
            (Clockwork::Virtual { .. }, None) => Acceleration::Tcg,
            (Clockwork::Virtual { .. }, Some(Acceleration::Kvm)) => return Err(GuestError::NoVirtualTime),
            (_, Some(named)) => named,
            (Clockwork::Real, None) => {
                let store = guest.kernel.directory.parent().unwrap_or(Path::new("."));
                accel::fastest(store, &Self { machine: with(Acceleration::Kvm), ..guest.clone() })
            }
        };
        Ok(guest)
    }

    /// The same guest with another program of this mplab in it, such as one of its tests: time is what a program executes.
    #[must_use]
    pub fn with(self, program: PathBuf) -> Self {
        Self { program: Some(program), ..self }
    }

    /// The same guest with other eyes on it. Only the first job of a boot is captured, and only in virtual time is it not disturbed.
    #[must_use]
    pub fn watched(self, eyes: Eyes) -> Self {
        Self { eyes, ..self }
    }

    /// The same guest, whose boot in virtual time is kept beside the kernel for other processes of this program: some 150 MB.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { lasting: true, ..self }
    }

    /// What its CPU is made of.
    pub const fn acceleration(&self) -> Acceleration {
        self.machine.acceleration
    }

    /// Whether the guest boots and answers in time.
    fn answers_within(&self, deadline: Duration) -> bool {
        let boot = self.boot(&[Request::Probe], 0, deadline, Watch::Nothing, &mut |_, _| ());
        boot.is_ok_and(|boot| boot.answers.iter().any(|answer| matches!(answer, Message::Place(_))))
    }

    /// Runs jobs in one boot, one after the other, and tells what happens meanwhile, with the job's number. There is a result for each. One
    /// during which the kernel failed has a recording of that; if that was the guest's end, another boot has those behind it.
    pub fn run(&self, jobs: &[Job], news: &mut dyn FnMut(usize, News)) -> Vec<Result<Recording, GuestError>> {
        let mut results = Vec::new();
        while results.len() < jobs.len() {
            let before = results.len();
            match self.run_as_far_as_it_goes(&jobs[before..], &mut |number, fresh| news(before + number, fresh)) {
                Ok(more) => results.extend(more),
                Err(error) => results.resize(jobs.len(), Err(error)),
            }
        }
        results
    }

    /// Runs jobs in one boot, up to the one that ends it. That is one job at least.
    fn run_as_far_as_it_goes(
        &self,
        jobs: &[Job],
        news: &mut dyn FnMut(usize, News),
    ) -> Result<Vec<Result<Recording, GuestError>>, GuestError> {
        let requests: Vec<_> = jobs.iter().map(|job| Request::Run(Box::new(job.clone()))).collect();
        let watch = match &self.eyes.capture {
            Some(directory) => self.capture(&jobs[0], directory)?,
            None => Watch::Nothing,
        };
        // A debugger may hold it for as long as it likes.
        let silence = if self.eyes.gdb.is_some() { DEBUGGED } else { SILENCE };
        let mut boot = self.boot(&requests, jobs[0].seed, silence, watch, news)?;
        let mut splats = splat::by_request(&boot.console, init::begins, jobs.len());
        if boot.hung {
            splats[boot.answers.len()].push(Splat::hang(&boot.console, SILENCE));
        }
        // Behind the last answer is the job that got none.
        let answers = std::mem::take(&mut boot.answers).into_iter().map(Some).chain([None]);
        let results = jobs.iter().zip(splats).zip(answers).map(|((job, splats), answer)| {
            let mut recording = match answer {
                Some(Message::Recording(recording)) => *recording,
                Some(Message::Broken(why) | Message::Confined(why)) if splats.is_empty() => return Err(GuestError::Broken(why)),
                None if splats.is_empty() => return Err(self.silent(&boot)),
                _ => Recording::of_nothing(job.clone()),
            };
            recording.place = self.named(recording.place);
            recording.splats = splats;
            Ok(recording)
        });
        Ok(results.collect())
    }

    /// The options of `mplab run` that name the place, each with a space before it.
    pub fn options(&self) -> String {
        let time = if matches!(self.machine.clock, Clockwork::Virtual { .. }) { " --virtual" } else { "" };
        format!(" --kernel {}{time}", self.kernel.name)
    }

    /// What the kernel can do, found out by booting it; kept beside the kernel for this program's next time.
    pub fn place(&self) -> Result<Place, GuestError> {
        let file = self.kernel.directory.join("place.json");
        if let Some(place) = Probed::read(&file) {
            return Ok(self.named(place));
        }
        // In virtual time no busy computer makes a probe fail.
        let machine = Machine { acceleration: Acceleration::Tcg, clock: Clockwork::Virtual { shift: SHIFT }, ..self.machine };
        let probe = Self { machine, eyes: Eyes::default(), ..self.clone() };
        let mut boot = probe.boot(&[Request::Probe], 0, SILENCE, Watch::Nothing, &mut |_, _| ())?;
        match boot.answers.pop() {
            Some(Message::Place(place)) => {
                Probed::write(&file, &place);
                Ok(self.named(*place))
            }
            Some(Message::Broken(why) | Message::Confined(why)) => Err(GuestError::Broken(why)),
            _ => Err(self.silent(&boot)),
        }
    }

    /// Readies a capture of a job's links: where the kernel has what is looked at is found out by booting it.
    fn capture(&self, job: &Job, directory: &Path) -> Result<Watch, GuestError> {
        let failed = |what: &str, why: &dyn ToString| GuestError::Prepare(what.to_owned(), why.to_string());
        let memory = || Memory::new(self.machine.memory).map_err(|error| failed("make the guest's memory", &error));
        let unwatched = Self { eyes: Eyes::default(), ..self.clone() };
        let looked = Arc::new(memory()?);
        let mut boot = unwatched.boot(&[Request::Layout], 0, SILENCE, Watch::Memory(looked.clone()), &mut |_, _| ())?;
        let layout = match boot.answers.pop() {
            Some(Message::Layout(layout)) => layout,
            Some(Message::Broken(why) | Message::Confined(why)) => return Err(GuestError::Broken(why)),
            _ => return Err(self.silent(&boot)),
        };
        let clocks: Vec<u64> = layout.read_clock.iter().filter_map(|&function| looked.behind_rdtsc(function)).collect();
        if clocks.is_empty() {
            return Err(failed("find where the kernel reads its clock", &"it has no rdtsc there"));
        }
        let capture = Capture::new(layout, clocks, &job.topology, directory);
        Ok(Watch::Packets(Box::new(capture.map_err(|error| failed("write captures", &error))?), memory()?))
    }

    fn named(&self, place: Place) -> Place {
        let machine = MachineRecord {
            emulator: format!("QEMU {}", self.emulator),
            acceleration: self.machine.acceleration,
            clock: self.machine.clock,
            kernel_line: self.machine.kernel_line(MARK),
        };
        let kernel = if place.kernel.is_empty() { self.kernel.manifest.release.clone() } else { place.kernel };
        Place { name: self.kernel.name.clone(), kernel, machine: Some(machine), ..place }
    }

    fn silent(&self, boot: &Boot) -> GuestError {
        let complaint = Some(boot.complaint.clone()).filter(|said| !said.is_empty());
        GuestError::Silent { kernel: self.kernel.name.clone(), complaint, tail: splat::tail(&boot.console) }
    }

    fn boot(
        &self,
        requests: &[Request],
        seed: u64,
        silence: Duration,
        watch: Watch,
        news: &mut dyn FnMut(usize, News),
    ) -> Result<Boot, GuestError> {
        // Only a boot in virtual time comes to the same state each time.
        let ready = match self.machine.clock {
            Clockwork::Real => None,
            Clockwork::Virtual { .. } => match self.ready() {
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
            archive = contents::booted(&self.kernel, self.program.as_deref()).map_err(failed("make the guest's first file system"))?;
            more.extend(self.machine.boots(&self.kernel.image(), &archive, MARK));
        }
        let (watching, follower, complaints) = watch.begin(ready.as_deref()).map_err(failed("watch the guest"))?;
        more.extend(watching);
        let Luggage { modules, archive: luggage } = Luggage::of(&self.kernel, requests).map_err(failed("pack what the guest needs"))?;
        let order = Order { seed, modules, requests: requests.to_vec() };
        let order = order.in_frame().and_then(|frame| filled("order", &frame)).map_err(failed("write the guest's order"))?;
        let luggage = filled("luggage", &luggage).map_err(failed("write what the guest needs"))?;
        for (name, file) in [(ORDER, &order), (LUGGAGE, &luggage)] {
            more.extend(["-fw_cfg".to_owned(), format!("name={name},file={}", qemu::path(file))]);
        }
        let console = anonymous_file("console").map_err(failed("make a file for the guest's console"))?;
        let (mut qemu, mut port) = Qemu::start(self.machine, &more, &console, vec![monitors], complaints)?;
        let mut begin = || {
            monitor.greet()?;
            ready.as_ref().map_or(Ok(()), |ready| ready.restore(&mut monitor))?;
            match self.eyes.gdb {
                None => monitor.go(),
                Some(port) => monitor.debugged(port).map(|()| news(0, News::Waits)),
            }
        };
        if let Err(error) = begin() {
            qemu.kill();
            let complaint = qemu.end().map_err(failed("wait for QEMU"))?;
            return Err(failed("let the guest begin")(io::Error::other(format!("{error} {complaint}"))));
        }
        let (frames, heard) = mpsc::channel();
        let reader = thread::spawn(move || {
            while let Ok(Some(frame)) = frames::read(&mut port) {
                if frames.send(frame).is_err() {
                    break;
                }
            }
        });
        let mut answers = Vec::new();
        let mut hung = false;
        let mut heartbeat = Instant::now();
        while answers.len() < requests.len() {
            match heard.recv_timeout((heartbeat + silence).saturating_duration_since(Instant::now())) {
                Ok(frame) => match serde_json::from_slice(&frame).map_err(|error| failed("understand the guest")(error.into()))? {
                    Message::News(fresh) => news(answers.len(), fresh),
                    answer => answers.push(answer),
                },
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    hung = true;
                    break;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            heartbeat = Instant::now();
        }
        if hung {
            qemu.kill();
        }
        let mut complaint = qemu.end().map_err(failed("wait for QEMU"))?;
        if let Some(follower) = follower {
            let said = follower.join().unwrap_or_else(|_| Err(io::Error::other("it panicked")));
            complaint = said.map_err(failed("capture"))? + &complaint;
        }
        // It ends with the pipe.
        reader.join().ok();
        let before = ready.map(|ready| ready.console.clone()).unwrap_or_default();
        Ok(Boot { answers, console: before + &said(console)?, hung, complaint })
    }

    /// A guest that has booted and waits for its order.
    fn ready(&self) -> Result<Arc<Ready>, Unready> {
        let mut files = code().map_err(failed("see which libraries this program has"))?;
        files.extend([self.program.clone().unwrap_or_else(|| PathBuf::from("/proc/self/exe")), self.kernel.image()]);
        let made_of: Vec<_> = files.iter().map(|file| (file, identity(file))).collect();
        let kind = format!("QEMU {}, {:?}, {made_of:?}", self.emulator, self.machine);
        let file = self.kernel.directory.join("ready");
        ready::kept(&kind, Some(&*file).filter(|_| self.lasting), || {
            let archive = contents::booted(&self.kernel, self.program.as_deref()).map_err(failed("make the guest's first file system"))?;
            let memory = Memory::new(self.machine.memory).map_err(failed("make the guest's memory"))?;
            let console = anonymous_file("console").map_err(failed("make a file for the guest's console"))?;
            let (mut stub, stubs, stops) = Stub::open().map_err(failed("make a connection to QEMU"))?;
            let (mut monitor, monitors, listens) = Monitor::open().map_err(failed("make a connection to QEMU"))?;
            let boots = self.machine.boots(&self.kernel.image(), &archive, MARK);
            let more = [boots, memory.arguments(), stops, listens].concat();
            let (mut qemu, _port) = Qemu::start(self.machine, &more, &console, vec![stubs, monitors], None)?;
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
            Err(Unready::Ended(Boot { answers: Vec::new(), console, hung, complaint }))
        })
    }
}

/// A file with these bytes.
fn filled(name: &str, bytes: &[u8]) -> io::Result<File> {
    let mut file = anonymous_file(name)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// What a guest's console said.
fn said(mut console: File) -> Result<String, GuestError> {
    let mut said = Vec::new();
    console.rewind().and_then(|()| console.read_to_end(&mut said)).map_err(failed("read the guest's console"))?;
    Ok(String::from_utf8_lossy(&said).replace('\r', ""))
}

/// For [`Result::map_err`]: what was to be done.
fn failed(what: &str) -> impl FnOnce(io::Error) -> GuestError {
    let what = what.to_owned();
    move |error| GuestError::Prepare(what, error.to_string())
}

/// What is watched of a boot from outside.
enum Watch {
    Nothing,
    /// Its memory, when it is over.
    Memory(Arc<Memory>),
    Packets(Box<Capture>, Memory),
}

/// The thread that follows a guest to its end, and returns what QEMU said besides.
type Follower = thread::JoinHandle<io::Result<String>>;

impl Watch {
    /// QEMU's arguments for a guest that begins with what one has that is ready, or with nothing; and for packets the thread that follows them
    /// and what QEMU's standard error must be.
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
                (arguments, Some(thread::spawn(move || capture.follow(read, &memory))), Some(write))
            }
        })
    }
}
