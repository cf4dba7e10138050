//! The programs that a kernel's build needs, looked for before it begins.
//! Not here: those that only some configurations need (pahole, openssl), which the build itself reports.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

use super::BuildError;

/// Programs with the Debian packages they are in.
const NEEDED: [(&str, &str); 8] = [
    ("make", "make"),
    ("gcc", "gcc"),
    ("ld", "binutils"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("perl", "perl"),
    ("awk", "mawk"),
];

/// Looks for all of them, and reports those that are missing.
pub(super) fn look() -> Result<(), BuildError> {
    let path = env::var_os("PATH").unwrap_or_default();
    let (mut names, mut packages): (Vec<_>, Vec<_>) = missing(&path).unzip();
    // User-Mode Linux is an ordinary program, so it needs the C library's headers, too.
    if !names.contains(&"gcc") && !has_headers() {
        names.push("the C library's headers");
        packages.push("libc6-dev");
    }
    match names.as_slice() {
        [] => Ok(()),
        _ => Err(BuildError::Tools(format!("install {} (Debian: apt-get install {})", names.join(", "), packages.join(" ")))),
    }
}

/// The programs that no directory of `path` has.
fn missing(path: &OsStr) -> impl Iterator<Item = (&'static str, &'static str)> {
    NEEDED.into_iter().filter(move |(program, _)| !has(path, program))
}

/// Whether a directory of `path` has a program.
pub(super) fn has(path: &OsStr, program: &str) -> bool {
    env::split_paths(path).any(|directory| directory.join(program).is_file())
}

fn has_headers() -> bool {
    let mut command = Command::new("gcc");
    command.args(["-E", "-o", "/dev/null", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok_and(|mut gcc| {
        // If gcc does not read all of it, that does not matter.
        gcc.stdin.take().expect("piped above").write_all(b"#include <sys/ptrace.h>\n").ok();
        gcc.wait().is_ok_and(|status| status.success())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_with_its_package() {
        let nowhere = OsStr::new("/nowhere:/nowhere/else");
        let packages: Vec<_> = missing(nowhere).map(|(_, package)| package).collect();
        assert_eq!(packages, ["make", "gcc", "binutils", "flex", "bison", "bc", "perl", "mawk"]);
        assert!(!has(nowhere, "sh") && has(OsStr::new("/nowhere:/bin"), "sh"));
    }
}
