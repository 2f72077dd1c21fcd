//! Search engines, and the names under which they leave out what is not for children.

use std::sync::LazyLock;

use serde::Deserialize;

const BUILTIN: &str = include_str!("../../blocklists/safe-search.yaml");

/// A search engine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// As people know it.
    pub name: String,
    /// The name that answers safely.
    pub target: String,
    /// The names that are answered with its data instead of their own; exactly these.
    pub names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    engines: Vec<Engine>,
}

static ENGINES: LazyLock<Vec<Engine>> = LazyLock::new(|| {
    serde_yaml::from_str::<File>(BUILTIN).expect("a test reads the engines").engines
});

/// All engines.
pub fn engines() -> &'static [Engine] {
    &ENGINES
}

impl Engine {
    /// Whether it is a place for films: there, safe means that much is missing.
    pub fn is_video(&self) -> bool {
        self.name.starts_with("YouTube")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Name;

    #[test]
    fn the_engines_are_sound() {
        assert!(engines().iter().any(Engine::is_video));
        for engine in engines() {
            engine.target.parse::<Name>().expect(&engine.target);
            assert!(!engine.names.contains(&engine.target), "{} leads to itself", engine.name);
            for name in &engine.names {
                name.parse::<Name>().expect(name);
            }
        }
    }
}
