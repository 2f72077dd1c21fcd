//! Settings of other servers, which become a `trackless.yaml` and the lists beside it.
//!
//! ```text
//! bytes ─▶ pihole | adguardhome | blocky ─▶ Imported ─▶ Written: YAML that `config` accepts
//! ```
//!
//! The files come from elsewhere: whatever their bytes are, time and memory are bounded and nothing
//! panics. What is left behind is named, with a reason. This room must never read or write a file or
//! ask the network; `cli` does the former, and nobody the latter.

mod adguardhome;
mod blocky;
mod groups;
mod imported;
mod notes;
mod pihole;
mod rules;
mod servers;
#[cfg(test)]
mod tests;
mod tree;
mod written;

use clap::ValueEnum;

use crate::config::ConfigError;

pub use imported::Imported;
pub use notes::Note;
pub use written::Written;

/// Larger files are refused, in bytes: a backup of settings has a few hundred kilobytes.
pub const MOST_BYTES: usize = 32 << 20;

/// Why what all of them have does not come over.
const NO_DHCP: &str = "there is none here; name another one's lease file under `leases`";
const NO_LOG: &str = "no names are kept here unless you say `stats: { level: full }`";
const NO_PASSWORD: &str = "the dashboard asks for a new one at the first start";
const SWITCHED_OFF: &str =
    "the button is on at the first start; press it off (`trackless button off`)";

/// Whose settings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Product {
    /// Pi-hole: what Teleporter saves, a .zip of version 6 or a .tar.gz of version 5
    #[value(name = "pihole")]
    PiHole,
    /// AdGuard Home: AdGuardHome.yaml
    #[value(name = "adguardhome")]
    AdGuardHome,
    /// Blocky: config.yml
    #[value(name = "blocky")]
    Blocky,
}

impl Product {
    /// As people know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PiHole => "Pi-hole",
            Self::AdGuardHome => "AdGuard Home",
            Self::Blocky => "Blocky",
        }
    }
}

/// Why nothing can be taken from a file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Too large, packed or unpacked.
    #[error(
        "{0}: larger than any backup of settings is; nothing of it is read. Give the file that the program saved"
    )]
    TooLarge(String),
    /// No archive that we know.
    #[error(
        "neither a .zip nor a .tar.gz; give the file that Teleporter saves (Settings, Teleporter)"
    )]
    NotTeleporter,
    /// An archive, or a part of it, cannot be read.
    #[error("{part}: {why}; save it anew")]
    Broken {
        /// Which part.
        part: String,
        /// What is wrong with it.
        why: String,
    },
    /// A text that is not what it should be, with line and column.
    #[error(transparent)]
    Text(ConfigError),
    /// It has nothing that is known.
    #[error("nothing in it is a setting of {0}; give its own file, whole")]
    Nothing(&'static str),
    /// Our own reader does not take what came of it.
    #[error(
        "what came of it is no settings file that we take; if that is not for its size, please report it with these lines:\n{0}"
    )]
    NotAccepted(ConfigError),
}

impl ImportError {
    fn broken(part: &str, why: &dyn std::fmt::Display) -> Self {
        Self::Broken { part: part.to_owned(), why: why.to_string() }
    }
}

/// Reads the settings of `product` from `bytes`, its file as it is. Takes up to some seconds for the
/// largest files, and memory of a few times their size.
///
/// # Errors
/// The bytes are too large, cannot be read, or have nothing of the product's in them.
pub fn read(product: Product, bytes: &[u8]) -> Result<Imported, ImportError> {
    if bytes.len() > MOST_BYTES {
        return Err(ImportError::TooLarge("the file".to_owned()));
    }
    match product {
        Product::PiHole => pihole::read(bytes),
        Product::AdGuardHome => adguardhome::read(bytes),
        Product::Blocky => blocky::read(bytes),
    }
}
