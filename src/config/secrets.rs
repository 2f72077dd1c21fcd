//! A settings file without what lets others in: tokens, addresses of receivers, passwords in the
//! addresses of lists.
//!
//! What its owner wrote stays as it is otherwise, comments included. Where a secret cannot be taken
//! out for sure, it must never be passed over: then there is no such file.

use reqwest::Url;

use super::Since;
use super::document::{self, Node, Place, Value};
use super::error::ConfigError;
use super::settings::names_in;

/// Settings that are secrets as a whole.
const SECRET: [&str; 4] = ["metrics.token", "alerts.webhook", "alerts.ntfy", "alerts.mqtt"];
/// Those whose items have an address, and in it there may be a password.
const ADDRESSED: [&str; 2] = ["lists", "databases"];

/// A secret, where it stands, and what stands there without it: nothing, or the rest of an address.
struct Secret {
    key: String,
    node: usize,
    text: String,
    rest: Option<String>,
}

/// `text`, a settings file that can be read and is called `file`, without secrets; and the keys that
/// had one.
///
/// # Errors
/// There is one that cannot be taken out, as of an unusual notation.
pub fn without_secrets(text: &str, file: &str) -> Result<(String, Vec<String>), ConfigError> {
    let mut keys = Vec::new();
    let mut clean = text.to_owned();
    // Taking one out moves those behind it: each is looked for anew.
    while let Some(secret) = secrets(&clean, file)?.into_iter().next() {
        let place = document::locate(&clean, secret.node);
        let refuse = |why: &str| {
            let why = format!("{}: a secret {why}; back up with --with-secrets", secret.key);
            Err(ConfigError::new(file, place, &why))
        };
        let Some(span) = place.and_then(|place| span(&clean, place, &secret.text)) else {
            return refuse("is written in a way that it cannot be taken out of the file");
        };
        let rest = secret.rest.as_ref().map_or_else(|| "~".to_owned(), |rest| quoted(rest));
        clean.replace_range(span, &rest);
        if secret.rest.is_none() && clean.contains(&secret.text) {
            return refuse("stands elsewhere in the file, too: take it out there");
        }
        keys.push(secret.key);
    }
    Ok((clean, keys))
}

/// The same of settings that were made while the server ran.
///
/// # Errors
/// As above.
pub fn since_without_secrets(since: &Since) -> Result<Since, ConfigError> {
    let is_public = |key: &String| !SECRET.contains(&key.as_str());
    let clean = since.iter().filter(|(key, _)| is_public(key)).map(|(key, yaml)| {
        if !ADDRESSED.contains(&key.as_str()) {
            return Ok((key.clone(), yaml.clone()));
        }
        let indented = yaml.replace('\n', "\n  ");
        let (clean, _) = without_secrets(&format!("{key}:\n  {indented}"), key)?;
        let value = clean.split_once('\n').map_or("", |(_, value)| value);
        let lines: Vec<_> =
            value.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        Ok((key.clone(), lines.join("\n")))
    });
    clean.collect()
}

fn secrets(text: &str, file: &str) -> Result<Vec<Secret>, ConfigError> {
    let root = document::parse(text)
        .map_err(|refusal| ConfigError::new(file, refusal.place, &refusal.text))?;
    let mut found = Vec::new();
    for (name, node) in entries(&root) {
        if names_in(name).is_empty() {
            gather(name.to_owned(), node, &mut found);
        } else {
            for (inner, node) in entries(node) {
                gather(format!("{name}.{inner}"), node, &mut found);
            }
        }
    }
    Ok(found)
}

fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = if let Value::Map(entries) = &node.value { entries.as_slice() } else { &[] };
    entries.iter().filter_map(|(key, node)| match &key.value {
        Value::Text(name) => Some((name.as_str(), node)),
        _ => None,
    })
}

