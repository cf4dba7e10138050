//! Labs that stay: as root and as a user, until they are taken down or fall, beside each other, and without anything left behind.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::kernel::names;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use support::{Directory, MPLAB, Said, assert_has, trial, without};

const TOPOLOGY: &str = r#"
summary = "two hosts, two cables, one of them in user space"

[link.plain]
ends = ["left:eth0", "right:eth0"]
rate = "100mbit"

[link.slow]
ends = ["left:eth1", "right:eth1"]
delay = "20ms"
engine = "relay"
"#;
/// The user that tests become if they are root.
const NOBODY: u32 = 65_534;
/// How long something may take that always comes.
const PATIENCE: Duration = Duration::from_secs(20);

type Story = fn(&Stage);

fn main() {
    mplab::enter();
    match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [what] if what == "mirror" => mirror(),
        [what, address, patience] if what == "echo" => return echo(address, patience.parse().expect("milliseconds")),
        _ => {}
    }
    let arguments = Arguments::from_args();
    let missing = mplab::local::place().err().map(|error| error.to_string());
    let stories: [(&str, Story); 11] = [
        ("a_lab_stands_until_it_is_taken_down", stands),
        ("a_command_sees_its_host", sees),
        ("a_link_is_cut_restored_and_shaped", is_cut),
        ("a_relayed_link_is_cut_restored_and_shaped", is_relayed),
        ("a_step_that_makes_no_sense_is_refused", is_refused),
        ("a_second_lab_of_the_name_is_refused", second),
        ("a_fallen_lab_is_told_and_cleaned_and_nothing_else", falls),
        ("programs_end_with_their_lab", programs_end),
        ("a_command_has_what_its_caller_opened_and_a_holder_has_not", has_what_its_caller_opened),
        ("a_name_that_somebody_has_is_left_alone", taken),
        ("rounds_leave_nothing", rounds),
    ];
    let play = |user: bool, story: Story| {
        move || {
            story(&Stage::new(user));
            Ok::<_, Failed>(())
        }
    };
    let mut trials: Vec<Trial> = Vec::new();
    for (name, story) in stories {
        trials.push(trial(name, missing.clone(), play(false, story)));
        let user = missing.clone().or_else(|| without(&["setpriv"]));
        let user = user.or_else(|| (!geteuid().is_root()).then(|| "the tests are not run as root".to_owned()));
        trials.push(trial(&format!("{name}_as_a_user"), user, play(true, story)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Answers whatever comes to UDP port 7, until it is killed.
fn mirror() -> ! {
    let socket = UdpSocket::bind("0.0.0.0:7").expect("the port is free in a new host");
    println!("ready");
    let mut packet = [0; 64];
    loop {
        if let Ok((length, from)) = socket.recv_from(&mut packet) {
            socket.send_to(&packet[..length], from).ok();
        }
    }
}

/// Sends a packet to a mirror and says how long it takes until it is back, in microseconds, if it comes back within as many milliseconds.
fn echo(address: &str, patience: u64) {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket can be had");
    socket.set_read_timeout(Some(Duration::from_millis(patience))).expect("not zero");
    let since = Instant::now();
    socket.send_to(b"are you there?", (address, 7)).expect("there is a way");
    if socket.recv(&mut [0; 64]).is_ok() {
        println!("{}", since.elapsed().as_micros());
    }
}

/// Somebody with a name for a lab that nobody else has.
struct Stage {
    directory: Directory,
    user: bool,
    lab: String,
    /// It takes the labs down when its standard input ends: also if this program is killed.
    guard: Option<Child>,
}

impl Stage {
    fn new(user: bool) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let directory = Directory::new();
        directory.write("lab.toml", TOPOLOGY);
        let lab = format!("t{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let own = std::env::current_exe().expect("this program has a file");
        for (program, name) in [(Path::new(MPLAB), "mplab"), (&own, "mirror")] {
            // A user may not come to where it was built.
            fs::copy(program, directory.path().join(name)).expect("a program can be copied");
        }
        let runtime = directory.path().join("run");
        fs::create_dir(&runtime).expect("temporary files can be made");
        if user {
            chown(&runtime, Some(NOBODY), Some(NOBODY)).expect("root may give files away");
        }
        let mut stage = Self { directory, user, lab, guard: None };
        let down = "cat; for lab; do ./mplab down $lab; done";
        let mut guard = stage.program("sh");
        guard.args(["-c", down, "sh", &stage.lab, &format!("{}b", stage.lab)]);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        stage.guard = Some(guard.spawn().expect("there is a shell"));
        stage
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(self.directory.path().join("mplab"));
        command.args(arguments);
        command
    }

    fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = if self.user {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", &NOBODY.to_string(), "--regid", &NOBODY.to_string(), "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.directory.path()).env("NO_COLOR", "1").env("XDG_RUNTIME_DIR", self.directory.path().join("run"));
        command
    }

    fn say(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("the program can be started"))
    }

    /// Says something that is done.
    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let said = self.say(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        said.out
    }

    #[track_caller]
    fn up(&self) {
        self.done(&["up", "lab.toml", "--name", &self.lab]);
    }

    /// Runs a command in a host.
    #[track_caller]
    fn exec(&self, host: &str, command: &[&str]) -> String {
        self.done(&[&["exec", "--lab", &self.lab, host, "--"], command].concat())
    }

    fn as_root(&self) -> bool {
        geteuid().is_root() && !self.user
    }

    /// The process that holds the lab.
    fn holder(&self) -> i32 {
        let status = self.done(&["status", &self.lab]);
        let (_, rest) = status.split_once("held by process ").expect("a lab that stands is held");
        rest.lines().next().and_then(|id| id.parse().ok()).expect("a number")
    }

    /// The names of this stage's labs that the system has.
    fn named(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(names::DIRECTORY).into_iter().flatten();
        let paths = entries.map_while(Result::ok).map(|entry| entry.path());
        paths.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&self.lab))).collect()
    }

    fn state(&self) -> PathBuf {
        let parent = if geteuid().is_root() && !self.user { PathBuf::from("/run") } else { self.directory.path().join("run") };
        parent.join("mplab").join(&self.lab)
    }

    fn mirror(&self) -> Mirror {
        let mut command = self.command(&["exec", "--lab", &self.lab, "right", "--", "./mirror", "mirror"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it can be started");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().expect("piped above")), &mut line).expect("a line");
        assert_eq!(line, "ready\n");
        Mirror(child)
    }

    /// How long a packet takes to the mirror at an address and back, if it comes back in time.
    fn echo(&self, address: &str, patience: Duration) -> Option<Duration> {
        let said = self.exec("left", &["./mirror", "echo", address, &patience.as_millis().to_string()]);
        said.trim().parse().ok().map(Duration::from_micros)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            // This ends its input first.
            guard.wait().ok();
        }
    }
}

