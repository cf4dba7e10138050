//! Captures: the packets of a run as Wireshark reads them, beside what the recording of that run says.
//! Not here: what the blocks of the file look like, which is tested where they are written.

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::guest::store::{Form, Kernel, Store};
use mplab::recording::{InterfaceSeries, Recording};
use support::{Directory, SHORT, Said, assert_has, trial, without};

/// A transfer over both links of which one is cut, so many packets that interrupts fall due just when some are about to be transmitted.
const CUT: &str = r#"
summary = "A link is cut"
topology = "two-guests-slow"

[transfer.stream]
client = "guest2"
server = "guest1"
to = "enp2s0"
duration = "1s"
rate = "30mbit"

# A program that is started while packets are captured: User-Mode Linux does not stand a ring that a fork has copied.
[process.listing]
host = "guest2"
command = "ls /"

[[step]]
at = "500ms"
cut = { link = "enp3s0", how = "blackhole" }

[[expect]]
transfer = "stream"
intact = true
"#;

/// A packet of a capture.
struct Seen {
    /// The name of its interface.
    way: String,
    /// In seconds from the run's start.
    at: f64,
    length: u64,
    comment: String,
}

fn main() -> ExitCode {
    mplab::enter();
    let mut kernels: Vec<Kernel> = Store::open().and_then(|store| store.list()).into_iter().flatten().collect();
    kernels.sort_by_key(|kernel| kernel.manifest.release.clone());
    let newest = |form: Form| kernels.iter().rfind(|kernel| kernel.manifest.form == form).cloned();
    let (program, image) = (newest(Form::Program), newest(Form::Image));
    let none = |kernel: &Option<Kernel>| kernel.is_none().then(|| "there is no such kernel: `tools/fetch-kernels` brings some".to_owned());
    let tshark = || without(&["tshark"]);
    let confined = mplab::local::place().err().map(|error| error.to_string());
    let no_qemu = none(&image).or_else(|| without(&["qemu-system-x86_64"])).or_else(tshark);
    let trials: Vec<Trial> = vec![
        case("a_capture_here_has_what_the_recording_counts", confined.clone().or_else(tshark), here),
        case("a_relay_is_captured_like_any_link", confined.clone().or_else(tshark), by_the_relay),
        case("a_snap_length_is_kept", confined.or_else(tshark), a_snap_length_is_kept),
        {
            let kernel = program.clone();
            case("a_capture_changes_nothing_where_the_kernel_is_a_program", none(&program).or_else(tshark), move || {
                in_a_program(&named(kernel.as_ref()));
            })
        },
        {
            let kernel = image.clone();
            case("a_guest_in_real_time_captures_by_itself", no_qemu.clone(), move || in_qemu_in_real_time(&named(kernel.as_ref())))
        },
        case("a_capture_of_qemu_changes_nothing", no_qemu, move || in_qemu(&named(image.as_ref()))),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn case(name: &str, missing: Option<String>, run: impl FnOnce() + Send + 'static) -> Trial {
    trial(name, missing, move || {
        run();
        Ok::<_, Failed>(())
    })
}

fn named(kernel: Option<&Kernel>) -> String {
    kernel.expect("there is one").name.clone()
}

fn recording(directory: &Directory, path: &str) -> Recording {
    Recording::from_json(&fs::read_to_string(directory.path().join(path)).expect("a recording")).expect("a recording")
}

/// The packets for which a filter of Wireshark's holds.
fn seen(file: &Path, filter: &str) -> Vec<Seen> {
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-Y", filter, "-T", "fields", "-E", "separator=|", "-E", "aggregator=;"]);
    tshark.args(["frame.interface_name", "frame.time_epoch", "frame.len", "frame.comment"].iter().flat_map(|field| ["-e", field]));
    let output = Said::of(tshark.arg("-r").arg(file).output().expect("tshark starts"));
    assert_eq!(output.code, 0, "{output:?}");
    let read = |line: &str| {
        let mut fields = line.splitn(4, '|').map(str::to_owned);
        let mut next = || fields.next().expect("four fields");
        let (way, at, length, comment) = (next(), next(), next(), next());
        Seen { way, at: at.parse().expect("a time"), length: length.parse().expect("a length"), comment }
    };
    output.out.lines().map(read).collect()
}

/// The lengths of the packets by their way.
fn lengths<'a>(packets: impl IntoIterator<Item = &'a Seen>) -> BTreeMap<&'a str, Vec<u64>> {
    let mut lengths: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for packet in packets {
        lengths.entry(&packet.way).or_default().push(packet.length);
    }
    lengths
}

