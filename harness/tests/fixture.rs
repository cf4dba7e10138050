//! Labs for tests of one's own programs, as the computer's root and as a user: what is in a host stays there, and ends with its lab.

#[path = "support/mod.rs"]
mod support;

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::fixture::{FixtureError, How, Lab};
use mplab::topology::check;
use support::without;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, lookup_host};

mplab::before_main!();

const TOPOLOGY: &str = r#"
summary = "two hosts, two cables, one of them in user space"

[link.plain]
ends = ["left:eth0", "right:eth0"]

[link.slow]
ends = ["left:eth1", "right:eth1"]
delay = "1ms"
engine = "relay"
"#;
/// The user that tests become if they are root.
const NOBODY: u32 = 65_534;
/// How long something may take that always comes.
const PATIENCE: Duration = Duration::from_secs(20);

thread_local! {
    /// Whether this thread is expected to panic.
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

/// What an attempt says that panics.
fn panic_of<T>(attempt: impl FnOnce() -> T) -> String {
    PANICS.set(true);
    let panic = catch_unwind(AssertUnwindSafe(attempt)).err().expect("this cannot be done");
    PANICS.set(false);
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref().cloned()).expect("a panic says something")
}

fn main() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !PANICS.get() {
            tell(panic);
        }
    }));
    match env::args().nth(1).as_deref() {
        Some("victim") => return victim(),
        Some("rounds") => return rounds(),
        _ => {}
    }
    let arguments = Arguments::from_args();
    let missing = Lab::build(topology(TOPOLOGY)).err().map(|error| error.to_string());
    let needs = |programs: &[&str]| missing.clone().or_else(|| without(programs));
    let user = needs(&["setpriv"]).or_else(|| (!nix::unistd::geteuid().is_root()).then(|| "the tests are not run as root".to_owned()));
    let as_root = env::var_os("MPLAB_TEST_AS_USER").is_none();
    let mut trials = vec![
        trial("code_is_inside_and_the_test_is_not", missing.clone(), inside()),
        trial("a_panic_inside_is_the_test_s", missing.clone(), panics()),
        trial("a_task_ends_with_its_lab", missing.clone(), ends()),
        trial("a_program_is_inside_and_is_itself", needs(&["sh", "cat"]), program()),
        trial("all_that_a_program_starts_ends_with_the_lab", needs(&["sh", "setsid", "sleep"]), daemon()),
        trial("a_test_that_is_killed_leaves_nothing", needs(&["sleep"]), async { killed() }),
        trial("rounds_leave_nothing", needs(&["sleep"]), async { own("rounds").status().map(|status| assert!(status.success())) }),
        trial("labs_that_look_alike_are_apart", missing.clone(), apart()),
        trial("links_are_cut_restored_and_shaped", missing.clone(), links()),
        trial("what_hosts_count_is_seen", missing.clone(), counts()),
        trial("what_makes_no_sense_is_answered", missing.clone(), async {
            mistakes();
            Ok(())
        }),
        trial("what_cannot_be_done_is_no_pass", missing.clone(), async {
            unsupported();
            Ok(())
        }),
    ];
    if as_root {
        trials.push(support::trial("a_user_s_labs_are_the_same", user, as_a_user));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn topology(text: &str) -> mplab::topology::Topology {
    check::parse("test.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// A trial, as `#[tokio::test]` runs it.
fn trial(name: &str, missing: Option<String>, test: impl Future<Output = io::Result<()>> + Send + 'static) -> Trial {
    support::trial(name, missing, move || Ok::<_, Failed>(runtime().block_on(test)?))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// This program, to do something else than tests.
fn own(what: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a file"));
    command.arg(what);
    command
}

fn network() -> PathBuf {
    fs::read_link("/proc/thread-self/ns/net").expect("a thread has a network")
}

async fn inside() -> io::Result<()> {
    let (before, hosts) = (network(), fs::read_to_string("/etc/hosts")?);
    let lab = Lab::text(TOPOLOGY);
    let (left, right) = (lab.host("left"), lab.host("right"));
    let (network_inside, devices, name, address) = left
        .run(async || {
            let devices: Vec<_> =
                fs::read_dir("/sys/class/net")?.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<_>>()?;
            let name = fs::read_to_string("/proc/sys/kernel/hostname")?;
            // A name is resolved by another thread, which must be inside, too.
            let address = lookup_host("eth1.right:80").await?.next();
            Ok::<_, io::Error>((network(), devices, name, address.map(|address| address.ip())))
        })
        .await?;
    assert_ne!(network_inside, before);
    // Some kernels put devices of their own into each namespace.
    let devices: Vec<_> = devices.iter().filter(|name| !name.to_string_lossy().starts_with('~')).collect();
    assert_eq!(devices.len(), 3, "{devices:?}");
    assert_eq!(name.trim(), "left");
    assert_eq!(address, Some(right.address("eth1")));
    // A socket stays where it was made, whoever uses it.
    let listener = right.run(async || TcpListener::bind("0.0.0.0:7").await).await?;
    let mut here = left.run(async || TcpStream::connect("right:7").await).await?;
    let (mut there, from) = listener.accept().await?;
    assert_eq!(from.ip(), left.address("eth0"));
    here.write_all(b"?").await?;
    assert_eq!(there.read_u8().await?, b'?');
    // The test itself is where it was, with all its threads.
    assert_eq!((network(), thread::spawn(network).join().unwrap()), (before.clone(), before.clone()));
    assert_eq!(fs::read_link("/proc/self/ns/net")?, before);
    assert_eq!(fs::read_to_string("/etc/hosts")?, hosts);
    Ok(())
}

async fn panics() -> io::Result<()> {
    let lab = Lab::text(TOPOLOGY);
    let task = lab.host("left").spawn(async || {
        PANICS.set(true);
        panic!("said inside")
    });
    let panic = tokio::spawn(task).await.expect_err("the panic is passed on").into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"said inside"));
    // The host goes on.
    assert_eq!(lab.host("left").run(async || 2).await, 2);
    Ok(())
}

/// Says that it is gone.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

async fn ends() -> io::Result<()> {
    let [lives, given_up] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let lab = Lab::text(TOPOLOGY);
    let left = lab.host("left");
    let gone = Gone(Arc::clone(&lives));
    drop(left.spawn(async move || {
        let _gone = gone;
        std::future::pending::<()>().await;
    }));
    // To give up waiting for code ends it.
    let gone = Gone(Arc::clone(&given_up));
    let forever = left.run(async move || {
        let _gone = gone;
        std::future::pending::<()>().await;
    });
    tokio::time::timeout(Duration::from_millis(1), forever).await.expect_err("it takes for ever");
    left.run(async || ()).await;
    assert!(given_up.load(Ordering::SeqCst));
    assert!(!lives.load(Ordering::SeqCst));
    drop(lab);
    assert!(lives.load(Ordering::SeqCst));
    Ok(())
}

async fn program() -> io::Result<()> {
    let lab = Lab::text(TOPOLOGY);
    let script = "hostname=$(cat /proc/sys/kernel/hostname); cat /etc/hosts; echo $hostname $1 $WORD $(ls -I '~*' /sys/class/net) $$; read line; echo $line; kill -TERM $$";
    let mut child = lab
        .host("left")
        .command("sh")
        .args(["-c", script, "sh", "an argument"])
        .env("WORD", "a word")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let id = child.id().expect("it lives");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await? {
        said.push(line);
        if said.last().is_some_and(|line| line.starts_with("left")) {
            child.stdin.take().expect("piped").write_all(b"heard\n").await?;
        }
    }
    let expected = format!("left an argument a word eth0 eth1 lo {id}");
    assert!(said.ends_with(&[expected, "heard".to_owned()]), "{said:#?}");
    assert!(said.iter().any(|line| line == "10.0.1.2 right eth0.right"), "{said:#?}");
    assert_eq!(child.wait().await?.signal(), Some(15));
    // The network is free as soon as a killed program has been waited for.
    let served = lab.host("right").command("cat").stdin(Stdio::piped()).spawn();
    let mut served = served?;
    served.kill().await?;
    assert_eq!(served.wait().await?.signal(), Some(9));
    let missing = panic_of(|| lab.host("left").command("no-such-program"));
    assert!(missing.contains("no program `no-such-program`"), "{missing}");
    Ok(())
}

fn lives(id: &str) -> bool {
    // What nobody has waited for yet is no more than a number.
    let state = fs::read_to_string(Path::new("/proc").join(id).join("stat"));
    state.is_ok_and(|stat| !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X'])))
}

async fn daemon() -> io::Result<()> {
    let lab = Lab::text(TOPOLOGY);
    let script = "setsid sleep 1000 >/dev/null 2>&1 & echo $!; echo $$; exec sleep 1000";
    let mut child = lab.host("right").command("sh").args(["-c", script]).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let (far, near) = (lines.next_line().await?.expect("an id"), lines.next_line().await?.expect("an id"));
    assert!(lives(&far) && lives(&near));
    drop(lab);
    assert!(!lives(&far) && !lives(&near), "they are gone when the lab is");
    Ok(())
}

/// A test that is going to be killed, with a program.
fn victim() {
    runtime().block_on(async {
        let lab = Lab::text(TOPOLOGY);
        let program = lab.host("left").command("sleep").arg("1000").spawn().expect("it is installed");
        println!("{}", program.id().expect("it lives"));
        std::future::pending::<()>().await;
    });
}

fn killed() -> io::Result<()> {
    let mut victim = own("victim").stdout(Stdio::piped()).spawn()?;
    let mut said = io::BufReader::new(victim.stdout.take().expect("piped"));
    let mut program = String::new();
    io::BufRead::read_line(&mut said, &mut program)?;
    let program = program.trim();
    assert!(lives(program));
    victim.kill()?;
    victim.wait()?;
    let deadline = Instant::now() + PATIENCE;
    while lives(program) {
        assert!(Instant::now() < deadline, "the program lives on");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Builds and drops labs, after which this process has no more threads than before, and no more descriptors and children than after the first.
fn rounds() {
    let runtime = runtime();
    let round = || {
        let lab = Lab::text(TOPOLOGY);
        runtime.block_on(async {
            lab.host("left").run(async || lookup_host("right:80").await.map(drop)).await.expect("a name");
            drop(lab.host("right").command("sleep").arg("1000").stdin(Stdio::null()).spawn().expect("it is installed"));
        });
    };
    let count = |what: &str| fs::read_dir(what).expect("this process has some").count();
    let counts = || {
        let children = fs::read_to_string("/proc/self/task/self/children")
            .or_else(|_| fs::read_to_string(format!("/proc/self/task/{}/children", process::id())));
        let living = children.unwrap_or_default().split_whitespace().filter(|id| lives(id)).count();
        [count("/proc/self/task"), count("/proc/self/fd"), living]
    };
    let [threads, ..] = counts();
    round();
    let [_, descriptors, children] = counts();
    let most = [threads, descriptors, children];
    for _ in 0..10 {
        round();
        // A thread that has said that it ends is still there for a moment; one that is left behind stays.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = counts();
            if now.iter().zip(most).all(|(now, most)| *now <= most) {
                break;
            }
            assert!(Instant::now() < deadline, "{now:?} after {most:?}: threads, descriptors, living children");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn apart() -> io::Result<()> {
    let alike = |word: u8| async move {
        let lab = Lab::text(TOPOLOGY);
        let listener = lab.host("right").run(async || TcpListener::bind("10.0.1.2:7").await).await?;
        lab.host("right").spawn(async move || listener.accept().await?.0.write_u8(word).await);
        let heard = lab.host("left").run(async || TcpStream::connect("10.0.1.2:7").await?.read_u8().await).await?;
        assert_eq!(heard, word);
        Ok::<_, io::Error>(lab)
    };
    let labs = tokio::try_join!(alike(1), alike(2), alike(3))?;
    // The end of one is nothing to another.
    drop((labs.0, labs.1));
    assert_eq!(labs.2.host("left").run(async || 3).await, 3);
    Ok(())
}

async fn links() -> io::Result<()> {
    let lab = Lab::text(TOPOLOGY);
    let (left, right) = (lab.host("left"), lab.host("right"));
    let runs = |host: &str, interface: &str| lab.host(host).now().interfaces[interface].running;

    lab.cut("plain", How::Carrier);
    left.until(|now| !now.interfaces["eth0"].running).await;
    right.until(|now| !now.interfaces["eth0"].running).await;
    lab.restore("plain");
    left.until(|now| now.interfaces["eth0"].running).await;

    lab.cut("plain", How::AdminAt("left"));
    left.until(|now| !now.interfaces["eth0"].running).await;
    lab.restore("plain");
    left.until(|now| now.interfaces["eth0"].running).await;

    // What is sent while nothing passes comes later, by the sender's own doing.
    let listener = right.run(async || TcpListener::bind("10.0.2.2:7").await).await?;
    let mut here = left.run(async || TcpStream::connect("10.0.2.2:7").await).await?;
    let (mut there, _) = listener.accept().await?;
    lab.cut("slow", How::BlackholeUp);
    here.write_all(b"?").await?;
    left.until(|now| now.counter("TcpRetransSegs") >= 1).await;
    assert!(runs("left", "eth1") && runs("right", "eth1"), "nobody notices");
    lab.restore("slow");
    assert_eq!(there.read_u8().await?, b'?');

    lab.shape("slow", "delay=40ms");
    let since = Instant::now();
    there.write_all(b"!").await?;
    assert_eq!(here.read_u8().await?, b'!');
    assert!(since.elapsed() >= Duration::from_millis(40), "{:?}", since.elapsed());

    // A step of a case that has no method.
    lab.step(r#"firewall = { host = "right", rules = [{ drop = "tcp", in = "eth0" }] }"#);
    let connect = left.run(async || TcpStream::connect("10.0.1.2:7").await);
    tokio::select! {
        _ = left.until(|now| now.counter("TcpRetransSegs") >= 2) => {}
        connected = connect => panic!("the firewall lets pass: {connected:?}"),
    }
    Ok(())
}

async fn counts() -> io::Result<()> {
    let lab = Lab::text(TOPOLOGY);
    let (left, right) = (lab.host("left"), lab.host("right"));
    let listener = right.run(async || TcpListener::bind("0.0.0.0:7").await).await?;
    assert!(right.now().listens(7) && !left.now().listens(7));
    let watch = lab.watch();
    assert_eq!(watch.so_far().bytes("plain") + watch.so_far().bytes("slow"), 0, "{}", watch.so_far());
    let mut here = left.run(async || TcpStream::connect("eth0.right:7").await).await?;
    let (mut there, _) = listener.accept().await?;
    let (said, mut heard) = (vec![7; 100_000], vec![0; 100_000]);
    tokio::try_join!(here.write_all(&said), there.read_exact(&mut heard))?;
    let seen = watch.end();
    assert!(seen.bytes("plain") >= 100_000, "{seen}");
    assert_eq!(seen.bytes("plain"), seen.bytes("left:eth0"), "{seen}");
    assert_eq!(seen.bytes("slow"), 0, "{seen}");
    assert!(seen.share("left", "plain") + seen.share("left", "left:eth1") > 99.99, "{seen}");
    assert_eq!((seen.counter("left", "TcpActiveOpens"), left.counter("TcpActiveOpens")), (1, 1));
    assert_eq!(lab.watch().end().counter("left", "TcpActiveOpens"), 0);
    assert_eq!(right.addresses("eth1"), [right.address("eth1")]);
    Ok(())
}

fn mistakes() {
    type Try<'a> = (&'a dyn Fn(), &'a [&'a str]);
    let lab = Lab::text(TOPOLOGY);
    let tries: [Try<'_>; 8] = [
        (&|| drop(Lab::text("[link.a]\nends = [\"a:b\"]")), &["a topology needs the key `summary`", "tests/fixture.rs:"]),
        (&|| drop(Lab::file("no-such.toml")), &["no-such.toml"]),
        (&|| _ = lab.host("lefd"), &["no host `lefd`: did you mean `left`?"]),
        (&|| _ = lab.host("left").address("wlan0"), &["host left has no interface `wlan0`: there are: eth0, eth1"]),
        (&|| lab.cut("plian", How::Carrier), &["no link `plian`", "did you mean `plain`?", "tests/fixture.rs:"]),
        (&|| lab.shape("slow", "dela=1ms"), &["`dela`", "did you mean `delay`?"]),
        (&|| lab.shape("slow", "fast"), &["`fast` is not of the form CONDITION=VALUE"]),
        (&|| _ = lab.host("left").counter("TcpRetransSeg"), &["no counter `TcpRetransSeg`: did you mean `TcpRetransSegs`?"]),
    ];
    for (attempt, words) in tries {
        let said = panic_of(attempt);
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
    }
}

fn unsupported() {
    let needs = TOPOLOGY.to_owned() + "[host.left.mptcp]\nscheduler = \"none-such\"\n";
    let error = Lab::build(topology(&needs)).err().expect("no kernel has it");
    assert!(matches!(&error, FixtureError::Unsupported(_)), "{error:?}");
    let said = panic_of(|| Lab::text(&needs));
    assert!(said.starts_with("this lab cannot be built here: ") && said.contains("none-such"), "{said}");
}

/// All of it again, by somebody who may nothing.
fn as_a_user() -> Result<(), Failed> {
    let directory = env::temp_dir().join(format!("mplab-fixture-{}", process::id()));
    fs::create_dir(&directory)?;
    let ran = (|| {
        // A user may not come to where it was built.
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755))?;
        let own = directory.join("tests");
        fs::copy(env::current_exe()?, &own)?;
        let id = NOBODY.to_string();
        let mut user = Command::new("setpriv");
        user.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(&own).env("MPLAB_TEST_AS_USER", "1").current_dir(&directory);
        user.output()
    })();
    fs::remove_dir_all(&directory)?;
    let ran = ran?;
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("12 passed; 0 failed; 0 ignored"), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    Ok(())
}
