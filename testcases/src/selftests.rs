//! The table of the kernel's own selftests (tools/testing/selftests/net/mptcp): each subtest with the trial that tests the same, or the reason why
//! none does. It is in `selftests.toml` beside this crate; docs/selftests.md is made from that.
//! Not here: whether they agree, which running both shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use crate::files;

/// What mplab has for a subtest.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Said {
    /// The trial that tests the same.
    Trial(String),
    /// Why there is none.
    #[serde(rename_all = "snake_case")]
    Not {
        /// The reason.
        not: String,
    },
}

/// The scripts in the order of the table, with the subtests of each.
type Scripts = BTreeMap<String, BTreeMap<String, Said>>;

/// The document: a line of figures for each script, and its table.
fn document(scripts: &Scripts) -> String {
    let mut text = "# The kernel's selftests\n\nEach subtest of `tools/testing/selftests/net/mptcp` in Linux 7.3, and the trial that checks the same, or the reason why there is \
                    none. A test makes\nthis page from `testcases/selftests.toml` (`MPLAB_BLESS=1 cargo test -p mplab-testcases --lib selftests`), and fails if a \
                    trial no longer exists.\nWhether both say the same is in [verdicts](verdicts.md).\n\n| script | subtests | covered |\n|---|---|---|\n"
        .to_owned();
    let said = |subtests: &BTreeMap<String, Said>| subtests.values().filter(|said| matches!(said, Said::Trial(_))).count();
    for (script, subtests) in scripts {
        writeln!(text, "| {script}.sh | {} | {} |", subtests.len(), said(subtests)).expect("writing to a string");
    }
    let (all, ours) = scripts.values().fold((0, 0), |(all, ours), subtests| (all + subtests.len(), ours + said(subtests)));
    writeln!(text, "| all | {all} | {ours} |").expect("writing to a string");
    for (script, subtests) in scripts {
        write!(text, "\n## {script}.sh\n\n| subtest | trial |\n|---|---|\n").expect("writing to a string");
        for (subtest, said) in subtests {
            let trial = match said {
                Said::Trial(trial) => format!("`{trial}`"),
                Said::Not { not } => format!("none: {not}"),
            };
            writeln!(text, "| {subtest} | {trial} |").expect("writing to a string");
        }
    }
    text
}

#[test]
fn every_subtest_has_its_trial_or_a_reason() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let scripts: Scripts = toml::from_str(&read(&here.join("selftests.toml"))).unwrap_or_else(|error| panic!("selftests.toml: {error}"));
    let trials: BTreeSet<String> = files().into_iter().map(|file| file.name).collect();
    let named =
        scripts.values().flat_map(BTreeMap::values).filter_map(|said| if let Said::Trial(trial) = said { Some(trial) } else { None });
    let gone: Vec<&String> = named.filter(|trial| !trials.contains(*trial)).collect();
    assert!(gone.is_empty(), "selftests.toml names trials that do not exist: {gone:?}");
    let (page, made) = (here.join("../docs/selftests.md"), document(&scripts));
    if std::env::var_os("MPLAB_BLESS").is_some() {
        std::fs::write(&page, &made).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    }
    let has = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(has == made, "docs/selftests.md is not what testcases/selftests.toml says: write it anew with MPLAB_BLESS=1");
}
