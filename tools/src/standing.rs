//! `mplab up`, `exec`, `shell`, `cut`, `restore`, `shape`, `status` and `down`: a lab that stays.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process;

use mplab::kernel::inherited;
use mplab::report::{self, Style};
use mplab::standing::{self, Ended, Standing, StandingError, quoted};
use mplab::topology;

use crate::exit::Exit;
use crate::{Failure, check};

impl From<StandingError> for Failure {
    fn from(error: StandingError) -> Self {
        let text = if let StandingError::Mistakes(drawn) = &error { drawn.clone() } else { format!("mplab: {error}") };
        let exit = match error {
            StandingError::Usage(_) | StandingError::Mistakes(_) => Exit::Usage,
            StandingError::Unsupported(_) => Exit::Unsupported,
            StandingError::Fallen(_) | StandingError::Local(_) | StandingError::Broken(_) | StandingError::Io { .. } => Exit::Broken,
        };
        Self { text, exit }
    }
}

/// Which lab is meant.
#[derive(clap::Args)]
pub(crate) struct Which {
    /// The lab [default: the only one there is]
    #[arg(long)]
    lab: Option<String>,
}

/// A link and how it is cut.
#[derive(clap::Args)]
pub(crate) struct Cut {
    /// The link
    link: String,
    /// How to cut it: carrier, admin or blackhole
    #[arg(long)]
    how: Option<String>,
    /// The end to cut it at: HOST or HOST:INTERFACE
    #[arg(long)]
    end: Option<String>,
    /// Direction of a blackhole: up (from the link's first end to its second) or down
    #[arg(long)]
    direction: Option<String>,
    #[command(flatten)]
    which: Which,
}

/// A link and its new conditions.
#[derive(clap::Args)]
pub(crate) struct Shape {
    /// The link
    link: String,
    /// Conditions as in a topology: rate=10mbit, delay=20ms, loss=none, 'loss={ every = 7 }'
    #[arg(required = true, value_name = "CONDITION=VALUE")]
    conditions: Vec<String>,
    /// Change one direction only: up (from the link's first end to its second) or down
    #[arg(long)]
    direction: Option<String>,
    /// Change gradually over this time
    #[arg(long)]
    over: Option<String>,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn up(file: &Path, name: Option<String>, style: Style) -> Result<Exit, Failure> {
    let topology = topology::check::load(file).map_err(|error| Failure::usage(check::shown(&error)))?;
    let name = name.or_else(|| Some(file.file_stem()?.to_str()?.to_owned())).unwrap_or_default();
    let lab = standing::up(&name, topology)?;
    show!("lab {name} is up\n\n{}", hosts(&lab, style));
    Ok(Exit::Passed)
}

fn hosts(lab: &Standing, style: Style) -> String {
    report::hosts(lab.topology(), |host| lab.named(host), style)
}

pub(crate) fn exec(host: &str, command: &[OsString], which: &Which) -> Result<Exit, Failure> {
    standing::find(which.lab.as_deref())?.enter(host)?;
    let [program, arguments @ ..] = command else { return Err(Failure::usage("name a command to run")) };
    inherited::give_back_all().map_err(Failure::broken)?;
    let error = process::Command::new(program).args(arguments).env("MPLAB_HOST", host).exec();
    Err(Failure::usage(format!("mplab: {}: {error}", program.display())))
}

pub(crate) fn shell(host: &str, which: &Which) -> Result<Exit, Failure> {
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into());
    exec(host, &[shell], which)
}

pub(crate) fn cut(cut: &Cut) -> Result<Exit, Failure> {
    step("cut", &cut_line(&cut.link, cut.how.as_deref(), cut.end.as_deref(), cut.direction.as_deref()), &cut.which)
}

/// The line of a case file that cuts a link.
pub(crate) fn cut_line(link: &str, how: Option<&str>, end: Option<&str>, direction: Option<&str>) -> String {
    let keys = [("link", Some(link)), ("how", how), ("end", end), ("direction", direction)];
    let keys: Vec<String> = keys.iter().filter_map(|(key, value)| Some(format!("{key} = {}", quoted((*value)?)))).collect();
    format!("cut = {{ {} }}", keys.join(", "))
}

pub(crate) fn restore(link: &str, which: &Which) -> Result<Exit, Failure> {
    step("restore", &restore_line(link), which)
}

/// The line of a case file that restores a link.
pub(crate) fn restore_line(link: &str) -> String {
    format!("restore = {}", quoted(link))
}

pub(crate) fn shape(shape: &Shape) -> Result<Exit, Failure> {
    let line = shape_line(&shape.link, &shape.conditions, shape.direction.as_deref(), shape.over.as_deref())?;
    step("shape", &line, &shape.which)
}

/// The line of a case file that changes a link's conditions.
pub(crate) fn shape_line(link: &str, conditions: &[String], direction: Option<&str>, over: Option<&str>) -> Result<String, Failure> {
    let written = conditions.iter().map(String::as_str);
    let conditions = standing::conditions(written).map_err(|wrong| Failure::usage(format!("mplab: {wrong}")))?;
    let conditions = match direction {
        Some(direction) => format!("{direction} = {{ {conditions} }}"),
        None => conditions,
    };
    let over = over.map(|over| format!(", over = {}", quoted(over))).unwrap_or_default();
    Ok(format!("shape = {{ link = {}, {conditions}{over} }}", quoted(link)))
}

fn step(command: &str, line: &str, which: &Which) -> Result<Exit, Failure> {
    standing::find(which.lab.as_deref())?.step(&format!("mplab {command}"), line)?;
    Ok(Exit::Passed)
}

pub(crate) fn status(name: Option<&str>, style: Style) -> Result<Exit, Failure> {
    let labs = if name.is_some() { vec![standing::find(name)?] } else { standing::all()? };
    if labs.is_empty() {
        say!("no lab is up");
    }
    for (index, lab) in labs.iter().enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        let name = lab.name();
        let state = match lab.state() {
            Err(fallen @ StandingError::Fallen(_)) => {
                say!("{gap}{fallen}");
                continue;
            }
            state => state?,
        };
        say!("{gap}lab {name} has been up for {}s, held by process {}\n", state.seconds, state.process);
        say!("{}\n{}", hosts(lab, style), report::state(lab.topology(), lab.engines(), &state.links, style).trim_end());
    }
    Ok(Exit::Passed)
}

pub(crate) fn down(name: Option<&str>) -> Result<Exit, Failure> {
    let lab = standing::find(name)?;
    for Ended { id, name, killed } in lab.down()? {
        say!("{} {name} ({id}), which ran in it", if killed { "killed" } else { "ended" });
    }
    say!("lab {} is gone", lab.name());
    Ok(Exit::Passed)
}
