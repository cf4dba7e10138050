//! The options that select formats, made from the formats' own descriptions, and the selected formats as a renderer.
//! Not here: the formats.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use mplab::shards::Merged;
use mplab::suite::{Event, Renderer};

use super::{ALL, About, Format, OfFile, Test, Variables};
use crate::Failure;

/// The group of options that print a format in place of the lines for people.
pub(crate) const PRINTED: &str = "printed";

/// The selected formats.
#[derive(Clone, Default)]
pub(crate) struct Options {
    written: Vec<(OfFile, PathBuf)>,
    printed: Option<fn() -> Box<dyn Format>>,
}

impl clap::FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Self::default();
        for about in ALL {
            match about {
                About::Written { option, new } => {
                    options.written.extend(matches.get_one::<PathBuf>(option.name).map(|file| (*new, file.clone())));
                }
                About::Printed { option, new } if matches.get_flag(option.name) => options.printed = Some(*new),
                About::Printed { .. } | About::Asked(_) => {}
            }
        }
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Options {
    fn augment_args(command: Command) -> Command {
        let arguments = ALL.iter().filter_map(|about| match about {
            About::Written { option, .. } => {
                let argument = Arg::new(option.name).long(option.name).help(option.help);
                Some(argument.value_name("FILE").value_parser(value_parser!(PathBuf)))
            }
            About::Printed { option, .. } => {
                Some(Arg::new(option.name).long(option.name).help(option.help).action(ArgAction::SetTrue).group(PRINTED))
            }
            About::Asked(_) => None,
        });
        command.group(ArgGroup::new(PRINTED)).args(arguments)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl Options {
    /// Whether a format is printed in place of the lines for people.
    pub(crate) fn print(&self) -> bool {
        self.printed.is_some()
    }

    /// The formats of a suite of `count` tests at a place: those that options select, and those that the environment asks for unless one is printed,
    /// of which their lines are no part.
    pub(crate) fn open(&self, variables: &Variables<'_>, place: &str, count: usize) -> Formats {
        let asked = ALL.iter().filter_map(|about| match about {
            About::Asked(new) if !self.print() => new(variables),
            _ => None,
        });
        let mut formats: Vec<_> = asked.chain(self.formats()).collect();
        for format in &mut formats {
            format.begin(&[place], count);
        }
        Formats { formats, place: place.to_owned() }
    }

    /// Shows merged results in the formats that options select. Those with a file come first: printing may end the program.
    pub(crate) fn show(&self, merged: &Merged) -> Result<(), Failure> {
        let kernels: Vec<&str> = merged.matrix.kernels.iter().map(|kernel| kernel.name.as_str()).collect();
        for mut format in self.formats() {
            format.begin(&kernels, merged.runs().count());
            for test in Test::all(merged) {
                format.add(&test);
            }
            format.end()?;
        }
        Ok(())
    }

    fn formats(&self) -> Vec<Box<dyn Format>> {
        let written = self.written.iter().map(|(new, file)| new(file.clone()));
        written.chain(self.printed.iter().map(|new| new())).collect()
    }
}

/// Formats that show a suite while it runs.
pub(crate) struct Formats {
    formats: Vec<Box<dyn Format>>,
    place: String,
}

impl Formats {
    /// Writes and prints what comes last. Each format ends, whatever becomes of the others; the first error is returned.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        let ended: Vec<_> = self.formats.iter_mut().map(|format| format.end()).collect();
        ended.into_iter().collect()
    }
}

impl Renderer for Formats {
    fn show(&mut self, event: &Event<'_>) {
        let (case, judged) = match event {
            Event::Begin(_) => {
                for format in &mut self.formats {
                    format.runs();
                }
                return;
            }
            Event::Unsupported(case) => (case, None),
            Event::Ended(case, judged) => (case, judged.ok()),
            _ => return,
        };
        let test = Test::of(&self.place, case, judged);
        for format in &mut self.formats {
            format.add(&test);
        }
    }
}
