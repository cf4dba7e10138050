//! The documents tell the truth: links lead somewhere, commands and options exist, files that are shown are those of the repository, and the
//! tutorial does what it says. Not here: the tables of keys, which are compared with the parsers in the library.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed};
use support::{Directory, repository, trial, without};

fn main() -> ExitCode {
    mplab::enter();
    let confined = mplab::local::place().err().map(|error| error.to_string());
    let anywhere: [(&str, fn()); 5] = [
        ("links_lead_to_files_and_headings", links_lead_to_files_and_headings),
        ("contributors_are_sent_to_files_that_exist", contributors_are_sent_to_files_that_exist),
        ("commands_and_options_exist", commands_and_options_exist),
        ("the_readme_shows_a_case_of_the_repository", the_readme_shows_a_case_of_the_repository),
        ("the_book_has_every_document", the_book_has_every_document),
    ];
    let ready = |run: fn()| {
        move || {
            run();
            Ok::<_, Failed>(())
        }
    };
    let mut trials: Vec<_> = anywhere.into_iter().map(|(name, run)| trial(name, None, ready(run))).collect();
    trials.push(trial("workflows_fit_their_schemas", without(&["check-jsonschema"]), ready(workflows_fit_their_schemas)));
    let validates = without(&["kubernetes-validate"]);
    trials.push(trial("jobs_for_kubernetes_fit_its_schema", validates, ready(jobs_for_kubernetes_fit_its_schema)));
    trials.push(trial("editors_know_the_files_as_the_parsers_do", without(&["taplo"]), ready(editors_know_the_files_as_the_parsers_do)));
    trials.push(trial("editors_check_a_new_file_at_once", without(&["taplo"]), ready(editors_check_a_new_file_at_once)));
    trials.push(trial("the_tutorial_does_what_it_says", confined, ready(the_tutorial_does_what_it_says)));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The schemas are those that GitHub and GitLab publish; check-jsonschema (PyPI) brings them along.
fn workflows_fit_their_schemas() {
    let check = |schema: &str, file: &Path| {
        let checked = Command::new("check-jsonschema").args(["--builtin-schema", schema]).arg(file).output().expect("it can be started");
        (checked.status.success(), String::from_utf8_lossy(&checked.stdout).into_owned())
    };
    let directory = Directory::new();
    for (schema, name, key) in [
        ("vendor.github-workflows", "github-workflow.yml", "runs-on"),
        ("vendor.github-workflows", "github-shards.yml", "runs-on"),
        ("vendor.gitlab-ci", "gitlab-ci.yml", "script"),
        ("vendor.gitlab-ci", "gitlab-shards.yml", "script"),
    ] {
        let file = repository().join("docs").join(name);
        let (fits, said) = check(schema, &file);
        assert!(fits, "{name}: {said}");
        let broken = directory.path().join(directory.write(name, &read(&file).replace(&format!("{key}:"), "nonsense:")));
        assert!(!check(schema, &broken).0, "{name} without {key} fits, too");
    }
}

/// What editors have for TOML, Taplo (PyPI), takes every file of the repository by the schemas, and no wrong one with a key that there is not. What else is
/// wrong with files no schema says: names that nothing has, quantities, and all that a variant changes.
fn editors_know_the_files_as_the_parsers_do() {
    let directory = Directory::new();
    for (kind, files) in [("case", "testcases/cases"), ("topology", "topologies")] {
        let schema = directory.path().join(directory.write(&format!("{kind}.json"), &directory.say(&["schema", kind]).out));
        let fits = |files: &[PathBuf]| {
            let checked =
                Command::new("taplo").arg("lint").arg("--schema").arg(format!("file://{}", schema.display())).args(files).output();
            let checked = checked.expect("it can be started");
            (checked.status.success(), String::from_utf8_lossy(&checked.stderr).into_owned())
        };
        let (fit, said) = fits(&ending(&repository().join(files), "toml"));
        assert!(fit, "{said}");
        let wrong = ending(&repository().join("harness/tests/bad"), "toml");
        let of_kind = |file: &&PathBuf| file.file_stem().is_some_and(|name| name.to_string_lossy().starts_with(kind));
        let unknown = |file: &&PathBuf| {
            let text = read(file);
            let alone = !text.contains("[[variant]]") && !text.contains("\n#### ");
            alone && read(&file.with_extension("txt")).contains(" has no key `")
        };
        let unknown: Vec<_> = wrong.iter().filter(of_kind).filter(unknown).collect();
        assert!(unknown.len() >= 3, "{unknown:?}");
        for file in unknown {
            assert!(!fits(std::slice::from_ref(file)).0, "{} fits, too", file.display());
        }
    }
}

/// Taplo finds the schema of a new file, and so complains of a key that there is not. Files below find that of the files above.
fn editors_check_a_new_file_at_once() {
    let directory = Directory::new();
    let fits = |file: &str| {
        let checked = Command::new("taplo").args(["lint", file]).current_dir(directory.path()).output().expect("it can be started");
        (checked.status.success(), String::from_utf8_lossy(&checked.stderr).into_owned())
    };
    for (kind, key) in [("case", "[transfer.download]\nclient"), ("topology", "[link.left]\nends")] {
        for file in [format!("{kind}/one.toml"), format!("{kind}/below/deep/two.toml")] {
            let said = directory.say(&["new", kind, &file]);
            assert_eq!(said.code, 0, "{said:?}");
            let (fit, told) = fits(&file);
            assert!(fit, "{told}");
            let text = read(&directory.path().join(&file));
            directory.write(&file, &text.replace(key, &format!("{key}y")));
            let (fit, told) = fits(&file);
            assert!(!fit && told.contains(key.rsplit('\n').next().expect("a key")), "{told}");
        }
        assert_eq!(directory.ending(&format!("{kind}.schema.json")).len(), 1);
    }
}

/// The files below a directory that end so.
fn ending(directory: &Path, with: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the directory is in the repository").map(|entry| entry.expect("it can be read").path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == with));
    files.chain(directories.iter().flat_map(|directory| ending(directory, with))).collect()
}

/// kubernetes-validate (PyPI) brings along the schemas that Kubernetes publishes.
fn jobs_for_kubernetes_fit_its_schema() {
    let file = repository().join("docs/kubernetes.yaml");
    let fits = |file: &Path| {
        let checked = Command::new("kubernetes-validate").arg("--strict").arg(file).output().expect("it can be started");
        (checked.status.success(), format!("{checked:?}"))
    };
    let (fit, said) = fits(&file);
    assert!(fit, "{said}");
    let directory = Directory::new();
    for (right, wrong) in [("completions: 8", "completions: eight"), ("completionMode:", "completionsMode:")] {
        let broken = directory.path().join(directory.write("broken.yaml", &read(&file).replace(right, wrong)));
        assert!(!fits(&broken).0, "{wrong} fits, too");
    }
    let shards = read(&file).matches("/8 ").count();
    assert!(shards == 1 && read(&file).contains("completions: 8"), "there are as many shards as completions");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every document that people read.
fn documents() -> Vec<PathBuf> {
    let directories = ["", "docs", "testcases", "testcases/example", "topologies"].map(|directory| repository().join(directory));
    let mut found: Vec<_> = directories
        .iter()
        .flat_map(|directory| directory.read_dir().expect("a directory of the repository"))
        .map(|entry| entry.expect("a directory can be read to its end").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    found.sort();
    found
}

/// A fenced block: its language, its lines, and the line of text before it.
struct Block {
    language: String,
    lines: Vec<String>,
    before: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut before = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| *line != "```").map(str::to_owned).collect();
            found.push(Block { language: language.to_owned(), lines: inside, before: before.clone() });
        } else if !line.is_empty() {
            line.clone_into(&mut before);
        }
    }
    found
}

