//! Stub.
use serde::{Deserialize, Serialize};
/// P.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pattern(String, bool, bool);
/// E.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad pattern")]
pub struct PatternError;
impl Pattern {
    /// g
    pub fn glob(text: &str) -> Result<Self, PatternError> {
        Ok(Self(text.to_ascii_lowercase(), false, false))
    }
    /// r
    pub fn regex(text: &str, invert: bool) -> Result<Self, PatternError> {
        Ok(Self(text.to_owned(), true, invert))
    }
    /// m
    pub fn matches(&self, name: &[u8]) -> bool {
        let name = std::str::from_utf8(name).unwrap();
        self.0.trim_matches(['|', '*', '^', '$']).split('*').all(|part| name.contains(part))
    }
    /// c
    pub fn is_costly(&self) -> bool {
        false
    }
}
impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
/// Ps
#[derive(Debug, Default)]
pub struct Patterns(Vec<Pattern>);
impl Patterns {
    /// n
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, PatternError> {
        Ok(Self(patterns))
    }
    /// e
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// m
    pub fn each_match(&self, name: &[u8], mut each: impl FnMut(u32)) {
        for (i, p) in self.0.iter().enumerate() {
            if p.matches(name) {
                each(i as u32)
            }
        }
    }
    /// p
    pub fn pattern(&self, index: u32) -> Option<&Pattern> {
        self.0.get(index as usize)
    }
}