struct Mirror(Child);

impl Drop for Mirror {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn stands(stage: &Stage) {
    stage.up();
    let status = stage.done(&["status", &stage.lab]);
    assert_has(&status, &["left", "right", "eth0", "10.0.1.1/24", "plain", "relay", "delay 20ms", "whole"]);
    let named = ["left", "right", "wires"].map(|host| names::path(&format!("{}-{host}", stage.lab)));
    assert_eq!(named.iter().all(|path| path.exists()), stage.as_root(), "root's labs have names that everybody sees");
    assert!(stage.state().exists());
    // It is nobody's child, and has no terminal.
    let holder = stage.holder();
    let session = nix::unistd::getsid(Some(Pid::from_raw(holder))).unwrap();
    assert_eq!(session.as_raw(), holder, "a session of its own");
    assert_has(&stage.done(&["down", &stage.lab]), &["is gone"]);
    assert!(stage.named().is_empty() && !stage.state().exists() && !Path::new(&format!("/proc/{holder}/ns")).join("net").exists());
    assert_eq!(stage.say(&["status", &stage.lab]).code, 2);
}

fn sees(stage: &Stage) {
    stage.up();
    assert_has(&stage.exec("left", &["cat", "/etc/hosts"]), &["10.0.1.2 right eth0.right", "10.0.2.1 left eth1.left"]);
    assert_eq!(stage.exec("right", &["ls", "-I", "~*", "/sys/class/net"]).split_whitespace().collect::<Vec<_>>(), ["eth0", "eth1", "lo"]);
    assert_eq!(stage.exec("left", &["pwd"]).trim(), stage.directory.path().to_str().unwrap());
    assert_eq!(stage.exec("left", &["uname", "-n"]).trim(), "left");
    let said = stage.say(&["exec", "--lab", &stage.lab, "left", "--", "sh", "-c", "exit 7"]);
    assert_eq!(said.code, 7, "{said:?}");
    let said = stage.say(&["exec", "--lab", &stage.lab, "middle", "--", "true"]);
    assert!(said.code == 2 && said.err.contains("its hosts are left, right"), "{said:?}");
    let mut shell = stage.command(&["shell", "--lab", &stage.lab, "right"]);
    let mut shell = shell.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut shell.stdin.take().expect("piped above"), b"echo I am $MPLAB_HOST\n").unwrap();
    assert_has(&Said::of(shell.wait_with_output().unwrap()).out, &["I am right"]);
}

