//! Files of JSON that mplab reads again: which of them a text is, and whether this version understands it.
//! Not here: what is in them.

mod exact;

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};

use exact::Exact;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// The recording of a run.
    Recording,
    /// A matrix of results.
    Matrix,
    /// The results of a shard.
    Part,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recording => "a recording",
            Self::Matrix => "a matrix",
            Self::Part => "a part",
        })
    }
}

impl FileKind {
    /// What writes it.
    const fn origin(self) -> &'static str {
        match self {
            Self::Recording => "as `mplab run`, `mplab matrix --recordings DIRECTORY` and `mplab explore --keep-all` keep them",
            Self::Matrix => "as `mplab matrix --output FILE` and `mplab merge` write one",
            Self::Part => "as `--shard K/N` with `--results FILE` writes one",
        }
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is none of mplab's files, or is damaged.
    #[error("not {wanted}, {}: {source}", wanted.origin())]
    Json {
        /// What was wanted.
        wanted: FileKind,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It has another version.
    #[error("{wanted} of format {found}, but this version of mplab reads format {known}: use the version that wrote it")]
    Format {
        /// What was wanted.
        wanted: FileKind,
        /// Its version.
        found: u64,
        /// The version that can be read.
        known: u32,
    },
    /// It is another file of mplab.
    #[error("not {wanted}, {}, but {found}", wanted.origin())]
    Other {
        /// What was wanted.
        wanted: FileKind,
        /// What it is.
        found: FileKind,
    },
}

/// What tells the files apart.
#[derive(Deserialize)]
struct Head {
    format: Option<u64>,
    job: Option<IgnoredAny>,
    cases: Option<IgnoredAny>,
    part: Option<u64>,
}

impl Head {
    fn kind(&self) -> Option<FileKind> {
        let kinds =
            [(self.part.is_some(), FileKind::Part), (self.cases.is_some(), FileKind::Matrix), (self.job.is_some(), FileKind::Recording)];
        kinds.into_iter().find_map(|(is, kind)| is.then_some(kind))
    }
}

/// Reads a file of a kind, of the version `known`.
pub(super) fn read<T: DeserializeOwned>(json: &str, wanted: FileKind, known: u32) -> Result<T, ReadError> {
    let wrong = |source| ReadError::Json { wanted, source };
    let head: Head = serde_json::from_str(json).map_err(wrong)?;
    if let Some(found) = head.kind().filter(|found| *found != wanted) {
        return Err(ReadError::Other { wanted, found });
    }
    let (member, version) = if wanted == FileKind::Part { ("part", head.part) } else { ("format", head.format) };
    let found = version.ok_or_else(|| wrong(serde_json::Error::missing_field(member)))?;
    if found != u64::from(known) {
        return Err(ReadError::Format { wanted, found, known });
    }
    let _: Exact = serde_json::from_str(json).map_err(wrong)?;
    serde_json::from_str(json).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(FileKind, &str); 3] = [
        (FileKind::Recording, r#"{"format": 7, "job": {}}"#),
        (FileKind::Matrix, r#"{"format": 7, "kernels": [], "cases": {}}"#),
        (FileKind::Part, r#"{"part": 7, "whole": {}, "cases": {}}"#),
    ];

    fn said(json: &str, wanted: FileKind) -> String {
        read::<()>(json, wanted, 8).unwrap_err().to_string()
    }

    #[test]
    fn each_is_told_from_the_others() {
        for (found, json) in FILES {
            for (wanted, _) in FILES {
                let expected = if wanted == found {
                    format!("{wanted} of format 7, but")
                } else {
                    format!("not {wanted}, {}, but {found}", wanted.origin())
                };
                assert!(said(json, wanted).starts_with(&expected), "{}", said(json, wanted));
            }
        }
    }

    #[test]
    fn what_is_none_of_them_is_told() {
        assert!(said("{}", FileKind::Recording).ends_with(" keep them: missing field `format`"));
        assert!(said("{}", FileKind::Part).ends_with(" writes one: missing field `part`"));
        assert_eq!(
            said(r#"{"format": 99}"#, FileKind::Matrix),
            "a matrix of format 99, but this version of mplab reads format 8: use the version that wrote it"
        );
    }
}
