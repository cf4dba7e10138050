//! The walls of the house: arrows between modules point down only, and each file keeps the rules that a machine can keep.
//! The floors are the directories, in the order of the table in the library's own documentation: it is true or this fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Words that say nothing about what is behind them.
const BANNED: [&str; 6] = ["core", "utils", "helpers", "common", "imp", "manager"];
/// The longest that a file may be, without its tests.
const LONGEST: usize = 600;

/// A source file without its tests and comments.
struct Source {
    path: PathBuf,
    text: String,
    code: String,
}

impl Source {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let untested = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code =
            untested.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |code, line| code + line + "\n");
        Self { path, text, code }
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the library is in a directory of the repository")
}

/// The Rust files below a directory, those with nothing but tests left out.
fn sources(directory: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    for entry in directory.read_dir().unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.expect("a directory can be read to its end").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            found.push(Source::read(path));
        }
    }
    found
}

/// Every source file of the repository's programs and library.
fn everything() -> Vec<Source> {
    let found: Vec<Source> = ["harness/src", "tools/src", "testcases/src"].iter().flat_map(|of| sources(&repository().join(of))).collect();
    assert!(found.len() > 60, "only {} files found", found.len());
    found
}

/// The library's directories with the number of their floor, from the table in its documentation: the last row is the ground.
fn layers() -> BTreeMap<String, usize> {
    let root = repository().join("harness/src");
    let library = Source::read(root.join("lib.rs"));
    let rows = library.text.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split('`').next());
    let floors: BTreeMap<String, usize> = rows.rev().enumerate().map(|(floor, directory)| (directory.to_owned(), floor)).collect();
    let there = root.read_dir().expect("the library has a directory").map(|entry| entry.expect("it can be read to its end").path());
    let mut there: Vec<_> = there.filter(|path| path.is_dir()).collect();
    there.sort_unstable();
    let there: Vec<_> = there.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(floors.keys().map(String::as_str).collect::<Vec<_>>(), there, "the table in lib.rs is the listing of the directory");
    floors
}

/// The library's modules that code names: what follows each `crate::`, all of a group in braces.
fn named(code: &str) -> Vec<String> {
    let words = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default().to_owned();
    let mut named = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            named.push(words(rest));
            continue;
        };
        let (mut depth, mut first) = (1, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => first = true,
                c if depth == 1 && first && !c.is_whitespace() => {
                    named.push(words(&group[at..]));
                    first = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    named
}

#[test]
fn a_group_of_imports_names_each_module() {
    let code = "use crate::{\n    plan::{self, Op},\n    words,\n};\nfn f() -> crate::case::Case {}";
    assert_eq!(named(code), ["plan", "words", "case"]);
}

#[test]
fn arrows_point_down() {
    let (layers, root) = (layers(), repository().join("harness/src"));
    let mut wrong = Vec::new();
    for source in sources(&root) {
        let below = source.path.strip_prefix(&root).expect("it was found there").with_extension("");
        let module = below.iter().next().and_then(|part| part.to_str()).expect("a name");
        let Some(own) = layers.get(module) else { continue };
        for used in named(&source.code) {
            match layers.get(&used) {
                Some(layer) if layer <= own => {}
                Some(_) => wrong.push(format!("{}: `{used}` is above `{module}`", source.path.display())),
                None => wrong.push(format!("{}: `crate::{used}` is no directory: write where the module is", source.path.display())),
            }
        }
        // At the top `super` is the crate, and would pass by the table.
        let top = below.iter().count() == 1 || below.ends_with("mod");
        if top && below.iter().count() <= 2 && source.code.lines().any(|line| line.contains("super::") && !line.contains("super::super")) {
            wrong.push(format!("{}: write `crate::` instead of `super::`", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_kernel_is_the_only_room_with_unsafe() {
    let kernel = repository().join("harness/src/kernel");
    let is_unsafe = |code: &str| code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == "unsafe");
    let outside: Vec<_> = everything().into_iter().filter(|source| !source.path.starts_with(&kernel) && is_unsafe(&source.code)).collect();
    assert!(outside.is_empty(), "{:?}", outside.iter().map(|source| &source.path).collect::<Vec<_>>());
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    let mut wrong = Vec::new();
    for source in everything() {
        if !source.text.starts_with("//! ") {
            wrong.push(format!("{} does not open with its documentation", source.path.display()));
        }
        let lines = source.text.split("#[cfg(test)]\nmod tests").next().map_or(0, |text| text.lines().count());
        if lines > LONGEST {
            wrong.push(format!("{} has {lines} lines without its tests", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The words of a name: `NameManager` and `name_manager` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if (c.is_uppercase() || c == '_') && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        words.last_mut().expect("one was there").extend(c.to_lowercase().filter(|c| *c != '_'));
    }
    words
}

#[test]
fn names_say_something() {
    let mut wrong = Vec::new();
    for source in everything() {
        let stem = source.path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        // A method of somebody else's trait has the name that it has.
        let mut foreign = false;
        let mut names = vec![stem];
        for line in source.code.lines() {
            if line.starts_with("impl") {
                foreign = line.contains(" for ");
            } else if line.starts_with('}') {
                foreign = false;
            }
            let mut rest = line.split_whitespace().skip_while(|word| word.starts_with("pub") || *word == "const");
            let kind = rest.next().unwrap_or_default();
            if ["fn", "struct", "enum", "trait", "type", "mod"].contains(&kind) && !foreign {
                names.extend(rest.next().and_then(|name| name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()));
            }
        }
        let bad = |name: &&str| name.starts_with("get_") || words(name).iter().any(|word| BANNED.contains(&word.as_str()));
        wrong.extend(names.into_iter().filter(bad).map(|name| format!("{}: {name}", source.path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
