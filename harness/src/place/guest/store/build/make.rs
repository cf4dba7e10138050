//! Runs `make` in a source tree: its arguments, its progress, and its errors.
//! Not here: what is configured, and what is done with the result.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::site::Site;
use super::{BuildError, files, tools};
use crate::kernel::inherited::give_back;
use crate::kernel::process::{inherits, told_to_end_with_this_thread};

/// How many lines of errors are shown.
const SHOWN: usize = 40;

/// Environment variables to remove: those that the kernel's build would use, and those that a `make` above this program set.
const DEAF_TO: [&str; 10] =
    ["ARCH", "CROSS_COMPILE", "KBUILD_OUTPUT", "KCFLAGS", "KCONFIG_CONFIG", "LLVM", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "V"];

/// A build.
pub(super) struct Make<'a> {
    pub(super) tree: &'a Path,
    pub(super) site: &'a Site,
    pub(super) jobs: usize,
}

impl Make<'_> {
    /// Makes targets, and reports how many files have been made and the last one.
    pub(super) fn run(&self, what: &'static str, targets: &[&str], made: &mut dyn FnMut(u64, &str)) -> Result<(), BuildError> {
        let (log, complaints) = (self.site.path_of("log"), self.site.path_of("complaints"));
        let create = |path| File::create(path).map_err(files("write", path));
        let (mut all, complained) = (create(&log)?, create(&complaints)?);
        let mut command = self.command(targets);
        // As long as one of its processes lives, nobody else can build here.
        inherits(&mut command, vec![self.site.lock().map_err(BuildError::Start)?]);
        let mut child = command.stderr(complained).spawn().map_err(BuildError::Start)?;
        let mut count = 0;
        for line in BufReader::new(child.stdout.take().expect("piped")).split(b'\n') {
            let line = String::from_utf8_lossy(&line.map_err(BuildError::Start)?).into_owned();
            writeln!(all, "{line}").map_err(files("write", &log))?;
            // `  CC      net/mptcp/protocol.o`
            if let Some(file) = line.strip_prefix("  ").and_then(|line| line.split_whitespace().nth(1)) {
                count += 1;
                made(count, file);
            }
        }
        let status = child.wait().map_err(BuildError::Start)?;
        let said = fs::read(&complaints).map_err(files("read", &complaints))?;
        all.write_all(&said).map_err(files("write", &log))?;
        fs::remove_file(&complaints).map_err(files("remove", &complaints))?;
        if status.success() {
            return Ok(());
        }
        let said = shown(&String::from_utf8_lossy(&said)).unwrap_or_else(|| format!("make ended with {status}"));
        Err(BuildError::Make { what, said, log })
    }

    fn command(&self, targets: &[&str]) -> Command {
        let mut command = Command::new("make");
        command.arg("-C").arg(self.tree).arg("ARCH=um").arg(format!("O={}", self.site.objects().display()));
        // No `+` after the release for a tree that is not at a tag: random numbers depend on the release, too.
        command.args(["LOCALVERSION=", &format!("-j{}", self.jobs)]);
        if tools::has(&env::var_os("PATH").unwrap_or_default(), "ccache") {
            command.arg("CC=ccache gcc");
        }
        command.args(targets);
        for name in DEAF_TO {
            command.env_remove(name);
        }
        // The same sources make the same kernel, whoever builds it and when: random numbers depend on its date and builder.
        let same = [("TIMESTAMP", "1970-01-01"), ("USER", "mplab"), ("HOST", "mplab"), ("VERSION", "1")];
        command.envs(same.map(|(name, value)| (format!("KBUILD_BUILD_{name}"), value)));
        // Messages in the language in which errors are searched for.
        command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped());
        told_to_end_with_this_thread(&mut command);
        give_back(&mut command);
        command
    }
}

/// The errors in the output: the lines from the first error on, or all if none is marked as an error.
fn shown(said: &str) -> Option<String> {
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let wrong = |line: &&str| ["error:", "Error ", "undefined reference", "***"].iter().any(|word| line.contains(word));
    // Before an error the compiler names the function and the including files.
    let before = |at: usize| {
        lines[..at].iter().rev().take_while(|line| line.starts_with("In file") || line.starts_with("   ") || line.ends_with(':'))
    };
    let first = lines.iter().position(wrong).map_or(0, |at| at - before(at).count());
    let shown = &lines[first..lines.len().min(first + SHOWN)];
    (!shown.is_empty()).then(|| shown.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_shown_from_the_first_error_on() {
        let said = "a.c:3:1: warning: nobody minds\n\
                    net/mptcp/pm.c: In function 'mptcp_pm_init':\n\
                    net/mptcp/pm.c:12:9: error: 'missing' undeclared\n   12 |         missing = 1;\n\
                    make[4]: *** [scripts/Makefile.build:287: net/mptcp/pm.o] Error 1\n";
        let shown = shown(said).unwrap();
        assert!(shown.starts_with("net/mptcp/pm.c: In function") && shown.ends_with("Error 1"), "{shown}");
        assert_eq!(super::shown("only this\n").as_deref(), Some("only this"));
        assert_eq!(super::shown("\n"), None);
        let long = "x.c:1: error: again\n".repeat(100);
        assert_eq!(super::shown(&long).unwrap().lines().count(), SHOWN);
    }
}
