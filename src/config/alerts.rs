//! What is worth an alert, and who is sent alerts.

use std::fmt;

use reqwest::Url;

use super::values::Fault;

/// What is worth an alert, and who is sent alerts: nobody, unless it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerts {
    /// Kinds that are looked for.
    pub kinds: Vec<AlertKind>,
    /// Where they are posted as JSON.
    pub webhook: Option<SecretUrl>,
    /// A topic of ntfy.
    pub ntfy: Option<SecretUrl>,
    /// A server of MQTT, and what all topics begin with.
    pub mqtt: Option<SecretUrl>,
    /// Most messages an hour to each of these, 1..=1 000; the rest is summed up.
    pub rate: usize,
}

/// A kind of alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertKind {
    /// A company that a device had not met before.
    NewCompany,
    /// A device began to ask for trackers at night.
    Night,
    /// A list is old, or its newest version is not taken.
    ListStale,
    /// A device gets around us.
    Around,
}

impl AlertKind {
    /// All of them, in the order of their counters.
    pub const ALL: [Self; 4] = [Self::NewCompany, Self::Night, Self::ListStale, Self::Around];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewCompany => "new_company",
            Self::Night => "night",
            Self::ListStale => "list_stale",
            Self::Around => "around",
        }
    }
}

impl Default for Alerts {
    fn default() -> Self {
        Self { kinds: AlertKind::ALL.to_vec(), webhook: None, ntfy: None, mqtt: None, rate: 10 }
    }
}

impl Alerts {
    /// As it may be shown: without what lets others in.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let hidden = |url: &Option<SecretUrl>| {
            url.as_ref().map(|url| SecretUrl { text: url.to_string(), ..url.clone() })
        };
        Self {
            webhook: hidden(&self.webhook),
            ntfy: hidden(&self.ntfy),
            mqtt: hidden(&self.mqtt),
            ..self.clone()
        }
    }
}

/// A URL that may hold a password, a token or the name of a secret topic: shown, it has none of
/// these.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl {
    text: String,
    url: Url,
}

impl SecretUrl {
    /// Reads one of the schemes `schemes`. What is wrong is told without the text.
    pub(super) fn read(text: &str, schemes: &[&str]) -> Result<Self, Fault> {
        let because = |why: &str| Fault::Because(why.to_owned());
        let url = Url::parse(text).map_err(|_| because("this is not a URL"))?;
        if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
            let example = schemes.join(":// or ");
            return Err(because(&format!("this URL leads nowhere; begin it with {example}://")));
        }
        if text.len() > 2_000 || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(because("this URL is too long, or has spaces in it"));
        }
        let no_topic = url.path().contains(['+', '#']) || url.query().is_some();
        if url.scheme() == "mqtt" && (no_topic || url.fragment().is_some()) {
            return Err(because(
                "what topics begin with has none of + # ?; write for example mqtt://192.168.1.5/trackless",
            ));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// All of it: for whom it leads to, and nobody else.
    pub fn reveal(&self) -> &Url {
        &self.url
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Who a person would say it leads to.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/...", self.url.scheme(), self.host())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_shown_nowhere() {
        let text = "mqtt://user:p%40ss@192.168.1.5:1884/secret";
        let url = SecretUrl::read(text, &["mqtt"]).unwrap();
        assert_eq!(format!("{url} {url:?}"), ["mqtt://192.168.1.5:1884/..."; 2].join(" "));
        let alerts = Alerts { mqtt: Some(url), ..Alerts::default() };
        let shown = alerts.without_secrets().mqtt.unwrap();
        assert_eq!(shown.text(), "mqtt://192.168.1.5:1884/...");
        for bad in ["pass word", "mqtt://", "http://pass@h/", "mqtt://h/pass/#", "mqtt://h/pass?x"]
        {
            let Err(Fault::Because(why)) = SecretUrl::read(bad, &["mqtt"]) else {
                panic!("{bad}");
            };
            assert!(!why.contains("pass"), "{why}");
        }
    }
}
