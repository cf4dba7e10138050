//! What this computer can do for labs, and how to get what is missing: the checklist of `mplab doctor`.
//! Not here: why a connection has no subflow, which is `judge::explain`.

mod quirks;

use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::kernel::load::Load;
use crate::kernel::{computer, program};
use crate::place::guest::store::Store;
use crate::place::guest::{self, Guest};
use crate::place::{Kind, LocalError, local};
use crate::result::judge::explain::{Check, Weight};
use crate::result::recording::{Acceleration, Clockwork, PlaceRecord};
use crate::words::{Feature, Size};

/// How long a program may take to print its version.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many characters of a version are shown.
const LONGEST: usize = 60;
/// With less free space than this for kernels, an import will soon fail.
const ROOM: u64 = 1 << 30;

/// Programs that cases use or that help with them, each with the option that prints its version, if it has one.
const PROGRAMS: [(&str, Option<&str>); 12] = [
    ("iperf3", Some("--version")),
    ("mptcpize", None),
    ("/usr/libexec/mptcpd", Some("--version")),
    ("ncat", Some("--version")),
    ("curl", Some("--version")),
    ("nginx", Some("-v")),
    ("haproxy", Some("-v")),
    ("ip", Some("-Version")),
    ("ss", Some("-Version")),
    ("nft", Some("--version")),
    ("tcpdump", Some("--version")),
    ("gdb", Some("--version")),
];

/// Makes all checks. `tell` is called before one that takes longer than a moment. Labs can run here if no check is a [`Weight::Cause`].
pub fn examine(tell: &mut dyn FnMut(&str)) -> Vec<Check> {
    // If no thread can be started, it just takes longer.
    let asked = thread::Builder::new().spawn(programs);
    let place = local::place();
    let mut checks = vec![namespaces(&place), sysctls()];
    checks.extend(computer());
    if let Ok(place) = &place {
        checks.insert(0, kernel(place));
        checks.insert(1, timers(place));
        checks.extend(features(place));
    }
    checks.extend(guests(tell));
    checks.extend(asked.map_or_else(|_| programs(), |asked| asked.join().unwrap_or_default()));
    checks
}

fn fine(topic: &str, seen: impl Into<String>) -> Check {
    Check::new(Weight::Fine, topic, seen)
}

fn lack(topic: &str, seen: impl Into<String>) -> Check {
    Check::new(Weight::Suspect, topic, seen)
}

fn kernel(place: &PlaceRecord) -> Check {
    let has = |feature: fn(&Feature) -> Option<&String>| {
        let names: Vec<&str> = place.features.iter().filter_map(feature).map(String::as_str).collect();
        names.join(" ")
    };
    let release = format!("Linux {}", place.kernel);
    if !place.features.contains(&Feature::Mptcp) {
        let seen = format!("{release}, without MPTCP");
        let change = "boot a kernel with CONFIG_MPTCP (from 5.6 on), or run cases in guests (mplab run --kernel NAME)";
        return Check::new(Weight::Cause, "kernel", seen).change(change);
    }
    let schedulers = has(|feature| if let Feature::Scheduler(name) = feature { Some(name) } else { None });
    let managers = has(|feature| if let Feature::PathManager(name) = feature { Some(name) } else { None });
    let numbers = place.features.iter().filter(|feature| matches!(feature, Feature::Limits(_) | Feature::Endpoints(_)));
    let numbers: Vec<String> = numbers.map(ToString::to_string).collect();
    let numbers = numbers.join(", ");
    fine("kernel", format!("{release} with MPTCP, path managers {managers}, schedulers {schedulers}; {numbers}"))
}

fn timers(place: &PlaceRecord) -> Check {
    match place.rounds_to() {
        None => fine("timers", "high resolution"),
        Some(tick) => lack("timers", format!("every delay is rounded up to {tick}")).change(
            "boot with CONFIG_HIGH_RES_TIMERS and without `highres=off`; a virtual machine needs a clock that its kernel trusts, and a timer \
             that goes on while the CPU is idle (/proc/timer_list)",
        ),
    }
}

fn namespaces(place: &Result<PlaceRecord, LocalError>) -> Check {
    match place {
        Ok(place) if place.root => fine("namespaces", "made as root"),
        Ok(_) => fine("namespaces", "made in a user namespace"),
        Err(LocalError::Failed(why)) if why.kind == Kind::Confined => {
            Check::new(Weight::Cause, "namespaces", why.seen()).change(why.remedy.as_deref().unwrap_or("run as root"))
        }
        Err(error) => Check::new(Weight::Cause, "namespaces", error.to_string()).change("report this: the probe itself failed"),
    }
}

