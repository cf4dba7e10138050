//! The place named after a kernel: a machine that boots it and runs jobs in it, in real time or in virtual time.
//! Not here: what runs there, which is the same as on this computer.
//!
//! A guest is this same program as the first process of another kernel. The kernel unpacks an archive with the program, the machine hands it its
//! order and transports its answers, and nothing else goes in or out. What a machine must do is in `machine`; each is a directory.

mod archive;
mod cache;
mod contents;
mod frames;
mod hearing;
mod init;
mod machine;
mod order;
mod probed;
mod program;
mod qemu;
mod seat;
pub mod store;
mod um;

use std::error::Error;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{io, process};

use crate::kernel::process::anonymous_file;
use crate::life::capture::Wish;
use crate::life::execute::News;
use crate::place::failure::{Failure, Kind};
use crate::place::local::{Message, Request};
use crate::plan::Job;
use crate::result::recording::{Acceleration, Clockwork, PlaceRecord, Recording};
use crate::result::splat::{self, Splat};
use crate::words::{Digest, Snap};
pub use cache::Cache;
use contents::Payload;
use machine::{Boot, Errand, Machine};
use order::Order;
use probed::Probed;
use qemu::Qemu;
use store::{Form, Kernel};
use um::Um;

/// Why a guest could not carry out its order. This is broken machinery, not a failed case.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// There is no QEMU.
    #[error(transparent)]
    NoQemu(Box<Failure>),
    /// The machine cannot do what was asked for.
    #[error(transparent)]
    Refused(Box<Failure>),
    /// The guest ended without an answer.
    #[error("the guest with kernel {kernel} ended without an answer{}\n{tail}", .complaint.as_ref().map(|said| format!(": {said}")).unwrap_or_default())]
    Silent {
        /// The kernel's name.
        kernel: String,
        /// What QEMU said, or what is known to stop such a kernel.
        complaint: Option<String>,
        /// The kernel's failure on its console, or the console's end.
        tail: String,
    },
    /// The guest could not be prepared, or answered with a failure.
    #[error(transparent)]
    Failed(Box<Failure>),
}

impl GuestError {
    fn no_qemu(error: &dyn Error) -> Self {
        let failure = Failure::says(Kind::Unsupported, format!("`qemu-system-x86_64` cannot be started ({error})"));
        Self::NoQemu(Box::new(failure.remedy("install it (Debian: qemu-system-x86)")))
    }

    fn refused(failure: Failure) -> Self {
        Self::Refused(Box::new(failure))
    }
}

/// How long a guest may be silent, by the wall clock, before it counts as hung: it normally reports each sample.
const SILENCE: Duration = Duration::from_secs(180);
/// The same if a debugger may stop it.
const DEBUGGED: Duration = Duration::from_secs(24 * 3600);

/// A place that boots a kernel for each request.
#[derive(Debug, Clone)]
pub struct Guest {
    kernel: Kernel,
    machine: Arc<dyn Machine>,
    /// What runs in it; this program if nothing is named.
    program: Option<PathBuf>,
    inspection: Inspection,
    /// Whether the state after boot is kept beside the kernel.
    lasting: bool,
    /// How long it may be silent.
    silence: Duration,
    cached: Option<Arc<Cached>>,
}

/// A cache of runs.
#[derive(Debug)]
struct Cached {
    cache: Arc<Cache>,
    /// The digest of what all runs of this guest depend on, computed on first use.
    basis: OnceLock<Option<Digest>>,
}

/// Inspection of a guest from outside, which the guest does not notice.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The guest waits for a debugger, which starts it: QEMU at this port of the loopback interface, a kernel that is a program as a process.
    pub gdb: Option<u16>,
    /// Packets are reported as news, with this much of each. If the machine cannot see packets from outside, the guest's kernel collects them; in
    /// virtual time the run stays the same even so.
    pub capture: Option<Snap>,
}

/// How long an instruction takes in virtual time: 2 to the power of this many nanoseconds. 4 ns is a CPU of 250 MHz with one instruction per cycle:
/// slower than real ones, but as fast as TCG is on common hardware, so that a busy guest's time passes about as fast as the wall clock's.
pub const SHIFT: u8 = 2;

/// If this process was started for a guest, becomes what it was started as and never returns.
pub(crate) fn enter() {
    init::enter();
    um::enter();
}

/// QEMU's version, if it can be started.
pub fn emulator() -> Result<String, GuestError> {
    qemu::version()
}

impl Guest {
    /// A guest that boots `kernel`, with the fastest acceleration that works if none is named. Only TCG has virtual time.
    pub fn new(kernel: Kernel, clock: Clockwork, acceleration: Option<Acceleration>) -> Result<Self, GuestError> {
        let machine: Arc<dyn Machine> = match kernel.manifest.form {
            Form::Image => Arc::new(Qemu::new(&kernel, clock, acceleration)?),
            Form::Program => Arc::new(Um),
        };
        Ok(Self { kernel, machine, program: None, inspection: Inspection::default(), lasting: false, silence: SILENCE, cached: None })
    }

