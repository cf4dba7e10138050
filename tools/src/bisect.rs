//! `mplab bisect`: the first bad kernel of a list, or what `git bisect run` wants to know of one.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use mplab::compare::{Ended, Run, Search, Worth};
use mplab::disk;
use mplab::guest::store::{BuildError, Recipe, Store};
use mplab::kernel::inherited::give_back;
use mplab::place::Place;
use mplab::plan::Job;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile};
use mplab::words::Seeds;
use mplab::words::feature::absences;

use crate::exit::Exit;
use crate::{Failure, check, kernel, place, progress, run};

/// What a kernel of a build tree is called in the store, where the last one stays to be looked at.
const NAME: &str = "bisect";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A case file
    case: PathBuf,
    /// The first kernel of the list: the case passes
    #[arg(long, requires_all = ["bad", "list"])]
    good: Option<String>,
    /// The last kernel of the list: the case fails
    #[arg(long, requires = "good")]
    bad: Option<String>,
    /// A file with one kernel name a line, oldest first
    #[arg(long, requires = "good")]
    list: Option<PathBuf>,
    /// The build tree: of the kernel to judge or, with a list, where each kernel is built
    #[arg(long, required_unless_present = "good")]
    tree: Option<PathBuf>,
    /// Command for `sh -c` that builds the kernel in the tree; with a list, $KERNEL is its name. Without a command, `mplab kernel build` builds it
    #[arg(long, requires = "tree", value_name = "COMMAND", num_args = 0..=1, default_missing_value = "")]
    build: Option<String>,
    /// Run in virtual time: the result depends on nothing but case, kernel and seed
    #[arg(long = "virtual")]
    in_virtual_time: bool,
    /// First and last seed; one that fails makes a kernel bad
    #[arg(long, default_value = "1")]
    seeds: Seeds,
    /// Number of runs at a time [default: one per core]
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    caching: place::Caching,
}

pub(crate) fn bisect(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    if arguments.list.is_some() && arguments.build.as_deref() == Some("") {
        let why = "with a list, --build wants the command that makes a kernel of $KERNEL: `git -C TREE checkout $KERNEL && make -C TREE`";
        return Err(Failure { exit: Exit::Stop, ..Failure::usage(why) });
    }
    let found = match (&arguments.good, &arguments.bad, &arguments.list) {
        (Some(good), Some(bad), Some(list)) => search(arguments, good, bad, list, style),
        _ => worth(arguments, None, style).map(|worth| match worth {
            Worth::Good => Exit::Passed,
            Worth::Bad => Exit::Failed,
            Worth::Unknown => Exit::Untold,
        }),
    };
    // Whatever went wrong is no kernel's fault, and goes wrong with the next one too.
    found.map_err(|failure| Failure { exit: Exit::Stop, ..failure })
}

/// Finds the first bad kernel between two.
fn search(arguments: &Arguments, good: &str, bad: &str, list: &Path, style: Style) -> Result<Exit, Failure> {
    let text = disk::read_text(list, disk::DOCUMENT).map_err(|error| Failure::usage(format!("{}: {error}", list.display())))?;
    let mut names: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    names.retain(|name| !name.is_empty());
    let place = |name: &str| {
        let not_there = || Failure::usage(format!("{}: there is no line `{name}`", list.display()));
        names.iter().position(|other| *other == name).ok_or_else(not_there)
    };
    let (oldest, newest) = (place(good)?, place(bad)?);
    if oldest >= newest {
        return Err(Failure::usage(format!("{}: `{good}` is to stand before `{bad}`", list.display())));
    }
    let names = &names[oldest..=newest];
    for (name, wanted, said) in [(good, Worth::Good, "good"), (bad, Worth::Bad, "bad")] {
        if worth(arguments, Some(name), style)? != wanted {
            return Err(Failure::usage(format!("{name} is not {said}, so there is nothing to search between")));
        }
    }
    let mut search = Search::among(names.len());
    while let Some(one) = search.next() {
        search.found(one, worth(arguments, Some(names[one]), style)?);
    }
    let suspects = &names[search.suspects()];
    if let [first] = suspects {
        say!("{first} is the first bad kernel");
        return Ok(Exit::Passed);
    }
    say!("one of these is the first bad kernel, and there is no telling which: {}", suspects.join(", "));
    Ok(Exit::Untold)
}

