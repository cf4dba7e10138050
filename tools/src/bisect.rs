//! `mplab bisect`: finds the first bad kernel in a list, or judges one kernel for `git bisect run`.
//! Not here: the search itself, which is the library's.

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

/// The name in the store of a kernel from a build tree. The last one stays there for inspection.
const NAME: &str = "bisect";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A case file, for the case without its variants, or one of these: FILE::VARIANT
    case: PathBuf,
    /// First kernel of the list to consider: the case must pass with it
    #[arg(long, requires_all = ["bad", "list"])]
    good: Option<String>,
    /// Last kernel of the list to consider: the case must fail with it
    #[arg(long, requires = "good")]
    bad: Option<String>,
    /// File with one kernel name per line, oldest first
    #[arg(long, requires = "good")]
    list: Option<PathBuf>,
    /// Build tree of the kernel to judge or, with --list, in which each kernel is built
    #[arg(long, required_unless_present = "good")]
    tree: Option<PathBuf>,
    /// Shell command that builds the kernel in the tree; with --list, $KERNEL holds its name. Without COMMAND, `mplab kernel build` builds it
    #[arg(long, requires = "tree", value_name = "COMMAND", num_args = 0..=1, default_missing_value = "")]
    build: Option<String>,
    /// Run in virtual time: the result depends only on case, kernel and seed
    #[arg(long = "virtual")]
    in_virtual_time: bool,
    /// First and last seed, such as 1..8; a kernel is bad if any of them fails
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
        let why =
            "with --list, --build needs a command that builds the kernel $KERNEL, such as `git -C TREE checkout $KERNEL && make -C TREE`";
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
    // The kernel is not to blame for such an error, and the next one would meet it too.
    found.map_err(|failure| Failure { exit: Exit::Stop, ..failure })
}

/// Finds the first bad kernel between two.
fn search(arguments: &Arguments, good: &str, bad: &str, list: &Path, style: Style) -> Result<Exit, Failure> {
    let text = disk::read_text(list, disk::DOCUMENT).map_err(|error| Failure::path(list, error))?;
    let mut names: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    names.retain(|name| !name.is_empty());
    let place = |name: &str| {
        let not_there = || Failure::path(list, format!("no line names the kernel `{name}`"));
        names.iter().position(|other| *other == name).ok_or_else(not_there)
    };
    let (oldest, newest) = (place(good)?, place(bad)?);
    if oldest >= newest {
        return Err(Failure::path(list, format!("the good kernel `{good}` must come before the bad kernel `{bad}`")));
    }
    let names = &names[oldest..=newest];
    for (name, wanted, said) in [(good, Worth::Good, "good"), (bad, Worth::Bad, "bad")] {
        if worth(arguments, Some(name), style)? != wanted {
            return Err(Failure::usage(format!("{name} is not {said}: name another kernel with --{said}")));
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
    say!("cannot tell which of these is the first bad kernel: {}", suspects.join(", "));
    Ok(Exit::Untold)
}

/// Judges a kernel of the list, or the one in the tree, and prints the result in a line.
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

/// Builds and imports the kernel of a tree, or says why that failed.
fn made(build: Option<&str>, listed: Option<&str>, tree: &Path) -> Result<Result<(), String>, Failure> {
    if build == Some("") {
        let recipe = Recipe { tree: tree.to_owned(), configs: Vec::new(), jobs: None };
        return match kernel::build(&Store::open()?, NAME, &recipe) {
            Ok(_) => Ok(Ok(())),
            // Sources that do not compile say nothing about the fault in question.
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

/// One run per seed. A kernel that does not boot or lacks a feature has a single run, which says so.
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
