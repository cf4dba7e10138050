//! Programs in hosts: what they see, what steps do to them, and that nothing of them is left behind.

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use support::{Directory, MPLAB, Said, assert_has, trial, without};

/// A test's name, the programs it needs, and itself.
type Test = (&'static str, &'static [&'static str], fn());

fn main() {
    mplab::enter();
    let arguments = Arguments::from_args();
    let confined = mplab::local::place().err().map(|error| error.to_string());
    let tests: [Test; 9] = [
        ("a_program_sees_its_host_and_nothing_else", &["sh", "ls", "cat", "hostname", "ps"], a_program_sees_its_host_and_nothing_else),
        ("a_program_cannot_touch_the_computer", &["sh", "grep", "mount", "mknod"], a_program_cannot_touch_the_computer),
        (
            "a_program_has_the_caller_s_limit_but_not_his_descriptors_and_ignored_signals",
            &["sh", "ls"],
            a_program_has_the_caller_s_limit_but_not_his_descriptors_and_ignored_signals,
        ),
        ("steps_start_pause_resume_stop_and_kill", &["sh", "sleep"], steps_start_pause_resume_stop_and_kill),
        ("what_is_not_ready_ends_the_run", &["sh", "sleep"], what_is_not_ready_ends_the_run),
        ("what_a_killed_run_has_started_is_gone", &["sh", "setsid", "sleep"], what_a_killed_run_has_started_is_gone),
        ("a_proxy_without_descriptors_says_so_once", &["bash", "ncat", "sleep"], a_proxy_without_descriptors_says_so_once),
        ("a_program_that_is_not_installed_is_named", &[], a_program_that_is_not_installed_is_named),
        ("without_mptcpize_a_library_does_its_work", &["iperf3"], without_mptcpize_a_library_does_its_work),
    ];
    let trials: Vec<Trial> = tests
        .into_iter()
        .map(|(name, programs, run)| {
            trial(name, confined.clone().or_else(|| without(programs)), move || {
                run();
                Ok::<_, Failed>(())
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

const HEAD: &str = "summary = \"x\"\ntopology = \"laptop\"\n";

/// Runs a case and returns its exit code, what it said, and the processes that were recorded.
fn run(directory: &Directory, text: &str) -> (i32, String, Value) {
    let said = directory.say(&["run", &directory.write("cases/x.toml", &(HEAD.to_owned() + text))]);
    let recording = fs::read(directory.path().join("recordings/x.json")).expect("it was recorded");
    let mut recording: Value = serde_json::from_slice(&recording).expect("a recording");
    (said.code, said.out, recording["processes"].take())
}

/// What a process printed.
fn printed(process: &Value) -> Vec<&str> {
    process["output"].as_array().expect("lines").iter().map(|line| line["text"].as_str().expect("text")).collect()
}

fn a_program_sees_its_host_and_nothing_else() {
    let text = r#"
        [process.look]
        host = "laptop"
        command = ["sh", "-c", "hostname; ls -I '~*' /sys/class/net; ls /tmp; cat etc/motd; cat; echo $COLOUR; ps ax; cat /etc/hosts; exit 3"]
        files = { "etc/motd" = "hello\n" }
        input = "fed\n"
        env = { COLOUR = "red" }
        [process.other]
        host = "laptop"
        command = "sleep 86419"
        until = "end"
        [[expect]]
        process = "look"
        exit = 3
        output = "10.0.1.1 laptop eth0.laptop"
    "#;
    let (code, said, processes) = run(&Directory::new(), text);
    assert_eq!(code, 0, "{said}");
    let lines = printed(&processes["look"]);
    assert_eq!(lines[..8], ["laptop", "eth0", "lo", "wlan0", "etc", "hello", "fed", "red"]);
    assert!(!lines.iter().any(|line| line.contains("86419")), "{lines:?}");
    assert_eq!(processes["other"]["exit"], "TERM");
}

fn a_program_cannot_touch_the_computer() {
    // Each line is a deed, and what became of it.
    let text = r#"
        [process.confined]
        host = "laptop"
        command = ["sh", "do.sh"]
        [process.free]
        host = "laptop"
        command = ["sh", "do.sh"]
        privileged = true
        [[expect]]
        process = "confined"
        output = "done"
    "#;
    let script = r#"
        try() { if sh -c "$1" 2>/dev/null; then echo "$1: yes"; else echo "$1: no"; fi; }
        try 'mount -o remount,bind,rw /'
        try 'mount -t tmpfs none /tmp'
        try 'test -w /'
        try 'test -w /sys/class/net/eth0/mtu'
        try 'test -w /proc/sys/kernel/printk'
        try 'mknod /tmp/null c 1 3'
        try 'test -e /dev/kmsg'
        try 'echo 1 > /proc/sys/net/ipv4/ip_forward'
        try 'echo 1 > /tmp/file && echo 1 > /dev/shm/file && echo 1 > /dev/null && test -c /dev/urandom'
        try 'grep -q "^NoNewPrivs:.1" /proc/self/status'
        echo done
    "#;
    let text = ["confined", "free"]
        .iter()
        .fold(text.to_owned(), |text, name| format!("{text}\n[process.{name}.files]\n\"do.sh\" = '''{script}'''\n"));
    let (code, said, processes) = run(&Directory::new(), &text);
    assert_eq!(code, 0, "{said}");
    let answers = |name: &str| -> Vec<bool> {
        printed(&processes[name]).iter().filter(|line| **line != "done").map(|line| line.ends_with(": yes")).collect()
    };
    assert_eq!(answers("confined"), [false, false, false, false, false, false, false, true, true, true], "{:?}", processes["confined"]);
    // Root's own program can do all of it, another's what a user namespace lets it.
    let free = answers("free");
    assert_eq!((free[1], free[7], free[9]), (true, true, false), "{:?}", processes["free"]);
}

fn a_program_has_the_caller_s_limit_but_not_his_descriptors_and_ignored_signals() {
    let text = r#"
        [process.look]
        host = "laptop"
        command = ["sh", "-c", "ls /proc/self/fd; ulimit -Sn; kill -INT $$; echo still there"]
    "#;
    let directory = Directory::new();
    let case = directory.write("cases/x.toml", &(HEAD.to_owned() + text));
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 7</dev/zero; ulimit -Sn 16; trap '' INT; exec \"$0\" run \"$1\"", MPLAB, &case]).current_dir(directory.path());
    let said = Said::of(shell.output().expect("there is a shell"));
    let recording = fs::read(directory.path().join("recordings/x.json")).unwrap_or_else(|_| panic!("no recording: {said:?}"));
    let recording: Value = serde_json::from_slice(&recording).expect("a recording");
    // The fourth is the directory that `ls` reads.
    assert_eq!(printed(&recording["processes"]["look"]), ["0", "1", "2", "3", "16"]);
}

/// Forty clients at a time, and descriptors for a few of them. It looks again each 20 ms, and complains each 10 s.
fn a_proxy_without_descriptors_says_so_once() {
    let text = r#"
        [process.service]
        host = "server"
        command = "ncat --listen --keep-open 5000"
        ready = { port = 5000 }
        until = "end"
        [process.proxy]
        host = "server"
        command = ["bash", "-c", "ulimit -n 24; exec MPLAB proxy --listen 0.0.0.0:4000 --to 127.0.0.1:5000 --to-protocol tcp"]
        ready = { port = 4000 }
        until = "end"
        [process.clients]
        host = "laptop"
        command = ["bash", "-c", "for i in {1..40}; do exec {fd}<>/dev/tcp/eth0.server/4000 || exit; done; sleep 1"]
    "#;
    let begun = Instant::now();
    let (code, out, processes) = run(&Directory::new(), &text.replace("MPLAB", MPLAB));
    assert_eq!(code, 0, "{out}");
    let said = printed(&processes["proxy"]);
    let [listening, warning, ref others @ ..] = said[..] else { panic!("{said:?}") };
    assert_eq!(listening, "listening at 0.0.0.0:4000");
    assert!(others.len() as u64 <= begun.elapsed().as_secs() / 10, "{said:?}");
    assert_has(
        warning,
        &["failed to accept a connection: Too many open files", "may have 24 files open", ": raise the limit with `ulimit -n`"],
    );
    assert!(!warning.contains('\x1b'), "a pipe has no colours: {warning:?}");
}

fn steps_start_pause_resume_stop_and_kill() {
    let text = r#"
        [process.counter]
        host = "laptop"
        command = ["sh", "-c", "trap 'echo bye; exit 7' INT; for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.1; done; sleep 60"]
        stop = "INT"
        [process.late]
        host = "server"
        command = "sleep 60"
        [[step]]
        at = "250ms"
        pause = "counter"
        [[step]]
        at = "1s"
        resume = "counter"
        [[step]]
        at = "1200ms"
        start = "late"
        [[step]]
        at = "1500ms"
        kill = "late"
        [[step]]
        at = "2500ms"
        stop = "counter"
        [[expect]]
        process = "counter"
        exit = 7
        output = "bye"
        [[expect]]
        process = "late"
        exit = "KILL"
        duration = "200ms..1s"
    "#;
    let (code, said, processes) = run(&Directory::new(), text);
    assert!([0, 5].contains(&code), "held, or not to be trusted: {said}");
    assert_eq!(processes["counter"]["exit"], "7");
    let at = |index: usize| processes["counter"]["output"][index]["at"].as_u64().expect("a time");
    let longest = (1..9).map(|line| at(line) - at(line - 1)).max();
    assert!(longest > Some(600_000), "{longest:?}");
}

fn what_is_not_ready_ends_the_run() {
    let text = r#"
        [process.mute]
        host = "laptop"
        command = ["sh", "-c", "echo starting; sleep 60"]
        ready = { port = 80, within = "300ms" }
        until = "end"
        [transfer.download]
        client = "laptop"
        server = "server"
        duration = "60s"
        [[expect]]
        transfer = "download"
        intact = true
    "#;
    let before = Instant::now();
    let directory = Directory::new();
    let (_, _, processes) = run(&directory, text);
    assert_eq!(processes["mute"]["ready"], Value::Null);
    let said = directory.say(&["judge", "recordings/x.json"]);
    assert_has(&said.out, &["mute: ready = true", "starting", "0 of 1 connections"]);
    assert!(before.elapsed() < Duration::from_secs(50));
}

/// Whether there is a process with this among its arguments.
fn lives(argument: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("proc").filter_map(Result::ok);
    let mut arguments = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    arguments.any(|line| line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes()))
}

/// Waits until something is so, or fails.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn what_a_killed_run_has_started_is_gone() {
    let directory = Directory::new();
    let token = format!("864{:07}", std::process::id());
    let text = format!(
        "{HEAD}[process.daemon]\nhost = \"laptop\"\ncommand = [\"sh\", \"-c\", \"trap '' TERM; setsid sleep {token} & sleep 60\"]\n\
         [[expect]]\nprocess = \"daemon\"\nexit = 0\n"
    );
    let case = directory.write("cases/x.toml", &text);
    let mut run = Command::new(MPLAB).args(["run", &case]).current_dir(directory.path()).stdout(Stdio::null()).spawn().expect("mplab");
    eventually("the daemon", || lives(&token));
    run.kill().expect("it runs");
    run.wait().expect("it was killed");
    eventually("the daemon's end", || !lives(&token));
}

fn a_program_that_is_not_installed_is_named() {
    let directory = Directory::new();
    let text = "[process.x]\nhost = \"laptop\"\ncommand = \"nonesuch\"\nprograms = [\"/usr/nonesuch/too\"]\n[[expect]]\nprocess = \"x\"\nexit = 0\n";
    let said = directory.say(&["run", &directory.write("cases/x.toml", &(HEAD.to_owned() + text))]);
    assert_eq!(said.code, 4, "{said:?}");
    assert_has(&said.out, &["`nonesuch` is not installed", "`/usr/nonesuch/too` is not installed"]);
}

fn without_mptcpize_a_library_does_its_work() {
    let directory = Directory::new();
    let bin = directory.path().join("bin");
    fs::create_dir(&bin).expect("a directory of ours");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let iperf3 =
        std::env::split_paths(&path).map(|directory| directory.join("iperf3")).find(|path| path.is_file()).expect("looked for above");
    let text = format!(
        "{HEAD}[process.server]\nhost = \"server\"\ncommand = \"{0} --server\"\nmptcpize = true\nready = {{ port = 5201 }}\nuntil = \"end\"\n\
         [process.client]\nhost = \"laptop\"\ncommand = \"{0} --version4 --client eth0.server --bytes 1M\"\nmptcpize = true\nafter = [\"server\"]\n\
         [[expect]]\nhost = \"server\"\nlistener = {{ 5201 = \"mptcp\" }}\n\
         [[expect]]\nhost = \"laptop\"\ncounters = {{ MPTcpExtMPCapableSYNTX = 2 }}\n",
        iperf3.display()
    );
    let case = directory.write("cases/x.toml", &text);
    let output = Command::new(MPLAB).args(["run", &case]).current_dir(directory.path()).env("PATH", &bin).output().expect("mplab");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let recording = fs::read(directory.path().join("recordings/x.json")).expect("it was recorded");
    let recording: Value = serde_json::from_slice(&recording).expect("a recording");
    assert_eq!(recording["processes"]["client"]["preload"], true);
}