/// The name that a forge gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

/// The text without its fenced blocks.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

fn links_lead_to_files_and_headings() {
    let mut anchors = BTreeMap::new();
    let mut wrong = Vec::new();
    for document in documents() {
        for link in prose(&read(&document)).split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { document.clone() } else { document.parent().expect("it is in a directory").join(file) };
            if !target.exists() {
                wrong.push(format!("{}: there is no {link}", document.display()));
            } else if !heading.is_empty() {
                let known: &BTreeSet<String> = anchors.entry(target.clone()).or_insert_with(|| {
                    prose(&read(&target))
                        .lines()
                        .filter(|line| line.starts_with('#'))
                        .map(|line| anchor(line.trim_start_matches('#')))
                        .collect()
                });
                if !known.contains(heading) {
                    wrong.push(format!("{}: no heading is called {link}", document.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// CONTRIBUTING names files from the repository or from harness/src. What is in capitals is for the reader to choose: its directory exists.
fn contributors_are_sent_to_files_that_exist() {
    let text = prose(&read(&repository().join("CONTRIBUTING.md")));
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|word| word.contains('/') && !word.contains(' ')).collect();
    assert!(named.len() > 50, "{} files were found, so they are not looked for where they are", named.len());
    let chosen = |part: &&str| {
        part.contains('*') || part.split('.').next().is_some_and(|name| name.chars().all(|letter| letter.is_ascii_uppercase()))
    };
    let exists = |path: &Path| ["", "harness/src"].iter().any(|root| repository().join(root).join(path).exists());
    let path = |word: &str| word.split('/').take_while(|part| !chosen(part)).collect::<PathBuf>();
    let gone: Vec<_> = named.iter().filter(|word| !exists(&path(word))).collect();
    assert!(gone.is_empty(), "CONTRIBUTING.md names files that do not exist: {gone:?}");
}

/// The arguments of every `mplab` that a reader would type.
fn commands(text: &str) -> Vec<Vec<String>> {
    let typed = blocks(text).into_iter().flat_map(|block| match block.language.as_str() {
        "console" => block.lines.iter().filter_map(|line| Some(line.strip_prefix("$ ")?.to_owned())).collect(),
        "sh" => block.lines,
        _ => Vec::new(),
    });
    typed
        .filter_map(|line| {
            let line = line.split(" #").next().expect("there is a first part");
            let words = line.strip_prefix("git bisect run ").unwrap_or(line).strip_prefix("mplab ")?.split_whitespace();
            Some(words.map(str::to_owned).collect())
        })
        .collect()
}

fn commands_and_options_exist() {
    let directory = Directory::new();
    let mut helps = BTreeMap::new();
    let mut count = 0;
    for document in documents() {
        for words in commands(&read(&document)) {
            let named = if words[0] == "kernel" { 2 } else { 1 };
            let command = words[..named].to_vec();
            let help: &String = helps.entry(command.clone()).or_insert_with(|| {
                let said = directory.say(&command.iter().map(String::as_str).chain(["--help"]).collect::<Vec<_>>());
                assert_eq!(said.code, 0, "{}: there is no `mplab {}`", document.display(), command.join(" "));
                said.out
            });
            for option in words.iter().take_while(|word| *word != "--").filter(|word| word.starts_with("--")) {
                let listed = help.split(|letter: char| !letter.is_alphanumeric() && letter != '-').any(|word| word == option);
                assert!(listed, "{}: `mplab {}` has no {option}", document.display(), command.join(" "));
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count} commands were found, so they are not looked for where they are");
}

fn the_readme_shows_a_case_of_the_repository() {
    let shown: Vec<String> = blocks(&read(&repository().join("README.md")))
        .iter()
        .filter(|block| block.language == "toml")
        .map(|block| block.lines.join("\n") + "\n")
        .collect();
    let file = "testcases/cases/survival/ethernet_unplugged.toml";
    assert!(shown.contains(&read(&repository().join(file))), "the README shows another {file} than there is");
}

fn the_book_has_every_document() {
    let summary = read(&repository().join("docs/SUMMARY.md"));
    let book = repository().join("docs");
    for document in documents().iter().filter(|path| path.parent() == Some(&book)) {
        let name = document.file_name().expect("a file").to_string_lossy();
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "docs/SUMMARY.md has no {name}");
    }
}

/// Output as it is compared: without what differs from run to run, and from one computer to the next.
fn essence(line: &str) -> String {
    let line = line.split(" links by ").next().expect("there is a first part");
    let number = |word: &str| word.starts_with(|letter: char| letter.is_ascii_digit());
    let words: Vec<_> = line.split_whitespace().map(|word| if number(word) { "#" } else { word }).collect();
    words.join(" ")
}

/// Writes the files, types the commands, and compares what comes with what is shown.
fn the_tutorial_does_what_it_says() {
    let directory = Directory::new();
    for block in blocks(&read(&repository().join("docs/tutorial.md"))) {
        let named = block.before.rsplit('`').nth(1).unwrap_or_default().to_owned();
        let text = block.lines.join("\n") + "\n";
        match block.language.as_str() {
            "toml" if block.before.contains("dd this to") => {
                let old = read(&directory.path().join(&named));
                directory.write(&named, &format!("{old}\n{text}"));
            }
            "toml" => {
                directory.write(&named, &text);
            }
            "console" => type_it(&directory, &block.lines),
            _ => {}
        }
    }
}

fn type_it(directory: &Directory, lines: &[String]) {
    let mut rest = lines;
    while let Some((typed, behind)) = rest.split_first() {
        let end = behind.iter().position(|line| line.starts_with("$ ")).unwrap_or(behind.len());
        let (shown, next) = behind.split_at(end);
        rest = next;
        let arguments: Vec<_> =
            typed.strip_prefix("$ mplab ").unwrap_or_else(|| panic!("{typed} is no command")).split_whitespace().collect();
        let said = directory.say(&arguments);
        // A computer that is too busy for a verdict has none to compare.
        if said.code == 5 {
            continue;
        }
        let failed = shown.iter().any(|line| line.trim_start().starts_with("FAIL"));
        assert_eq!(said.code, i32::from(failed), "{typed}: {said:?}");
        let came: BTreeSet<_> = said.out.lines().map(essence).collect();
        for line in shown.iter().filter(|line| *line != "...") {
            assert!(came.contains(&essence(line)), "{typed} does not print\n{line}\nbut\n{}", said.out);
        }
    }
}