/// Finds out what a kernel of the list is, or the one in the tree, and tells it in a line.
fn worth(arguments: &Arguments, listed: Option<&str>, style: Style) -> Result<Worth, Failure> {
    let told = listed.unwrap_or(NAME);
    let kernel = match &arguments.tree {
        Some(tree) => match made(arguments.build.as_deref(), listed, tree)? {
            Ok(()) => NAME,
            Err(why) => {
                say!("{told}: cannot tell: {why}");
                return Ok(Worth::Unknown);
            }
        },
        None => told,
    };
    let at = arguments.caching.open()?(place::guest(kernel, arguments.in_virtual_time, None)?);
    arguments.caching.tell_useless(&at);
    let runs = runs(arguments, kernel, &at, style)?;
    let worth = Worth::of(&runs);
    let word = match worth {
        Worth::Good => "good",
        Worth::Bad => "bad",
        Worth::Unknown => "cannot tell",
    };
    say!("{told}: {word}: {}{}", report::endings(runs.iter().map(|run| &run.ended)), place::taken(at.taken()));
    Ok(worth)
}

/// Makes a kernel of a tree, or says why there is none.
fn made(build: Option<&str>, listed: Option<&str>, tree: &Path) -> Result<Result<(), String>, Failure> {
    if build == Some("") {
        let recipe = Recipe { tree: tree.to_owned(), configs: Vec::new(), jobs: None };
        return match kernel::build(&Store::open()?, NAME, &recipe) {
            Ok(_) => Ok(Ok(())),
            // Sources that cannot be compiled say nothing of what is looked for.
            Err(error @ BuildError::Make { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(error.into()),
        };
    }
    if let Some(build) = build {
        let mut command = Command::new("sh");
        command.args(["-c", build]).envs(listed.map(|name| ("KERNEL", name)));
        give_back(&mut command);
        let status = command.status().map_err(|error| Failure::system("failed to start sh", &error))?;
        if !status.success() {
            return Ok(Err(format!("`{build}` ended with {status}")));
        }
    }
    let imported = Store::open()?.import(NAME, &[tree.to_owned()], &mut |_| ());
    Ok(imported.map(drop).map_err(|error| error.to_string()))
}

/// A run of each seed. A kernel that does not even boot has none, and one that lacks something a single one.
fn runs(arguments: &Arguments, kernel: &str, at: &Place, style: Style) -> Result<Vec<Run>, Failure> {
    let seed = *arguments.seeds.all().start();
    let place = match at.place() {
        Ok(place) => place,
        Err(error) => {
            say!("{error}");
            return Ok(vec![Run::broken(seed, &error)]);
        }
    };
    let file = CaseFile::named(&arguments.case);
    let planned = |seed| suite::plan(&file, seed, &place).map_err(|error| Failure::usage(check::shown(&error)));
    let jobs: Vec<Job> = arguments.seeds.all().map(planned).collect::<Result<_, _>>()?;
    let missing = suite::missing(&jobs[0], &place);
    if !missing.is_empty() {
        return Ok(vec![Run { seed, ended: Ended::Unsupported(absences(&missing)), measures: [].into() }]);
    }
    let mut runs = Vec::new();
    let at_once = arguments.jobs.map_or_else(|| at.parallel(), NonZeroUsize::get);
    let name = |job: &Job| format!("{kernel}, seed {}", job.seed);
    progress::each(
        &jobs,
        at_once,
        name,
        |job| suite::run(job, at, &mut |_| ()),
        |job, judged| {
            let run = suite::compared(job.seed, &judged);
            run::told(&run, &file, at, kernel, style);
            runs.push(run);
        },
    );
    Ok(runs)
}