fn gather(key: String, node: &Node, found: &mut Vec<Secret>) {
    match &node.value {
        Value::Text(text) if SECRET.contains(&key.as_str()) && !text.is_empty() => {
            found.push(Secret { key, node: node.id, text: text.clone(), rest: None });
        }
        Value::List(items) if ADDRESSED.contains(&key.as_str()) => {
            for (index, item) in items.iter().enumerate() {
                let Some((_, node)) = entries(item).find(|(name, _)| *name == "url") else {
                    continue;
                };
                if let Value::Text(text) = &node.value
                    && let Some(rest) = without_password(text)
                {
                    let key = format!("{key}[{index}].url");
                    found.push(Secret { key, node: node.id, text: text.clone(), rest: Some(rest) });
                }
            }
        }
        _ => {}
    }
}

/// An address without name and password; none where it has neither.
fn without_password(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    url.set_username("").and_then(|()| url.set_password(None)).ok()?;
    Some(url.to_string())
}

/// Where the scalar at `place`, which means `value`, stands, quotes included; none where it is written
/// in another way than in one line, as it is or in quotes without escapes.
fn span(text: &str, place: Place, value: &str) -> Option<std::ops::Range<usize>> {
    let line: usize =
        text.split_inclusive('\n').take(place.line.checked_sub(1)?).map(str::len).sum();
    let rest = text.get(line..)?;
    let start = line + rest.char_indices().nth(place.column.checked_sub(1)?)?.0;
    let scalar = text.get(start..)?;
    let quote = scalar.chars().next().filter(|first| matches!(first, '"' | '\''));
    let written = quote.map_or_else(|| value.to_owned(), |quote| format!("{quote}{value}{quote}"));
    scalar.starts_with(&written).then(|| start..start + written.len())
}

/// In quotes that need no escapes: an address has none of these.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const FILE: &str = "# my own\nmetrics: { token: \"0123456789-secret\", pairs: 3 } # kept\nalerts:\n  \
        webhook: https://me:pw-secret@hook.example/x\n  mqtt: 'mqtt://u:secret@192.168.1.5/top'\nlists:\n  \
        - { name: far, url: \"https://me:secret@lists.example/ads.txt\" }\n  - oisd-small\n";

    #[test]
    fn secrets_go_and_all_else_stays() {
        let (clean, keys) = without_secrets(FILE, "x.yaml").unwrap();
        assert!(!clean.contains("secret") && clean.starts_with("# my own\n"), "{clean}");
        assert!(clean.contains("pairs: 3 } # kept") && clean.contains("  - oisd-small\n"));
        assert_eq!(keys, ["metrics.token", "alerts.webhook", "alerts.mqtt", "lists[0].url"]);
        let mut expected = Config::from_yaml(FILE, "x.yaml").unwrap();
        expected.metrics.token.clear();
        (expected.alerts.webhook, expected.alerts.mqtt) = (None, None);
        expected.lists[0].url = Some("https://lists.example/ads.txt".to_owned());
        assert_eq!(Config::from_yaml(&clean, "x.yaml").unwrap(), expected);
        assert_eq!(without_secrets("level: strict", "x.yaml").unwrap().0, "level: strict");
    }

    #[test]
    fn what_cannot_be_taken_out_is_refused() {
        for (text, why) in [
            ("metrics: { token: \"0123\\x34567-secret\" }", "cannot be taken out"),
            ("metrics:\n  token: >\n    0123456789-secret", "cannot be taken out"),
            ("metrics: { token: &it 0123456789-secret }", "cannot be taken out"),
            ("# 0123456789-secret\nmetrics: { token: 0123456789-secret }", "stands elsewhere"),
        ] {
            let said = without_secrets(text, "x.yaml").unwrap_err().to_string();
            assert!(said.contains(why) && !said.contains("secret\""), "{said}");
        }
    }

    #[test]
    fn settings_made_since_lose_them_too() {
        let since = [
            ("metrics.token", "0123456789-secret"),
            ("level", "strict"),
            ("lists", "- { name: far, url: \"https://me:secret@lists.example/\" }\n- oisd-small"),
        ];
        let since = since.map(|(key, yaml)| (key.to_owned(), yaml.to_owned())).into();
        let clean = since_without_secrets(&since).unwrap();
        let mut config = Config::default();
        assert_eq!(config.set_all(&clean), []);
        assert_eq!(config.lists[0].url.as_deref(), Some("https://lists.example/"));
        assert_eq!((clean.len(), clean["level"].as_str()), (2, "strict"));
    }
}