fn is_cut(stage: &Stage) {
    stage.up();
    let lab = ["--lab", stage.lab.as_str()];
    let carrier = || stage.exec("left", &["cat", "/sys/class/net/eth0/carrier"]).trim().to_owned();
    assert_eq!(carrier(), "1");
    stage.done(&[&["cut", "plain", "--end", "left"], &lab[..]].concat());
    assert_eq!(carrier(), "0");
    assert_has(&stage.done(&["status", &stage.lab]), &["cut: carrier at left:eth0"]);
    stage.done(&[&["restore", "plain"], &lab[..]].concat());
    let since = Instant::now();
    while carrier() != "1" {
        assert!(since.elapsed() < PATIENCE, "the carrier comes back");
    }
    let _mirror = stage.mirror();
    assert!(stage.echo("10.0.1.2", PATIENCE).is_some());
    stage.done(&[&["cut", "plain", "--how", "blackhole", "--direction", "down"], &lab[..]].concat());
    assert!(stage.echo("10.0.1.2", Duration::from_millis(300)).is_none());
    stage.done(&[&["restore", "plain"], &lab[..]].concat());
    assert!(stage.echo("10.0.1.2", PATIENCE).is_some());
    stage.done(&[&["shape", "plain", "rate=5mbit", "--direction", "up"], &lab[..]].concat());
    stage.done(&[&["shape", "plain", "rate=7mbit", "--direction", "down", "--over", "100ms"], &lab[..]].concat());
    assert_has(&stage.done(&["status", &stage.lab]), &["rate 5mbit  rate 7mbit"]);
}

fn is_relayed(stage: &Stage) {
    stage.up();
    let lab = ["--lab", stage.lab.as_str()];
    let _mirror = stage.mirror();
    let took = stage.echo("10.0.2.2", PATIENCE).expect("a link in user space carries packets");
    assert!(took >= Duration::from_millis(40), "{took:?} for twice 20 ms");
    stage.done(&[&["shape", "slow", "delay=100ms"], &lab[..]].concat());
    let took = stage.echo("10.0.2.2", PATIENCE).expect("a link with another delay carries packets");
    assert!(took >= Duration::from_millis(200), "{took:?} for twice 100 ms");
    stage.done(&[&["cut", "slow", "--how", "blackhole"], &lab[..]].concat());
    assert!(stage.echo("10.0.2.2", Duration::from_millis(500)).is_none());
    stage.done(&[&["restore", "slow"], &lab[..]].concat());
    assert!(stage.echo("10.0.2.2", PATIENCE).is_some());
}

