//! With less than root: user namespaces, and where nothing is allowed.
//! Not here: the files of a case.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::support::{Directory, MPLAB, SHORT, Said, assert_has};

pub(crate) fn without_root_it_enters_a_user_namespace() {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", SHORT);
    // Where the program was built, nobody else may be able to look.
    fs::copy(MPLAB, directory.path().join("mplab")).expect("a file can be copied");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("a directory of ours");
    let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "./mplab", "run", &case];
    let said = Said::of(Command::new("setpriv").args(nobody).current_dir(directory.path()).output().expect("it is installed"));
    assert_eq!(said.code, 0, "{said:?}");
    let recording: Value =
        serde_json::from_slice(&fs::read(directory.path().join("recordings/short.json")).expect("it was recorded")).expect("a recording");
    assert_eq!(recording["place"]["root"], false);
}

/// In a user namespace that allows no further one, without the right to make a network namespace either.
pub(crate) fn where_nothing_is_allowed_it_says_what_to_do() {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", SHORT);
    let said = caged(&directory, &["run", &case]);
    assert_eq!((said.code, said.out.as_str()), (3, ""), "{said:?}");
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
    assert_has(&said.err, &["mplab: no network namespace can be made here", "run as root, or allow user namespaces"]);
}

pub(crate) fn where_nothing_is_allowed_the_doctor_says_so() {
    let said = caged(&Directory::new(), &["doctor"]);
    assert_eq!((said.code, said.err.as_str()), (4, ""), "{said:?}");
    assert_has(&said.out, &["FAIL   namespaces", "no network namespace can be made here", "-> run as root, or allow user namespaces"]);
}

/// Runs the program where no namespace can be made.
fn caged(directory: &Directory, arguments: &[&str]) -> Said {
    let lines = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin \"$@\"";
    let cage = ["--user", "--map-root-user", "sh", "-c", lines, "sh", MPLAB];
    let store = directory.path().join("kernels");
    let mut command = Command::new("unshare");
    command.args(cage).args(arguments).current_dir(directory.path()).env("NO_COLOR", "1").env("MPLAB_KERNELS", store);
    Said::of(command.output().expect("it is installed"))
}

pub(crate) fn a_doctor_says_what_this_computer_can_do() {
    let directory = Directory::new();
    let said = Said::of(directory.mplab(["doctor"]).env("MPLAB_KERNELS", directory.path().join("kernels")).output().expect("it starts"));
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel has a name");
    assert_has(
        &said.out,
        &["  ok     kernel", &format!("Linux {} with MPTCP", release.trim()), "  lacks  kernels", "-> run tools/fetch-kernels", "iperf3"],
    );
    let columns: Vec<_> = said.out.lines().filter(|line| line.starts_with("  ok     ")).map(|line| line[9..].find("  ")).collect();
    assert!(columns.len() > 4 && columns.iter().all(Option::is_some), "{}", said.out);
    assert!(!directory.path().join("kernels").exists(), "it makes nothing");
}
