//! The walls of the house: arrows between modules point down only, and each file keeps the rules that a machine can keep.
//! The floors are the directories, in the order of the table in the library's own documentation: it is true or this fails.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ItemUse, Macro, UseTree};

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
fn floors() -> BTreeMap<String, usize> {
    let root = repository().join("harness/src");
    let library = Source::read(root.join("lib.rs"));
    let rows = library.text.lines().filter_map(|line| line.strip_prefix("//! | `")?.split('`').next());
    let floors: BTreeMap<String, usize> = rows.rev().enumerate().map(|(floor, directory)| (directory.to_owned(), floor)).collect();
    let there = root.read_dir().expect("the library has a directory").map(|entry| entry.expect("it can be read to its end").path());
    let mut there: Vec<_> = there.filter(|path| path.is_dir()).collect();
    there.sort_unstable();
    let there: Vec<_> = there.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(floors.keys().map(String::as_str).collect::<Vec<_>>(), there, "the table in lib.rs is the listing of the directory");
    floors
}

/// A module's name: `["result", "judge", "share"]`.
type Module = Vec<String>;

/// The library's modules with their sources.
fn modules() -> BTreeMap<Module, Source> {
    let root = repository().join("harness/src");
    let found = sources(&root).into_iter().map(|source| {
        let below = source.path.strip_prefix(&root).expect("it was found there").with_extension("");
        let mut module: Module = below.iter().map(|part| part.to_str().expect("a name").to_owned()).collect();
        module.retain(|part| part != "mod" && part != "lib");
        (module, source)
    });
    found.collect()
}

/// Gathers the paths that begin with `crate` or `super`, tests left out.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Paths {
    fn of(code: &str) -> Vec<Vec<String>> {
        let mut paths = Self::default();
        paths.visit_file(&syn::parse_file(code).expect("what the compiler takes is Rust"));
        paths.0
    }

    fn add(&mut self, path: Vec<String>) {
        if path.first().is_some_and(|first| first == "crate" || first == "super") {
            self.0.push(path);
        }
    }

    fn import(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &dyn ToString| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.import(&with(&path.ident), &path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(before, tree)),
            UseTree::Name(name) if name.ident == "self" => self.add(before.to_vec()),
            UseTree::Name(name) => self.add(with(&name.ident)),
            UseTree::Rename(name) => self.add(with(&name.ident)),
            UseTree::Glob(_) => self.add(before.to_vec()),
        }
    }

    /// What macros are given is no tree yet.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        for token in tokens {
            match token {
                TokenTree::Ident(name) => path.push(name.to_string()),
                TokenTree::Punct(sign) if sign.as_char() == ':' => {}
                other => {
                    self.add(mem::take(&mut path));
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.add(path);
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        self.import(&[], &import.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[test]
fn every_path_in_code_is_found() {
    let code =
        "use crate::{plan::{self, Op}, words as w};\nfn f(a: super::A) -> crate::case::Case { g!(x, super::super::b(1), \"crate::no\") }";
    let found: Vec<_> = Paths::of(code).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["crate::plan", "crate::plan::Op", "crate::words", "super::A", "crate::case::Case", "super::super::b"]);
}

/// An arrow between two modules with the same parent, and who draws it.
struct Arrow {
    parent: Module,
    from: String,
    to: String,
    drawn: String,
}

/// The arrows between siblings. Parents and children may know each other.
fn arrows() -> Vec<Arrow> {
    let modules = modules();
    let mut arrows = Vec::new();
    for (module, source) in &modules {
        for path in Paths::of(&source.code) {
            let up = path.iter().take_while(|part| *part == "super").count();
            let mut used: Module = if up == 0 { Vec::new() } else { module[..module.len().saturating_sub(up)].to_vec() };
            used.extend(path[up.max(1)..].iter().cloned());
            while !used.is_empty() && !modules.contains_key(&used) {
                used.pop();
            }
            let shared = module.iter().zip(&used).take_while(|(own, other)| own == other).count();
            if let (Some(from), Some(to)) = (module.get(shared), used.get(shared)) {
                let drawn = format!("{} uses {}", module.join("::"), path.join("::"));
                arrows.push(Arrow { parent: module[..shared].to_vec(), from: from.clone(), to: to.clone(), drawn });
            }
        }
    }
    assert!(arrows.len() > 500, "only {} arrows found", arrows.len());
    arrows
}

#[test]
fn arrows_point_down() {
    let floors = floors();
    let up = |arrow: &Arrow| arrow.parent.is_empty() && floors.get(&arrow.to) > floors.get(&arrow.from);
    let wrong: Vec<_> = arrows().into_iter().filter(up).map(|arrow| arrow.drawn).collect();
    assert!(wrong.is_empty(), "a module uses its own floor and those below it:\n{}", wrong.join("\n"));
}

#[test]
fn siblings_make_no_circle() {
    let mut rooms: BTreeMap<Module, Vec<Arrow>> = BTreeMap::new();
    for arrow in arrows() {
        rooms.entry(arrow.parent.clone()).or_default().push(arrow);
    }
    let mut wrong = Vec::new();
    for (_, mut arrows) in rooms {
        // What nobody points from, or nobody points to, is in no circle.
        loop {
            let [from, to]: [BTreeSet<String>; 2] =
                [arrows.iter().map(|arrow| arrow.from.clone()).collect(), arrows.iter().map(|arrow| arrow.to.clone()).collect()];
            let before = arrows.len();
            arrows.retain(|arrow| from.contains(&arrow.to) && to.contains(&arrow.from));
            if arrows.len() == before {
                break;
            }
        }
        wrong.extend(arrows.into_iter().map(|arrow| arrow.drawn));
    }
    assert!(wrong.is_empty(), "in a circle, or on a way between two:\n{}", wrong.join("\n"));
}

#[test]
fn modules_are_called_by_where_they_are() {
    let floors = floors();
    let mut wrong = Vec::new();
    for (module, source) in modules() {
        // What a macro says is read in its user's crate.
        let of_macro = |path: &[String]| path == ["fixture", "enter"] || path == ["before_main"];
        let outside = |path: &Vec<String>| {
            path[0] == "crate" && path.get(1).is_some_and(|first| !floors.contains_key(first)) && !of_macro(&path[1..])
        };
        wrong.extend(
            Paths::of(&source.code).into_iter().filter(outside).map(|path| format!("{} uses {}", module.join("::"), path.join("::"))),
        );
    }
    assert!(wrong.is_empty(), "short paths are for users of the library:\n{}", wrong.join("\n"));
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

/// What others wrote reaches a terminal through `say.rs` alone, where it can set nothing.
#[test]
fn the_program_prints_in_one_place() {
    let printing = sources(&repository().join("tools/src")).into_iter().filter(|source| !source.path.ends_with("say.rs"));
    let prints = |code: &str| ["println!", "print!", "stdout().w", "stderr().w"].iter().any(|word| code.contains(word));
    let wrong: Vec<_> = printing.filter(|source| prints(&source.code)).map(|source| source.path).collect();
    assert!(wrong.is_empty(), "say!, show!, complain! are for this: {wrong:?}");
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