fn is_refused(stage: &Stage) {
    stage.up();
    let refused = |arguments: &[&str], parts: &[&str]| {
        let said = stage.say(&[arguments, &["--lab", &stage.lab]].concat());
        assert_eq!(said.code, 2, "{arguments:?}: {said:?}");
        assert_has(&said.err, parts);
    };
    refused(&["cut", "plan"], &["the topology has no link `plan`", "did you mean `plain`?"]);
    refused(&["cut", "plain", "--how", "scissors"], &["scissors"]);
    refused(&["cut", "plain", "--direction", "up"], &["only a blackhole can be in one direction"]);
    refused(&["restore", "plain"], &["link `plain` is not cut"]);
    refused(&["shape", "plain", "rate=fast"], &["fast"]);
    refused(&["shape", "plain", "delay=1ms"], &["the kernel can give a link only a rate"]);
    stage.done(&["cut", "plain", "--lab", &stage.lab]);
    refused(&["cut", "plain"], &["link `plain` is already cut in this way"]);
    stage.done(&["restore", "plain", "--lab", &stage.lab]);
    stage.done(&["cut", "plain", "--lab", &stage.lab]);
}

fn second(stage: &Stage) {
    stage.up();
    let holder = stage.holder();
    let said = stage.say(&["up", "lab.toml", "--name", &stage.lab]);
    assert!(said.code == 2 && said.err.contains("is already up"), "{said:?}");
    assert_eq!(stage.holder(), holder, "the first is not disturbed");
    let other = format!("{}b", stage.lab);
    stage.done(&["up", "lab.toml", "--name", &other]);
    let mirror = stage.mirror();
    assert!(stage.echo("10.0.1.2", PATIENCE).is_some());
    stage.done(&["cut", "plain", "--lab", &other]);
    assert!(stage.echo("10.0.1.2", PATIENCE).is_some(), "another lab's link of the same name is cut");
    drop(mirror);
    assert_has(&stage.done(&["status"]), &[&format!("lab {} has", stage.lab), &format!("lab {other} has")]);
    stage.done(&["down", &other]);
    assert_eq!(stage.holder(), holder);
}

fn falls(stage: &Stage) {
    let other = format!("{}b", stage.lab);
    stage.done(&["up", "lab.toml", "--name", &other]);
    stage.up();
    let named = stage.named();
    kill(Pid::from_raw(stage.holder()), Signal::SIGKILL).unwrap();
    let since = Instant::now();
    while !stage.done(&["status", &stage.lab]).contains("has fallen") {
        assert!(since.elapsed() < PATIENCE, "a killed process ends");
    }
    for arguments in [&["exec", "--lab", &stage.lab, "left", "--", "true"][..], &["cut", "--lab", &stage.lab, "plain"]] {
        let said = stage.say(arguments);
        assert!(said.code == 3 && said.err.contains(&format!("Clean up with `mplab down {}`", stage.lab)), "{said:?}");
    }
    let said = stage.say(&["up", "lab.toml", "--name", &stage.lab]);
    assert!(said.code == 2 && said.err.contains("has fallen"), "{said:?}");
    stage.done(&["down", &stage.lab]);
    assert!(!stage.state().exists());
    let left: Vec<_> = named.into_iter().filter(|path| path.exists()).collect();
    assert_eq!(left, stage.named());
    assert!(left.iter().all(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&other))));
    assert_has(&stage.done(&["status", &other]), &["has been up"]);
    stage.up();
}

/// What is left to itself in a host: a program that ends when it is asked to, and one that does not.
const LEFT: &str = "./mirror mirror > /dev/null & trap '' TERM; echo $! $$; exec > /dev/null; while :; do sleep 0.1; done";