/// The interfaces that send, by the names that a capture has for their ways.
fn senders(recording: &Recording) -> BTreeMap<String, &InterfaceSeries> {
    let ways = recording.job.topology.links.iter().flat_map(|(name, link)| {
        let [a, b] = &link.ends;
        [(a, b), (b, a)].map(|(from, to)| (format!("{name} {}→{}", from.host, to.host), from))
    });
    ways.map(|(way, from)| (way, &recording.hosts[&from.host].interfaces[&from.interface])).collect()
}

/// What each interface sent: packets and bytes of each sample since the first.
fn sent(recording: &Recording) -> BTreeMap<String, Vec<(usize, u64)>> {
    let since = |counts: &[u64]| counts.iter().map(|count| count - counts[0]).collect::<Vec<_>>();
    let each = senders(recording).into_iter().map(|(way, series)| {
        let packets = since(&series.tx_packets).into_iter().map(|packets| packets as usize);
        (way, packets.zip(since(&series.tx_bytes)).collect())
    });
    each.collect()
}

/// Fails unless every sample has counted what the capture has up to it. A capture begins before the first sample, and has what came until then.
fn assert_same_bytes(recording: &Recording, packets: &[Seen]) {
    let lengths = lengths(packets);
    for (way, samples) in sent(recording) {
        let lengths = lengths.get(way.as_str()).map(Vec::as_slice).unwrap_or_default();
        let counted: Vec<u64> = samples.iter().map(|(_, bytes)| *bytes).collect();
        let last = samples.last().map_or(0, |(packets, _)| *packets);
        let captured =
            |before: usize| -> Vec<u64> { samples.iter().map(|(packets, _)| lengths[before..][..*packets].iter().sum()).collect() };
        let early = 0..=lengths.len().saturating_sub(last);
        assert!(lengths.len() >= last && early.into_iter().any(|before| captured(before) == counted), "{way}: {counted:?} of {lengths:?}");
    }
    assert!(packets.is_sorted_by(|one, other| one.at <= other.at), "time goes on");
}

/// Fails unless tshark finds MPTCP's options, and step and verdict where they belong.
fn assert_told(file: &Path, packets: &[Seen]) {
    for (subtype, name) in [(0, "MP_CAPABLE"), (1, "MP_JOIN"), (2, "DSS")] {
        assert!(!seen(file, &format!("tcp.options.mptcp.subtype == {subtype}")).is_empty(), "no {name} in {}", file.display());
    }
    let step = packets.iter().find(|packet| packet.comment.contains("cut enp3s0")).expect("the step is told");
    let before = packets.iter().filter(|packet| packet.at < 0.5).count();
    assert!(step.at >= 0.5 && before > 0, "the step is told at {}", step.at);
    let last = packets.last().expect("there are packets");
    assert_has(&last.comment, &["PASS", "stream: intact = true"]);
}

