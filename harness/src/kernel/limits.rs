//! What limits of this process (setrlimit(2)) make of an error: which one was met, what mplab needs, and how to raise it.
//! Not here: raising one (`inherited`).

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

/// The least address space that a run can do with, in bytes.
const ADDRESS_SPACE: u64 = 64 << 20;

/// Adds to an error's text the limit that was met, if it was one. The text has the errno as the standard library writes it.
pub fn told(text: String) -> String {
    let met = |errno: Errno| text.contains(&format!("(os error {})", errno as i32));
    let limit = |resource| getrlimit(resource).map_or(RLIM_INFINITY, |(soft, _)| soft);
    if met(Errno::EMFILE) {
        let most = limit(Resource::RLIMIT_NOFILE);
        return format!(
            "{text}; this process may have {most} files open (`ulimit -Hn`), and a lab takes some 20, 10 more for each host and 2 for each \
             connection: raise the limit with `ulimit -n` as root, in /etc/security/limits.conf, or as LimitNOFILE= of a service"
        );
    }
    let (size, processes) = (limit(Resource::RLIMIT_FSIZE), limit(Resource::RLIMIT_NPROC));
    if met(Errno::EFBIG) && size != RLIM_INFINITY {
        return format!(
            "{text}; this process may write files of {size} bytes (`ulimit -f`, in units of 1024): `ulimit -f unlimited` lifts that"
        );
    }
    if met(Errno::EAGAIN) && text.contains("thread") && processes != RLIM_INFINITY {
        return format!(
            "{text}; this user may have {processes} processes and threads (`ulimit -u`), and memory may be limited (`ulimit -v`)"
        );
    }
    text
}

/// Why this process cannot do anything, if it may have too little memory for that: who notices later can only abort.
pub fn too_small() -> Option<String> {
    let (most, _) = getrlimit(Resource::RLIMIT_AS).ok()?;
    let (most, need) = (most >> 20, ADDRESS_SPACE >> 20);
    (most < need).then(|| {
        format!("this process may have {most} MiB of address space (`ulimit -v`), and mplab needs {need}: `ulimit -v unlimited` lifts that")
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_limit_that_was_met_is_named() {
        let text = |errno: Errno| told(format!("failed to open: {}", io::Error::from(errno)));
        let files = getrlimit(Resource::RLIMIT_NOFILE).unwrap().0;
        assert!(text(Errno::EMFILE).contains(&format!("this process may have {files} files open")), "{}", text(Errno::EMFILE));
        assert!(!text(Errno::ENOENT).contains("ulimit"));
    }
}
