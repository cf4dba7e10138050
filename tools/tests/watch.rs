//! Watching in a real terminal, which is tmux's: keys are sent, the screen is read; and as lines where there is none.
//! Not here: what is on the screen in every detail, which the program's own tests draw.

#[path = "../src/watch/aside.rs"]
mod aside;
#[path = "../src/watch/held.rs"]
mod held;
#[path = "../src/watch/screen.rs"]
#[allow(dead_code, reason = "the program needs all of it")]
mod screen;
mod support;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use ratatui::text::Line;
use screen::Screen;
use support::{Directory, MPLAB, assert_has, trial, without};

/// How long something may take that always comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Three seconds of traffic over two links, of which one is cut.
const CASE: &str = r#"
summary = "A download that loses Ethernet"
topology = "laptop"

[transfer.download]
client = "laptop"
server = "server"
to = "eth0"
direction = "download"
duration = "3s"
rate = "8mbit"

[[step]]
at = "1s"
cut = { link = "ethernet", how = "carrier" }

[[expect]]
transfer = "download"
intact = true
"#;

/// A program in the hosts of a lab needs none of its files.
const LAB: &str = "summary = \"two hosts \\u001b[31mand\"\nlink.ethernet = { ends = [\"left:eth0\", \"right:eth0\"], rate = \"100mbit\" }\nlink.wlan = { ends = [\"left:wlan0\", \"right:wlan0\"], rate = \"40mbit\" }";