/// What is captured in real time, where packets may come and go beside a sample.
fn captured_in_real_time(engine: &str, place: &[&str]) {
    let directory = Directory::new();
    let slow = fs::read_to_string(directory.path().join("topologies/two-guests-slow.toml")).expect("a topology");
    directory.write("topologies/two-guests.toml", &slow.replace("rate =", &format!("engine = \"{engine}\"\nrate =")));
    let case = CUT.replace("two-guests-slow", "two-guests");
    directory.write("cases/cut.toml", &case);
    let said = directory.say(&[&["run", "cases/cut.toml", "--output", "out", "--capture"], place].concat());
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["captured in out/cut.pcapng: "]);
    let file = directory.path().join("out/cut.pcapng");
    let packets = seen(&file, "frame");
    assert_told(&file, &packets);
    let recording = recording(&directory, "out/cut.json");
    let ends = *recording.hosts.values().filter_map(|host| host.at.last()).min().expect("there is a sample") as f64 / 1e6;
    let (captured, before) = (lengths(&packets), lengths(packets.iter().filter(|packet| packet.at <= ends)));
    for (way, series) in senders(&recording) {
        let of = |lengths: &BTreeMap<&str, Vec<u64>>| lengths.get(way.as_str()).map_or(0, |lengths| lengths.iter().sum::<u64>());
        let [first, .., last] = series.tx_bytes[..] else { panic!("there are samples") };
        // What is still on its way when the transfer has ended comes after the last sample, and something before the first one.
        let (captured, before, counted) = (of(&captured), of(&before), last - first);
        assert!(counted <= captured, "{way}: {captured} bytes captured, {counted} counted");
        assert!(before <= last + 3000, "{way}: {before} bytes captured until the last sample, {last} counted");
    }
}

fn here() {
    captured_in_real_time("kernel", &[]);
}

fn by_the_relay() {
    captured_in_real_time("relay", &[]);
}

fn a_snap_length_is_kept() {
    let directory = Directory::new();
    directory.write("cases/short.toml", SHORT);
    for (snap, most) in [("60", 60), ("2000", 2000)] {
        let said = directory.say(&["run", "cases/short.toml", "--output", snap, "--capture", "--snap", snap]);
        assert_eq!(said.code, 0, "{said:?}");
        let file = directory.path().join(snap).join("short.pcapng");
        let kept = |filter: String| seen(&file, &filter).len();
        assert!(kept(format!("frame.cap_len == {most}")) > 0 && kept(format!("frame.cap_len > {most}")) == 0);
    }
    let said = directory.say(&["run", "cases/short.toml", "--capture", "--snap", "20"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["`20` is not a snap length: write a number of bytes from 54 to 262144"]);
}

fn in_a_program(kernel: &str) {
    let directory = Directory::new();
    directory.write("cases/cut.toml", CUT);
    let run = |output: &str, more: &[&str]| {
        let said = directory.say(&[&["run", "cases/cut.toml", "--kernel", kernel, "--output", output], more].concat());
        assert_eq!(said.code, 0, "{said:?}");
        fs::read(directory.path().join(output).join("cut.json")).expect("a recording")
    };
    assert!(run("plain", &[]) == run("captured", &["--capture"]), "the capture changes the run");
    assert!(run("plain", &[]) == run("whole", &["--capture", "--snap", "65535"]), "a capture of whole packets changes the run");
    let file = directory.path().join("captured/cut.pcapng");
    let packets = seen(&file, "frame");
    assert_same_bytes(&recording(&directory, "captured/cut.json"), &packets);
    assert_told(&file, &packets);
    let said = directory.say(&["replay", "plain/cut.json", "--capture"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["the same run, to the last value", "captured in plain/cut.replay.pcapng"]);
    assert_eq!(seen(&directory.path().join("plain/cut.replay.pcapng"), "frame").len(), packets.len());
}

fn in_qemu_in_real_time(kernel: &str) {
    captured_in_real_time("kernel", &["--kernel", kernel]);
}

fn in_qemu(kernel: &str) {
    let directory = Directory::new();
    directory.write("cases/cut.toml", CUT);
    let said = directory.say(&["run", "cases/cut.toml", "--kernel", kernel, "--virtual", "--output", "out"]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = directory.say(&["replay", "out/cut.json", "--capture"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["the same run, to the last value"]);
    let file = directory.path().join("out/cut.replay.pcapng");
    let packets = seen(&file, "frame");
    assert_same_bytes(&recording(&directory, "out/cut.json"), &packets);
    assert_told(&file, &packets);
    assert!(seen(&file, "tcp.analysis.retransmission && frame.time_relative < 0.4").is_empty(), "each packet is there once");
}
