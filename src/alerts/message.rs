//! Alerts, and the messages made of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An alert. It tells of a device, a company or a list, and never of a name that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// When, in seconds since 1970.
    pub at: u64,
    /// Its kind.
    pub kind: String,
    /// What happened, in a word that stays the same: `new_company`, `night`, `old`, `unfit`, `asked`,
    /// `silent`, or `sum` for many in one.
    pub what: String,
    /// The device: the name its owner gave it, or its pseudonym.
    pub device: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// The list.
    pub list: Option<String>,
    /// A line for people.
    pub text: String,
}

impl Alert {
    /// Many in one: how many of each kind there were, and `lost` that nobody has any more.
    pub(super) fn sum(alerts: &[Self], lost: u64, now: u64) -> Self {
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for alert in alerts {
            *kinds.entry(&alert.kind).or_default() += 1;
        }
        let kinds: Vec<_> =
            kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let all = alerts.len() as u64 + lost;
        let text = format!("{all} more alerts ({}); `trackless alerts` has them", kinds.join(", "));
        let (kind, what) = ("sum".to_owned(), "sum".to_owned());
        Self { at: now, kind, what, device: None, company: None, list: None, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_told_in_one_without_names() {
        let alert = |kind: &str| Alert {
            at: 1,
            kind: kind.to_owned(),
            what: kind.to_owned(),
            device: Some("tv".to_owned()),
            company: None,
            list: None,
            text: String::new(),
        };
        let sum = Alert::sum(&[alert("night"), alert("around"), alert("night")], 2, 7);
        assert_eq!(sum.text, "5 more alerts (1 around, 2 night); `trackless alerts` has them");
        assert_eq!((sum.at, sum.device), (7, None));
    }
}