fn sysctls() -> Check {
    if computer::sysctls_are_writable() {
        fine("/proc/sys", "can be written to")
    } else {
        Check::new(Weight::Cause, "/proc/sys", "read-only, as in a container without privileges")
            .change("start the container with --privileged")
    }
}

fn computer() -> Vec<Check> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let load = Load::read();
    let stolen = load.stolen * 100 / load.cpu.max(1);
    let seen = format!("{cores} cores, {stolen}% of their time stolen since they were started");
    let cores = if stolen > crate::result::judge::STOLEN_TOLERANCE {
        lack("processor", seen).change("expect disturbed runs in real time; virtual time (--kernel NAME --virtual) is not disturbed")
    } else {
        fine("processor", seen)
    };
    let container = computer::container().map(|kind| fine("container", format!("{kind}; the other lines say what it forbids")));
    [Some(cores), container].into_iter().flatten().collect()
}

/// What each feature is for and how to get it, or `None` for those that other checks report.
fn remedy(feature: &Feature) -> Option<(&'static str, &'static str)> {
    const EXTRA: &str = "load its module with modprobe; it may be in a package of its own (linux-modules-extra, kernel-modules-extra)";
    const NEWER: &str = "a newer kernel has it: run in a guest (mplab run --kernel NAME)";
    const TABLES: &str = "load nf_tables and its modules with modprobe, or run in a guest (mplab run --kernel NAME)";
    Some(match feature {
        Feature::Ipv6 => ("topologies with IPv6", "boot without ipv6.disable=1"),
        Feature::Redirect => ("wires; bridges are used instead", EXTRA),
        Feature::Bridge => ("wires, if redirect is missing", EXTRA),
        Feature::Bonding => ("hosts with bonds", EXTRA),
        Feature::Vlan => ("interfaces in VLANs", EXTRA),
        Feature::Tbf => ("links with a rate", EXTRA),
        Feature::Netem => ("links of engine netem; mplab's relay is used instead", EXTRA),
        Feature::NetemSeed => ("netem's random numbers, repeatable by a seed", NEWER),
        Feature::NetemPairs => ("netem with duplication, a delay and a rate; the relay is used instead", NEWER),
        Feature::Relay => ("links of engine relay", "allow packet sockets (CAP_NET_RAW, CONFIG_PACKET)"),
        Feature::SocketsInUse => ("expectations of `sockets`", NEWER),
        Feature::FastOpen => ("transfers by MPTCP with `fast_open`", NEWER),
        Feature::SocketDestruction => {
            ("steps that `destroy`", "a kernel with CONFIG_INET_DIAG_DESTROY: run in a guest (mplab run --kernel NAME)")
        }
        Feature::Firewall => ("hosts with a firewall", TABLES),
        Feature::CorruptPayload => ("firewalls with `corrupt` or `number`", NEWER),
        Feature::StripOptions => ("firewalls that strip MPTCP's options", TABLES),
        Feature::Nat => ("hosts that masquerade", TABLES),
        Feature::Tproxy => ("hosts that intercept connections (tproxy)", TABLES),
        Feature::LaminarEndpoints => ("endpoints with the flag `laminar`", NEWER),
        Feature::PathManagerNames => ("path managers other than the kernel's and the one in user space", NEWER),
        Feature::ListenerEvents => ("expectations of listener-created and listener-closed", NEWER),
        Feature::Mptcp
        | Feature::RelayedVlans
        | Feature::Scheduler(_)
        | Feature::PathManager(_)
        | Feature::Limits(_)
        | Feature::Endpoints(_)
        | Feature::Program(_)
        | Feature::Sysctl(_)
        | Feature::Counter(_)
        | Feature::Info(_) => return None,
    })
}

/// The features that a kernel has or lacks.
const FEATURES: [Feature; 21] = [
    Feature::Ipv6,
    Feature::Redirect,
    Feature::Bridge,
    Feature::Bonding,
    Feature::Vlan,
    Feature::Tbf,
    Feature::Netem,
    Feature::NetemSeed,
    Feature::NetemPairs,
    Feature::Relay,
    Feature::Firewall,
    Feature::StripOptions,
    Feature::CorruptPayload,
    Feature::Nat,
    Feature::Tproxy,
    Feature::LaminarEndpoints,
    Feature::PathManagerNames,
    Feature::ListenerEvents,
    Feature::FastOpen,
    Feature::SocketsInUse,
    Feature::SocketDestruction,
];