fn main() -> ExitCode {
    mplab::enter();
    if let Some(end) = env::args().skip(1).collect::<Vec<_>>().strip_prefix(&[ON_A_SCREEN.to_owned()]) {
        return on_a_screen(&end.concat());
    }
    let confined = mplab::local::place().err().map(|error| error.to_string());
    let no_terminal = confined.clone().or_else(|| without(&["tmux"]));
    let in_a_terminal: [(&str, fn()); 7] = [
        ("a_signal_leaves_the_terminal_as_it_was", a_signal_leaves_the_terminal_as_it_was),
        ("a_panic_is_told_on_a_terminal_as_it_was", a_panic_is_told_on_a_terminal_as_it_was),
        ("a_lab_that_falls_is_told_on_a_terminal_as_it_was", a_lab_that_falls_is_told_on_a_terminal_as_it_was),
        ("a_run_is_watched_to_its_verdict", a_run_is_watched_to_its_verdict),
        ("keys_cut_restore_shape_and_pause", keys_cut_restore_shape_and_pause),
        ("a_screen_is_drawn_at_any_size", a_screen_is_drawn_at_any_size),
        ("without_colours_there_are_none", without_colours_there_are_none),
    ];
    let as_lines: [(&str, fn()); 3] = [
        ("a_lab_is_watched_as_lines", a_lab_is_watched_as_lines),
        ("what_happens_in_a_lab_is_among_the_lines", what_happens_in_a_lab_is_among_the_lines),
        ("a_run_is_watched_as_lines", a_run_is_watched_as_lines),
    ];
    let ready = |run: fn()| {
        move || {
            run();
            Ok::<_, Failed>(())
        }
    };
    let mut trials: Vec<Trial> = in_a_terminal.into_iter().map(|(name, run)| trial(name, no_terminal.clone(), ready(run))).collect();
    trials.extend(as_lines.into_iter().map(|(name, run)| trial(name, confined.clone(), ready(run))));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn unique() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("w{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A terminal with a program in it. Both are gone when it is dropped.
struct Terminal {
    server: String,
}

impl Terminal {
    /// Runs a shell's line. The terminal stays when that has ended.
    fn run(directory: &Directory, (width, height): (u16, u16), line: &str) -> Self {
        let terminal = Self { server: unique() };
        let line = format!("{line}; echo it ended with $?; exec cat");
        let size = [width.to_string(), height.to_string()];
        let mut tmux = terminal.tmux(&["new-session", "-d", "-x", &size[0], "-y", &size[1], "sh", "-c", &line]);
        let status = tmux.env_remove("NO_COLOR").current_dir(directory.path()).status().expect("tmux can be started");
        assert!(status.success(), "{status}");
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.args(["-L", &self.server, "-f", "/dev/null", "-u"]).args(arguments).env("TERM", "xterm-256color").env_remove("TMUX");
        tmux
    }

    fn keys(&self, keys: &[&str]) {
        let status = self.tmux(&[&["send-keys"], keys].concat()).status().expect("tmux can be started");
        assert!(status.success(), "{status}");
    }

    fn screen(&self, how: &[&str]) -> String {
        let output = self.tmux(&[&["capture-pane", "-p"], how].concat()).output().expect("tmux can be started");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until the screen is as it should be, and returns it.
    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen(&[]);
            if holds(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "no {what} on the screen:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    fn shows(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// One of tmux's variables.
    fn variable(&self, name: &str) -> String {
        let output = self.tmux(&["display-message", "-p", &format!("#{{{name}}}")]).output().expect("tmux can be started");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Whether a picture is shown, and whether there is a cursor.
    fn state(&self) -> [String; 2] {
        ["alternate_on", "cursor_flag"].map(|name| self.variable(name))
    }

    /// Waits for the end of a line that also printed the terminal's modes. Fails unless the terminal is as it was. Returns what can be read.
    #[track_caller]
    fn as_it_was(&self, code: i32) -> String {
        let left = self.shows(&format!("it ended with {code}"));
        assert_eq!(self.state(), ["0", "1"], "{left}");
        let modes: Vec<&str> = left.split_whitespace().collect();
        assert!(modes.contains(&"icanon") && modes.contains(&"echo") && modes.contains(&"opost"), "{left}");
        left
    }
}

/// A shell's line that runs another and then prints the terminal's modes, with the other's exit code.
fn and_modes(line: &str) -> String {
    format!("({line}; code=$?; stty -a; exit $code)")
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]).status().ok();
    }
}

/// A lab that stays until it is dropped.
struct Lab {
    directory: Directory,
    name: String,
}

impl Lab {
    fn up() -> Self {
        let lab = Self { directory: Directory::new(), name: unique() };
        lab.directory.write("lab.toml", LAB);
        let said = lab.directory.say(&["up", "lab.toml", "--name", &lab.name]);
        assert_eq!(said.code, 0, "{said:?}");
        lab
    }

    fn watched(&self, size: (u16, u16), before: &str) -> Terminal {
        Terminal::run(&self.directory, size, &format!("{before} {MPLAB} watch {}", self.name))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.directory.say(&["down", &self.name]);
    }
}

fn a_run_is_watched_to_its_verdict() {
    let directory = Directory::new();
    directory.write("cases/one.toml", CASE);
    let terminal = Terminal::run(&directory, (80, 24), &format!("{MPLAB} run --watch cases/one.toml"));
    let running =
        terminal.until("subflow that carries", |screen| screen.contains("laptop:eth0        server:eth0") && screen.contains("RTT"));
    assert_has(
        &running,
        &["one: A download that loses Ethernet", "1 of 1, running", "Mbit/s", "ethernet", "wlan", "steps", "cut ethernet"],
    );
    terminal.shows("cut: carrier");
    terminal.shows("• ");
    terminal.shows("lost its carrier");
    let ended = terminal.shows("any key: leave");
    assert_has(&ended, &["verdict: passed", "ok    download: intact = true"]);
    terminal.keys(&["q"]);
    let left = terminal.shows("it ended with 0");
    assert_has(&left, &["PASS  one"]);
    assert!(!left.contains("any key"), "{left}");
}

fn keys_cut_restore_shape_and_pause() {
    let lab = Lab::up();
    let terminal = lab.watched((80, 24), "");
    let first = terminal.shows("q leave");
    assert_has(&first, &["two hosts ␛[31mand", "> ethernet", "no subflow now"]);
    terminal.keys(&["c"]);
    terminal.shows("cut: carrier");
    assert_has(&lab.directory.say(&["status", &lab.name]).out, &["cut: carrier"]);
    terminal.keys(&["r"]);
    terminal.until("whole link", |screen| !screen.contains("cut: ") && screen.contains("restore ethernet"));
    // A step that somebody else takes.
    assert_eq!(lab.directory.say(&["shape", "ethernet", "rate=9mbit", "--lab", &lab.name]).code, 0);
    terminal.shows("shape ethernet (rate 9mbit)");
    terminal.keys(&["Down"]);
    terminal.shows("> wlan");
    terminal.keys(&["s"]);
    terminal.shows("shape wlan, as in");
    terminal.keys(&["rate=7mbix", "BSpace", "t", "Enter"]);
    terminal.shows("shape wlan (rate 7mbit)");
    assert_has(&lab.directory.say(&["status", &lab.name]).out, &["rate 7mbit"]);
    terminal.keys(&["s"]);
    terminal.keys(&["rate=fast", "Enter"]);
    terminal.until("a mistake", |screen| screen.lines().last().is_some_and(|foot| foot.contains("error") || foot.contains("fast")));
    terminal.keys(&["b"]);
    terminal.shows("cut: blackhole");
    terminal.keys(&["Space"]);
    terminal.shows("paused");
    terminal.keys(&["Space"]);
    terminal.until("time that goes on", |screen| !screen.contains("paused"));
    terminal.keys(&["q"]);
    terminal.shows("it ended with 0");
}

fn a_signal_leaves_the_terminal_as_it_was() {
    let lab = Lab::up();
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130), ("C-c", 130)] {
        let line = and_modes(&format!("sh -c 'echo $$ > pid; exec {MPLAB} watch {}'", lab.name));
        let terminal = Terminal::run(&lab.directory, (100, 30), &line);
        terminal.shows("q leave");
        assert_eq!(terminal.state(), ["1", "0"]);
        if signal == "C-c" {
            terminal.keys(&[signal]);
        } else {
            let id = fs::read_to_string(lab.directory.path().join("pid")).expect("it was written");
            assert!(Command::new("kill").args(["-s", signal, id.trim()]).status().expect("kill can be started").success());
        }
        terminal.as_it_was(code);
    }
}

