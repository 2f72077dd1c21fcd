//! Why a line is not a rule.

use crate::filter::pattern::PatternError;
use crate::wire::NameError;

/// Why a line is skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Over the length that is read.
    #[error("the line is longer than 4096 characters")]
    LongLine,
    /// Not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A name in letters of the world that has no ASCII form.
    #[error("an international name that has no ASCII form")]
    International,
    /// An address in place of a name.
    #[error("an address, where a name belongs")]
    Address,
    /// Not a pattern we run.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A hosts line that does not start with an address.
    #[error("no address at the start of the line")]
    NoAddress,
    /// A name line with more than a name.
    #[error("more than one word on the line")]
    ManyWords,
    /// A rule about parts of pages.
    #[error("about the look of pages, for browsers only")]
    Cosmetic,
    /// A rule about what names cannot show.
    #[error("about addresses of pages (paths, ports), for browsers only")]
    Path,
    /// A modifier that only a browser can follow.
    #[error("modifier `{0}` is for browsers only")]
    BrowserModifier(String),
    /// A modifier nobody knows.
    #[error("modifier `{0}` is not known")]
    UnknownModifier(String),
    /// A modifier's value that cannot be read.
    #[error("the value of `{0}` cannot be read")]
    Value(&'static str),
    /// A way to answer that is not known, or not whole.
    #[error("the answer it gives cannot be read")]
    Reply,
    /// A rule without a subject.
    #[error("it names nothing")]
    Nothing,
    /// A network that half the Internet is in.
    #[error("a network this large would refuse almost everything (at least /8, or /16 for IPv6)")]
    WideNetwork,
    /// A setting of another program that is no rule.
    #[error("a setting that is no rule")]
    Setting,
    /// A forwarding rule.
    #[error("says whom to ask; that belongs into the settings")]
    Forwarding,
    /// A trigger of policy zones that cannot be followed here.
    #[error("a trigger on name servers is not supported")]
    Trigger,
    /// A line that does not have the form of its format.
    #[error("not a line of this format")]
    Form,
}

impl Reason {
    /// A few words for a count.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LongLine => "too long",
            Self::Name(_) | Self::International | Self::Address => "not a name",
            Self::Pattern(_) => "not a usable pattern",
            Self::NoAddress | Self::ManyWords | Self::Form | Self::Nothing => "not of this format",
            Self::Cosmetic | Self::Path | Self::BrowserModifier(_) => "for browsers only",
            Self::UnknownModifier(_) | Self::Value(_) | Self::Reply => "not understood",
            Self::WideNetwork => "not a usable network",
            Self::Setting | Self::Forwarding | Self::Trigger => "not a rule",
        }
    }
}
