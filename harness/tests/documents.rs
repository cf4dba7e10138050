//! Every document of the repository is in order, and for every mistake in `bad/` there is the answer beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mplab::case::check as case;
use mplab::case::{Measure, Subject};
use mplab::diagnostic::Mistakes;
use mplab::topology::check as topology;
use mplab::words::terminal::shown;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the library is in a directory of the repository")
}

/// The TOML files below a directory, in the order of their paths.
fn documents(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in directory.read_dir().unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_topology_is_in_order() {
    let paths = documents(&repository().join("topologies"));
    assert!(paths.len() >= 6);
    for path in paths {
        let topology = topology::load(&path).unwrap_or_else(|error| panic!("{error}"));
        for (name, host) in &topology.hosts {
            for (interface, facts) in host.addressed() {
                assert!(!facts.addresses.is_empty(), "{}: {name}:{interface} has no address", path.display());
            }
        }
    }
}

#[test]
fn every_case_is_in_order() {
    let paths = documents(&repository().join("testcases/cases"));
    assert!(paths.len() >= 18);
    for path in paths {
        let (case, _) = case::load(&path).unwrap_or_else(|error| panic!("{error}"));
        assert!(!case.expects.is_empty(), "{} expects nothing", path.display());
    }
}

#[test]
fn every_measure_has_a_case_that_must_fail() {
    let cases = documents(&repository().join("testcases/cases/must_fail"));
    let mut failing = BTreeSet::new();
    for case in cases.iter().map(|path| case::load(path).unwrap().0) {
        for expect in &case.expects {
            let kind = match expect.of {
                Subject::Transfer(_) => "transfer",
                Subject::Host(_) => "host",
                Subject::Process(_) => "process",
            };
            let must_fail = expect.measures.iter().map(Measure::key).filter(|key| case.must_fail.iter().any(|failing| failing == key));
            failing.extend(must_fail.map(|key| format!("{kind}: {key}")));
        }
    }
    let all = |kind: &str, keys: &str| keys.split(' ').map(|key| format!("{kind}: {key}")).collect::<Vec<_>>();
    let transfer =
        all("transfer", "bytes congestion duration error getsockopt goodput intact latency listener mark protocol share stall subflows");
    let host = all("host", "connections counters endpoints events info limits listener may_grow one_by_one share sockets");
    let process = all("process", "bytes duration exit goodput output ready retransmits share");
    assert_eq!(failing, transfer.into_iter().chain(host).chain(process).collect());
}

/// Links whose engines are pinned, for bad documents.
const PINNED: &str = r#"
    summary = "x"
    link.tbf = { ends = ["a:eth0", "b:eth0"], engine = "kernel", rate = "10mbit" }
    link.netem = { ends = ["a:eth1", "b:eth1"], engine = "netem", delay = "10ms" }
"#;

/// What begins the line with the title of a wrong document, where a file has several.
const TITLE: &str = "#### ";

/// The wrong documents of a file, by their titles: each is what stands above the first title, and what stands below its own.
fn wrong_documents(text: &str) -> Vec<(&str, String)> {
    let mark = format!("\n{TITLE}");
    let mut parts = text.split(&mark);
    let beginning = parts.next().unwrap_or_default();
    let below = |part| {
        let (title, rest) = str::split_once(part, '\n').unwrap_or((part, ""));
        (title, format!("{beginning}\n{}\n", rest.trim_end()))
    };
    let documents: Vec<_> = parts.map(below).collect();
    if documents.is_empty() { vec![("", text.to_owned())] } else { documents }
}

/// Compares what is said of each bad document with the text beside it; `MPLAB_BLESS=1` writes the text anew.
#[test]
fn every_mistake_is_answered() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let written = |name: &str| std::fs::read_to_string(repository().join(format!("topologies/{name}.toml"))).unwrap();
    let (laptop, managed) = (written("laptop"), written("userspace-second-address"));
    let known = [("laptop", laptop.as_str()), ("managed", &managed), ("routed", ""), ("pinned", PINNED)];
    let (mut differing, mut helpless, mut answered) = (Vec::new(), Vec::new(), 0);
    for path in documents(&directory) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let answer = |text: &str| {
            if name.starts_with("case-") {
                let wrong = case::parse(name, text, known.as_slice()).err()?;
                Some(wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))
            } else {
                topology::parse(name, text).err().map(|wrong| wrong.to_string())
            }
        };
        let mut answers = Vec::new();
        for (title, text) in wrong_documents(&std::fs::read_to_string(&path).unwrap()) {
            let said = answer(&text).unwrap_or_else(|| "nothing is wrong".to_owned());
            let unhelpful = said.split("\nerror: ").filter(|mistake| !mistake.contains(" = help: "));
            helpless.extend(unhelpful.map(|mistake| format!("{name}: {mistake}")));
            answers.push(if title.is_empty() { said + "\n" } else { format!("{TITLE}{title}\n{said}\n") });
        }
        answered += answers.len();
        let said = answers.join("\n");
        let beside = path.with_extension("txt");
        if std::env::var_os("MPLAB_BLESS").is_some() {
            std::fs::write(&beside, &said).unwrap();
        } else if std::fs::read_to_string(&beside).ok().as_ref() != Some(&said) {
            differing.push(format!("{}:\n{said}", beside.display()));
        }
    }
    assert!(answered >= 150, "{answered} wrong documents");
    assert!(helpless.is_empty(), "not a word of what to write instead:\n{}", helpless.join("\n"));
    assert!(differing.is_empty(), "not as written (MPLAB_BLESS=1 writes these anew):\n{}", differing.join("\n"));
}

