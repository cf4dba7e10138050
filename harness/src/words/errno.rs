//! The kernel's reasons to refuse something, by their names in errno(3).
//! Not here: what is refused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A reason, as its number (include/uapi/asm-generic/errno.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errno(pub i32);

/// Those that sockets, routes and path managers give.
const NAMES: [(&str, i32); 34] = [
    ("EPERM", 1),
    ("ENOENT", 2),
    ("ESRCH", 3),
    ("EINTR", 4),
    ("EIO", 5),
    ("EBADF", 9),
    ("EAGAIN", 11),
    ("ENOMEM", 12),
    ("EACCES", 13),
    ("EBUSY", 16),
    ("EEXIST", 17),
    ("ENODEV", 19),
    ("EINVAL", 22),
    ("ENOSPC", 28),
    ("EPIPE", 32),
    ("ERANGE", 34),
    ("EPROTO", 71),
    ("ENOPROTOOPT", 92),
    ("EOPNOTSUPP", 95),
    ("EAFNOSUPPORT", 97),
    ("EADDRINUSE", 98),
    ("EADDRNOTAVAIL", 99),
    ("ENETDOWN", 100),
    ("ENETUNREACH", 101),
    ("ECONNABORTED", 103),
    ("ECONNRESET", 104),
    ("ENOBUFS", 105),
    ("EISCONN", 106),
    ("ENOTCONN", 107),
    ("ETIMEDOUT", 110),
    ("ECONNREFUSED", 111),
    ("EHOSTDOWN", 112),
    ("EHOSTUNREACH", 113),
    ("EALREADY", 114),
];

impl Errno {
    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().map(|(name, _)| name)
    }
}

impl FromStr for Errno {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        NAMES.into_iter().find(|(name, _)| *name == text).map(|(_, number)| Self(number)).ok_or(())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.into_iter().find(|(_, number)| *number == self.0) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// These are the numbers of this computer's kernel.
    #[test]
    fn names_have_the_kernel_s_numbers() {
        for (name, number) in NAMES {
            assert_eq!(format!("{:?}", nix::errno::Errno::from_raw(number)), name);
            assert_eq!(name.parse(), Ok(Errno(number)));
        }
        assert_eq!((Errno(17).to_string(), Errno(133).to_string()), ("EEXIST".to_owned(), "errno 133".to_owned()));
    }
}