    /// The same guest with another program of this mplab in it, such as one of its tests: what a program executes takes time.
    #[must_use]
    pub fn with(self, program: PathBuf) -> Self {
        Self { program: Some(program), ..self }
    }

    /// The same guest, inspected like this. Each job that is captured has a boot of its own.
    #[must_use]
    pub fn watched(self, inspection: Inspection) -> Self {
        Self { inspection, ..self }
    }

    /// The same guest, with its packets reported as news.
    pub(super) fn capturing(self, snap: Snap) -> Self {
        Self { inspection: Inspection { capture: Some(snap), ..self.inspection }, ..self }
    }

    /// The same guest, with its state after boot in virtual time kept beside the kernel for other processes of this program: some 150 MB.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { lasting: true, ..self }
    }

    /// The same guest, which counts as hung after this much silence, by the wall clock. The default is three minutes.
    #[must_use]
    pub fn silent_for(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// The same guest, with its runs cached if they depend only on their jobs: in virtual time, each in a boot of its own, and not inspected. Other
    /// guests do not change.
    #[must_use]
    pub fn cached(self, cache: Arc<Cache>) -> Self {
        let is_virtual = self.machine.record().clock != Clockwork::Real;
        Self { cached: is_virtual.then(|| Arc::new(Cached { cache, basis: OnceLock::new() })), ..self }
    }

    /// How many runs came from its cache, if it has one.
    pub fn taken(&self) -> Option<usize> {
        self.cached.as_ref().map(|cached| cached.cache.taken())
    }

    /// The kernel that it boots.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// How its CPU is emulated.
    pub fn acceleration(&self) -> Acceleration {
        self.machine.record().acceleration
    }

    /// Runs jobs in one boot, one after the other, and reports news meanwhile, with the job's number. Returns a result for each. If the kernel failed
    /// during a job, its recording says so; if the guest ended there, the jobs after it get another boot.
    pub fn run(&self, jobs: &[Job], news: &mut dyn FnMut(usize, News)) -> Vec<Result<Recording, GuestError>> {
        if let ([job], Some(cached), None, None) = (jobs, &self.cached, self.inspection.gdb, &self.inspection.capture) {
            return vec![self.taken_or_made(job, cached, news)];
        }
        self.make(jobs, news)
    }

    /// Takes a job's run from the cache, or makes it and keeps it there.
    fn taken_or_made(
        &self,
        job: &Job,
        Cached { cache, basis }: &Cached,
        news: &mut dyn FnMut(usize, News),
    ) -> Result<Recording, GuestError> {
        // What cannot be read now cannot be run either, which reports it.
        let key = basis.get_or_init(|| self.basis().ok()).and_then(|basis| self.key(&basis, job).ok());
        if let Some(recording) = key.and_then(|key| cache.take(&key)) {
            news(0, News::Taken);
            return Ok(recording);
        }
        let made = self.make(std::slice::from_ref(job), news).pop().expect("a result for each job");
        // A run that was ended from outside may end differently the next time.
        if let (Some(key), Ok(recording)) = (key, &made)
            && recording.end > 0
        {
            cache.keep(&key, recording);
        }
        made
    }

    /// What all runs of this guest depend on: its kernel, its machine, and its first file system with this program and its libraries.
    fn basis(&self) -> io::Result<Digest> {
        let Self { kernel, machine, program, .. } = self;
        let mut first = contents::booted(kernel, program.as_deref())?;
        let mut files = Vec::new();
        first.rewind()?;
        first.read_to_end(&mut files)?;
        let record = serde_json::to_string(&self.named(PlaceRecord::default()))?;
        let image = kernel.digest()?;
        Ok(Cache::key([record.as_bytes(), machine.told().as_bytes(), image.bytes(), &files]))
    }

    /// What a job's run depends on: besides that, its order and the programs and modules that it needs.
    fn key(&self, basis: &Digest, job: &Job) -> io::Result<Digest> {
        let requests = [Request::Run(Box::new(job.clone()))];
        let Payload { modules, archive } = Payload::of(&self.kernel, &requests)?;
        let order = serde_json::to_vec(&Order { seed: job.seed, modules, requests: requests.into() })?;
        Ok(Cache::key([basis.bytes().as_slice(), &crate::result::recording::FORMAT.to_le_bytes(), &order, &archive]))
    }

    fn make(&self, jobs: &[Job], news: &mut dyn FnMut(usize, News)) -> Vec<Result<Recording, GuestError>> {
        let mut results = Vec::new();
        while results.len() < jobs.len() {
            let before = results.len();
            let end = if self.inspection.capture.is_some() { before + 1 } else { jobs.len() };
            match self.run_as_far_as_it_goes(&jobs[before..end], &mut |number, fresh| news(before + number, fresh)) {
                Ok(more) => results.extend(more),
                Err(error) => results.resize(jobs.len(), Err(error)),
            }
        }
        results
    }

    /// Runs jobs in one boot, up to the one that ends it: at least one job.
    fn run_as_far_as_it_goes(
        &self,
        jobs: &[Job],
        news: &mut dyn FnMut(usize, News),
    ) -> Result<Vec<Result<Recording, GuestError>>, GuestError> {
        let requests: Vec<_> = jobs.iter().map(|job| self.request(job)).collect();
        // A debugger may hold the guest for any time.
        let silence = if self.inspection.gdb.is_some() { DEBUGGED } else { self.silence };
        let mut boot = self.boot(&requests, jobs[0].seed, silence, news)?;
        let mut splats = splat::by_request(&boot.console, order::begins, jobs.len());
        if let Some(hang) = &boot.hung {
            splats[boot.answers.len()].push(Splat::hang(&boot.console, silence, hang.at.as_deref()));
        }
        // The job after the last answer got none.
        let answers = std::mem::take(&mut boot.answers).into_iter().map(Some).chain([None]);
        let results = jobs.iter().zip(splats).zip(answers).map(|((job, splats), answer)| {
            let mut recording = match answer {
                Some(Message::Recording(recording)) => *recording,
                Some(Message::Failed(why)) if splats.is_empty() => return Err(GuestError::Failed(why)),
                None if splats.is_empty() => return Err(self.silent(&boot)),
                _ => Recording::of_nothing(job.clone()),
            };
            recording.place = self.named(recording.place);
            recording.splats = splats;
            Ok(recording)
        });
        Ok(results.collect())
    }

    /// The request for a job. It is the same whether or not the guest is watched from outside.
    fn request(&self, job: &Job) -> Request {
        let job = Box::new(job.clone());
        match self.inspection.capture {
            Some(snap) if !self.machine.sees_packets() => {
                Request::Capture(job, Wish { snap, held: self.machine.record().clock != Clockwork::Real })
            }
            _ => Request::Run(job),
        }
    }

    /// The options of `mplab run` that name the place, each with a space before it.
    pub fn options(&self) -> String {
        format!(" --kernel {}{}", self.kernel.name, self.machine.options())
    }

    /// What the kernel can do, found out by booting it; kept beside the kernel for the next time.
    pub fn place(&self) -> Result<PlaceRecord, GuestError> {
        let file = self.kernel.directory.join("place.json");
        if let Some(place) = Probed::read(&file) {
            return Ok(self.named(place));
        }
        let probe = Self { machine: self.machine.probing(), inspection: Inspection::default(), ..self.clone() };
        let mut boot = probe.boot(&[Request::Probe], 0, SILENCE, &mut |_, _| ())?;
        match boot.answers.pop() {
            Some(Message::Place(place)) => {
                Probed::write(&file, &place);
                Ok(self.named(*place))
            }
            Some(Message::Failed(why)) => Err(GuestError::Failed(why)),
            _ => Err(self.silent(&boot)),
        }
    }

    fn boot(&self, requests: &[Request], seed: u64, silence: Duration, news: &mut dyn FnMut(usize, News)) -> Result<Boot, GuestError> {
        let Self { kernel, machine, program, inspection, lasting, .. } = self;
        machine.boot(&Errand { kernel, program: program.as_ref(), lasting: *lasting, inspection, requests, seed, silence }, news)
    }

    fn named(&self, place: PlaceRecord) -> PlaceRecord {
        let kernel = if place.kernel.is_empty() { self.kernel.manifest.release.clone() } else { place.kernel };
        PlaceRecord { name: self.kernel.name.clone(), kernel, machine: Some(self.machine.record()), ..place }
    }

    fn silent(&self, boot: &Boot) -> GuestError {
        let complaint = Some(boot.complaint.clone()).filter(|said| !said.is_empty());
        let splat = splat::scan(&boot.console).into_iter().next();
        let tail = splat.map_or_else(|| splat::tail(&boot.console), |splat| splat.text);
        GuestError::Silent { kernel: self.kernel.name.clone(), complaint, tail }
    }
}

/// What a guest's console said.
fn said(mut console: File) -> Result<String, GuestError> {
    let mut said = Vec::new();
    console.rewind().and_then(|()| console.read_to_end(&mut said)).map_err(failed("read the guest's console"))?;
    Ok(String::from_utf8_lossy(&said).replace('\r', ""))
}

/// The path of an open file for another process. The files have no names, so nothing is left behind, however this process ends.
fn path(file: &File) -> String {
    format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd())
}

/// A file with these bytes.
fn filled(name: &str, bytes: &[u8]) -> io::Result<File> {
    let mut file = anonymous_file(name)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// For [`Result::map_err`]: what failed.
fn failed(what: &str) -> impl FnOnce(io::Error) -> GuestError {
    let what = format!("failed to {what}");
    move |error| GuestError::Failed(Box::new(Failure::new(Kind::Machinery, &error).within(what)))
}
