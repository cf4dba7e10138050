//! The recipes for engines that run shards, run for real where Debian has the engine: Slurm, GNU parallel, and a builder of images.
//! Not here: what shards are, and files for engines that nobody has at home, whose schemas are checked with the documents.

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed};
use mplab::guest::store::{Form, Kernel, Store};
use serde_json::{Value, json};
use support::{Directory, MPLAB, SHORT, Said, assert_has, repository, trial, without};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(240);

type Test = fn(&Kernel);

fn main() -> ExitCode {
    mplab::enter();
    let mut kernels = Store::open().and_then(|store| store.list()).into_iter().flatten();
    let kernel = kernels.find(|kernel| kernel.manifest.form == Form::Program);
    let confined = || mplab::local::place().err().map(|error| error.to_string());
    let missing = |programs: &[&str]| {
        let none = kernel.is_none().then(|| "needs a kernel that is a program: `tools/fetch-kernels um-7.3` builds one".to_owned());
        none.or_else(|| without(programs)).or_else(confined)
    };
    let slurm: &[&str] = &["munged", "slurmctld", "slurmd", "sbatch", "scontrol"];
    let tests: [(&str, &[&str], Test); 5] = [
        ("slurm_makes_shards_on_two_nodes_and_one_again", slurm, slurm_makes_shards_on_two_nodes_and_one_again),
        ("slurm_makes_the_shard_of_a_node_that_failed_on_another", slurm, slurm_makes_the_shard_of_a_node_that_failed_on_another),
        ("gnu_parallel_makes_shards_as_the_document_says", &["parallel"], gnu_parallel_makes_shards_as_the_document_says),
        ("an_image_is_built_and_has_the_kernels", &["buildah"], an_image_is_built_and_has_the_kernels),
        ("an_image_runs_cases_as_nobody", &["buildah", "runc"], an_image_runs_cases_as_nobody),
    ];
    let trials = tests.into_iter().map(|(name, programs, run)| {
        let kernel = kernel.clone();
        trial(name, missing(programs), move || {
            run(&kernel.expect("there is one"));
            Ok::<_, Failed>(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// Waits until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < DEADLINE, "{what} after {DEADLINE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A program's output; it must succeed.
#[track_caller]
fn output(command: &mut Command) -> String {
    let said = Said::of(command.output().expect("the program can be started"));
    assert_eq!(said.code, 0, "{command:?}: {said:?}");
    said.out.trim().to_owned()
}

/// A PATH in which `mplab` is the one that is tested.
fn path() -> String {
    let directory = Path::new(MPLAB).parent().expect("it is in a directory");
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap_or_default())
}

/// The results of one process.
fn whole(directory: &Directory, kernel: &Kernel, seeds: &str) -> Vec<u8> {
    let said = directory.say(&["explore", "cases/short.toml", "--kernel", &kernel.name, "--seeds", seeds, "--results", "whole.json"]);
    assert_eq!(said.code, 0, "{said:?}");
    fs::read(directory.path().join("whole.json")).expect("the results")
}

/// Slurm's daemons, with two nodes on this computer. They are ended with this.
struct Slurm<'a> {
    directory: &'a Directory,
    daemons: Vec<Child>,
}

impl<'a> Slurm<'a> {
    /// `patience` says how many seconds a node may be silent until it counts as down.
    fn start(directory: &'a Directory, patience: u32) -> Self {
        let here = directory.path().display();
        let user = output(Command::new("id").arg("-un"));
        let host = output(&mut Command::new("hostname"));
        let ports: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        let [ctld, one, two] = [0, 1, 2].map(|number: usize| ports[number].local_addr().expect("it is bound").port());
        drop(ports);
        directory.write("state/empty", "");
        directory.write("munge.key", &"a key that is none".repeat(64));
        output(Command::new("chmod").args(["400", "munge.key"]).current_dir(directory.path()));
        directory.write(
            "slurm.conf",
            &format!(
                "ClusterName=mplab\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={ctld}\nSlurmUser={user}\nSlurmdUser={user}\n\
                 AuthType=auth/munge\nAuthInfo=socket={here}/munge.socket,cred_expire=5\nCredType=cred/munge\n\
                 ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\nSwitchType=switch/none\n\
                 StateSaveLocation={here}/state\nSlurmdSpoolDir={here}/spool-%n\nSlurmctldPidFile={here}/slurmctld.pid\n\
                 SlurmdPidFile={here}/%n.pid\nSelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\n\
                 SchedulerParameters=sched_interval=1,batch_sched_delay=1\nJobRequeue=1\nSlurmdTimeout={patience}\n\
                 NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={one} CPUs=1\n\
                 NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={two} CPUs=1\n\
                 PartitionName=all Nodes=one,two Default=YES MaxTime=INFINITE State=UP\n"
            ),
        );
        let mut slurm = Self { directory, daemons: Vec::new() };
        let file = |option: &str, name: &str| format!("--{option}={here}/{name}");
        let munge = [
            file("key-file", "munge.key"),
            file("socket", "munge.socket"),
            file("pid-file", "munge.pid"),
            file("log-file", "munge.log"),
            file("seed-file", "munge.seed"),
        ];
        slurm.daemon("munged", &[&["--foreground", "--force"], &munge.each_ref().map(String::as_str)[..]].concat());
        wait_until("munged does not listen", || directory.path().join("munge.socket").exists());
        slurm.daemon("slurmctld", &["-D", "-c"]);
        slurm.daemon("slurmd", &["-D", "-N", "one"]);
        slurm.daemon("slurmd", &["-D", "-N", "two"]);
        wait_until("the nodes are not ready", || {
            let said = Said::of(slurm.tool("sinfo").args(["--noheader", "-N", "-o", "%T"]).output().expect("it can be started"));
            said.out.split_whitespace().collect::<Vec<_>>() == ["idle", "idle"]
        });
        slurm
    }

    /// Ends a node as a power failure does: its daemon and all that it runs, at once.
    fn fail(&self, node: &str) {
        let of_node = format!("SLURMD_NODENAME={node}");
        let ours = format!("SLURM_CONF={}", self.directory.path().join("slurm.conf").display());
        let running: Vec<u32> = processes().filter(|id| [&ours, &of_node].iter().all(|has| environment(*id).contains(*has))).collect();
        assert!(!running.is_empty(), "{node} runs nothing");
        // What starts the programs of a job has a job's first process as its child.
        let starters = running.iter().filter_map(|id| parent(*id)).filter(|id| name(*id) == "slurmstepd");
        let daemons = self.daemons.iter().map(Child::id).filter(|id| arguments(*id).last().is_some_and(|last| last == node));
        let all: Vec<String> = daemons.chain(starters).chain(running.iter().copied()).map(|id| id.to_string()).collect();
        Command::new("kill").arg("-KILL").args(all).stderr(Stdio::null()).status().expect("there is a kill");
    }

    /// One of Slurm's programs, for these daemons.
    fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.current_dir(self.directory.path()).env("SLURM_CONF", self.directory.path().join("slurm.conf")).env("PATH", path());
        command
    }

    fn daemon(&mut self, name: &str, arguments: &[&str]) {
        let log = fs::File::options().create(true).append(true).open(self.directory.path().join(format!("{name}.log"))).expect("a log");
        let mut command = self.tool(name);
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        self.daemons.push(command.spawn().expect("the daemon can be started"));
    }
}

impl Drop for Slurm<'_> {
    fn drop(&mut self) {
        // Jobs first: a node's processes outlive its daemon.
        self.tool("scancel").arg("--state=RUNNING").stderr(Stdio::null()).status().ok();
        for daemon in self.daemons.iter_mut().rev() {
            Command::new("kill").arg(daemon.id().to_string()).status().ok();
            daemon.wait().ok();
        }
    }
}

fn slurm_makes_shards_on_two_nodes_and_one_again(kernel: &Kernel) {
    let directory = Directory::new();
    directory.write("cases/short.toml", SHORT);
    let script = repository().join("docs/slurm.sh");
    let slurm = Slurm::start(&directory, 300);
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("parts")).expect("temporary files can be made");
    let job =
        output(slurm.tool("sbatch").args(["--parsable", "--array=1-4"]).arg(script).args(["cases/short.toml", &kernel.name, "1..32"]));
    let merge = "mplab merge parts/*.json -o results.json --summary summary.md";
    output(slurm.tool("sbatch").args(["--parsable", &format!("--dependency=afterany:{job}"), "--output=merge.log", "--wrap", merge]));
    // In its middle: something is made, and its part is not.
    wait_until("the second task makes nothing", || at("parts/2.log").exists() && files(&at("cache")) > 2);
    assert!(!at("parts/2.json").exists(), "the second task is over before it could be killed");
    output(slurm.tool("scontrol").args(["requeue", &format!("{job}_2")]));
    wait_until("nothing is merged", || at("results.json").exists() && at("summary.md").exists());
    let log = |name: &str| fs::read_to_string(at(name)).unwrap_or_default();
    let told = output(slurm.tool("scontrol").args(["show", "job", &format!("{job}_2")]));
    assert!(told.contains("Restarts=1"), "{told}\n{}", log("parts/2.log"));
    drop(slurm);
    assert_has(&log("parts/2.log"), &["8 of 8 run in"]);
    assert_has(&log("merge.log"), &["short: 32 passed with kernel"]);
    let merged = fs::read(at("results.json")).expect("the results");
    assert!(merged == whole(&directory, kernel, "1..32"), "what is merged is not what one process makes");
}

/// A task whose node is gone is started on the other one, and takes from the cache what it had done.
fn slurm_makes_the_shard_of_a_node_that_failed_on_another(kernel: &Kernel) {
    let directory = Directory::new();
    directory.write("cases/short.toml", SHORT);
    let script = repository().join("docs/slurm.sh");
    let slurm = Slurm::start(&directory, 10);
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("parts")).expect("temporary files can be made");
    let job =
        output(slurm.tool("sbatch").args(["--parsable", "--array=1-2"]).arg(script).args(["cases/short.toml", &kernel.name, "1..48"]));
    let show = |task: u32| output(slurm.tool("scontrol").args(["--oneliner", "show", "job", &format!("{job}_{task}")]));
    let on_two = || [1, 2].into_iter().find(|task| show(*task).contains(" NodeList=two "));
    wait_until("no task runs on the second node", || on_two().is_some());
    let task = on_two().expect("it was there");
    // In its middle: what both have made by now is more than one of them makes.
    wait_until("nothing is made", || files(&at("cache")) > 4);
    assert!(!at(&format!("parts/{task}.json")).exists(), "the task is over before its node could fail");
    slurm.fail("two");
    wait_until("its part is not made again", || at("parts/1.json").exists() && at("parts/2.json").exists());
    let log = fs::read_to_string(at(&format!("parts/{task}.log"))).unwrap_or_default();
    let told = show(task);
    assert!(told.contains("Restarts=1 ") && told.contains(" NodeList=one "), "{told}\n{log}");
    let nodes = output(slurm.tool("sinfo").args(["--noheader", "-N", "-n", "two", "-o", "%T"]));
    assert!(nodes.starts_with("down"), "{nodes}");
    drop(slurm);
    let merged = directory.say(&["merge", "parts/1.json", "parts/2.json", "-o", "results.json"]);
    assert_eq!(merged.code, 0, "{merged:?}\n{log}");
    let merged = fs::read(at("results.json")).expect("the results");
    assert!(merged == whole(&directory, kernel, "1..48"), "what is merged is not what one process makes");
}