/// The first argument of this program when it shows a picture itself. The second says how that ends.
const ON_A_SCREEN: &str = "on-a-screen";

/// Shows a picture on a screen until a key is pressed, and then panics.
fn on_a_screen(end: &str) -> ExitCode {
    let mut screen = Screen::open().expect("a terminal");
    screen.draw(true, |frame| frame.render_widget(Line::raw("a picture"), frame.area())).expect("a terminal");
    eprintln!("said meanwhile");
    while screen.key(PATIENCE).expect("a terminal").is_none() {}
    match end {
        "here" => panic!("it broke here"),
        "in a picture" => drop(screen.draw(true, |_| panic!("it broke in a picture"))),
        _ => {
            thread::scope(|scope| drop(scope.spawn(|| panic!("it broke elsewhere")).join()));
            assert!(screen.draw(true, |_| {}).is_err(), "it was drawn over what the panic said");
        }
    }
    panic!("that was all")
}

fn a_panic_is_told_on_a_terminal_as_it_was() {
    let directory = Directory::new();
    let program = env::current_exe().expect("this program has a path");
    for end in ["here", "in a picture", "elsewhere"] {
        let line = and_modes(&format!("echo before; {} {ON_A_SCREEN} '{end}'", program.display()));
        let terminal = Terminal::run(&directory, (200, 60), &line);
        let shown = terminal.shows("a picture");
        assert!(!shown.contains("said"), "{shown}");
        terminal.keys(&["x"]);
        let left = terminal.as_it_was(101);
        let parts = ["before", "said meanwhile", &format!("it broke {end}"), "speed", "it ended with"];
        let places: Vec<_> = parts.iter().map(|part| left.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in:\n{left}");
    }
}

fn a_lab_that_falls_is_told_on_a_terminal_as_it_was() {
    let lab = Lab::up();
    let status = lab.directory.say(&["status", &lab.name]).out;
    let holder = status.split("held by process ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a process");
    let terminal = Terminal::run(&lab.directory, (100, 30), &and_modes(&format!("{MPLAB} watch {}", lab.name)));
    terminal.shows("q leave");
    assert!(Command::new("kill").args(["-s", "KILL", holder]).status().expect("kill can be started").success());
    let left = terminal.as_it_was(3);
    assert_has(&left, &["has fallen: the process that held it is gone"]);
}

fn a_screen_is_drawn_at_any_size() {
    let lab = Lab::up();
    let terminal = lab.watched((80, 24), "");
    terminal.shows("q leave");
    for (width, height) in [("200", "60"), ("40", "10"), ("20", "3"), ("80", "24")] {
        assert!(terminal.tmux(&["resize-window", "-x", width, "-y", height]).status().expect("tmux").success());
        let rows: usize = height.parse().expect("a number");
        let columns: usize = width.parse().expect("a number");
        // The foot is in the last row, and as much of it as there is room for.
        let foot: String = "↑↓ link   c cut   b blackhole".chars().take(columns).collect();
        let screen = terminal.until("foot in its place", |screen| {
            screen.lines().count() == rows && screen.lines().nth(rows - 1).is_some_and(|line| line.starts_with(foot.trim_end()))
        });
        assert!(screen.lines().all(|line| line.chars().count() <= columns), "{screen}");
    }
    terminal.keys(&["q"]);
    terminal.shows("it ended with 0");
}

fn without_colours_there_are_none() {
    let lab = Lab::up();
    // As crossterm writes a colour of the foreground by its number.
    let coloured = |screen: &str| screen.contains("\u{1b}[38;5;");
    for (before, wanted) in [("", true), ("NO_COLOR=1", false)] {
        let terminal = lab.watched((80, 24), before);
        terminal.shows("q leave");
        let screen = terminal.screen(&["-e"]);
        assert_eq!(coloured(&screen), wanted, "{screen:?}");
    }
}

fn a_lab_is_watched_as_lines() {
    let lab = Lab::up();
    let rows = lab.directory.say(&["watch", &lab.name, "-t", "100ms", "-s", "3"]);
    assert_eq!((rows.code, rows.out.lines().count()), (0, 5), "{rows:?}");
    assert_has(&rows.out, &["ethernet up", "wlan down", "     0.3s  "]);
    let once = lab.directory.say(&["watch", &lab.name, "--once", "-t", "100ms"]);
    assert_has(&once.out, &["down Mbit/s", "ethernet", "whole", "no subflow now"]);
    let short = lab.directory.say(&["watch", &lab.name, "-t", "1us"]);
    assert_eq!(short.code, 2, "{short:?}");
    assert_has(&short.err, &["--interval must be at least"]);
}

fn what_happens_in_a_lab_is_among_the_lines() {
    let lab = Lab::up();
    let before = lab.directory.say(&["shape", "wlan", "rate=9mbit", "--lab", &lab.name]);
    assert_eq!(before.code, 0, "{before:?}");
    let mut command = lab.directory.mplab(["watch", &lab.name, "-t", "100ms"]);
    let mut watching = Ended(command.stdout(Stdio::piped()).spawn().expect("the program can be started"));
    let lines = BufReader::new(watching.0.stdout.take().expect("piped above")).lines().map(|line| line.expect("lines"));
    let mut seen = Vec::new();
    for line in lines {
        seen.push(line);
        let text = seen.join("\n");
        // The first row shows that it watches.
        if seen.len() == 3 {
            assert_eq!(lab.directory.say(&["cut", "ethernet", "--lab", &lab.name]).code, 0);
        }
        assert!(seen.len() < 600, "{text}");
        if text.contains("-- cut ethernet (carrier)") && text.contains("eth0 lost its carrier") {
            break;
        }
    }
    let text = seen.join("\n");
    assert!(!text.contains("shape wlan"), "it was before: {text}");
}

/// A program that is ended when it is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn a_run_is_watched_as_lines() {
    let directory = Directory::new();
    directory.write("cases/one.toml", CASE);
    let said = directory.say(&["run", "--watch", "cases/one.toml", "-t", "500ms"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["ethernet down", "-- cut ethernet", "eth0 lost its carrier", "PASS  one"]);
    assert!(fs::exists(directory.path().join("recordings/one.json")).expect("a file system"));
}