fn programs_end(stage: &Stage) {
    for falls in [false, true] {
        stage.up();
        let mut left = stage.command(&["exec", "--lab", &stage.lab, "right", "--", "setsid", "sh", "-c", LEFT]);
        let mut left = left.stdout(Stdio::piped()).spawn().expect("it can be started");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(left.stdout.take().expect("piped above")), &mut line).expect("a line");
        let ids: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        let inside = stage.say(&["exec", "--lab", &stage.lab, "right", "--", "./mplab", "down", &stage.lab]);
        // A user is root inside, where root's labs are looked for.
        assert!(inside.code == 2 && (!stage.as_root() || inside.err.contains("leave the host first")), "{inside:?}");
        if falls {
            kill(Pid::from_raw(stage.holder()), Signal::SIGKILL).unwrap();
        }
        let said = stage.done(&["down", &stage.lab]);
        assert_has(&said, &[&format!("ended mirror ({})", ids[0]), &format!("killed sh ({})", ids[1]), "is gone"]);
        // Its parent has not asked for it yet, so its number is nobody else's.
        assert!(!left.wait().expect("it has ended").success());
        assert!(!Path::new("/proc").join(&ids[0]).join("ns/net").exists(), "the mirror is left");
        assert_eq!(stage.say(&["status", &stage.lab]).code, 2);
    }
}

fn has_what_its_caller_opened(stage: &Stage) {
    stage.directory.write("opened", "by the caller");
    let with_a_file = |arguments: &[&str]| {
        let mut shell = stage.program("sh");
        shell.args(["-c", "exec 7<opened; exec ./mplab \"$@\"", "sh"]).args(arguments);
        let said = Said::of(shell.output().expect("there is a shell"));
        assert_eq!(said.code, 0, "{said:?}");
        said.out
    };
    with_a_file(&["up", "lab.toml", "--name", &stage.lab]);
    let descriptors = fs::read_dir(Path::new("/proc").join(stage.holder().to_string()).join("fd")).unwrap();
    let open: Vec<_> = descriptors.map_while(Result::ok).filter_map(|entry| fs::read_link(entry.path()).ok()).collect();
    assert!(!open.is_empty() && !open.iter().any(|path| path.ends_with("opened")), "the holder has what its caller opened: {open:?}");
    assert_eq!(with_a_file(&["exec", "--lab", &stage.lab, "left", "--", "sh", "-c", "cat <&7"]), "by the caller");
}

fn taken(stage: &Stage) {
    stage.up();
    if !stage.as_root() {
        // A user's names are seen by nobody else, and nobody else's by him.
        assert!(stage.named().is_empty());
        return;
    }
    let other = format!("{}b", stage.lab);
    let theirs = names::path(&format!("{other}-right"));
    fs::write(&theirs, "somebody's").unwrap();
    let said = stage.say(&["up", "lab.toml", "--name", &other]);
    let refused = said.code == 2 && said.err.contains(&format!("`{other}-right` already")) && stage.say(&["down", &other]).code == 2;
    let whole = fs::read_to_string(&theirs).is_ok_and(|text| text == "somebody's");
    fs::remove_file(&theirs).unwrap();
    assert!(refused && whole, "{said:?}");
    assert_eq!(stage.named().len(), 3, "the names of the one lab that stands");
}

fn rounds(stage: &Stage) {
    for _ in 0..20 {
        stage.up();
        stage.done(&["down", &stage.lab]);
    }
    assert!(stage.named().is_empty() && !stage.state().exists());
    let path = stage.state();
    let holds = |process: &Path| {
        fs::read(process.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(path.to_str().unwrap()))
    };
    let since = Instant::now();
    while fs::read_dir("/proc").unwrap().map_while(Result::ok).any(|entry| holds(&entry.path())) {
        assert!(since.elapsed() < PATIENCE, "a holder is left");
    }
}
