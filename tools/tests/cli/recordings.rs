//! What is done with recordings: judged again, compared, drawn; what is in them that others wrote.
//! Not here: making them, but for what has to be in them.

use std::fs;
use std::process::Command;

use mplab::recording::Recording;
use serde_json::Value;

use crate::runs::failed;
use crate::support::{Directory, MPLAB, SHORT, Said, assert_has};

pub(crate) fn a_recording_is_judged_again_alike() {
    let (directory, ran) = failed();
    let said = directory.say(&["judge", "out/short.json"]);
    assert_eq!(said.code, 1, "{said:?}");
    let findings = |text: &str| text.lines().filter(|line| line.contains("stream: ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(findings(&said.out), findings(&ran.out));
    assert_eq!(findings(&said.out).len(), 2);
    let said = directory.say(&["judge", "out/short.json", &directory.write("cases/other.toml", SHORT)]);
    assert_eq!((said.code, findings(&said.out).len()), (0, 1), "{said:?}");
}

pub(crate) fn a_recording_of_another_format_is_refused() {
    let directory = Directory::new();
    directory.write("old.json", "{\"format\": 99}");
    directory.write("none.json", "what is this?");
    let said = directory.say(&["judge", "old.json"]);
    assert_eq!(said.code, 2);
    assert_has(&said.err, &["old.json: a recording of format 99"]);
    let said = directory.say(&["report", "none.json"]);
    assert_eq!(said.code, 2);
    assert_has(&said.err, &["none.json: not a recording"]);
}

pub(crate) fn two_recordings_are_set_side_by_side() {
    let (directory, _) = failed();
    let same = directory.say(&["diff", "out/short.json", "out/short.json"]);
    assert_eq!(same.code, 0, "{same:?}");
    let mut other: Value = serde_json::from_slice(&fs::read(directory.path().join("out/short.json")).expect("a recording")).expect("JSON");
    let samples = other["hosts"]["guest2"]["counters"]["MPTcpExtMPCapableSYNTX"].as_array_mut();
    *samples.and_then(|samples| samples.last_mut()).expect("it is counted") = 4711.into();
    directory.write("other.json", &other.to_string());
    let said = directory.say(&["diff", "out/short.json", "other.json"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["out/short.json", "other.json", "MPTcpExtMPCapableSYNTX", "4711"]);
    assert!(!same.out.contains("4711"), "{same:?}");
    let said = directory.say(&["diff", "out/short.json", "nowhere.json"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["nowhere.json", "No such file"]);
}

pub(crate) fn a_recording_is_drawn() {
    let (directory, _) = failed();
    let said = directory.say(&["report", "out/short.json", "--interval", "100ms"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["short: Something short", "enp2s0"]);
    let said = directory.say(&["report", "out/short.json", "-o", "drawn/short.svg", "-o", "short.html"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    let drawn = |name: &str| fs::read_to_string(directory.path().join(name)).expect("it was drawn");
    let (svg, page) = (drawn("drawn/short.svg"), drawn("short.html"));
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
    assert_has(&page, &["Something short", "enp2s0", "FAIL"]);
    let said = directory.say(&["report", "out", "-o", "short.csv", "-o", "short.om"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    assert_has(&drawn("short.csv"), &["interface,enp2s0,"]);
    assert_has(&drawn("short.om"), &["interface=\"enp2s0\"", "# EOF"]);
    let mut other = Recording::from_json(&drawn("out/short.json")).expect("a recording");
    let seed = other.job.seed;
    other.job.seed += 1;
    "../a b".clone_into(&mut other.job.name);
    directory.write("out/other.json", &other.to_json());
    let said = directory.say(&["report", "out", "-o", "pages/all.html"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    for page in [format!("local/short/seed-{seed}.html"), format!("local/_../a_b/seed-{}.html", seed + 1)] {
        assert_has(&drawn("pages/all.html"), &[&format!("href=\"all/{page}\"")]);
        assert_has(&drawn(&format!("pages/all/{page}")), &["\"../../../", "all.html\">all runs"]);
    }
    let said = directory.say(&["report", "out", "out/short.json", "-o", "pages/all.html"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["have the same case, place and seed"]);
    fs::remove_file(directory.path().join("out/other.json")).expect("a file of ours");
    let said = directory.say(&["report", "pages", "-o", "none.html"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["pages: it contains no recording (*.json)"]);
    let said = directory.say(&["report", "out/short.json", "-o", "short.gif"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["short.gif", ".html", ".svg"]);
    let before = fs::read(directory.path().join("out/short.json")).expect("a recording");
    fs::rename(directory.path().join("out/short.json"), directory.path().join("out/short.svg")).expect("it has any name");
    for output in ["out/short.svg", "./out/../out/short.svg"] {
        let said = directory.say(&["report", "out/short.svg", "-o", output]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
        assert_has(&said.err, &["the output would overwrite the recording"]);
    }
    assert_eq!(fs::read(directory.path().join("out/short.svg")).expect("a recording"), before);
    let said = directory.say(&["report", "out/short.svg", "--interval", "1us"]);
    assert_has(&said.out, &["no table: it would have"]);
}

pub(crate) fn a_report_is_whole_or_is_not_there() {
    let (directory, _) = failed();
    let whole = fs::read(directory.path().join("out/short.json")).expect("a recording");
    let forms = ["html", "svg", "png", "md", "csv", "om"];
    let report = |recording: &str, form: &str| directory.say(&["report", recording, "-o", &format!("reports/it.{form}")]);
    fs::write(directory.path().join("cut.json"), &whole[..whole.len() / 2]).expect("temporary files can be written");
    let sparse = fs::File::create(directory.path().join("sparse.json")).expect("temporary files can be written");
    sparse.set_len(2 << 30).expect("a file may have holes");
    directory.write("empty.json", "");
    let wrong = [
        ("cut.json", "not a recording"),
        ("empty.json", "not a recording"),
        ("sparse.json", "it is larger than 1024 MiB, the limit for such a file"),
    ];
    for (recording, why) in wrong {
        for form in forms {
            let said = report(recording, form);
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
            assert_has(&said.err, &[recording, why]);
        }
    }
    assert!(directory.ending("reports").is_empty() && !directory.path().join("reports").exists(), "nothing is left of them");
    let mounted = |options: &str, form: &str| {
        let line = format!(
            "mount -t tmpfs -o {options} none full ; head -c 8192 /dev/zero 2>/dev/null >full/filler; {MPLAB} report out/short.json -o full/it.{form}; code=$?; ls -A full; exit $code"
        );
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &line]).current_dir(directory.path());
        Said::of(command.output().expect("unshare can be started"))
    };
    fs::create_dir(directory.path().join("full")).expect("temporary files can be made");
    let has_font = report("out/short.json", "png").code == 0;
    for form in forms.into_iter().filter(|form| has_font || *form != "png") {
        for (options, why, there) in [("size=8k", "No space left on device", "filler\n"), ("ro", "Read-only file system", "")] {
            let said = mounted(options, form);
            assert_eq!((said.code, said.out.as_str()), (3, there), "nothing is left in the directory: {said:?}");
            assert_has(&said.err, &[&format!("failed to write full/it.{form}"), why]);
        }
        assert_eq!(report("out/short.json", form).code, 0);
    }
    let made = |form: &str| fs::read(directory.path().join(format!("reports/it.{form}"))).expect("it was made");
    assert!(!has_font || made("png").starts_with(b"\x89PNG\r\n\x1a\n"), "a picture");
    assert_has(&String::from_utf8(made("md")).expect("text"), &["Something short", "| "]);
}

/// Puts text behind every text of a recording that may be any.
fn lace(value: &mut Value, with: &str) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if ["summary", "name", "kernel", "why", "title", "text", "error"].contains(&key.as_str()) => {
                        *text += with;
                    }
                    member => lace(member, with),
                }
            }
        }
        Value::Array(members) => members.iter_mut().for_each(|member| lace(member, with)),
        _ => {}
    }
}

pub(crate) fn what_others_wrote_sets_nothing_on_a_terminal() {
    let (directory, _) = failed();
    let path = directory.path().join("out/short.json");
    let mut recording: Value = serde_json::from_slice(&fs::read(&path).expect("it was recorded")).expect("a recording");
    recording["splats"] = serde_json::json!([{ "kind": "oops", "title": "BUG", "text": "one" }]);
    lace(&mut recording, "\u{1b}[2J\u{1b}]0;title\u{7}\r\u{9b}31m\u{202e}");
    fs::write(&path, recording.to_string()).expect("a file of ours");
    fs::copy(&path, directory.path().join("out/\u{1b}[31m.json")).expect("a file of ours");
    directory.write("out/none.json", "{\"format\": 2, \"\u{1b}[31m\": \"\u{9b}31m\"}");
    directory.write("out/\u{1b}[31m.toml", "summary = 1");
    directory.write("out/names.toml", "summary = \"x\"\n\"\\u001b[31m\" = 1\n[link.\"\\u009b31m\"]\nends = [\"a:\\u001b[31m\", \"b:x\"]\n");
    // The output of a program, as a verdict tells it.
    let noise = "\n[process.noise]\nhost = \"guest1\"\ncommand = ['printf', '\\033[2J\\233\\302\\233\\r\\n\\342\\200\\256%s\\n', 'noise']\n\n\
                 [[expect]]\nprocess = \"noise\"\nexit = 3\n";
    let loud = directory.write("cases/noisy.toml", &(SHORT.to_owned() + noise));
    let commands: [(&[&str], &str); 13] = [
        (&["judge", "out/short.json"], "␛"),
        (&["report", "out/short.json", "-o", "out/short.svg", "-o", "out/short.html"], "␛"),
        (&["explain", "out/short.json"], "␛"),
        (&["judge", "out/\u{1b}[31m.json"], "␛"),
        (&["diff", "out/short.json", "out/\u{1b}[31m.json"], "␛"),
        (&["report", "out/none.json"], "not a recording"),
        (&["check", "out/\u{1b}[31m.toml"], "␛"),
        (&["plan", "out/names.toml"], "␛"),
        (&["replay", "out/\u{1b}[31m.json"], "␛"),
        (&["run", &loud], "␛[2J"),
        (&["judge", "recordings/noisy.json"], "\\u{202e}noise"),
        (&["down", "\u{1b}[31m"], "␛"),
        (&["judge", "--\u{1b}[31m"], "unexpected argument"),
    ];
    for (command, has) in commands {
        let said = directory.say(command);
        let [drawing, page] =
            ["out/short.svg", "out/short.html"].map(|file| fs::read_to_string(directory.path().join(file)).unwrap_or_default());
        for text in [&said.out, &said.err, &drawing, &page] {
            let commands = |c: char| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}';
            assert!(!text.contains(commands), "{command:?}: {text:?}");
        }
        assert!([&said.out, &said.err, &page].iter().any(|text| text.contains(has)), "{command:?}: {said:?}");
    }
}

pub(crate) fn a_link_by_the_relay_is_recorded_as_one() {
    let directory = Directory::new();
    directory.write(
        "topologies/relayed.toml",
        r#"
summary = "Two guests, a link by the relay and one by the kernel"
[link.relayed]
ends = ["guest1:enp1s0", "guest2:enp1s0"]
engine = "relay"
rate = "20mbit"
delay = "2ms"
[link.cable]
ends = ["guest1:enp2s0", "guest2:enp2s0"]
"#,
    );
    let text = SHORT.replace("two-guests-slow", "relayed").replace("enp2s0", "enp1s0");
    let said = directory.say(&["run", &directory.write("cases/relayed.toml", &text)]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["PASS  relayed", ", seed 1, links by kernel and relay\n"]);
    let recording = fs::read(directory.path().join("recordings/relayed.json")).expect("it was recorded");
    let recording: Value = serde_json::from_slice(&recording).expect("a recording");
    let relayed = recording["relayed"].as_object().expect("links by name");
    assert_eq!(relayed.keys().collect::<Vec<_>>(), ["relayed"]);
    for (way, least) in [("up", 10), ("down", 100)] {
        let way = &relayed["relayed"][way];
        let number = |key: &str| way[key].as_u64().expect("a number");
        assert!(number("packets") >= least, "{way}");
        assert!(number("late_median") <= number("late_p99") && number("late_p99") <= number("late_worst"), "{way}");
    }
    let said = directory.say(&["report", "recordings/relayed.json"]);
    assert_has(&said.out, &["cable    kernel: nothing is asked for", "relayed  relay: the topology says so", "packets in", "late by"]);
}