#[test]
fn a_file_that_cannot_be_read_is_one_clear_line() {
    let missing = topology::load(Path::new("/nowhere/x.toml")).unwrap_err();
    assert_eq!(missing.to_string(), "failed to read /nowhere/x.toml: No such file or directory (os error 2)");
    let directory = std::env::temp_dir().join(format!("mplab-documents-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("bytes.toml");
    std::fs::write(&path, b"# \xc3\xa4\nsummary = \"\xc3\xa4\xff\"").unwrap();
    let said = topology::load(&path).unwrap_err().to_string();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(said, format!("{}:2:13: this is not UTF-8 text: save the file as UTF-8", path.display()));
}

#[test]
fn a_case_and_its_topology_are_answered_together() {
    let text = "summary = \"x\"\ntopology = \"bad\"\n[transfer.a]\nclient = \"a\"\nserver = \"b\"\nduration = \"1\"\n";
    let wrong = case::parse("case.toml", text, [("bad", "[link.x]\n")].as_slice()).unwrap_err();
    let names: Vec<&str> = wrong.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names, ["case.toml", "bad.toml"]);
}

#[test]
fn colours_are_for_terminals_only() {
    let wrong = topology::parse("x.toml", "").unwrap_err();
    assert!(wrong.render(true).contains('\u{1b}'));
    assert!(!wrong.render(false).contains('\u{1b}'));
}

#[test]
fn what_a_document_says_sets_nothing_on_a_terminal() {
    let foreign = "\u{1b}[2J\u{9b}31m\u{202e}";
    let text = format!("summary = 'x{foreign}'\n");
    let mut mistakes = Mistakes::default();
    mistakes.add(&(0..4), format!("message {foreign}")).help(format!("help {foreign}")).beside(&(10..14), format!("label {foreign}"));
    let wrong = mistakes.of(&format!("name{foreign}.toml"), &text).expect("a mistake");
    for coloured in [true, false] {
        let drawn = wrong.render(coloured);
        let said = shown(&drawn);
        let colours = said.matches("\u{1b}[").count();
        assert_eq!(colours > 0, coloured);
        assert_eq!(said.matches('\u{1b}').count(), colours, "{said:?}");
        assert_eq!(said.matches("␛[2J").count(), 5, "{said}");
        assert!(!said.contains(['\u{9b}', '\u{202e}']), "{said:?}");
    }
}

#[test]
fn what_is_not_written_has_the_documented_default() {
    use mplab::case::{Action, Amount, How};
    use mplab::words::{Protocol, Size, Time};

    let laptop = std::fs::read_to_string(repository().join("topologies/laptop.toml")).unwrap();
    let laptop = format!("ipv6 = true\n{laptop}");
    let text = r#"
        summary = "x"
        topology = "laptop"
        transfer.a = { client = "laptop", server = "server", duration = "3s", start = "1s", server_protocol = "tcp" }
        transfer.b = { client = "laptop", server = "server", bytes = "1k", port = 5001, to = "wlan0", from = "wlan0", family = "ipv6" }
        step = [{ at = "9s", restore = "wlan" }, { at = "2s", cut = { link = "wlan", how = "admin", end = "server" } }, { at = "1s", cut = "wlan" }]
    "#;
    let (case, _) = case::parse("case.toml", text, [("laptop", laptop.as_str())].as_slice()).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    let (a, b) = (&case.transfers["a"], &case.transfers["b"]);
    assert_eq!((a.port, b.port), (5002, 5001), "a port that is written is not given to another transfer");
    assert_eq!(a.to.to_string(), "10.0.1.2", "the first link by name is ethernet");
    assert_eq!((b.to.to_string(), b.from.unwrap().to_string()), ("fd00:0:0:2::2".to_owned(), "fd00:0:0:2::1".to_owned()));
    assert_eq!((a.client_protocol, a.server_protocol), (Protocol::Mptcp, Protocol::Tcp));
    assert_eq!((a.amount, b.amount), (Amount::Duration(Time::from_millis(3000)), Amount::Bytes(Size(1024))));
    assert_eq!(case.sample, Time::from_millis(100));
    assert_eq!(case.deadline, Time::from_millis(60_000), "a transfer by bytes has a minute");
    let hows: Vec<&How> =
        case.steps.iter().filter_map(|step| if let Action::Cut(cut) = &step.action { Some(&cut.how) } else { None }).collect();
    let [How::Carrier(both), How::Admin(one)] = hows.as_slice() else { panic!("steps are in the order of time: {hows:?}") };
    assert_eq!(both.len(), 2);
    assert_eq!(one[0].to_string(), "server:wlan0");
}

#[test]
fn conditions_are_those_in_force_with_what_is_written_in_place() {
    use mplab::case::Action;
    use mplab::words::shape::{Chance, Codel, Discipline, Distribution, Gemodel, Jitter, Limit, Loss, Reorder, Step};
    use mplab::words::{Percent, Rate, Shape, Size, Time};

    let text = r#"
        summary = "x"
        [link.a]
        ends = ["a:eth0", "b:eth0"]
        rate = "10mbit"
        limit = 30
        queue = { codel = { target = "10ms" } }
        delay = "10ms"
        jitter = { amount = "2ms", distribution = "normal", correlation = "25%" }
        loss = { gemodel = { p = "1%", r = "20%", bad = "90%" } }
        reorder = { percent = "1%", gap = 5 }
        steps = [{ at = "1s", rate = "5mbit" }, { at = "2s", delay = "20ms" }]
        [link.a.up]
        limit = "64k"
        queue = "none"
        jitter = "1ms"
        loss = { random = "1%", correlation = "25%" }
        reorder = "none"
        steps = "none"
        duplicate = "1%"
    "#;
    let link = &topology::parse("x.toml", text).unwrap_or_else(|wrong| panic!("{wrong}")).links["a"];
    let time = Time::from_millis;
    let up = Shape {
        rate: Some(Rate(10_000_000)),
        limit: Some(Limit::Bytes(Size(65_536))),
        delay: time(10),
        jitter: Some(Jitter { amount: time(1), ..Jitter::default() }),
        loss: Some(Loss::Random(Chance { percent: Percent(1.0), correlation: Percent(25.0) })),
        duplicate: Some(Chance::of(1.0)),
        ..Shape::default()
    };
    let down = Shape {
        limit: Some(Limit::Packets(30)),
        discipline: Discipline::CoDel(Codel { target: time(10), interval: time(100) }),
        jitter: Some(Jitter { amount: time(2), distribution: Distribution::Normal, correlation: Percent(25.0) }),
        loss: Some(Loss::Gemodel(Gemodel { p: Percent(1.0), r: Some(Percent(20.0)), bad: Some(Percent(90.0)), good: None })),
        duplicate: None,
        reorder: Some(Reorder { percent: Percent(1.0), correlation: Percent(0.0), gap: 5 }),
        steps: vec![
            Step { at: time(1000), rate: Some(Rate(5_000_000)), delay: None },
            Step { at: time(2000), rate: None, delay: Some(time(20)) },
        ],
        ..up.clone()
    };
    assert_eq!((&link.up, &link.down), (&up, &down));

    let case = r#"
        summary = "x"
        topology = "x"
        transfer.a = { client = "a", server = "b", duration = "3s" }
        step = [
            { at = "2s", shape = { link = "a", loss = "none", down = { delay = "none", jitter = "none", reorder = "none" } } },
            { at = "1s", shape = { link = "a", delay = "30ms", steps = "none", up = { rate = "1mbit" }, over = "1s" } },
        ]
    "#;
    let (case, _) = case::parse("case.toml", case, [("x", text)].as_slice()).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    let shapes = case.steps.iter().map(|step| match &step.action {
        Action::Shape(shape) => (shape.over, shape.up.clone(), shape.down.clone()),
        other => panic!("{other:?}"),
    });
    let first = (Shape { delay: time(30), rate: Some(Rate(1_000_000)), ..up }, Shape { delay: time(30), steps: Vec::new(), ..down });
    let second =
        (Shape { loss: None, ..first.0.clone() }, Shape { loss: None, delay: Time::ZERO, jitter: None, reorder: None, ..first.1.clone() });
    assert_eq!(shapes.collect::<Vec<_>>(), [(time(1000), first.0, first.1), (Time::ZERO, second.0, second.1)]);
}

#[test]
fn a_trace_is_beside_the_file_that_names_it() {
    let directory = std::env::temp_dir().join(format!("mplab-traces-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("topologies")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write("topologies/x.toml", "summary = \"x\"\nlink.a = { ends = [\"a:a\", \"b:a\"], trace = \"../lte.trace\" }\n");
    let case = "summary = \"x\"\ntopology = \"x\"\ntransfer.a = { client = \"a\", server = \"b\", duration = \"3s\" }\n";
    write("case.toml", &format!("{case}step = [{{ at = \"1s\", shape = {{ link = \"a\", up.trace = \"other.trace\" }} }}]\n"));
    write("lte.trace", "1\n2\n");
    write("other.trace", "1\n3\n");
    let traces: Result<_, String> = case::load(&directory.join("case.toml")).map_err(|error| error.to_string()).map(|(case, topology)| {
        let mplab::case::Action::Shape(shape) = &case.steps[0].action else { panic!("{:?}", case.steps) };
        [&topology.links["a"].up, &shape.up, &shape.down].map(|shape| Vec::from(shape.trace.clone().unwrap()))
    });
    write("lte.trace", "2\n1\n");
    let wrong = topology::load(&directory.join("topologies/x.toml")).unwrap_err().to_string();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(traces.unwrap(), [[1, 2], [1, 3], [1, 2]]);
    assert!(wrong.contains("`../lte.trace` is not a trace: line 2: 1 ms is before the line above it"), "{wrong}");
}

#[test]
fn a_process_may_have_a_file_from_beside_the_case() {
    let directory = std::env::temp_dir().join(format!("mplab-files-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("cases")).unwrap();
    std::fs::write(directory.join("peer.pl"), "1;\n").unwrap();
    let laptop = repository().join("topologies/laptop.toml");
    let process =
        "process.a = { host = \"laptop\", command = \"perl a.pl\", files.\"a.pl\" = \"x\", files.\"peer.pl\" = { path = \"../peer.pl\" } }";
    std::fs::write(directory.join("cases/a.toml"), format!("summary = \"x\"\ntopology = \"{}\"\n{process}\n", laptop.display())).unwrap();
    let read: Result<_, String> =
        case::load(&directory.join("cases/a.toml")).map_err(|error| error.to_string()).map(|(case, _)| case.processes["a"].files.clone());
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(read.unwrap(), BTreeMap::from([("a.pl".to_owned(), "x".to_owned()), ("peer.pl".to_owned(), "1;\n".to_owned())]));
}

#[test]
fn no_text_is_too_broken_to_be_answered() {
    let laptop = std::fs::read_to_string(repository().join("topologies/laptop.toml")).unwrap();
    let known = [("laptop", laptop.as_str())];
    for path in ["topologies", "testcases/cases", "harness/tests/bad"].iter().flat_map(|directory| documents(&repository().join(directory)))
    {
        for (title, text) in wrong_documents(&std::fs::read_to_string(&path).unwrap()) {
            let step = if title.is_empty() { 41 } else { 101 };
            for (number, at) in (0..text.len()).step_by(step).filter(|&at| text.is_char_boundary(at)).enumerate() {
                let (before, behind) = text.split_at(at);
                let broken = match number % 4 {
                    0 => before.to_owned(),
                    1 => behind.to_owned(),
                    2 => format!("{before}\"{behind}"),
                    _ => format!("{before}ä]{behind}"),
                };
                let said = topology::parse("x", &broken).err().map(|wrong| wrong.to_string());
                assert_ne!(said.as_deref(), Some(""));
                let said = case::parse("x", &broken, known.as_slice()).err().map(|wrong| wrong[0].to_string());
                assert_ne!(said.as_deref(), Some(""));
            }
        }
    }
}