/// The processes of this computer.
fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").expect("it is mounted").flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A file of a process that has strings, each ended by a zero. It may be gone.
fn strings(process: u32, file: &str) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{process}/{file}")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).filter(|text| !text.is_empty()).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

fn environment(process: u32) -> Vec<String> {
    strings(process, "environ")
}

fn arguments(process: u32) -> Vec<String> {
    strings(process, "cmdline")
}

fn name(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim_end().to_owned()
}

fn parent(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// How many files are below a directory.
fn files(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

fn gnu_parallel_makes_shards_as_the_document_says(kernel: &Kernel) {
    let directory = Directory::new();
    directory.write("cases/short.toml", SHORT);
    fs::create_dir(directory.path().join("parts")).expect("temporary files can be made");
    let document = fs::read_to_string(repository().join("docs/machines.md")).expect("a document of ours");
    let block = document.split("\n```sh\n").find(|block| block.starts_with("parallel ")).expect("it says how");
    let typed = block.split("```").next().expect("there is a first part");
    let typed = typed.replace("cases/flap.toml", "cases/short.toml").replace("um-7.3", &kernel.name).replace("1..1000", "1..9");
    let mut shell = Command::new("sh");
    shell.args(["-ec", &typed]).current_dir(directory.path()).env("PATH", path()).env("NO_COLOR", "1");
    let said = output(&mut shell);
    assert_has(&said, &["short: 9 passed with kernel"]);
    let merged = fs::read(directory.path().join("results.json")).expect("the results");
    assert!(merged == whole(&directory, kernel, "1..9"), "what is merged is not what one process makes");
}

/// A command of buildah's, whose images are in the directory.
fn buildah(directory: &Directory, arguments: &[&str]) -> Command {
    let at = |name: &str| directory.path().join(name);
    let mut command = Command::new("buildah");
    command.args(["--storage-driver", "vfs", "--root"]).arg(at("root")).arg("--runroot").arg(at("runroot"));
    command.args(arguments).current_dir(directory.path());
    command
}

/// Builds the image `mplab` with one kernel, and makes a container of it.
fn image(directory: &Directory, kernel: &Kernel) -> String {
    let at = |name: &str| directory.path().join(name);
    let buildah = |arguments: &[&str]| output(&mut buildah(directory, arguments));
    // No registry is asked: the base has what this build of mplab is linked with, and nothing else.
    let base = buildah(&["from", "scratch"]);
    for library in libraries() {
        let library = library.to_str().expect("a path of letters");
        buildah(&["copy", &base, library, library]);
    }
    buildah(&["commit", &base, "base"]);
    fs::copy(MPLAB, at("mplab")).expect("it can be copied");
    fs::create_dir(at("kernels")).expect("temporary files can be made");
    output(Command::new("cp").arg("-rL").arg(&kernel.directory).arg(at("kernels")));
    let dockerfile = repository().join("docs/Dockerfile");
    let dockerfile = dockerfile.to_str().expect("a path of letters");
    buildah(&["build", "--isolation", "chroot", "--build-arg", "BASE=localhost/base", "-t", "mplab", "-f", dockerfile, "."]);
    buildah(&["from", "localhost/mplab"])
}

fn an_image_is_built_and_has_the_kernels(kernel: &Kernel) {
    let directory = Directory::new();
    let made = image(&directory, kernel);
    let listed = output(&mut buildah(&directory, &["run", "--isolation", "chroot", &made, "--", "mplab", "kernel", "list"]));
    assert_has(&listed, &[&kernel.name]);
}

/// By runc, as Docker and containerd start containers: what the image says, without capabilities, and with the case in a volume.
fn an_image_runs_cases_as_nobody(kernel: &Kernel) {
    let directory = Directory::new();
    let made = image(&directory, kernel);
    let at = |name: &str| directory.path().join(name);
    directory.write("work/cases/short.toml", SHORT);
    output(Command::new("cp").arg("-r").arg(at("topologies")).arg(at("work")));
    output(Command::new("chown").args(["-R", "65534:65534"]).arg(at("work")));
    let told: Value = serde_json::from_str(&output(&mut buildah(&directory, &["inspect", "--type", "image", "mplab"]))).expect("JSON");
    let image = &told["OCIv1"]["config"];
    assert_eq!(image["User"], "65534:65534");
    let mut arguments = image["Entrypoint"].as_array().expect("it says what it starts").clone();
    arguments.extend(["run", "cases", "--kernel", &kernel.name].map(Value::from));
    output(Command::new("runc").arg("spec").current_dir(directory.path()));
    let mut spec: Value = serde_json::from_slice(&fs::read(at("config.json")).expect("runc wrote it")).expect("JSON");
    spec["root"] = json!({ "path": output(&mut buildah(&directory, &["mount", &made])), "readonly": false });
    spec["process"] = json!({
        "terminal": false, "user": { "uid": 65534, "gid": 65534 }, "cwd": image["WorkingDir"], "env": image["Env"], "args": arguments,
        "capabilities": {}, "noNewPrivileges": true
    });
    let of_cgroups = |value: &Value| value["type"] == "cgroup";
    let mounts = spec["mounts"].as_array_mut().expect("there are some");
    mounts.retain(|mount| !of_cgroups(mount));
    mounts.push(json!({ "destination": "/work", "type": "bind", "source": at("work"), "options": ["rbind", "rw"] }));
    spec["linux"]["namespaces"].as_array_mut().expect("there are some").retain(|namespace| !of_cgroups(namespace));
    spec["linux"]["resources"] = json!({});
    fs::write(at("config.json"), spec.to_string()).expect("it can be written");
    let name = format!("mplab-test-{}", std::process::id());
    // Without cgroups, which a computer may have of a kind that runc does not know.
    let mut run = Command::new("runc");
    let said = run.arg("--root").arg(at("runc")).args(["--rootless", "true", "run", &name]).current_dir(directory.path()).output();
    let said = Said::of(said.expect("the program can be started"));
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["PASS  short", "1 of 1 run in"]);
    output(&mut buildah(&directory, &["umount", &made]));
}

/// What this build of mplab is linked with.
fn libraries() -> Vec<PathBuf> {
    let listed = output(Command::new("ldd").arg(MPLAB));
    listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}
