//! The manifest of a kernel: what it is, where it came from, its modules and its features.
//! Not here: finding that out.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of this format. It changes when an older reader would misread a manifest.
pub const FORMAT: u32 = 2;
/// The oldest format that is read. Its manifests have no [`Form`]: all kernels were images.
const OLDEST: u32 = 1;

/// Why a text is not a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not JSON, or lacks required fields.
    #[error("not a kernel's manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// It is from another version of mplab.
    #[error("a manifest of format {0}, but this version of mplab reads formats {OLDEST} to {FORMAT}")]
    Format(u64),
}

/// What is known about a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// What `uname -r` prints in it: `6.12.95+deb12-cloud-amd64`.
    pub release: String,
    /// The release and what else the image says about its build.
    pub version: String,
    /// What the image is, and so what runs it.
    #[serde(default)]
    pub form: Form,
    /// The names of the files it was made from, without their directories.
    pub from: Vec<String>,
    /// For a kernel that [`Store::build`](super::Store::build) made: the checksum of the configuration that labs needed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<u32>,
    /// Its size on disk, in bytes.
    pub size: u64,
    /// Its modules, each after those it needs.
    pub modules: Vec<Module>,
    /// What mplab wants a kernel to have (see [`wanted`](super::wanted)), and whether it has it.
    pub features: BTreeMap<String, Presence>,
}

/// What a kernel's image is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// An image that a machine boots: QEMU runs it.
    #[default]
    Image,
    /// An ordinary program: User-Mode Linux (`ARCH=um`).
    Program,
}

impl Form {
    /// How such a kernel runs, in words.
    pub const fn runs(self) -> &'static str {
        match self {
            Self::Image => "in QEMU",
            Self::Program => "by itself",
        }
    }
}

/// A module of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its name as `lsmod` prints it, with `_` and never `-`.
    pub name: String,
    /// The modules that must be loaded before it.
    pub needs: Vec<String>,
}

impl Module {
    /// The name of its file.
    pub fn file(&self) -> String {
        format!("{}.ko", self.name)
    }
}

/// Whether and where a kernel has a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// In the image.
    BuiltIn,
    /// In a module that came along.
    Module,
    /// Nowhere.
    Absent,
    /// Not known: there was neither a configuration nor a list of what is built in.
    Unknown,
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuiltIn => "built in",
            Self::Module => "module",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        })
    }
}

impl Manifest {
    /// Reads a manifest's JSON.
    pub fn from_json(json: &str) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let version: Version = serde_json::from_str(json)?;
        if !(u64::from(OLDEST)..=u64::from(FORMAT)).contains(&version.format) {
            return Err(ManifestError::Format(version.format));
        }
        Ok(serde_json::from_str(json)?)
    }

    /// The JSON that [`Self::from_json`] reads.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest has string keys only") + "\n"
    }

    /// The wanted features that are in one place, by name.
    pub fn features(&self, presence: Presence) -> impl Iterator<Item = &str> {
        self.features.iter().filter(move |(_, is)| **is == presence).map(|(name, _)| name.as_str())
    }
}
