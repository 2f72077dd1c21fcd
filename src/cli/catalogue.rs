//! `trackless lists catalogue` and `services`: what can be chosen by name.

use std::io::{self, BufWriter, Write};

use super::finish;
use crate::catalogue;

pub(super) fn lists() -> Result<(), String> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut write = || -> io::Result<()> {
        writeln!(out, "Lists (write the name under `lists:`)")?;
        let mut entries: Vec<_> = catalogue::lists().iter().collect();
        entries.sort_by_key(|entry| &entry.group);
        for entry in entries {
            let size = count(entry.size);
            let (name, group, purpose) = (&entry.name, &entry.group, &entry.purpose);
            writeln!(out, "  {name:<28} {group:<10} {size:>10}  {purpose} ({})", entry.licence)?;
        }
        writeln!(out, "\nTracker databases (write the name under `databases:`)")?;
        for entry in catalogue::databases() {
            writeln!(out, "  {:<28} {} ({})", entry.name, entry.purpose, entry.licence)?;
        }
        out.flush()
    };
    finish(write())
}

pub(super) fn services() -> Result<(), String> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut write = || -> io::Result<()> {
        for service in catalogue::services() {
            let names = service.domains.len();
            writeln!(
                out,
                "  {:<20} {:<22} {:<10} {names} names",
                service.id, service.name, service.group
            )?;
        }
        out.flush()
    };
    finish(write())
}

/// A number with its thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn thousands_are_apart() {
        let counts = [0, 12, 999, 1_000, 1_234_567].map(count);
        assert_eq!(counts, ["0", "12", "999", "1,000", "1,234,567"]);
    }
}