fn features(place: &PlaceRecord) -> Vec<Check> {
    let (have, lacking): (Vec<&Feature>, Vec<&Feature>) = FEATURES.iter().partition(|feature| place.features.contains(feature));
    let names: Vec<String> = have.iter().map(ToString::to_string).collect();
    let mut checks = vec![fine("features", names.join(", "))];
    let wires = [Feature::Redirect, Feature::Bridge].iter().any(|feature| place.features.contains(feature));
    let netem = place.features.contains(&Feature::Netem);
    for feature in lacking.into_iter().filter(|feature| netem || ![Feature::NetemSeed, Feature::NetemPairs].contains(feature)) {
        let Some((serves, change)) = remedy(feature) else { continue };
        let needed = *feature == Feature::Redirect && !wires;
        let weight = if needed { Weight::Cause } else { Weight::Suspect };
        checks.push(Check::new(weight, feature.to_string(), format!("for {serves}")).change(change));
    }
    checks
}

fn guests(tell: &mut dyn FnMut(&str)) -> Vec<Check> {
    let mut checks = Vec::new();
    let emulator = guest::emulator();
    checks.push(match &emulator {
        Ok(version) => fine("qemu", format!("QEMU {version}")),
        Err(error) => lack("qemu", error.to_string()).change("install it to run cases on other kernels and in virtual time"),
    });
    let store = match Store::open() {
        Ok(store) => store,
        Err(error) => return [checks, vec![lack("kernels", error.to_string()).change("set MPLAB_KERNELS to a directory")]].concat(),
    };
    let kernels = store.list().unwrap_or_default();
    let names: Vec<String> = kernels.iter().map(|kernel| format!("{} ({})", kernel.name, kernel.manifest.release)).collect();
    checks.push(if names.is_empty() {
        lack("kernels", "no kernel is imported for guests").change("run tools/fetch-kernels, or import your own with mplab kernel import")
    } else {
        fine("kernels", names.join(", "))
    });
    checks.push(kvm(kernels.last().filter(|_| emulator.is_ok()).cloned(), tell));
    let directory = store.directory();
    checks.push(match computer::room(directory) {
        Ok(room) if room < ROOM => lack("disk", format!("{} free where kernels are kept, {}", Size(room), directory.display()))
            .change("free some space, or set MPLAB_KERNELS to another directory"),
        Ok(room) => fine("disk", format!("{} free where kernels are kept, {}", Size(room), directory.display())),
        Err(error) => Check::new(Weight::Unrecorded, "disk", format!("{}: {error}", directory.display())),
    });
    checks
}

/// Whether a guest starts under KVM. The answer is kept until the computer reboots, so only the first time takes long.
fn kvm(kernel: Option<guest::store::Kernel>, tell: &mut dyn FnMut(&str)) -> Check {
    let instead = "nothing is needed: QEMU emulates the CPU instead, which is slower in real time; virtual time needs no KVM";
    if let Err(error) = computer::kvm_opens() {
        let change = if error.kind() == io::ErrorKind::PermissionDenied { "join the group kvm, or run as root" } else { instead };
        return lack("kvm", format!("/dev/kvm: {error}")).change(change);
    }
    let Some(kernel) = kernel else { return Check::new(Weight::Unrecorded, "kvm", "not tried: it takes QEMU and an imported kernel") };
    tell("trying a guest under KVM (10s at most)");
    match Guest::new(kernel, Clockwork::Real, None) {
        Ok(guest) if guest.acceleration() == Acceleration::Kvm => fine("kvm", "a guest started"),
        Ok(_) => lack("kvm", "/dev/kvm opens, but a guest under it does not answer").change(instead),
        Err(error) => Check::new(Weight::Unrecorded, "kvm", error.to_string()),
    }
}

fn programs() -> Vec<Check> {
    let look = |file: std::path::PathBuf, how: Option<&str>| {
        let version = how.and_then(|how| version(&file, how));
        let quirk = quirks::quirk(&file, version.as_deref());
        (version, quirk)
    };
    let asked = PROGRAMS.map(|(name, how)| {
        let look = move || program::find(name).map(|file| look(file, how));
        (name, thread::Builder::new().spawn(look).map_err(|_| look))
    });
    let found = asked.map(|(name, asked)| (name, asked.map_or_else(|look| look(), |asked| asked.join().unwrap_or_default())));
    let mut checks = Vec::new();
    for (name, found) in found {
        let short = name.rsplit('/').next().unwrap_or(name);
        checks.push(match found {
            Some((version, None)) => fine(short, version.unwrap_or_else(|| "installed".to_owned())),
            Some((version, Some((seen, change)))) => {
                lack(short, format!("{}: {seen}", version.unwrap_or_else(|| "installed".to_owned()))).change(change)
            }
            None => lack(short, Feature::Program(name.to_owned()).absence()).change("install it to run the cases that use it"),
        });
    }
    checks
}

/// The first line with a digit that a program prints when asked for its version.
fn version(file: &std::path::Path, how: &str) -> Option<String> {
    let mut child = Command::new(file).arg(how).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    said.lines().find(|line| line.contains(|c: char| c.is_ascii_digit())).map(|line| line.trim().chars().take(LONGEST).collect())
}
