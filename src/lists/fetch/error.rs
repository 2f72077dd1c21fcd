//! Why a list could not be had, in a line that says who, what and what to do.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{StatusCode, Url};
use rustls::CertificateError;

use super::name;

/// Why a list could not be had. `from` is the host, with its port if that is unusual, or the path
/// of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not a URL, or not one of ours.
    #[error("`{0}` is no URL of a list; write http://, https:// or file:/// and where the list is")]
    Url(String),
    /// The client or its TLS cannot be set up.
    #[error("cannot set up downloads: {0}")]
    Setup(String),
    /// No upstream server gave an address of the host.
    #[error("no address for {host}: {why}")]
    Name {
        /// The host.
        host: String,
        /// What the upstream servers said.
        why: String,
        /// They said that there is none, rather than nothing.
        certain: bool,
    },
    /// No connection, or it ended before a response came.
    #[error("no response from {from}: {why}")]
    Connect {
        /// Who was asked.
        from: String,
        /// What happened.
        why: String,
    },
    /// The host cannot prove who it is.
    #[error("{from} has not proved who it is: {why}")]
    Certificate {
        /// Who was asked.
        from: String,
        /// What is wrong with its certificate.
        why: String,
    },
    /// It sends us somewhere we do not go.
    #[error("{from} redirects {why}; look up where the list is now")]
    Redirect {
        /// Who redirected last.
        from: String,
        /// Where to.
        why: &'static str,
    },
    /// A status other than 200, or than 304 to one who holds a copy.
    #[error("{from} answers {status}{}", status_advice(*status))]
    Status {
        /// Who was asked.
        from: String,
        /// The status code.
        status: u16,
    },
    /// The response is encoded in a way we did not ask for.
    #[error("{from} sends the list in an encoding that is not gzip, br or zstd")]
    Encoding {
        /// Who was asked.
        from: String,
    },
    /// More octets than allowed.
    #[error("the list from {from} is larger than {most} bytes, which is the most allowed")]
    TooBig {
        /// Who was asked.
        from: String,
        /// The limit.
        most: u64,
    },
    /// No progress for too long.
    #[error("{from} sent nothing for {after:?}")]
    Stalled {
        /// Who was asked.
        from: String,
        /// The limit.
        after: Duration,
    },
    /// There was progress, but too little.
    #[error("{from} is too slow: the download was not done after {after:?}")]
    TooSlow {
        /// Who was asked.
        from: String,
        /// The limit.
        after: Duration,
    },
    /// The response broke off or cannot be decoded.
    #[error("the list from {from} broke off: {why}")]
    Broken {
        /// Who was asked.
        from: String,
        /// What happened.
        why: String,
    },
    /// Not one octet.
    #[error("the list from {from} is empty")]
    Empty {
        /// Who was asked.
        from: String,
    },
    /// A `file:` URL's file cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The new file cannot be written.
    #[error("cannot write {}: {why}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
}

impl FetchError {
    /// Whether another try within minutes is pointless.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Name { certain, .. } => *certain,
            Self::Status { status, .. } => !matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Connect { .. }
            | Self::Stalled { .. }
            | Self::TooSlow { .. }
            | Self::Broken { .. } => false,
            Self::Url(_)
            | Self::Setup(_)
            | Self::Certificate { .. }
            | Self::Redirect { .. }
            | Self::Encoding { .. }
            | Self::TooBig { .. }
            | Self::Empty { .. }
            | Self::Read { .. }
            | Self::Write { .. } => true,
        }
    }

    /// Why there is no response to a request to `from`.
    pub(super) fn from_request(error: &reqwest::Error, from: &str) -> Self {
        if let Some(ours) = causes(error).find_map(|cause| cause.downcast_ref::<Self>()) {
            return ours.clone();
        }
        let from = error.url().map_or_else(|| from.to_owned(), name);
        let tls = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::InvalidCertificate(fault)) => {
                Self::Certificate { from, why: certificate_fault(fault) }
            }
            _ => Self::Connect { from, why: reason(error) },
        }
    }
}

/// Why a request to `url` got no response, in words that tell no more of it than its host.
pub fn refusal(error: &reqwest::Error, url: &Url) -> FetchError {
    FetchError::from_request(error, &name(url))
}

/// The cause at the bottom of an error, which is what happened; the rest says where.
pub(super) fn reason(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// An error and what is behind it.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    successors(Some(first), |&error| {
        // An I/O error names as its source not what it wraps but what is behind that.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

fn certificate_fault(fault: &CertificateError) -> String {
    use CertificateError as Fault;
    match fault {
        Fault::Expired
        | Fault::ExpiredContext { .. }
        | Fault::NotValidYet
        | Fault::NotValidYetContext { .. } => {
            "its certificate is not valid at this time; is the clock of this machine right?".into()
        }
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            "its certificate is for another name".into()
        }
        Fault::UnknownIssuer => {
            "its certificate is signed by nobody we trust, maybe by itself".into()
        }
        other => format!("its certificate cannot be trusted ({other})"),
    }
}

fn status_advice(status: u16) -> String {
    let meaning = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let advice = match status {
        300..=303 | 305..=399 => "; it redirects to where we cannot go",
        401 | 403 => "; it does not let us have the list",
        404 | 410 => "; the list has moved or is no more: look up its new URL or unsubscribe",
        429 => "; it is asked too often",
        500..=599 => "; it has trouble of its own, which may pass",
        _ => "",
    };
    match meaning {
        Some(meaning) => format!(" ({meaning}){advice}"),
        None => advice.to_owned(),
    }
}
