//! Errors caused by limits of this process (setrlimit(2)): which limit was reached, what mplab needs, and how to raise it.
//! Not here: raising a limit (`inherited`).

use std::error::Error;
use std::{fmt, io};

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

use super::NetlinkError;

/// The least address space that a run needs, in bytes.
const ADDRESS_SPACE: u64 = 64 << 20;

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Met {
    /// What this process may have, and what mplab needs.
    pub limit: String,
    /// How to raise it, if there is one way.
    pub remedy: Option<&'static str>,
}

impl fmt::Display for Met {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.limit)?;
        self.remedy.map_or(Ok(()), |remedy| write!(out, ": {remedy}"))
    }
}

/// The errno (errno(3)) of an error or of the first of its causes that has one.
pub(crate) fn errno(error: &(dyn Error + 'static)) -> Option<i32> {
    own_errno(error).or_else(|| errno(error.source()?))
}

/// The errno of an error itself.
pub(crate) fn own_errno(error: &(dyn Error + 'static)) -> Option<i32> {
    let system = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    let netlink = || error.downcast_ref::<NetlinkError>().map(NetlinkError::errno).filter(|errno| *errno != 0);
    system.or_else(netlink).or_else(|| error.downcast_ref::<Errno>().map(|errno| *errno as i32))
}

fn soft(resource: Resource) -> u64 {
    getrlimit(resource).map_or(RLIM_INFINITY, |(soft, _)| soft)
}

/// The limit that caused an error with files, if one did.
pub(crate) fn of_files(error: &(dyn Error + 'static)) -> Option<Met> {
    match Errno::from_raw(errno(error)?) {
        Errno::EMFILE => Some(Met {
            limit: format!(
                "this process may have {} files open (`ulimit -Hn`), and a lab takes some 20, 10 more for each host and 2 for each connection",
                soft(Resource::RLIMIT_NOFILE)
            ),
            remedy: Some("raise the limit with `ulimit -n` as root, in /etc/security/limits.conf, or as LimitNOFILE= of a service"),
        }),
        Errno::EFBIG if soft(Resource::RLIMIT_FSIZE) != RLIM_INFINITY => Some(Met {
            limit: format!("this process may write files of {} bytes (`ulimit -f`, in units of 1024)", soft(Resource::RLIMIT_FSIZE)),
            remedy: Some("`ulimit -f unlimited` lifts that"),
        }),
        _ => None,
    }
}

/// What failed and why, with the limit of files that was reached.
pub fn told(what: impl fmt::Display, error: &io::Error) -> String {
    let limit = of_files(error).map(|met| format!("; {met}")).unwrap_or_default();
    format!("{what}: {error}{limit}")
}

/// The limit that caused an error of a run, if one did: runs also start processes and threads.
pub(crate) fn of_run(error: &(dyn Error + 'static)) -> Option<Met> {
    let most = soft(Resource::RLIMIT_NPROC);
    if errno(error)? == Errno::EAGAIN as i32 && most != RLIM_INFINITY {
        let limit = format!("this user may have {most} processes and threads (`ulimit -u`), and memory may be limited (`ulimit -v`)");
        return Some(Met { limit, remedy: None });
    }
    of_files(error)
}

/// Why this process cannot work at all, if its memory limit is too low. Noticed later, it could only abort.
pub fn too_small() -> Option<String> {
    let (most, _) = getrlimit(Resource::RLIMIT_AS).ok()?;
    let (most, need) = (most >> 20, ADDRESS_SPACE >> 20);
    (most < need).then(|| {
        format!("this process may have {most} MiB of address space (`ulimit -v`), and mplab needs {need}: `ulimit -v unlimited` lifts that")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_was_met_is_named() {
        let met = |errno: Errno| of_run(&io::Error::from(errno)).map(|met| met.to_string());
        let files = getrlimit(Resource::RLIMIT_NOFILE).unwrap().0;
        let told = met(Errno::EMFILE).unwrap();
        assert!(told.contains(&format!("this process may have {files} files open")) && told.contains(": raise the limit"), "{told}");
        assert_eq!(met(Errno::ENOENT), None);
    }

    #[test]
    fn an_errno_is_found_below_other_errors() {
        #[derive(Debug, thiserror::Error)]
        #[error("{operation}")]
        struct Above<S: Error + 'static> {
            operation: &'static str,
            source: S,
        }
        let netlink = Above { operation: "add", source: NetlinkError::from(io::Error::from(Errno::EBUSY)) };
        assert_eq!(errno(&netlink), Some(Errno::EBUSY as i32));
        let file = Above { operation: "keep", source: Above { operation: "write", source: Errno::EFBIG } };
        assert_eq!(errno(&file), Some(Errno::EFBIG as i32));
        assert_eq!(errno(&io::Error::other("a text with (os error 24) in it")), None);
        assert_eq!(of_files(&io::Error::from(Errno::EAGAIN)), None, "a pipe that is full has met no limit");
    }
}
